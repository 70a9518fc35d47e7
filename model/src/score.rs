//! A score: what solvers and likelihoods ask, whether a network or a closed form answers.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData};
use fokker_process::{GaussianMixture, Process};

use crate::network::{Context, Network};
use crate::parameterization::{Affine, Parameterization};
use crate::per_example::{scale_examples, vector};
use crate::plain::Plain;

/// The gradient field `∇ log p_t` of a diffused distribution, in its three equivalent forms.
///
/// One time for each example of the batch.
pub trait Score<const D: usize>: Send + Sync {
    /// The process that diffuses the data.
    fn process(&self) -> &dyn Process;

    /// The expected noise `E[ε | x_t] = −σ ∇ log p_t`.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, `t`: `batch` times in (0, horizon]; the output is shaped like `x`.
    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D>;

    /// The score `∇ log p_t = −E[ε | x_t]/σ`.
    fn score(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let noise = self.noise(x, t);
        scale_examples(noise, t.iter().map(|&t| -1.0 / self.process().std(t)))
    }

    /// The expected data `E[x₀ | x_t] = (x_t + σ² ∇ log p_t)/α` (Tweedie).
    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let noise = self.noise(x.clone(), t);
        let process = self.process();
        scale_examples(x, t.iter().map(|&t| 1.0 / process.mean_scale(t)))
            - scale_examples(noise, t.iter().map(|&t| process.std(t) / process.mean_scale(t)))
    }
}

/// A network's score under a process and a parameterisation.
#[derive(Clone, Debug)]
pub struct NetworkScore<N> {
    network: N,
    process: Arc<dyn Process>,
    parameterization: Parameterization,
    classes: Option<Vec<usize>>,
}

impl<N> NetworkScore<N> {
    /// Reads `network` through `parameterization`.
    pub fn new(network: N, process: Arc<dyn Process>, parameterization: Parameterization) -> Self {
        Self { network, process, parameterization, classes: None }
    }

    /// The same score for examples of these classes, one for each example of the batches to come.
    #[must_use]
    pub fn with_classes(mut self, classes: Vec<usize>) -> Self {
        self.classes = Some(classes);
        self
    }

    /// The network.
    pub fn network(&self) -> &N {
        &self.network
    }

    fn estimate<const D: usize>(
        &self,
        x: Tensor<D>,
        t: &[f64],
        read: impl Fn(&Parameterization, &dyn Process, f64) -> Affine,
    ) -> Tensor<D>
    where
        N: Network<D>,
    {
        let (process, table, device) = (&*self.process, &self.parameterization, x.device());
        let context =
            Context { classes: self.classes.as_ref().map(|classes| class_tensor(classes, &device)), dropout: None };
        let noise = vector(t.iter().map(|&t| table.noise_condition(process, t)), &device);
        let input = scale_examples(x.clone(), t.iter().map(|&t| table.input_scale(process, t)));
        let raw = self.network.forward::<Plain>(input, noise, &context);
        let affine: Vec<Affine> = t.iter().map(|&t| read(table, process, t)).collect();
        let raw = scale_examples(raw, affine.iter().map(|affine| affine.output));
        if affine.iter().all(|affine| affine.input == 0.0) {
            return raw;
        }
        scale_examples(x, affine.iter().map(|affine| affine.input)) + raw
    }
}

/// Classes as a tensor.
pub fn class_tensor(classes: &[usize], device: &burn::tensor::Device) -> Tensor<1, Int> {
    let values: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
    Tensor::from_data(TensorData::new(values, [classes.len()]), device)
}

impl<N: Network<D>, const D: usize> Score<D> for NetworkScore<N> {
    fn process(&self) -> &dyn Process {
        &*self.process
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.estimate(x, t, Parameterization::noise)
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.estimate(x, t, Parameterization::denoised)
    }
}

/// The exact score of a diffused Gaussian mixture, in double precision on the host.
#[derive(Clone, Debug)]
pub struct MixtureScore {
    mixture: GaussianMixture,
    process: Arc<dyn Process>,
}

impl MixtureScore {
    /// The score of `mixture` diffused by `process`.
    pub fn new(mixture: GaussianMixture, process: Arc<dyn Process>) -> Self {
        Self { mixture, process }
    }
}

impl Score<2> for MixtureScore {
    fn process(&self) -> &dyn Process {
        &*self.process
    }

    fn noise(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        let ([batch, dimension], device, dtype) = (x.dims(), x.device(), x.dtype());
        let points = x.into_data_as::<f64>();
        let points = points.as_slice::<f64>().expect("converted to f64 just above");
        let mut noise = Vec::with_capacity(points.len());
        for (point, &t) in points.chunks(dimension).zip(t) {
            let std = self.process.std(t);
            noise.extend(self.mixture.score(&*self.process, t, point).into_iter().map(|score| -std * score));
        }
        Tensor::from_data(TensorData::new(noise, [batch, dimension]), (&device, dtype))
    }
}
