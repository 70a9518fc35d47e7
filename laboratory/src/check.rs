//! Checks of numbers that a person chose, each under the name by which the person knows it.
//!
//! Every key of a figure and every option of a command goes through one of these before work starts. A number that
//! would overflow, fill the memory or make no sense is refused with its name and with what would be right.

use std::ops::RangeInclusive;
use std::sync::Arc;

use fokker_process::{GaussianMixture, Process, ProcessConfig};

use crate::LaboratoryError;
use crate::grid::Axis;
use crate::laws::LineMixture;

/// The largest magnitude of a number that has a unit. Squares and products of a few of them are finite.
pub const LARGEST: f64 = 1e12;

/// The smallest magnitude of a number that has a unit and must not be 0.
pub const SMALLEST: f64 = 1e-12;

/// The most steps of one path or of one equation.
pub const MOST_STEPS: usize = 10_000_000;

/// The most paths or draws.
pub const MOST_PATHS: usize = 10_000_000;

/// The most cells of one axis. A picture has fewer pixels.
pub const MOST_CELLS: usize = 10_000;

/// The most numbers that one work holds in memory: 256 MiB.
pub const MOST_NUMBERS: usize = 1 << 25;

/// The most numbers that are drawn and written as text: some 200 MB of SVG and CSV.
pub const MOST_WRITTEN: usize = 10_000_000;

/// `value` is above 0, from [`SMALLEST`] to [`LARGEST`].
///
/// # Errors
/// Everything else, infinite and NaN as well.
pub fn positive(key: &str, value: f64) -> Result<(), LaboratoryError> {
    if (SMALLEST..=LARGEST).contains(&value) {
        return Ok(());
    }
    Err(LaboratoryError::value(key, value, format!("above 0: a number from {SMALLEST:e} to {LARGEST:e}")))
}

/// `value` is 0 or [`positive`].
///
/// # Errors
/// Everything else, infinite and NaN as well.
pub fn not_negative(key: &str, value: f64) -> Result<(), LaboratoryError> {
    if value == 0.0 || (SMALLEST..=LARGEST).contains(&value) {
        return Ok(());
    }
    Err(LaboratoryError::value(key, value, format!("0, or a number from {SMALLEST:e} to {LARGEST:e}")))
}

/// `value` lies between −[`LARGEST`] and [`LARGEST`].
///
/// # Errors
/// Everything else, infinite and NaN as well.
pub fn finite(key: &str, value: f64) -> Result<(), LaboratoryError> {
    if value.abs() <= LARGEST {
        return Ok(());
    }
    Err(LaboratoryError::value(key, value, format!("a number from −{LARGEST:e} to {LARGEST:e}")))
}

/// `value` lies in a range whose ends are positive numbers, such as a backward noise in units of the forward noise.
///
/// # Errors
/// Everything else, NaN as well.
pub fn within(key: &str, value: f64, range: RangeInclusive<f64>) -> Result<(), LaboratoryError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(LaboratoryError::value(key, value, format!("from {} to {}", range.start(), range.end())))
}

/// `value` lies in a range.
///
/// # Errors
/// A number outside of it.
pub fn count(key: &str, value: usize, range: RangeInclusive<usize>) -> Result<(), LaboratoryError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(LaboratoryError::value(key, value, format!("from {} to {}", range.start(), range.end())))
}

/// The product of several numbers is at most `most`. Names and values come in pairs; `what` says what the product
/// counts.
///
/// # Errors
/// A product above `most`, by the names of all factors.
pub fn product(factors: &[(&str, usize)], most: usize, what: &str) -> Result<(), LaboratoryError> {
    let product = factors.iter().fold(1u128, |product, (_, value)| product.saturating_mul(*value as u128));
    if product <= most as u128 {
        return Ok(());
    }
    let keys = factors.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(" × ");
    Err(LaboratoryError::value(keys, product, format!("at most {most} {what}: lower one of them")))
}

/// A step of an explicit method is shorter than the time 1/`rate` in which the drift pulls back: rate × span/steps < 1.
/// At 2 the method diverges; at 1 its variance is twice too large.
///
/// # Errors
/// Too few steps, with the number that is enough.
pub fn resolved(key: &str, steps: usize, rate: f64, span: f64) -> Result<(), LaboratoryError> {
    if rate * span < steps as f64 {
        return Ok(());
    }
    let least = (rate * span).floor() + 1.0;
    let expected = format!("at least {least}: the drift pulls back at the rate {rate:.3e}, over a time of {span}");
    Err(LaboratoryError::value(key, steps, expected))
}

