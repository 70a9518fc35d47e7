//! Classifier-free guidance (Ho & Salimans 2022), as a score like any other.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::per_example::scale_examples;
use fokker_process::Process;

use super::threshold::{denoised_of_noise, noise_of_denoised};
use crate::solvers::ratio;

/// `ε = ε_uncond + w (ε_cond − ε_uncond)`: `w = 1` is the conditional score, larger exaggerates the class.
///
/// It may be confined to an interval of noise levels (Kynkäänniemi et al. 2024): outside of it the score is the
/// conditional one, at half the price. And it may be rescaled (Lin et al. 2023, eq. 15–16): the guided prediction is
/// brought back to the conditional one's deviation, and a share `φ` of that is taken. The prediction is that of the noise. Under a process that
/// reaches pure noise it is that of the data, because in pure noise the predicted noise says nothing of the data.
///
/// ```
/// use std::sync::Arc;
///
/// use burn::tensor::{Device, Tensor};
/// use fokker_model::{MixtureScore, Score};
/// use fokker_process::{GaussianMixture, Vp};
/// use fokker_sampling::ClassifierFree;
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
/// let guided = denoised(&ClassifierFree::new(one.clone(), both.clone(), 2.0));
/// assert!((guided - (2.0 * denoised(&one) - denoised(&both))).abs() < 1e-4);
/// ```
#[derive(Clone, Debug)]
pub struct ClassifierFree<S> {
    conditional: S,
    unconditional: S,
    weight: f64,
    interval: (f64, f64),
    rescale: f64,
}

impl<S> ClassifierFree<S> {
    /// Guidance between the score of the wanted class and the score of no class.
    pub fn new(conditional: S, unconditional: S, weight: f64) -> Self {
        Self { conditional, unconditional, weight, interval: (0.0, f64::INFINITY), rescale: 0.0 }
    }

    /// Guidance for noise levels `σ/α` in \[low, high\] alone.
    #[must_use]
    pub fn within(mut self, low: f64, high: f64) -> Self {
        self.interval = (low, high);
        self
    }

    /// Rescaling by the share `φ` in \[0, 1\]; 0 is none.
    #[must_use]
    pub fn rescaled(mut self, share: f64) -> Self {
        self.rescale = share;
        self
    }
}

impl<S> ClassifierFree<S> {
    /// What is predicted with guidance, of predictions of the same kind. As noise and data are affine functions of each other,
    /// it is the same guidance of both, but for the rescaling.
    fn guided<const D: usize>(
        &self,
        x: Tensor<D>,
        t: &[f64],
        predict: impl Fn(&S, Tensor<D>, &[f64]) -> Tensor<D>,
    ) -> Tensor<D>
    where
        S: Score<D>,
    {
        let process = Score::<D>::process(&self.conditional);
        let inside = |t: f64| (self.interval.0..=self.interval.1).contains(&ratio(process, t));
        let weights: Vec<f64> = t.iter().map(|&t| if inside(t) { self.weight } else { 1.0 }).collect();
        if weights.iter().all(|&weight| weight == 1.0) {
            return predict(&self.conditional, x, t);
        }
        let unconditional = predict(&self.unconditional, x.clone(), t);
        let conditional = predict(&self.conditional, x, t);
        let guided =
            unconditional.clone() + scale_examples(conditional.clone() - unconditional, weights.iter().copied());
        if self.rescale == 0.0 {
            return guided;
        }
        let factor = deviation(&conditional) / deviation(&guided);
        let share: Vec<f64> = weights.iter().map(|&w| if w == 1.0 { 0.0 } else { self.rescale }).collect();
        let change = guided.clone() * (factor - 1.0);
        guided + scale_examples(change, share.into_iter())
    }
}

impl<S: Score<D>, const D: usize> Score<D> for ClassifierFree<S> {
    fn process(&self) -> &dyn Process {
        self.conditional.process()
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let process = Score::<D>::process(self);
        match process.reaches_pure_noise() {
            true => noise_of_denoised(process, x.clone(), self.denoised(x, t), t),
            false => self.guided(x, t, |score, x, t| score.noise(x, t)),
        }
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let process = Score::<D>::process(self);
        match process.reaches_pure_noise() {
            true => self.guided(x, t, |score, x, t| score.denoised(x, t)),
            false => denoised_of_noise(process, x.clone(), self.noise(x, t), t),
        }
    }
}

/// The deviation of the values of each example, shaped `[batch, 1, …]`.
fn deviation<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    let batch = x.dims()[0];
    let each = x.dims().iter().product::<usize>() / batch;
    let mut shape = [1; D];
    shape[0] = batch;
    x.clone().reshape([batch, each]).var(1).sqrt().reshape(shape)
}
