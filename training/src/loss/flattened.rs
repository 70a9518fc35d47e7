//! A score of examples of any shape, as one of vectors.

use burn::tensor::Tensor;
use fokker_model::derivatives::SecondDerivative;
use fokker_model::{Derivatives, Score};
use fokker_process::Process;

/// The score of examples of rank `D`, whose dimensions are joined into one.
pub(super) struct Flattened<'a, const D: usize> {
    score: &'a dyn Derivatives<D>,
    shape: [usize; D],
}

impl<'a, const D: usize> Flattened<'a, D> {
    /// `shape` is that of a batch. Batches of other lengths are of the same shape otherwise.
    pub fn new(score: &'a dyn Derivatives<D>, shape: [usize; D]) -> Self {
        Self { score, shape }
    }

    fn full(&self, x: Tensor<2>) -> Tensor<D> {
        let mut shape = self.shape;
        shape[0] = x.dims()[0];
        x.reshape(shape)
    }

    fn flat(&self, x: Tensor<D>) -> Tensor<2> {
        let batch = x.dims()[0];
        x.reshape([batch, self.shape[1..].iter().product()])
    }
}

impl<const D: usize> Score<2> for Flattened<'_, D> {
    fn process(&self) -> &dyn Process {
        self.score.process()
    }

    fn noise(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        self.flat(self.score.noise(self.full(x), t))
    }

    fn score(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        self.flat(self.score.score(self.full(x), t))
    }

    fn denoised(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        self.flat(self.score.denoised(self.full(x), t))
    }

    fn velocity(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        self.flat(self.score.velocity(self.full(x), t))
    }
}

impl<const D: usize> Derivatives<2> for Flattened<'_, D> {
    fn noise_jvp(&self, x: Tensor<2>, t: &[f64], v: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (noise, product) = self.score.noise_jvp(self.full(x), t, self.full(v));
        (self.flat(noise), self.flat(product))
    }

    fn denoised_jvp(&self, x: Tensor<2>, t: &[f64], v: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (data, product) = self.score.denoised_jvp(self.full(x), t, self.full(v));
        (self.flat(data), self.flat(product))
    }

    fn score_jvp(&self, x: Tensor<2>, t: &[f64], v: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (score, product) = self.score.score_jvp(self.full(x), t, self.full(v));
        (self.flat(score), self.flat(product))
    }

    fn score_rate(&self, x: Tensor<2>, t: &[f64]) -> (Tensor<2>, Tensor<2>) {
        let (score, rate) = self.score.score_rate(self.full(x), t);
        (self.flat(score), self.flat(rate))
    }

    fn score_jvp_and_rate(&self, x: Tensor<2>, t: &[f64], v: Tensor<2>) -> [Tensor<2>; 3] {
        self.score.score_jvp_and_rate(self.full(x), t, self.full(v)).map(|part| self.flat(part))
    }

    fn score_second(&self, x: Tensor<2>, t: &[f64], u: Tensor<2>, v: Tensor<2>) -> SecondDerivative<2> {
        self.flat_second(self.score.score_second(self.full(x), t, self.full(u), self.full(v)))
    }

    fn score_second_and_rate(
        &self,
        x: Tensor<2>,
        t: &[f64],
        u: Tensor<2>,
        v: Tensor<2>,
    ) -> (SecondDerivative<2>, Tensor<2>) {
        let (second, rate) = self.score.score_second_and_rate(self.full(x), t, self.full(u), self.full(v));
        (self.flat_second(second), self.flat(rate))
    }
}

impl<const D: usize> Flattened<'_, D> {
    fn flat_second(&self, second: SecondDerivative<D>) -> SecondDerivative<2> {
        SecondDerivative {
            score: self.flat(second.score),
            along_u: self.flat(second.along_u),
            along_v: self.flat(second.along_v),
            mixed: self.flat(second.mixed),
        }
    }
}
