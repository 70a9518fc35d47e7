//! Classifier-free guidance (Ho & Salimans 2022), as a score like any other.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

/// `ε = ε_uncond + w (ε_cond − ε_uncond)`: `w = 1` is the conditional score, larger exaggerates the class.
#[derive(Clone, Debug)]
pub struct ClassifierFree<S> {
    conditional: S,
    unconditional: S,
    weight: f64,
}

impl<S> ClassifierFree<S> {
    /// Guidance between the score of the wanted class and the score of no class.
    pub fn new(conditional: S, unconditional: S, weight: f64) -> Self {
        Self { conditional, unconditional, weight }
    }
}

impl<S: Score<D>, const D: usize> Score<D> for ClassifierFree<S> {
    fn process(&self) -> &dyn Process {
        self.conditional.process()
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        if self.weight == 1.0 {
            return self.conditional.noise(x, t);
        }
        let unconditional = self.unconditional.noise(x.clone(), t);
        let conditional = self.conditional.noise(x, t);
        unconditional.clone() + (conditional - unconditional).mul_scalar(self.weight)
    }
}
