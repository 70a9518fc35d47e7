//! What paths begin with in the place of noise: examples of another data set (Albergo et al. 2023; Liu et al. 2023).
//!
//! Under a process that reaches pure noise, `x_t = α x₀ + σ x₁ + γ z` joins data with examples of the start, and the velocity
//! `α′ x₀ + σ′ x₁ + γ′ z` is what the network learns. It carries the start's law to that of the data, whatever both are.

use std::fmt;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use fokker_datasets::{Dataset, Preprocessing};
use fokker_model::per_example::scale_examples;
use fokker_model::{Output, Parameterization};
use fokker_process::Process;
use fokker_process::interpolant::{BridgeNoise, Interpolant};
use fokker_random::{Index, fill_normals};
use rand::RngExt;

use crate::error::TrainingError;
use crate::loss::Loss;
use crate::objective::Objective;
use crate::time_sampling::TimeDraw;
use crate::weighting::Weighting;

/// Examples of the start, drawn at random, and the noise on the way.
#[derive(Clone)]
pub struct StartingData {
    data: Arc<dyn Dataset>,
    preprocessing: Preprocessing,
    bridge: BridgeNoise,
}

impl fmt::Debug for StartingData {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "StartingData({}, {} examples)", self.data.name(), self.data.len())
    }
}

impl StartingData {
    /// Examples of a data set, with the scaling of the data they are joined with.
    ///
    /// # Errors
    /// A data set without examples.
    pub fn new(
        data: Arc<dyn Dataset>,
        preprocessing: Preprocessing,
        bridge: BridgeNoise,
    ) -> Result<Self, TrainingError> {
        match data.is_empty() {
            true => Err(TrainingError::config("start.data", format!("{} has no examples", data.name()))),
            false => Ok(Self { data, preprocessing, bridge }),
        }
    }

    /// Checks that a velocity is what is learnt, and that a path to the start has one.
    ///
    /// # Errors
    /// A process that does not reach pure noise of deviation 1; another output, loss or weighting than that of flow matching; examples
    /// of another shape than the data; a bridge whose velocity is infinite at the ends.
    pub fn validate_under(
        &self,
        process: &dyn Process,
        parameterization: &Parameterization,
        objective: &Objective,
        shape: &[usize],
    ) -> Result<(), TrainingError> {
        validate_start(self.bridge, process, parameterization, objective)?;
        match self.data.shape() == shape {
            true => Ok(()),
            false => {
                let message = format!("has examples of the shape {:?}, and the data {shape:?}", self.data.shape());
                Err(TrainingError::config("start.data", message))
            }
        }
    }

    /// The noise on the way.
    pub fn bridge(&self) -> BridgeNoise {
        self.bridge
    }

    /// An example of the start, and noise of unit deviation, for each index: functions of the seed and of the index.
    ///
    /// # Shapes
    /// `like`: `[batch, …]` with an index for each example → twice the same
    pub fn draw<const D: usize>(
        &self,
        seed: u64,
        indices: impl Iterator<Item = Index>,
        like: &Tensor<D>,
    ) -> [Tensor<D>; 2] {
        let shape = like.dims();
        let each: usize = shape[1..].iter().product();
        let (mut starts, mut normals) = (vec![0.0; shape[0] * each], vec![0.0; shape[0] * each]);
        let rows = starts.chunks_exact_mut(each).zip(normals.chunks_exact_mut(each));
        for (index, (start, normal)) in indices.zip(rows) {
            let mut rng = index.rng(seed);
            let example = rng.random_range(0..self.data.len());
            self.preprocessing.validation(&*self.data, example, seed, start);
            fill_normals(&mut rng, normal);
        }
        let place = (like.device(), like.dtype());
        [starts, normals].map(|values| Tensor::from_data(TensorData::new(values, shape), (&place.0, place.1)))
    }
}

