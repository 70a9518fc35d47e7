//! Times at which a sampler stops on its way from the horizon to the smallest time.

use fokker_process::Process;
use serde::{Deserialize, Serialize};

/// How the steps are spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TimeGrid {
    /// Equal steps in `t`.
    Uniform,
    /// Equal steps in `√t` (Song et al. 2020, "quadratic").
    Quadratic,
    /// Equal steps in `log SNR` (Lu et al. 2022).
    LogSnr,
    /// Equal steps in `(σ/α)^{1/ρ}` (Karras et al. 2022, eq. 5).
    Karras {
        /// The exponent; larger spends more steps at low noise.
        #[serde(default = "default_rho")]
        rho: f64,
    },
}

fn default_rho() -> f64 {
    7.0
}

impl TimeGrid {
    /// `steps + 1` strictly decreasing times, from the process's horizon to its smallest time.
    pub fn times(&self, process: &dyn Process, steps: usize) -> Vec<f64> {
        let (first, last) = (process.horizon(), process.min_time());
        let between = |a: f64, b: f64, k: usize| a + (b - a) * k as f64 / steps as f64;
        let ratio = |t: f64| (-0.5 * process.log_snr(t)).exp();
        let mut times: Vec<f64> = (0..=steps)
            .map(|k| match *self {
                Self::Uniform => between(first, last, k),
                Self::Quadratic => between(first.sqrt(), last.sqrt(), k).powi(2),
                Self::LogSnr => process.time_of_log_snr(between(process.log_snr(first), process.log_snr(last), k)),
                Self::Karras { rho } => {
                    let root = between(ratio(first).powf(1.0 / rho), ratio(last).powf(1.0 / rho), k);
                    process.time_of_log_snr(-2.0 * rho * root.ln())
                }
            })
            .collect();
        (times[0], times[steps]) = (first, last);
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fokker_process::ProcessConfig;

    fn process(kind: &str) -> Box<dyn Process> {
        serde_json::from_value::<ProcessConfig>(serde_json::json!({ "kind": kind })).unwrap().build().unwrap()
    }

    #[test]
    fn every_grid_falls_strictly_from_the_horizon_to_the_smallest_time() {
        for kind in ["vp", "ve", "sub_vp", "rve", "edm", "cosine"] {
            let process = process(kind);
            for grid in [TimeGrid::Uniform, TimeGrid::Quadratic, TimeGrid::LogSnr, TimeGrid::Karras { rho: 7.0 }] {
                let times = grid.times(&*process, 37);
                assert_eq!(times.len(), 38);
                assert_eq!((times[0], times[37]), (process.horizon(), process.min_time()));
                assert!(times.windows(2).all(|pair| pair[0] > pair[1]), "{kind} {grid:?}: {times:?}");
            }
        }
    }

    #[test]
    fn edm_process_gives_the_noise_levels_of_karras() {
        let process = process("edm");
        let times = TimeGrid::Karras { rho: 7.0 }.times(&*process, 17);
        for (k, &t) in times.iter().enumerate() {
            let (max, min) = (80f64.powf(1.0 / 7.0), 0.002f64.powf(1.0 / 7.0));
            let sigma = (max + k as f64 / 17.0 * (min - max)).powi(7);
            assert!((t / sigma - 1.0).abs() < 1e-10, "{t} {sigma}");
        }
    }
}
