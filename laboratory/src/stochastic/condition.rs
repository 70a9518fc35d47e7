//! The condition of [Seo, eq. 1.2]: f(t) − g²(t)/2c ≥ 0 for all t in \[0, T\].
//!
//! It says c ≥ g²/2f at every time. So the admissible c are all from c* = sup g²/2f on, and the one at the edge is the
//! *smallest* c: the largest weight e^{|x|²/2c} and the smallest space. There is no largest one.

use fokker_process::Process;

/// Which theorem of Seo speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftCase {
    /// f > 0 at all times: Theorem 1.1, in the weighted space.
    Decaying,
    /// f ≡ 0: the closing remark of section 3, in L² without weight; no c is admissible and none is needed.
    DriftFree,
    /// f vanishes or is negative at some time but not always: no theorem of the paper speaks.
    Neither,
}

/// What the condition says of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Which theorem speaks.
    pub case: DriftCase,
    /// c* = sup g²/2f, in squared data units: every c from here on is admissible. None unless the drift decays.
    pub smallest_c: Option<f64>,
    /// A time at which the supremum is attained (or at which f is smallest where there is none).
    pub at: f64,
    /// Whether g > 0 at all times, as the theorem asks.
    pub noise_is_positive: bool,
    horizon: f64,
}

/// Times at which the coefficients are looked at first; each local extreme is then searched between its neighbours.
const SAMPLES: usize = 4096;

impl Condition {
    /// Looks at a process on \[0, T\].
    pub fn of(process: &dyn Process) -> Self {
        let horizon = process.horizon();
        let time = |k: usize| horizon * k as f64 / SAMPLES as f64;
        let decay = |t: f64| -process.drift(t);
        let rates: Vec<f64> = (0..=SAMPLES).map(|k| decay(time(k))).collect();
        let (slowest, smallest_rate) = minimum(&decay, &rates, horizon);
        let squares: Vec<f64> = (0..=SAMPLES).map(|k| process.diffusion_squared(time(k))).collect();
        let (_, smallest_square) = minimum(&|t| process.diffusion_squared(t), &squares, horizon);
        let noise_is_positive = smallest_square > 0.0;
        let decided = |case, smallest_c, at| Self { case, smallest_c, at, noise_is_positive, horizon };
        if rates.iter().all(|rate| *rate == 0.0) {
            return decided(DriftCase::DriftFree, None, 0.0);
        }
        if smallest_rate <= 0.0 {
            return decided(DriftCase::Neither, None, slowest);
        }
        let negated = |t: f64| -process.diffusion_squared(t) / (2.0 * decay(t));
        let ratios: Vec<f64> = (0..=SAMPLES).map(|k| negated(time(k))).collect();
        let (at, ratio) = minimum(&negated, &ratios, horizon);
        decided(DriftCase::Decaying, Some(-ratio), at)
    }

    /// Whether f − g²/2c ≥ 0 on \[0, T\]; equality up to rounding counts, as VP with c = 1 asks. With c = ∞, L² without
    /// weight, it reads f ≥ 0: a drift-free process is at that edge.
    pub fn admits(&self, c: f64) -> bool {
        if c == f64::INFINITY && self.case == DriftCase::DriftFree {
            return true;
        }
        self.smallest_c.is_some_and(|smallest| c >= smallest * (1.0 - 8.0 * f64::EPSILON))
    }

    /// The verdict in words, for a c.
    pub fn verdict(&self, c: f64) -> String {
        let hypothesis = match self.noise_is_positive {
            true => "",
            false => " (but g vanishes at some time, where the theorem asks for g > 0)",
        };
        let (at, horizon) = (self.at, self.horizon);
        match (self.case, self.smallest_c) {
            (DriftCase::Decaying, Some(smallest)) if self.admits(c) => {
                format!("well-posed for c = {c}: every c ≥ {smallest:.9} is admissible{hypothesis}")
            }
            (DriftCase::Decaying, Some(smallest)) => format!(
                "not covered for c = {c}: f − g²/2c < 0 at t = {at:.6}; every c ≥ {smallest:.9} is admissible{hypothesis}"
            ),
            (DriftCase::DriftFree, _) => format!(
                "f ≡ 0: no c is admissible and none is needed, the solution is in L² without weight{hypothesis}"
            ),
            _ => format!(
                "not covered: f is not above 0 at t = {at:.6} although it does not vanish on all of [0, {horizon}]"
            ),
        }
    }
}

