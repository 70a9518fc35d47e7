//! How evenly the examples of a batch count.
//!
//! An example at the time `t` adds `w(t) i(t) e(t)` to the loss: the [weight](crate::Weighting), the factor that makes up for
//! [how the time was chosen](crate::TimeSampling), and the error that is left in the noise. For that error the best there is for
//! Gaussian data of deviation `s` will do, `e = 1/(1 + (σ/α)²/s²)`: noise can be told from data where it is strong. If a few rare times
//! add nearly everything, most batches say nothing and some say far too much. With the mean `m` and the mean square `q` of what an
//! example adds, a batch of `n` has the relative variance of `n m²/q` examples that count alike (Kish 1965, sec. 11.2: the effective
//! sample size).

use fokker_process::Process;

use crate::loss::Loss;
use crate::objective::Objective;
use crate::time_sampling::TimeSampling;
use crate::weighting::Weighting;

/// The deviation of the data: about that of images in [−1, 1]. Only orders of magnitude matter here.
const DATA_STD: f64 = 0.5;
/// `q/m²` above which a pair of weighting and times is warned of. That of a pair that trains well is below 11 under every process.
const UNEVEN: f64 = 20.0;
/// The least share of the loss that has to be at noise below the data's deviation, where what is drawn gets its details.
const UNSEEN: f64 = 0.01;

/// How unevenly noise levels count under a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// `q/m²`, how many examples say as much as one would if all counted alike; at least 1.
    pub examples_for_one: f64,
    /// The largest weight `w i` over the mean weight.
    pub peak: f64,
    /// The share of the loss that is at noise `σ/α` below the data's deviation.
    pub low_noise: f64,
}

impl Objective {
    /// How unevenly noise levels count under a process: integrals over the quantiles of the law of times, whose ends are resolved to
    /// 10⁻⁹.
    pub fn spread(&self, process: &dyn Process) -> Spread {
        const POINTS: usize = 4000;
        // Quantiles u = 1/(1 + e^{−z}), evenly spaced in z.
        let width = 21.0 * 2.0 / POINTS as f64;
        let [mut mass, mut weight, mut peak, mut mean, mut square, mut low] = [0.0; 6];
        for point in 0..POINTS {
            let z = (point as f64 + 0.5) * width - 21.0;
            let u = 1.0 / (1.0 + (-z).exp());
            let share = u / (1.0 + z.exp()) * width;
            let (own, ratio) = self.weight_at(process, u);
            let added = own / (1.0 + (ratio / DATA_STD).powi(2));
            mass += share;
            weight += share * own;
            peak = f64::max(peak, own);
            mean += share * added;
            square += share * added * added;
            if ratio < DATA_STD {
                low += share * added;
            }
        }
        Spread { examples_for_one: square * mass / (mean * mean), peak: peak * mass / weight, low_noise: low / mean }
    }

    /// `(Σ w)²/Σ w²` of the weights of a batch whose times are spread evenly over the quantiles of their law: how many examples that
    /// count alike they are worth, from 1 to the batch.
    pub fn effective_examples(&self, process: &dyn Process, batch: usize) -> f64 {
        let weights = (0..batch).map(|example| self.weight_at(process, (example as f64 + 0.5) / batch as f64).0);
        let (sum, squares) =
            weights.fold((0.0, 0.0), |(sum, squares), weight| (sum + weight, squares + weight * weight));
        sum * sum / squares
    }

    /// The weight at a quantile of the law of times, and σ/α there.
    fn weight_at(&self, process: &dyn Process, quantile: f64) -> (f64, f64) {
        let draw = self.time.at_quantile(process, quantile);
        let weight = self.weighting.on_noise(process, draw.t) * draw.importance;
        (weight, (-0.5 * process.log_snr(draw.t)).exp())
    }

    /// Why a network will hardly learn with this weighting and this law of times under a process, and what would do; none if
    /// there is no such reason.
    pub fn warning(&self, process: &dyn Process, batch: usize) -> Option<String> {
        // This loss is not weighed.
        if self.loss == Loss::InitialValue {
            return None;
        }
        let spread = self.spread(process);
        let reason = if spread.examples_for_one > UNEVEN {
            let worth = self.effective_examples(process, batch);
            format!(
                "few rare times carry the loss: {:.0} examples say as much as one would if all counted alike, a batch has {batch} (its \
                 weights are worth {worth:.1} equal ones, the largest weight of all is {:.1e} times the mean)",
                spread.examples_for_one, spread.peak
            )
        } else if spread.low_noise < UNSEEN {
            format!(
                "nearly all times are at strong noise: noise below the data's own deviation has {:.1e} of the loss, so details \
                 are not learnt",
                spread.low_noise
            )
        } else {
            return None;
        };
        let (weighting, time) = (self.weighting.name(), self.time.name());
        let remedy = match self.alternatives(process).as_slice() {
            [] => "another process, or a larger process.min_time".into(),
            some => some.join(", or "),
        };
        Some(format!(
            "objective.weighting = \"{weighting}\" with objective.time = \"{time}\": {reason}. Instead: {remedy}"
        ))
    }

