//! Scores behind a pointer are scores.

use std::ops::Deref;

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

/// A score behind a reference or in a box, for those that want a type.
#[derive(Clone, Copy, Debug)]
pub struct Shared<P>(pub P);

impl<P, const D: usize> Score<D> for Shared<P>
where
    P: Deref<Target: Score<D>> + Send + Sync,
{
    fn process(&self) -> &dyn Process {
        self.0.process()
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.0.noise(x, t)
    }

    fn score(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.0.score(x, t)
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.0.denoised(x, t)
    }
}
