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

impl Numbers {
    /// The noise that images begin with, of unit deviation.
    ///
    /// # Shapes
    /// `[batch, …]`, the images' number first
    pub fn prior<const D: usize>(self, shape: [usize; D], device: &Device) -> Tensor<D> {
        ImageNoise::new(self.seed, Index::prior, self.first, shape[0]).normal(shape, device)
    }

    /// The noise that `count` images meet on their way.
    pub(crate) fn on_the_way(self, count: usize) -> ImageNoise {
        ImageNoise::new(self.seed, Index::brownian, self.first, count)
    }
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

    /// The same along other times, from a state that is there.
    pub(crate) fn along_times(self, times: Vec<f64>) -> Self {
        Self { times, ..self }
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
        self.draw_of(sampler, score, numbers.prior(shape, device), numbers, observe)
    }

    /// Draws images of given noise of unit deviation; noise on the way is that of the numbers.
    ///
    /// # Shapes
    /// `normal`: `[batch, …]`, the images' number first → the same
    ///
    /// # Errors
    /// As [`Walk::draw`].
    pub fn draw_of<const D: usize>(
        &self,
        sampler: &mut dyn Sampler<D>,
        score: &dyn Score<D>,
        normal: Tensor<D>,
        numbers: Numbers,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let mut noise = numbers.on_the_way(normal.dims()[0]);
        let x = normal.mul_scalar(self.initial_std);
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
        self.with_score(score, |score| {
            if observe(0, &x).is_break() {
                return Err(SamplingError::Stopped);
            }
            let total = self.times.len() - 1 + usize::from(self.denoise);
            let first = Step { times: &self.times, index: 0, total };
            let mut samples = sampler.walk(score, x, first, noise, observe).ok_or(SamplingError::Stopped)?;
            if self.denoise {
                samples = sampler.finish(score, samples, self.times[self.times.len() - 1], noise);
            }
            Ok((samples, sampler.diagnostics()))
        })
    }

    /// Hands on the score with its calls counted and its predictions kept within range.
    pub(crate) fn with_score<const D: usize>(
        &self,
        score: &dyn Score<D>,
        work: impl FnOnce(&dyn Score<D>) -> Result<(Tensor<D>, Diagnostics), SamplingError>,
    ) -> Result<Drawn<D>, SamplingError> {
        let counter = CallCounter::default();
        let counted = CountedScore::new(score, &counter);
        let (samples, diagnostics) = match self.threshold {
            None => work(&counted)?,
            Some((threshold, range)) => {
                threshold.validate()?;
                work(&Thresholded::new(&counted, threshold, range))?
            }
        };
        Ok(Drawn { samples, score_calls: counter.count(), diagnostics })
    }

    /// Whether the last state is replaced by the expected data.
    pub(crate) fn denoises(&self) -> bool {
        self.denoise
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