/// Checks everything about a start that needs no data.
///
/// # Errors
/// As [`StartingData::validate_under`].
pub fn validate_start(
    bridge: BridgeNoise,
    process: &dyn Process,
    parameterization: &Parameterization,
    objective: &Objective,
) -> Result<(), TrainingError> {
    let fail = |key: &str, message: &str| Err(TrainingError::config(key, format!("with a [start], {message}")));
    if !process.reaches_pure_noise() || process.prior_std() != 1.0 {
        return fail(
            "process",
            "the path must end in it alone: \"linear_path\" with noise_std = 1, or \"trigonometric_path\"",
        );
    }
    if parameterization.output != Output::Velocity {
        return fail("parameterization.output", "only a velocity is to be learnt: \"velocity\"");
    }
    if objective.loss != Loss::Denoising || objective.weighting != Weighting::Velocity {
        return fail(
            "objective",
            "the loss is that of flow matching: weighting = { kind = \"velocity\" }, and no other loss",
        );
    }
    Interpolant { bridge, ..Interpolant::default() }
        .validate()
        .map_err(|error| TrainingError::config("start", error.to_string()))?;
    match bridge {
        BridgeNoise::Brownian { .. } => {
            fail("start.bridge", "γ′ must be finite at the ends, or the loss is not: \"sine\", or \"none\"")
        }
        _ => Ok(()),
    }
}

/// The pairs (x₀, x₁) whose paths have the points and the velocities that those given have with noise on the way:
///
/// ```text
/// α x₀' + σ x₁' = α x₀ + σ x₁ + γ z          x₀' = x₀ + (σ′ γ − σ γ′) z/w
/// α′ x₀' + σ′ x₁' = α′ x₀ + σ′ x₁ + γ′ z     x₁' = x₁ + (α γ′ − α′ γ) z/w,     w = α σ′ − σ α′.
/// ```
///
/// # Shapes
/// all: `[batch, …]`, one time for each example → twice the same
pub(crate) fn with_bridge<const D: usize>(
    bridge: BridgeNoise,
    process: &dyn Process,
    [x0, x1, z]: [Tensor<D>; 3],
    times: &[TimeDraw],
) -> [Tensor<D>; 2] {
    if bridge.is_none() {
        return [x0, x1];
    }
    let factors = times.iter().map(|&TimeDraw { t, .. }| {
        let (alpha, sigma) = (process.mean_scale(t), process.std(t));
        let (alpha_rate, sigma_rate) = (process.mean_scale_derivative(t), process.std_derivative(t));
        let (gamma, gamma_rate) = (bridge.std(t), bridge.std_derivative(t));
        let turning = alpha * sigma_rate - sigma * alpha_rate;
        [(sigma_rate * gamma - sigma * gamma_rate) / turning, (alpha * gamma_rate - alpha_rate * gamma) / turning]
    });
    let factors: Vec<[f64; 2]> = factors.collect();
    let moved = |x: Tensor<D>, end: usize| x + scale_examples(z.clone(), factors.iter().map(|factors| factors[end]));
    [moved(x0, 0), moved(x1, 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use fokker_process::ProcessConfig;

    /// The point and the velocity of the moved pair, against those with noise, at one time of each path.
    #[test]
    fn a_moved_pair_has_the_point_and_the_velocity_of_the_bridge() {
        let device = Device::flex();
        let one = |value: f64| Tensor::<2>::from_data(TensorData::new(vec![value], [1, 1]), &device);
        let (x0, x1, z, t) = (0.7, -1.3, 0.9, 0.3);
        let bridge = BridgeNoise::Sine { scale: 0.8 };
        for kind in ["linear_path", "trigonometric_path"] {
            let process = ProcessConfig::named(kind).unwrap().build().unwrap();
            let times = [TimeDraw { t, importance: 1.0 }];
            let moved = with_bridge(bridge, &*process, [one(x0), one(x1), one(z)], &times);
            let [y0, y1] = moved.map(|value| value.into_scalar::<f64>());
            let point = |x0: f64, x1: f64| process.mean_scale(t) * x0 + process.std(t) * x1;
            let rate = |x0: f64, x1: f64| process.mean_scale_derivative(t) * x0 + process.std_derivative(t) * x1;
            // Single precision.
            assert!((point(y0, y1) - point(x0, x1) - bridge.std(t) * z).abs() < 1e-6, "{kind}");
            assert!((rate(y0, y1) - rate(x0, x1) - bridge.std_derivative(t) * z).abs() < 1e-5, "{kind}");
        }
    }
}
