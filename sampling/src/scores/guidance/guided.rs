//! A score with a guide, as a score like any other.

use std::sync::{Mutex, PoisonError};

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use super::linear::linear;
use super::zero_star::{of_velocity, optimised};
use super::{Guidance, GuidanceMethod, Projection};
use crate::scores::threshold::{denoised_of_noise, noise_of_denoised};
use crate::solvers::ratio;

/// A score guided by another one, of the same process.
///
/// Linear guidance is that of the predicted noise. Under a process that reaches pure noise it is that of the predicted data, because in pure
/// noise the predicted noise says nothing of the data. Noise and data are affine functions of each other, so the two differ in the rescaling
/// alone. With momentum ([`Guidance::has_memory`]) a score is good for one walk of one batch.
///
/// ```
/// use std::sync::Arc;
///
/// use burn::tensor::{Device, Tensor};
/// use fokker_model::{MixtureScore, Score};
/// use fokker_process::{GaussianMixture, Vp};
/// use fokker_sampling::Guided;
///
/// let process = Arc::new(Vp::default());
/// let score = |weights, means| {
///     let law = GaussianMixture::with_variances(weights, means, vec![0.04; 2]).unwrap();
///     MixtureScore::new(law, process.clone())
/// };
/// let one = score(vec![0.001, 0.999], vec![vec![-1.0], vec![1.0]]);
/// let both = score(vec![0.5, 0.5], vec![vec![-1.0], vec![1.0]]);
/// let x = Tensor::<2>::zeros([1, 1], &Device::flex());
/// let denoised = |score: &dyn Score<2>| score.denoised(x.clone(), &[0.5]).into_scalar::<f64>();
/// // Twice the step from "any class" to "this class".
/// let guided = denoised(&Guided::new(one.clone(), both.clone(), 2.0));
/// assert!((guided - (2.0 * denoised(&one) - denoised(&both))).abs() < 1e-4);
/// ```
#[derive(Debug)]
pub struct Guided<S, G, const D: usize> {
    score: S,
    guide: G,
    guidance: Guidance,
    /// Above this time the velocity is 0.
    still_above: f64,
    /// The sum of former differences.
    former: Mutex<Option<Tensor<D>>>,
}

impl<S, G, const D: usize> Guided<S, G, D> {
    /// `score` pushed away from `guide`.
    pub fn new(score: S, guide: G, guidance: impl Into<Guidance>) -> Self {
        Self { score, guide, guidance: guidance.into(), still_above: f64::INFINITY, former: Mutex::new(None) }
    }

    /// For a walk along these falling times. Its first steps are those of CFG-Zero*'s zero-init. A call at the end of such a step, as
    /// Heun's method has it, belongs to the next one.
    #[must_use]
    pub fn along(mut self, times: &[f64]) -> Self {
        if let steps @ 1.. = self.guidance.zero_init() {
            self.still_above = times.get(steps).copied().unwrap_or(0.0);
        }
        self
    }
}

/// What is asked of a score.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Prediction {
    Noise,
    Data,
}

impl<S: Score<D>, G: Score<D>, const D: usize> Guided<S, G, D> {
    fn predict(&self, x: Tensor<D>, t: &[f64], asked: Prediction) -> Tensor<D> {
        let process = self.score.process();
        if t.iter().all(|&t| t > self.still_above) {
            let still = x.zeros_like();
            return of_velocity(asked, process, x, still, t);
        }
        let (low, high) = self.guidance.interval;
        let inside = |t: f64| (low..=high).contains(&ratio(process, t));
        let weights: Vec<f64> = t.iter().map(|&t| if inside(t) { self.guidance.weight } else { 1.0 }).collect();
        if weights.iter().all(|&weight| weight == 1.0) {
            return match asked {
                Prediction::Noise => self.score.noise(x, t),
                Prediction::Data => self.score.denoised(x, t),
            };
        }
        match self.guidance.method {
            GuidanceMethod::Linear { rescale } => {
                let (own, guided) = match process.reaches_pure_noise() {
                    false => {
                        let (guide, score) = (self.guide.noise(x.clone(), t), self.score.noise(x.clone(), t));
                        (Prediction::Noise, linear(score, guide, &weights, rescale))
                    }
                    true => {
                        let (guide, score) = (self.guide.denoised(x.clone(), t), self.score.denoised(x.clone(), t));
                        (Prediction::Data, linear(score, guide, &weights, rescale))
                    }
                };
                match (own, asked) {
                    (Prediction::Noise, Prediction::Data) => denoised_of_noise(process, x, guided, t),
                    (Prediction::Data, Prediction::Noise) => noise_of_denoised(process, x, guided, t),
                    _ => guided,
                }
            }
            GuidanceMethod::Apg(projection) => {
                let data = self.projected(&projection, &x, t, &weights);
                match asked {
                    Prediction::Data => data,
                    Prediction::Noise => noise_of_denoised(process, x, data, t),
                }
            }
            GuidanceMethod::CfgZeroStar { .. } => {
                let (guide, score) = (self.guide.velocity(x.clone(), t), self.score.velocity(x.clone(), t));
                of_velocity(asked, process, x, optimised(score, guide, &weights), t)
            }
        }
    }

    fn projected(&self, projection: &Projection, x: &Tensor<D>, t: &[f64], weights: &[f64]) -> Tensor<D> {
        let (guide, data) = (self.guide.denoised(x.clone(), t), self.score.denoised(x.clone(), t));
        let mut difference = data.clone() - guide;
        if projection.momentum != 0.0 {
            let mut former = self.former.lock().unwrap_or_else(PoisonError::into_inner);
            difference = projection.with_momentum(difference, former.take());
            *former = Some(difference.clone());
        }
        projection.apply(data, difference, weights)
    }
}

impl<S: Score<D>, G: Score<D>, const D: usize> Score<D> for Guided<S, G, D> {
    fn process(&self) -> &dyn Process {
        self.score.process()
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.predict(x, t, Prediction::Noise)
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.predict(x, t, Prediction::Data)
    }
}
