//! A walk from noise to samples, by any sampler.

use burn::tensor::{Device, Tensor};
use fokker_model::Score;
use fokker_process::Process;
use fokker_random::Index;

use crate::error::SamplingError;
use crate::grid::TimeGrid;
use crate::noise::ImageNoise;
use crate::sampler::{Diagnostics, Observe, Sampler, Step};
use crate::samplers::stationary;
use crate::scores::{CallCounter, CountedScore, DataRange, Threshold, Thresholded};
use crate::solvers::Brownian;

/// Samples, and what they cost.
#[derive(Clone, Debug)]
pub struct Drawn<const D: usize> {
    /// The samples.
    pub samples: Tensor<D>,
    /// How often the score was asked, for the whole batch at once.
    pub score_calls: usize,
    /// What the sampler knows of its walk.
    pub diagnostics: Diagnostics,
}

/// Whose random numbers a batch has: the images number `first, first + 1, …` of a seed have the same ones in every batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The seed.
    pub seed: u64,
    /// The number of the first image.
    pub first: u64,
}

/// Everything about a walk but the sampler: its times, the final denoising, and what keeps predictions within range.
///
/// [`SamplerConfig`](crate::SamplerConfig) makes one for every registered sampler. For a sampler without a name:
///
/// ```
/// use std::ops::ControlFlow;
///
/// use burn::tensor::Device;
/// use fokker_model::MixtureScore;
/// use fokker_process::{GaussianMixture, ProcessConfig};
/// use fokker_sampling::{FlowSampler, HEUN, Numbers, TimeGrid, Walk};
///
/// let process = ProcessConfig::default().build().unwrap();
/// let mixture = GaussianMixture::with_variances(vec![1.0], vec![vec![0.5, -0.5]], vec![0.04]).unwrap();
/// let score = MixtureScore::new(mixture, process);
///
/// let walk = Walk::along::<2>(&TimeGrid::Karras { rho: 7.0 }, 20, &score).unwrap();
/// let mut observe = |_: usize, _: &_| ControlFlow::Continue(());
/// let mut sampler = FlowSampler { solver: HEUN };
/// let drawn = walk.draw(&mut sampler, &score, [100, 2], Numbers::default(), &Device::flex(), &mut observe).unwrap();
/// assert_eq!((drawn.samples.dims(), drawn.score_calls), ([100, 2], 41));
/// ```
#[derive(Clone, Debug)]
pub struct Walk {
    times: Vec<f64>,
    initial_std: f64,
    denoise: bool,
    threshold: Option<(Threshold, DataRange)>,
}

impl Walk {
    /// Along so many steps of a grid (points for a discrete one) under the process of a score, with the final denoising.
    ///
    /// # Errors
    /// A grid that does not fit the process, as [`TimeGrid::validate`].
    pub fn along<const D: usize>(grid: &TimeGrid, steps: usize, score: &dyn Score<D>) -> Result<Self, SamplingError> {
        let process = score.process();
        grid.validate(process, steps)?;
        Ok(Self::of_times(grid.times(process, steps), process))
    }

    /// Along times that are known to fit, with the final denoising.
    pub(crate) fn of_times(times: Vec<f64>, process: &dyn Process) -> Self {
        let initial_std = initial_std(&times, process);
        Self { times, initial_std, denoise: true, threshold: None }
    }

    /// The same with or without the final denoising, which replaces the last state by the expected data (Tweedie).
    #[must_use]
    pub fn denoising(self, denoise: bool) -> Self {
        Self { denoise, ..self }
    }

    /// The same with predicted data kept within range.
    #[must_use]
    pub fn within(self, threshold: Threshold, range: DataRange) -> Self {
        Self { threshold: Some((threshold, range)), ..self }
    }

    /// The times of the steps, falling.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The standard deviation of the state that sampling starts from, in data units.
    pub fn initial_std(&self) -> f64 {
        self.initial_std
    }

    /// Draws images. `observe` is called with 0 and the initial state, then after every step.
    ///
    /// # Shapes
    /// `shape`: `[batch, …]`, the images' number first
    ///
    /// # Errors
    /// A threshold that does not work; [`SamplingError::Stopped`] if `observe` breaks.
    pub fn draw<const D: usize>(
        &self,
        sampler: &mut dyn Sampler<D>,
        score: &dyn Score<D>,
        shape: [usize; D],
        numbers: Numbers,
        device: &Device,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let Numbers { seed, first } = numbers;
        let mut prior = ImageNoise::new(seed, Index::prior, first, shape[0]);
        let mut noise = ImageNoise::new(seed, Index::brownian, first, shape[0]);
        let x = prior.normal(shape, device).mul_scalar(self.initial_std);
        let x = match score.process().phase_space() {
            Some(phase) => stationary(phase, x),
            None => x,
        };
        self.run(sampler, score, x, &mut noise, observe)
    }

    /// Walks from a state at the first time, with given noise.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    ///
    /// # Errors
    /// As [`Walk::draw`].
    pub fn run<const D: usize>(
        &self,
        sampler: &mut dyn Sampler<D>,
        score: &dyn Score<D>,
        x: Tensor<D>,
        noise: &mut dyn Brownian<D>,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let counter = CallCounter::default();
        let counted = CountedScore::new(score, &counter);
        let Some((threshold, range)) = self.threshold else {
            return self.run_on(sampler, &counted, &counter, x, noise, observe);
        };
        threshold.validate()?;
        let thresholded = Thresholded::new(&counted, threshold, range);
        self.run_on(sampler, &thresholded, &counter, x, noise, observe)
    }

    fn run_on<const D: usize>(
        &self,
        sampler: &mut dyn Sampler<D>,
        score: &dyn Score<D>,
        counter: &CallCounter,
        x: Tensor<D>,
        noise: &mut dyn Brownian<D>,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        if observe(0, &x).is_break() {
            return Err(SamplingError::Stopped);
        }
        let total = self.times.len() - 1 + usize::from(self.denoise);
        let first = Step { times: &self.times, index: 0, total };
        let mut samples = sampler.walk(score, x, first, noise, observe).ok_or(SamplingError::Stopped)?;
        if self.denoise {
            samples = sampler.finish(score, samples, self.times[self.times.len() - 1], noise);
        }
        Ok(Drawn { samples, score_calls: counter.count(), diagnostics: sampler.diagnostics() })
    }
}

/// The standard deviation of the state at the first of some times.
fn initial_std(times: &[f64], process: &dyn Process) -> f64 {
    let first = times.first().copied().unwrap_or(process.horizon());
    match process.is_variance_preserving() || first >= process.horizon() || first == process.min_time() {
        true => process.prior_std(),
        false => process.std(first),
    }
}