/// A process with coefficients that the laboratory can compute with; `key` is where its configuration stands.
///
/// # Errors
/// A parameter that the process refuses, under `key`; a coefficient that is not finite or above [`LARGEST`].
pub fn process(key: &str, config: &ProcessConfig) -> Result<Arc<dyn Process>, LaboratoryError> {
    let process = config.build().map_err(|error| LaboratoryError::from(error).at(key))?;
    let (first, last) = (process.min_time(), process.horizon());
    positive(&format!("{key}.horizon"), last)?;
    const TIMES: usize = 256;
    for k in 0..=TIMES {
        let t = first + (last - first) * k as f64 / TIMES as f64;
        let coefficients = [
            ("drift", process.drift(t)),
            ("squared noise", process.diffusion_squared(t)),
            ("mean scale", process.mean_scale(t)),
            ("deviation", process.std(t)),
        ];
        if let Some((name, value)) = coefficients.iter().find(|(_, value)| value.abs() > LARGEST || value.is_nan()) {
            let value = format!("a {} whose {name} is {value:e} at t = {t}", process.name());
            let expected = format!("a process whose coefficients stay below {LARGEST:e}: lower its parameters");
            return Err(LaboratoryError::value(key, value, expected));
        }
    }
    Ok(process)
}

/// The part of a law that a box may leave outside.
const OUTSIDE: f64 = 5e-3;

/// A box holds all but half a per cent of a law. What leaves a box is reflected at its ends, so numbers on a box that is
/// too small are those of another problem. `key` names the box, `what` the law.
///
/// # Errors
/// A box that is too small, with one that is large enough.
pub fn holds(key: &str, axes: &[Axis], law: &GaussianMixture, what: &str) -> Result<(), LaboratoryError> {
    let mut outside = 0.0;
    let mut reach = (f64::INFINITY, f64::NEG_INFINITY);
    for (coordinate, axis) in axes.iter().enumerate() {
        for component in law.components() {
            let mean = component.mean[coordinate];
            let std = component.variance_of(coordinate).sqrt();
            let line = LineMixture::normal(mean, std)?;
            outside += component.weight * line.mass_outside(axis);
            reach = (reach.0.min(mean - 4.0 * std), reach.1.max(mean + 4.0 * std));
        }
    }
    if outside <= OUTSIDE {
        return Ok(());
    }
    let (lower, upper) = (axes[0].lower, axes[0].upper);
    let (left, right) = (reach.0.min(lower), reach.1.max(upper));
    let expected = format!(
        "wide enough for {what}, of which {:.1} % are outside: [{left:.1}, {right:.1}] is, with {:.0} cells as wide as now",
        100.0 * outside.min(1.0),
        ((right - left) / axes[0].width()).ceil()
    );
    Err(LaboratoryError::value(key, format!("[{lower}, {upper}]"), expected))
}

/// The interval that holds a law at several times from 0 to the horizon, up to some standard deviations of its components,
/// in every coordinate.
pub fn reach(data: &GaussianMixture, process: &dyn Process, deviations: f64) -> (f64, f64) {
    let mut reach = (f64::INFINITY, f64::NEG_INFINITY);
    for k in 0..=4 {
        let law = data.diffused(process, process.horizon() * f64::from(k) / 4.0);
        for component in law.components() {
            for (coordinate, mean) in component.mean.iter().enumerate() {
                let far = deviations * component.variance_of(coordinate).sqrt();
                reach = (reach.0.min(mean - far), reach.1.max(mean + far));
            }
        }
    }
    reach
}

/// The cells of a box are no wider than the narrowest component of a law.
///
/// # Errors
/// Cells that are too wide, with the number that is enough.
pub fn resolves(key: &str, axes: &[Axis], law: &GaussianMixture, what: &str) -> Result<(), LaboratoryError> {
    let variances = law.components().flat_map(|component| component.variances);
    let narrowest = variances.fold(f64::INFINITY, f64::min).sqrt();
    let width = axes.iter().map(Axis::width).fold(0.0, f64::max);
    if width <= narrowest {
        return Ok(());
    }
    let least = axes.iter().map(|axis| ((axis.upper - axis.lower) / narrowest).ceil()).fold(0.0, f64::max);
    let expected = format!(
        "at least {least}: a cell is {width:.3e} wide, and the narrowest part of {what} deviates by {narrowest:.3e}"
    );
    Err(LaboratoryError::value(key, axes[0].cells, expected))
}

