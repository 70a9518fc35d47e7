//! From a name to samples: the grid, the method, the noise, and what is done at the end.

use std::ops::ControlFlow;

use burn::tensor::{Device, Tensor};
use fokker_model::Score;
use fokker_process::Process;
use fokker_random::Index;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::method::Method;
use crate::noise::ImageNoise;
use crate::samplers::{
    Ancestral, AnnealedLangevin, Ddim, DpmSolver, DpmSolverPp2S, EdmHeun, ExponentialEuler, Family, FlowSampler,
    Langevin, MetropolisLangevin, Multistep, PredictorCorrector, ReverseDiffusion, ReverseSdeSampler, Sampler, Step,
    UniPc,
};
use crate::scores::{CallCounter, CountedScore, Thresholded};
use crate::solvers::{
    Brownian, DORMAND_PRINCE, EULER, EulerMaruyama, HEUN, RUNGE_KUTTA_4, Sra, StepStatistics, StochasticHeun, integrate,
};

/// Samples, and what they cost.
#[derive(Clone, Debug)]
pub struct Drawn<const D: usize> {
    /// The samples.
    pub samples: Tensor<D>,
    /// How often the score was asked, for the whole batch at once.
    pub score_calls: usize,
    /// What the error control did, for `dormand_prince`.
    pub adaptive: Option<StepStatistics>,
    /// The share of accepted proposals, for `metropolis_langevin`.
    pub acceptance: Option<f64>,
}

/// Called on the way with the number of steps done and the state. `Break` ends the draw.
pub type Observe<'a, const D: usize> = &'a mut dyn FnMut(usize, &Tensor<D>) -> ControlFlow<()>;

impl SamplerConfig {
    /// Number of steps that are reported on the way; `dormand_prince` reports percents.
    pub fn steps(&self) -> usize {
        match self.kind {
            Method::DormandPrince => 100,
            _ => self.grid().intervals(self.steps_or_points()),
        }
    }

    /// Number of score calls for one batch; none if the sampler decides on the way.
    pub fn score_calls(&self, process: &dyn Process) -> Option<usize> {
        let corrections = self.corrector().steps;
        let final_call = usize::from(self.denoise);
        let each = |method: Method| method.info().calls_per_step;
        Some(match self.kind {
            Method::DormandPrince => return None,
            Method::PredictorCorrector => {
                self.steps() * (each(self.predictor(process)) + corrections) + final_call * (1 + corrections)
            }
            Method::AnnealedLangevin => self.steps() * self.langevin().steps_per_level + final_call,
            Method::MetropolisLangevin => 1 + self.steps() * 2 + final_call,
            method => self.steps() * each(method) + final_call,
        })
    }

    /// The times of the steps under a process.
    pub fn times(&self, process: &dyn Process) -> Vec<f64> {
        match self.kind {
            Method::DormandPrince => vec![process.horizon(), process.min_time()],
            Method::Langevin | Method::MetropolisLangevin => vec![process.min_time(); self.steps() + 1],
            _ => self.grid().times(process, self.steps_or_points()),
        }
    }

    /// The standard deviation of the state that sampling starts from, at the first time of the grid.
    pub fn initial_std(&self, process: &dyn Process) -> f64 {
        let first = self.times(process)[0];
        match process.is_variance_preserving() || first >= process.horizon() || first == process.min_time() {
            true => process.prior_std(),
            false => process.std(first),
        }
    }

    /// Draws the images number `first, first + 1, …` of `seed`.
    ///
    /// `shape[0]` is their number. `observe` is called with 0 and the initial state, then after every step with the
    /// number of steps done and the state.
    ///
    /// # Errors
    /// Settings that do not work, as [`SamplerConfig::validate`]; [`SamplingError::Stopped`] when `observe` breaks.
    pub fn sample<const D: usize>(
        &self,
        score: &dyn Score<D>,
        shape: [usize; D],
        seed: u64,
        first: u64,
        device: &Device,
        observe: Observe<D>,
    ) -> Result<Tensor<D>, SamplingError> {
        self.draw(score, shape, seed, first, device, observe).map(|drawn| drawn.samples)
    }

    /// [`SamplerConfig::sample`], with what it cost.
    ///
    /// # Errors
    /// As [`SamplerConfig::sample`].
    pub fn draw<const D: usize>(
        &self,
        score: &dyn Score<D>,
        shape: [usize; D],
        seed: u64,
        first: u64,
        device: &Device,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        self.validate(score.process())?;
        let mut prior = ImageNoise::new(seed, Index::prior, first, shape[0]);
        let mut noise = ImageNoise::new(seed, Index::brownian, first, shape[0]);
        let x = prior.normal(shape, device).mul_scalar(self.initial_std(score.process()));
        self.walk(score, x, &mut noise, observe)
    }