    /// Changes of the weighting or of the law of times that do.
    fn alternatives(&self, process: &dyn Process) -> Vec<String> {
        let does = |other: &Self| {
            let Spread { examples_for_one, low_noise, .. } = other.spread(process);
            examples_for_one <= UNEVEN && low_noise >= UNSEEN
        };
        let times = TimeSampling::KINDS.map(|time| Self { time, ..self.clone() });
        let times =
            times.into_iter().filter(does).map(|other| format!("objective.time.kind = \"{}\"", other.time.name()));
        let weightings = Weighting::KINDS.map(|weighting| Self { weighting, ..self.clone() });
        let weightings = weightings.into_iter().filter(does);
        let weightings = weightings.map(|other| format!("objective.weighting.kind = \"{}\"", other.weighting.name()));
        times.chain(weightings).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fokker_process::ProcessConfig;

    use super::*;

    fn process(text: &str) -> Arc<dyn Process> {
        serde_json::from_str::<ProcessConfig>(text).unwrap().build().unwrap()
    }

    fn objective(weighting: Weighting, time: TimeSampling) -> Objective {
        Objective { weighting, time, ..Objective::default() }
    }

    const RVE: &str = r#"{ "kind": "rve", "sigma_min": 0.01, "sigma_max": 50.0, "epsilon": 1e-5, "min_time": 1e-5 }"#;

    /// Under RVE with ε = 10⁻⁵, σ² weights with importance-sampled times are proportional to t² where log-SNRs are uniform: at the
    /// quantile u, to 1/u². Of 128 even quantiles (k + ½)/128 that is (Σ (k + ½)^−2)²/Σ (k + ½)^−4 = (π²/2)²/(π⁴/6) = 3/2. The mean
    /// square over the squared mean is ∫ t²… = 1/(3ε), the largest weight over the mean 1/ε.
    #[test]
    fn weights_that_are_worth_one_and_a_half_examples() {
        let (process, objective) = (process(RVE), objective(Weighting::Sigma2, TimeSampling::Importance));
        let worth = objective.effective_examples(&*process, 128);
        assert!((worth - 1.5).abs() < 0.02, "{worth}");
        let spread = objective.spread(&*process);
        assert!((spread.peak * 1e-5 - 1.0).abs() < 0.02, "{spread:?}");
        let warning = objective.warning(&*process, 128).unwrap();
        for part in ["sigma2", "importance", "1.5 equal", "objective.weighting.kind = \"likelihood\"", "log_normal"] {
            assert!(warning.contains(part), "{part}: {warning}");
        }
        // Uniform times do not help: they are at σ = 50.
        assert!(!warning.contains("\"uniform\""), "{warning}");
    }

    /// `(process, weighting, times, q/m²)` by NumPy, on 20 001 quantiles.
    #[test]
    fn spreads_are_those_of_another_program() {
        let vp = r#"{ "kind": "vp", "min_time": 1e-5 }"#;
        let ve = r#"{ "kind": "ve", "min_time": 1e-5 }"#;
        let edm = r#"{ "kind": "edm" }"#;
        let log_normal = TimeSampling::LogNormal { mean: -1.2, std: 1.2 };
        let (half, five) = (Weighting::Edm { sigma_data: 0.5 }, Weighting::MinSnr { gamma: 5.0 });
        for (text, weighting, time, expected) in [
            (vp, Weighting::Epsilon, TimeSampling::Uniform, 3.62),
            (vp, Weighting::Likelihood, TimeSampling::Uniform, 657.0),
            (vp, Weighting::Likelihood, TimeSampling::Importance, 1.77),
            (vp, Weighting::Likelihood, log_normal, 29.2),
            (vp, half, log_normal, 1.0),
            (ve, five, TimeSampling::Importance, 5.18),
            (ve, Weighting::Likelihood, TimeSampling::Uniform, 368.0),
            (edm, Weighting::Epsilon, TimeSampling::Uniform, 51.3),
            (edm, Weighting::Likelihood, log_normal, 4.87),
            (RVE, Weighting::Epsilon, TimeSampling::Uniform, 588.0),
            (RVE, half, TimeSampling::Importance, 3.33e4),
        ] {
            let spread = objective(weighting, time).spread(&*process(text));
            let error = spread.examples_for_one / expected - 1.0;
            assert!(error.abs() < 0.02, "{text}, {weighting:?}, {time:?}: {spread:?}, not {expected}");
            let warned = objective(weighting, time).warning(&*process(text), 128).is_some();
            assert_eq!(warned, expected > UNEVEN, "{text}, {weighting:?}, {time:?}");
        }
    }

    #[test]
    fn times_that_never_see_details_are_warned_of() {
        let warning = objective(Weighting::Edm { sigma_data: 0.5 }, TimeSampling::Uniform).warning(&*process(RVE), 128);
        assert!(warning.unwrap().contains("details are not learnt"));
    }
}
