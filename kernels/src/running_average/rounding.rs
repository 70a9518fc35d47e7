//! Running averages in single precision.
//!
//! An average `a ← a + (w − a)·fresh` rests at the weight whatever the rounding of `fresh` is; `a·decay + w·fresh` does not, unless
//! the two factors add up to one. But rounding to the nearest number leaves `a` where it is as soon as `|w − a|·fresh` is less than
//! half a unit in its last place: at a decay of 0.99999 that is up to 0.6 % of `a` away from the weight. So the [average of the
//! weights](averaged) spreads its rounding: a change of a third of a unit is one whole unit in every third update. What that leaves
//! on the way is the noise of roundings that average out, below `√(1/(8 fresh))` units: 4·10⁻⁶ of the weight at 0.9999, 1.3·10⁻⁵ at
//! 0.99999. Nothing is left where weights rest.

/// `2³²` over the golden ratio: multiples of it, modulo `2³²`, lie more evenly than those of any other number.
const GOLDEN: u32 = 0x9E37_79B9;
/// How far the phases of neighbouring numbers are apart; odd, and otherwise arbitrary.
pub(crate) const NEIGHBOUR: u32 = 0x85EB_CA6B;
/// `2²³`: a change of so many units needs no spreading.
pub(crate) const MANY: f32 = 8_388_608.0;
/// The bits of the exponent of a number in single precision.
pub(crate) const EXPONENT: u32 = 0x7F80_0000;
/// One in the exponent's place.
pub(crate) const ONE: u32 = 1 << 23;

/// The phase of the first number in an update.
pub(crate) fn phase(update: u64) -> u32 {
    (update as u32).wrapping_mul(GOLDEN)
}

/// `old + (new − old)·fresh`, whose error is that of rounding the larger share once, for `fresh` from 0 to 1.
#[inline(always)]
pub(crate) fn mixed(old: f32, new: f32, fresh: f32, kept: f32) -> f32 {
    if fresh < 0.5 { old + (new - old) * fresh } else { new - (new - old) * kept }
}

/// `average + (weight − average)·fresh`, rounded to a multiple of the average's last place: down, after a share of it was added
/// that `phase` is in `2³²`. Phases that lie evenly make the mean of many such steps that of exact ones.
#[inline(always)]
pub(crate) fn averaged(average: f32, weight: f32, fresh: f32, kept: f32, phase: u32) -> f32 {
    let exponent = average.to_bits() & EXPONENT;
    let change = (weight - average) * fresh;
    // 2^(23 − e) and 2^(e − 23) for a number between 2^e and 2^(e + 1).
    let steps = change * f32::from_bits((277 * ONE).wrapping_sub(exponent));
    let unit = f32::from_bits(exponent.wrapping_sub(23 * ONE));
    let share = (phase >> 8) as i32 as f32 * (1.0 / 16_777_216.0);
    let spread = average + (steps + share).floor() * unit;
    // Averages too small for a unit of their own, and changes that are whole units in any case.
    let plain = exponent < 24 * ONE || steps.abs() >= MANY || fresh >= 0.5;
    if plain { mixed(average, weight, fresh, kept) } else { spread }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Averages of constant weights, each with a start of its own, after so many updates.
    fn after(updates: u64, decay: f64, weights: &[f32], averages: &mut [f32]) {
        let (fresh, kept) = ((1.0 - decay) as f32, decay as f32);
        for update in 0..updates {
            let mut phase = phase(update);
            for (average, &weight) in averages.iter_mut().zip(weights) {
                *average = averaged(*average, weight, fresh, kept, phase);
                phase = phase.wrapping_add(NEIGHBOUR);
            }
        }
    }

    fn weights() -> Vec<f32> {
        (0..8).map(|index| (0.01 + 0.37 * index as f32) * if index % 2 == 0 { 1.0 } else { -1.0 }).collect()
    }

    #[test]
    fn an_average_of_constant_weights_is_the_weights() {
        for decay in [0.5, 0.9, 0.999, 0.9995, 0.9999, 0.99999, 0.999_999_9] {
            let weights = weights();
            let mut averages = weights.clone();
            after(120_000, decay, &weights, &mut averages);
            assert_eq!(averages, weights, "decay {decay}");
        }
    }

    /// Away from the weights the distance shrinks like `decayⁿ`, as in exact arithmetic.
    #[test]
    fn an_average_gets_to_the_weights() {
        let weights = weights();
        // On the way three times the deviation of independent roundings; after twenty times 1/fresh updates single units.
        for (decay, updates, tolerance) in
            [(0.9999, 20_000, 1.3e-5), (0.99999, 100_000, 4e-5), (0.99999, 2_000_000, 3e-7)]
        {
            // A third, a thousandth and nothing of the weight; too small for a unit of its own; of the other sign.
            for start in [0.3, 0.999, 0.0, 1e-36, -1.0f32] {
                let mut averages: Vec<f32> = weights.iter().map(|weight| weight * start).collect();
                let firsts = averages.clone();
                after(updates, decay, &weights, &mut averages);
                let left = f64::powf(decay, updates as f64);
                for ((average, weight), first) in averages.iter().zip(&weights).zip(firsts) {
                    let [average, weight, first] = [*average, *weight, first].map(f64::from);
                    let error = (average - weight - (first - weight) * left).abs() / weight.abs();
                    assert!(
                        error < tolerance,
                        "decay {decay}, {updates} updates from {start} of {weight}: off by {error:e}"
                    );
                }
            }
        }
    }

    /// Weights that move: the average of double precision.
    #[test]
    fn an_average_of_moving_weights_is_the_exact_one() {
        let decay = 0.9999;
        let (fresh, kept) = ((1.0 - decay) as f32, decay as f32);
        let (mut average, mut exact, mut worst) = (0.7f32, f64::from(0.7f32), 0f64);
        for update in 0..300_000u64 {
            let time = update as f64 * 1e-4;
            let weight = (1.0 + 0.2 * time.sin() + 0.01 * (1e4 * time).cos()) as f32;
            average = averaged(average, weight, fresh, kept, phase(update));
            exact += (f64::from(weight) - exact) * (1.0 - decay);
            worst = worst.max((f64::from(average) - exact).abs());
        }
        // Three times the deviation of independent roundings.
        assert!(worst < 1.3e-5, "off by {worst:e}");
    }

    #[test]
    fn a_mean_rests_at_what_it_is_of() {
        for decay in [0.0, 0.3, 0.9, 0.999, 0.99999] {
            let (fresh, kept) = ((1.0 - decay) as f32, decay as f32);
            assert_eq!(mixed(1.7, 1.7, fresh, kept), 1.7, "decay {decay}");
        }
        // Nothing is kept: the new number, however small.
        assert_eq!(mixed(1.0, 1e-12, 1.0, 0.0), 1e-12);
    }
}