    /// Walks from a given state at the first time of the grid, with given noise.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    ///
    /// # Errors
    /// As [`SamplerConfig::sample`].
    pub fn walk<const D: usize>(
        &self,
        score: &dyn Score<D>,
        x: Tensor<D>,
        noise: &mut dyn Brownian<D>,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        self.validate(score.process())?;
        let counter = CallCounter::default();
        let counted = CountedScore::new(score, &counter);
        let thresholded = self.threshold.map(|threshold| Thresholded::new(&counted, threshold, self.range));
        let score: &dyn Score<D> = match &thresholded {
            Some(score) => score,
            None => &counted,
        };
        let mut method = self.method::<D>(score.process());
        let times = self.times(score.process());
        let last = times[times.len() - 1];
        let mut x = x;
        if observe(0, &x).is_break() {
            return Err(SamplingError::Stopped);
        }
        let mut adaptive = None;
        if self.kind == Method::DormandPrince {
            let (state, statistics) =
                integrate(score, x, (times[0], last), self.tolerance(), observe).ok_or(SamplingError::Stopped)?;
            (x, adaptive) = (state, Some(statistics));
        } else {
            let total = times.len() - 1 + usize::from(self.denoise);
            for index in 0..times.len() - 1 {
                x = method.step(score, x, &Step { times: &times, index, total }, noise);
                if observe(index + 1, &x).is_break() {
                    return Err(SamplingError::Stopped);
                }
            }
        }
        if self.denoise {
            x = method.finish(score, x, last, noise);
        }
        Ok(Drawn { samples: x, score_calls: counter.count(), adaptive, acceptance: method.acceptance() })
    }

    fn method<const D: usize>(&self, process: &dyn Process) -> Box<dyn Sampler<D>> {
        let backward_noise = self.backward_noise();
        let multistep = |family: Family, order: usize| {
            Box::new(Multistep::new(family, order, self.solver_type(), self.lower_order_final))
        };
        match self.kind {
            Method::ReverseSde => Box::new(ReverseSdeSampler { solver: EulerMaruyama, backward_noise }),
            Method::StochasticHeun => Box::new(ReverseSdeSampler { solver: StochasticHeun, backward_noise }),
            Method::Sra => Box::new(ReverseSdeSampler { solver: Sra, backward_noise }),
            Method::ExponentialEuler => Box::new(ExponentialEuler { backward_noise }),
            Method::ReverseDiffusion => Box::new(ReverseDiffusion),
            Method::Ancestral => Box::new(Ancestral { variance: self.variance.unwrap_or_default() }),
            Method::PredictorCorrector => Box::new(PredictorCorrector {
                predictor: Self::new(self.predictor(process)).method(process),
                corrector: self.corrector(),
                last_scale: 1.0,
            }),
            Method::Euler => Box::new(FlowSampler { solver: EULER }),
            Method::ProbabilityFlow => Box::new(FlowSampler { solver: HEUN }),
            Method::RungeKutta4 => Box::new(FlowSampler { solver: RUNGE_KUTTA_4 }),
            Method::DormandPrince => Box::new(FlowSampler { solver: DORMAND_PRINCE }),
            Method::Ddim => Box::new(Ddim { eta: self.eta() }),
            Method::DpmSolver1 => Box::new(DpmSolver { order: 1 }),
            Method::DpmSolver2 => Box::new(DpmSolver { order: 2 }),
            Method::DpmSolver3 => Box::new(DpmSolver { order: 3 }),
            Method::DpmSolver2M => multistep(Family::DpmSolver, 2),
            Method::DpmSolver3M => multistep(Family::DpmSolver, 3),
            Method::DpmSolverPp2S => Box::new(DpmSolverPp2S),
            Method::DpmSolverPp2M => multistep(Family::DpmSolverPp, 2),
            Method::DpmSolverPp3M => multistep(Family::DpmSolverPp, 3),
            Method::SdeDpmSolverPp2M => multistep(Family::SdeDpmSolverPp, 2),
            Method::SdeDpmSolverPp3M => multistep(Family::SdeDpmSolverPp, 3),
            Method::UniPc => {
                Box::new(UniPc::new(self.order(), self.solver_type(), self.lower_order_final.unwrap_or(true)))
            }
            Method::EdmHeun => {
                let steps = self.steps() + usize::from(self.denoise);
                Box::new(EdmHeun { churn: self.churn(), steps })
            }
            Method::AnnealedLangevin => {
                let langevin = self.langevin();
                Box::new(AnnealedLangevin { step_size: langevin.step_size, steps_per_level: langevin.steps_per_level })
            }
            Method::Langevin => Box::new(Langevin { step_size: self.langevin().step_size }),
            Method::MetropolisLangevin => Box::new(MetropolisLangevin::new(self.langevin().step_size)),
        }
    }
}
