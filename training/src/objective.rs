//! Denoising score matching (Vincent 2011; papers/001 Prop. 1; papers/002 eq. 4.1.13; papers/003 eq. 3).
//!
//! The network's raw output `F` is compared with its target, and the error is weighed so that the loss is
//! `E_t w(t) ‖ε_θ(x_t, t) − ε‖² / dimension` with `x_t = α x₀ + σ ε`, whatever `F` estimates.

use burn::tensor::{Tensor, TensorData};
use fokker_model::per_example::{scale_examples, vector};
use fokker_model::{Context, Network, Parameterization, Plain};
use fokker_process::Process;
use fokker_random::{Stream, normals, rng};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::error::TrainingError;
use crate::time_sampling::{TimeDraw, TimeSampling};
use crate::weighting::Weighting;

/// What is minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Weight of the noise levels.
    pub weighting: Weighting,
    /// Law of the diffusion times.
    pub time: TimeSampling,
    /// Spread the times of a batch evenly over the quantiles of their law, which has less variance than independent
    /// draws and the same mean (Kingma et al. 2021, appendix I.1).
    #[serde(default = "yes")]
    pub stratified: bool,
}

fn yes() -> bool {
    true
}

impl Objective {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work.
    pub fn validate(&self) -> Result<(), TrainingError> {
        self.weighting.validate()?;
        self.time.validate()
    }

    /// The diffusion times of a batch, a function of seed, stream and index.
    pub fn times(&self, process: &dyn Process, seed: u64, stream: Stream, index: u64, batch: usize) -> Vec<TimeDraw> {
        let mut rng = rng(seed, stream, index);
        let shift: f64 = rng.random();
        (0..batch)
            .map(|example| {
                let quantile = match self.stratified {
                    true => (shift + example as f64 / batch as f64).fract(),
                    false => rng.random(),
                };
                self.time.at_quantile(process, quantile)
            })
            .collect()
    }

    /// The loss of a batch, its randomness given.
    ///
    /// # Shapes
    /// `x0`, `noise`: `[batch, …]`; one time for each example; the loss is `[1]`.
    #[allow(clippy::too_many_arguments)]
    pub fn loss<N: Network<D>, const D: usize>(
        &self,
        network: &N,
        process: &dyn Process,
        parameterization: &Parameterization,
        x0: Tensor<D>,
        noise: Tensor<D>,
        times: &[TimeDraw],
        context: &Context,
    ) -> Tensor<1> {
        let (device, batch) = (x0.device(), x0.dims()[0]);
        let each = |value: &dyn Fn(f64) -> f64| -> Vec<f64> { times.iter().map(|draw| value(draw.t)).collect() };
        let scaled = |x: &Tensor<D>, factors: Vec<f64>| scale_examples(x.clone(), factors.into_iter());
        let input_scale = each(&|t| parameterization.input_scale(process, t).value);
        let data_factor = each(&|t| process.mean_scale(t)).iter().zip(&input_scale).map(|(a, b)| a * b).collect();
        let noise_factor = each(&|t| process.std(t)).iter().zip(&input_scale).map(|(a, b)| a * b).collect();
        let input = scaled(&x0, data_factor) + scaled(&noise, noise_factor);
        let target = scaled(&x0, each(&|t| parameterization.target(process, t).0))
            + scaled(&noise, each(&|t| parameterization.target(process, t).1));
        let condition = vector(each(&|t| parameterization.noise_condition(process, t).value).into_iter(), &device);
        let error = network.forward::<Plain>(input, condition, context) - target;
        // The weight is stated for ε; the error of F enters ε with the factor of the table.
        let weights = times.iter().map(|draw| {
            let factor = parameterization.noise(process, draw.t).output;
            self.weighting.on_noise(process, draw.t) * draw.importance * factor * factor
        });
        let dimension = error.shape().num_elements() / batch;
        let squares = error.square().reshape([batch, dimension]).mean_dim(1).reshape([batch]);
        scale_examples(squares, weights).mean()
    }
}

/// Noise for examples, each a function of (seed, stream, index), as one tensor.
pub fn example_noise<const D: usize>(
    seed: u64,
    stream: Stream,
    indices: impl Iterator<Item = u64>,
    shape: [usize; D],
    device: &burn::tensor::Device,
) -> Tensor<D> {
    let each = shape[1..].iter().product();
    let mut values = Vec::with_capacity(shape[0] * each);
    for index in indices {
        values.extend(normals(seed, stream, index, each));
    }
    Tensor::from_data(TensorData::new(values, shape), device)
}
