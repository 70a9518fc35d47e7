//! The probability flow with steps that fit each sample ([`integrate`](crate::integrate)).

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Method, MethodInfo, Schedule};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::{Diagnostics, Observe, Sampler, Step};
use crate::solvers::{Brownian, DORMAND_PRINCE, StepStatistics, ToleranceConfig, integrate};

/// Dormand–Prince 5(4) with an error control of its own for each sample.
#[derive(Clone, Debug)]
pub struct DormandPrince {
    tolerance: ToleranceConfig,
    /// What the error control did last.
    statistics: Option<StepStatistics>,
}

impl DormandPrince {
    /// A sampler that keeps to a tolerance.
    pub fn new(tolerance: ToleranceConfig) -> Self {
        Self { tolerance, statistics: None }
    }

    fn solve<const D: usize>(
        &mut self,
        score: &dyn Score<D>,
        x: Tensor<D>,
        times: (f64, f64),
        observe: Observe<D>,
    ) -> Option<Tensor<D>> {
        let (state, statistics) = integrate(score, x, times, self.tolerance, observe)?;
        self.statistics = Some(statistics);
        Some(state)
    }
}

impl<const D: usize> Sampler<D> for DormandPrince {
    /// As many steps as it takes.
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let mut observe = |_: usize, _: &Tensor<D>| std::ops::ControlFlow::Continue(());
        let state = self.solve(score, x, (step.from(), step.to()), &mut observe);
        state.expect("nothing breaks it off")
    }

    /// From the first time to the last at once. `observe` hears of percents.
    fn walk(
        &mut self,
        score: &dyn Score<D>,
        x: Tensor<D>,
        first: Step,
        _: &mut dyn Brownian<D>,
        observe: Observe<D>,
    ) -> Option<Tensor<D>> {
        let last = first.times[first.times.len() - 1];
        self.solve(score, x, (first.from(), last), observe)
    }

    fn diagnostics(&self) -> Diagnostics {
        Diagnostics { adaptive: self.statistics.clone(), ..Diagnostics::default() }
    }
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    aliases: &["rk45"],
    order: Some(DORMAND_PRINCE.order),
    calls_per_step: DORMAND_PRINCE.evaluations(),
    steps: 100,
    schedule: Schedule::Adaptive,
    options: &[SamplerOption::Tolerance],
    leaves_pure_noise: true,
    encodes: Encodes::ToPureNoise,
    ..MethodInfo::new("dormand_prince", "The probability-flow ODE with steps that fit each sample.")
};

impl Method {
    /// [`DormandPrince`] on the probability flow.
    pub const DORMAND_PRINCE: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(DormandPrince::new(config.tolerance()))
    }

    fn score_calls(&self, _: &SamplerConfig, _: &dyn Process) -> Option<usize> {
        None
    }
}

register_sampler!(&INFO, &Kind);