/// The minimum of a function on \[0, T\] that is known at equally spaced times, and where it is.
fn minimum(function: &dyn Fn(f64) -> f64, samples: &[f64], horizon: f64) -> (f64, f64) {
    let last = samples.len() - 1;
    let time = |k: usize| horizon * k as f64 / last as f64;
    let mut best = (0.0, samples[0]);
    for k in 0..=last {
        if samples[k] < best.1 {
            best = (time(k), samples[k]);
        }
        let lower = |other: usize| samples[k] <= samples[other];
        if !(lower(k.saturating_sub(1)) && lower((k + 1).min(last))) {
            continue;
        }
        // Golden section.
        let ratio = 0.5 * (5f64.sqrt() - 1.0);
        let (mut a, mut b) = (time(k.saturating_sub(1)), time((k + 1).min(last)));
        for _ in 0..60 {
            let (left, right) = (b - ratio * (b - a), a + ratio * (b - a));
            if function(left) < function(right) { b = right } else { a = left }
        }
        let (t, value) = (0.5 * (a + b), function(0.5 * (a + b)));
        if value < best.1 {
            best = (t, value);
        }
        // A long flat stretch has a minimum at each of its samples; one search is enough.
        if samples.iter().all(|sample| *sample == samples[0]) {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use fokker_process::{FunctionRates, Linear, ProcessConfig};

    fn condition(toml: &str) -> Condition {
        Condition::of(&*toml::from_str::<ProcessConfig>(toml).unwrap().build().unwrap())
    }

    #[test]
    fn variance_preserving_processes_are_at_the_edge_with_the_variance_of_their_prior() {
        let vp = condition("kind = 'vp'");
        assert_eq!(vp.case, DriftCase::Decaying);
        assert!((vp.smallest_c.unwrap() - 1.0).abs() < 1e-15);
        assert!(vp.admits(1.0) && vp.admits(7.0) && !vp.admits(1.0 - 1e-12));
        // Ornstein–Uhlenbeck: g²/2f = σ²/λ.
        let ou = condition("kind = 'ornstein_uhlenbeck'\nlambda = 5.0\nsigma = 0.5");
        assert!((ou.smallest_c.unwrap() - 0.05).abs() < 1e-16);
    }

    #[test]
    fn exploding_processes_have_no_drift_and_no_c() {
        let ve = condition("kind = 've'");
        assert_eq!((ve.case, ve.smallest_c), (DriftCase::DriftFree, None));
        assert!(!ve.admits(1e9));
        assert!(ve.verdict(1.0).contains("without weight"));
    }

    #[test]
    fn the_edge_is_found_between_the_samples() {
        // g²/2f = 1 + e^{−(t − s)²/2w²}, narrower than ten samples, at a place that no sample hits.
        let (place, width) = (0.123_456_789, 2e-3);
        let beta = move |t: f64| 2.0 * (1.0 + (-0.5 * ((t - place) / width).powi(2)).exp());
        let process = Linear::with_rates(FunctionRates { alpha: |_: f64| 1.0, beta }, 1.0, 1e-3).unwrap();
        let condition = Condition::of(&process);
        assert!((condition.smallest_c.unwrap() - 2.0).abs() < 1e-12);
        assert!((condition.at - place).abs() < 1e-7);
    }

    #[test]
    fn a_drift_that_vanishes_at_one_time_is_covered_by_no_theorem() {
        let touching = condition("kind = 'linear'\nalpha = [0.0, 1.0]\nbeta = [1.0]");
        assert_eq!(touching.case, DriftCase::Neither);
        assert!(touching.verdict(1.0).contains("not covered"));
    }
}
