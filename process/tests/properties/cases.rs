//! The processes the properties are checked for.

use std::sync::Arc;

use fokker_process::check::Times;
use fokker_process::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A process and the times at which it is looked at.
pub struct Case {
    pub process: Arc<dyn Process>,
    times: Times,
}

pub fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(20), ..ProptestConfig::default() }
}

/// Every kind, with its default parameters (the linear kind has none: one with both rates changing).
pub fn defaults() -> Vec<ProcessConfig> {
    let linear = LinearConfig { alpha: vec![0.5, 1.0], beta: vec![0.2, 1.0, 3.0], horizon: 2.0, min_time: 1e-3 };
    vec![
        VpConfig::default().into(),
        VeConfig::default().into(),
        BlurredVeConfig::default().into(),
        EdmConfig::default().into(),
        SubVpConfig::default().into(),
        RveConfig::default().into(),
        OrnsteinUhlenbeckConfig::default().into(),
        linear.into(),
        CosineConfig::default().into(),
        CriticallyDampedLangevinConfig::default().into(),
        LinearPathConfig::default().into(),
        TrigonometricPathConfig::default().into(),
        DdpmChainConfig::default().into(),
        NcsnChainConfig::default().into(),
    ]
}

pub fn case(config: &ProcessConfig) -> Case {
    let process = config.build().unwrap();
    Case { times: Times::of(&*process), process }
}

impl Case {
    /// A time for u in [0, 2), away from those at which coefficients jump ([`Times::at`]).
    pub fn time(&self, u: f64) -> f64 {
        self.times.at(u)
    }

    /// The width of a central difference at t.
    pub fn width(&self, t: f64) -> f64 {
        self.times.width(t)
    }
}

prop_compose! {
    fn times()(horizon in 0.5..4.0, fraction in 1e-5..1e-2) -> (f64, f64) {
        (horizon, horizon * fraction)
    }
}

/// Any process at all.
pub fn any_process() -> impl Strategy<Value = ProcessConfig> {
    let betas = || (0.0..1.0, 1.0..30.0);
    let sigmas = || (0.001..0.1, 1.0..100.0);
    prop_oneof![
        (betas(), times()).prop_map(|((beta_min, beta_max), (horizon, min_time))| {
            ProcessConfig::from(VpConfig { beta_min, beta_max, horizon, min_time })
        }),
        (betas(), times()).prop_map(|((beta_min, beta_max), (horizon, min_time))| {
            ProcessConfig::from(SubVpConfig { beta_min, beta_max, horizon, min_time })
        }),
        (sigmas(), times()).prop_map(|((sigma_min, sigma_max), (horizon, min_time))| {
            ProcessConfig::from(VeConfig { sigma_min, sigma_max, horizon, min_time })
        }),
        (sigmas(), times()).prop_map(|((sigma_min, sigma_max), (horizon, min_time))| {
            ProcessConfig::from(BlurredVeConfig { sigma_min, sigma_max, horizon, min_time })
        }),
        (sigmas(), times()).prop_map(|((sigma_min, sigma_max), (horizon, epsilon))| {
            ProcessConfig::from(RveConfig { sigma_min, sigma_max, epsilon, horizon, min_time: epsilon })
        }),
        sigmas().prop_map(|(sigma_min, sigma_max)| ProcessConfig::from(EdmConfig { sigma_min, sigma_max })),
        (0.1..5.0, 0.1..5.0, times()).prop_map(|(lambda, sigma, (horizon, min_time))| {
            ProcessConfig::from(OrnsteinUhlenbeckConfig { lambda, sigma, horizon, min_time })
        }),
        (prop::collection::vec(-1.0..4.0, 0..4), prop::collection::vec(0.1..3.0, 1..4), times()).prop_map(
            |(alpha, beta, (horizon, min_time))| {
                ProcessConfig::from(LinearConfig { alpha, beta, horizon: 0.5 * horizon, min_time: 0.5 * min_time })
            }
        ),
        (0.0..0.1, 20.0..1000.0, times()).prop_map(|(offset, beta_max, (horizon, min_time))| {
            ProcessConfig::from(CosineConfig { offset, beta_max, horizon, min_time })
        }),
        (0.5..8.0, 0.1..1.0, 0.01..1.0, times()).prop_map(|(beta, mass, gamma, (horizon, min_time))| {
            ProcessConfig::from(CriticallyDampedLangevinConfig { beta, mass, gamma, horizon, min_time })
        }),
        (0.1..30.0, 1e-5..1e-2)
            .prop_map(|(noise_std, min_time)| { ProcessConfig::from(LinearPathConfig { noise_std, min_time }) }),
        (1e-5..1e-2).prop_map(|min_time| ProcessConfig::from(TrigonometricPathConfig { min_time })),
        (1..200usize, 1e-4..0.01, 0.01..0.1).prop_map(|(steps, start, end)| {
            let (beta_start, beta_end) = (Some(start), Some(end));
            ProcessConfig::from(DdpmChainConfig { steps, beta_start, beta_end, ..DdpmChainConfig::default() })
        }),
        (2..200usize).prop_map(|steps| {
            let schedule = BetaSchedule::SquaredcosCapV2;
            ProcessConfig::from(DdpmChainConfig { steps, schedule, ..DdpmChainConfig::default() })
        }),
        (2..200usize, sigmas()).prop_map(|(steps, (sigma_min, sigma_max))| {
            ProcessConfig::from(NcsnChainConfig { steps, sigma_min, sigma_max, min_time: None })
        }),
    ]
}