/// A box holds the data of a process at several times from 0 to its horizon.
///
/// # Errors
/// As [`holds`].
pub fn holds_process(
    key: &str,
    axes: &[Axis],
    data: &GaussianMixture,
    process: &dyn Process,
) -> Result<(), LaboratoryError> {
    (0..=4).try_for_each(|k| {
        let t = process.horizon() * f64::from(k) / 4.0;
        holds(key, axes, &data.diffused(process, t), &format!("the law at t = {t:.3}"))
    })
}

/// The fastest rate at which a function of time pulls, over \[from, to\].
pub fn fastest(from: f64, to: f64, rate: impl Fn(f64) -> f64) -> f64 {
    const TIMES: usize = 256;
    let times = (0..=TIMES).map(|k| from + (to - from) * k as f64 / TIMES as f64);
    times.map(rate).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSURD: [f64; 6] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, -1.0];

    #[test]
    fn absurd_numbers_are_refused_by_name() {
        for value in ABSURD {
            for refused in [positive("figure.time", value), not_negative("figure.time", value)] {
                assert!(refused.unwrap_err().to_string().starts_with("figure.time = "), "{value}");
            }
            assert_eq!(finite("x", value).is_err(), value != -1.0, "{value}");
            assert!(within("x", value, 0.1..=2.0).is_err());
        }
        assert!(positive("x", 0.0).is_err() && not_negative("x", 0.0).is_ok());
        assert!(not_negative("x", 1e-300).is_err());
        assert!(
            count("x", 0, 1..=5).is_err() && count("x", usize::MAX, 1..=5).is_err() && count("x", 5, 1..=5).is_ok()
        );
    }

    #[test]
    fn products_do_not_wrap_around() {
        let message = product(&[("a", usize::MAX), ("b", usize::MAX), ("c", usize::MAX)], 10, "numbers").unwrap_err();
        assert!(message.to_string().starts_with("a × b × c = 34028236692093846346337460743176821145"), "{message}");
        // 2^64 · 2 is 0 in 64 bits.
        assert!(product(&[("a", 1 << 63), ("b", 2)], 10, "numbers").is_err());
        assert!(product(&[("a", 5), ("b", 2)], 10, "numbers").is_ok());
    }

    #[test]
    fn steps_that_diverge_are_refused_with_the_number_that_is_enough() {
        let message = resolved("figure.steps", 4, 5.0, 1.0).unwrap_err().to_string();
        assert!(message.contains("figure.steps = 4") && message.contains("at least 6"), "{message}");
        assert!(resolved("figure.steps", 6, 5.0, 1.0).is_ok());
    }

    #[test]
    fn boxes_that_do_not_hold_their_law_are_refused_with_one_that_does() {
        let law = GaussianMixture::with_variances(vec![1.0], vec![vec![1.0, 0.0]], vec![4.0]).unwrap();
        let axes = |reach: f64| [Axis::new(-reach, reach, 40).unwrap(); 2];
        let message = holds("--reach", &axes(4.0), &law, "the data").unwrap_err().to_string();
        // Φ(−1.5) + Φ(−2.5) + 2 Φ(−2) = 11.9 %.
        assert!(message.starts_with("--reach = [-4, 4]") && message.contains("11.9 %"), "{message}");
        assert!(message.contains("[-8.0, 9.0]") && message.contains("85 cells"), "{message}");
        assert!(holds("--reach", &axes(9.0), &law, "the data").is_ok());
    }

    #[test]
    fn processes_are_refused_under_the_key_of_their_parameter() {
        let refused =
            |toml: &str| process("figure.process", &toml::from_str(toml).unwrap()).err().map(|error| error.to_string());
        assert_eq!(refused("kind = 'vp'"), None);
        let negative = refused("kind = 'vp'\nbeta_max = -1.0").unwrap();
        assert!(negative.contains("figure.process.beta_"), "{negative}");
        let huge = refused("kind = 'vp'\nbeta_max = 1e300").unwrap();
        assert!(huge.starts_with("figure.process = a vp whose "), "{huge}");
    }
}
