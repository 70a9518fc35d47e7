//! The processes the properties are checked for.

use fokker_process::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A process and the times at which its coefficients jump or have a kink, the horizon included.
pub struct Case {
    pub process: Box<dyn Process>,
    pub kinks: Vec<f64>,
}

pub fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(20), ..ProptestConfig::default() }
}

/// Every kind, with its default parameters (the linear kind has none: one with both rates changing).
pub fn defaults() -> Vec<ProcessConfig> {
    let linear = LinearConfig { alpha: vec![0.5, 1.0], beta: vec![0.2, 1.0, 3.0], horizon: 2.0, min_time: 1e-3 };
    vec![
        ProcessConfig::Vp(VpConfig::default()),
        ProcessConfig::Ve(VeConfig::default()),
        ProcessConfig::Edm(EdmConfig::default()),
        ProcessConfig::SubVp(SubVpConfig::default()),
        ProcessConfig::Rve(RveConfig::default()),
        ProcessConfig::OrnsteinUhlenbeck(OrnsteinUhlenbeckConfig::default()),
        ProcessConfig::Linear(linear),
        ProcessConfig::Cosine(CosineConfig::default()),
        ProcessConfig::DdpmChain(DdpmChainConfig::default()),
        ProcessConfig::NcsnChain(NcsnChainConfig::default()),
    ]
}

pub fn case(config: &ProcessConfig) -> Case {
    let process = config.build().unwrap();
    let knots = |steps: usize| (0..=steps).map(|k| k as f64 / steps as f64).collect();
    let kinks = match config {
        ProcessConfig::Cosine(c) => vec![0.0, Cosine::new(c).unwrap().cap_time(), c.horizon],
        ProcessConfig::DdpmChain(c) => knots(c.steps),
        ProcessConfig::NcsnChain(c) => knots(c.steps),
        _ => vec![0.0, process.horizon()],
    };
    Case { process, kinks }
}

impl Case {
    /// A time, geometrically between min_time (u = 0) and the horizon (u = 1), or (1 ≤ u < 2) anywhere between two
    /// neighbouring kinks, kept away from them by a twentieth of the distance between them.
    pub fn time(&self, u: f64) -> f64 {
        let panels = self.kinks.len() - 1;
        if u >= 1.0 {
            // Every fifth time in the first panel, which is unlike the others in one of the chains.
            let place = if u < 1.2 { 5.0 * (u - 1.0) } else { (u - 1.2) / 0.8 * panels as f64 };
            let panel = (place as usize).min(panels - 1);
            let (low, high) = (self.kinks[panel], self.kinks[panel + 1]);
            return low + (0.05 + 0.9 * (place - panel as f64)) * (high - low);
        }
        let (first, last) = (self.process.min_time(), self.process.horizon());
        let t = (first.ln() + u * (last / first).ln()).exp();
        let next = self.kinks.partition_point(|&kink| kink < t).clamp(1, panels);
        let (low, high) = (self.kinks[next - 1], self.kinks[next]);
        let margin = 0.05 * (high - low);
        // Below the margin of a first panel that begins at 0 there is no kink to keep away from.
        t.clamp(if low == 0.0 { 0.0 } else { low + margin }, high - margin)
    }

    /// The distance from t to the nearest kink.
    pub fn room(&self, t: f64) -> f64 {
        self.kinks.iter().map(|kink| (kink - t).abs()).fold(f64::INFINITY, f64::min)
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
            ProcessConfig::Vp(VpConfig { beta_min, beta_max, horizon, min_time })
        }),
        (betas(), times()).prop_map(|((beta_min, beta_max), (horizon, min_time))| {
            ProcessConfig::SubVp(SubVpConfig { beta_min, beta_max, horizon, min_time })
        }),
        (sigmas(), times()).prop_map(|((sigma_min, sigma_max), (horizon, min_time))| {
            ProcessConfig::Ve(VeConfig { sigma_min, sigma_max, horizon, min_time })
        }),
        (sigmas(), times()).prop_map(|((sigma_min, sigma_max), (horizon, epsilon))| {
            ProcessConfig::Rve(RveConfig { sigma_min, sigma_max, epsilon, horizon, min_time: epsilon })
        }),
        sigmas().prop_map(|(sigma_min, sigma_max)| ProcessConfig::Edm(EdmConfig { sigma_min, sigma_max })),
        (0.1..5.0, 0.1..5.0, times()).prop_map(|(lambda, sigma, (horizon, min_time))| {
            ProcessConfig::OrnsteinUhlenbeck(OrnsteinUhlenbeckConfig { lambda, sigma, horizon, min_time })
        }),
        (prop::collection::vec(-1.0..4.0, 0..4), prop::collection::vec(0.1..3.0, 1..4), times()).prop_map(
            |(alpha, beta, (horizon, min_time))| {
                ProcessConfig::Linear(LinearConfig { alpha, beta, horizon: 0.5 * horizon, min_time: 0.5 * min_time })
            }
        ),
        (0.0..0.1, 20.0..1000.0, times()).prop_map(|(offset, beta_max, (horizon, min_time))| {
            ProcessConfig::Cosine(CosineConfig { offset, beta_max, horizon, min_time })
        }),
        (1..200usize, 1e-4..0.01, 0.01..0.1).prop_map(|(steps, start, end)| {
            let (beta_start, beta_end) = (Some(start), Some(end));
            ProcessConfig::DdpmChain(DdpmChainConfig { steps, beta_start, beta_end, ..DdpmChainConfig::default() })
        }),
        (2..200usize).prop_map(|steps| {
            let schedule = BetaSchedule::SquaredcosCapV2;
            ProcessConfig::DdpmChain(DdpmChainConfig { steps, schedule, ..DdpmChainConfig::default() })
        }),
        (2..200usize, sigmas()).prop_map(|(steps, (sigma_min, sigma_max))| {
            ProcessConfig::NcsnChain(NcsnChainConfig { steps, sigma_min, sigma_max, min_time: None })
        }),
    ]
}
