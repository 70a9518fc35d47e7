//! Hybrid score matching (Dockhorn et al. 2022), for processes whose state is the data with velocities.
//!
//! The state has twice the numbers of the data along its first axis after the batch: channels of an image, numbers of a
//! vector. The first half are positions, the second velocities. So has the network's output; its second half estimates the
//! noise `ε_v` of the kernel given the data, and the first half is not used, because noise acts on velocities alone.

use burn::tensor::Tensor;
use fokker_model::per_example::scale_examples;
use fokker_model::{Output, Parameterization};
use fokker_process::{CriticallyDampedLangevin, Process};

use super::Loss;
use crate::error::TrainingError;
use crate::objective::Objective;

/// The data as the process has them at time 0: with velocities of 0, whose own law the kernel contains; for a process
/// without velocities as they are.
///
/// # Shapes
/// `x0`: `[batch, n, …]` → `[batch, 2n, …]`
pub fn state<const D: usize>(process: &dyn Process, x0: Tensor<D>) -> Tensor<D> {
    if process.phase_space().is_none() {
        return x0;
    }
    Tensor::cat(vec![x0.clone(), x0.zeros_like()], 1)
}

/// `(Ψ_xx x₀ + l_xx ε_x, Ψ_vx x₀ + l_vx ε_x + l_vv ε_v)`
pub(super) fn noisy<const D: usize>(
    phase: &CriticallyDampedLangevin,
    x0: &Tensor<D>,
    noise: &Tensor<D>,
    t: &[f64],
) -> Tensor<D> {
    let kernels: Vec<_> = t.iter().map(|&t| phase.kernel(t)).collect();
    let ([x0, _], [of_x, of_v]) = (halves(x0), halves(noise));
    let scaled = |x: &Tensor<D>, factor: fn(&fokker_process::PhaseKernel) -> f64| {
        scale_examples(x.clone(), kernels.iter().map(factor))
    };
    let positions = scaled(&x0, |kernel| kernel.position) + scaled(&of_x, |kernel| kernel.factor[0]);
    let velocities = scaled(&x0, |kernel| kernel.velocity)
        + scaled(&of_x, |kernel| kernel.factor[1])
        + scaled(&of_v, |kernel| kernel.factor[2]);
    Tensor::cat(vec![positions, velocities], 1)
}

/// The half of an array that belongs to velocities.
pub(crate) fn velocities<const D: usize>(array: &Tensor<D>) -> Tensor<D> {
    let [_, velocities] = halves(array);
    velocities
}

fn halves<const D: usize>(array: &Tensor<D>) -> [Tensor<D>; 2] {
    array.clone().chunk(2, 1).try_into().expect("a state has two halves")
}

impl Objective {
    /// Refuses anything but denoising of ε for a process with velocities, by name.
    pub(crate) fn validate_velocities(
        &self,
        process: &dyn Process,
        parameterization: &Parameterization,
    ) -> Result<(), TrainingError> {
        if process.phase_space().is_none() {
            return Ok(());
        }
        let refuse = |key: &str, instead: &str| {
            let name = process.name();
            let message = format!("is not there for process.kind = \"{name}\", whose state has velocities: {instead}");
            Err(TrainingError::config(key, message))
        };
        if self.loss != Loss::Denoising {
            return refuse("objective.loss", "leave it out");
        }
        if self.regularizer.is_some() {
            return refuse("objective.regularizer", "leave it out");
        }
        if parameterization.output != Output::Epsilon {
            return refuse("parameterization.output", "set \"epsilon\"");
        }
        Ok(())
    }
}
