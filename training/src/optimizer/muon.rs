//! Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"): steps that are orthogonal matrices.
//!
//! The weights of a hidden layer are a matrix W; those of a convolution have a row for each output channel. With the gradient G, a
//! momentum β and a learning rate η,
//!
//! ```text
//! M ← β M + G,   U = G + β M,   W ← W − η · 0.2 √max(rows, columns) · orthogonal(U)
//! ```
//!
//! where `orthogonal` brings all singular values near 1. The factor 0.2 √max(rows, columns) gives steps the size of Adam's (Liu et al. 2025,
//! "Muon is scalable for LLM training"), so that both take one learning rate and one weight decay.

use burn::tensor::Tensor;
use fokker_kernels::RunningAverage;

/// Matrices with fewer rows or columns belong to first and last layers, which Adam updates.
const FEWEST: usize = 16;

/// Coefficients of the polynomial a x + b x³ + c x⁵, which brings singular values in (0, 1] near 1 if it is applied five times
/// (Jordan et al. 2024).
const POLYNOMIAL: [f64; 3] = [3.4445, -4.7750, 2.0315];
const TIMES: usize = 5;

/// The sides of the matrix that weights are, if they are a hidden layer's.
pub(super) fn matrix(shape: &[usize]) -> Option<[usize; 2]> {
    let (&rows, rest) = shape.split_first()?;
    let columns = rest.iter().product();
    (!rest.is_empty() && rows >= FEWEST && columns >= FEWEST).then_some([rows, columns])
}

/// The numbers of one step, and of the running average of the weights after it.
pub(super) struct Muon {
    /// The factor of all gradients, as global clipping has one.
    pub gradient_scale: f64,
    /// `β`.
    pub momentum: f64,
    /// `η`.
    pub learning_rate: f64,
    /// The factor of the weights before the step: 1 less the learning rate times the weight decay.
    pub keep: f64,
    pub average: RunningAverage,
}

impl Muon {
    /// Takes a step: weights, momentum and running average after it, from those before it.
    ///
    /// # Shapes
    /// All of one shape, of a [`matrix`].
    pub(super) fn step<const D: usize>(&self, state: [Tensor<D>; 3], gradient: Tensor<D>) -> [Tensor<D>; 3] {
        let [weight, momentum, average] = state;
        let shape = gradient.dims();
        let sides = matrix(&shape).expect("the weights of a hidden layer");
        let gradient = if self.gradient_scale == 1.0 { gradient } else { gradient.mul_scalar(self.gradient_scale) };
        let momentum = momentum.mul_scalar(self.momentum) + gradient.clone();
        let ahead = gradient + momentum.clone().mul_scalar(self.momentum);
        let size = self.learning_rate * 0.2 * (sides[0].max(sides[1]) as f64).sqrt();
        let change = orthogonal(ahead.reshape(sides)).mul_scalar(size).reshape(shape);
        let weight = weight.mul_scalar(self.keep) - change;
        let average = self.average.step(average, weight.clone());
        [weight, momentum, average]
    }

    /// [`Muon::step`] with gradients multiplied by a number on the device, which the host does not wait for. A negative one changes
    /// nothing.
    pub(super) fn step_scaled_on_device<const D: usize>(
        &self,
        state: [Tensor<D>; 3],
        gradient: Tensor<D>,
        scale: &Tensor<1>,
    ) -> [Tensor<D>; 3] {
        let shape = gradient.dims();
        let spread = scale.clone().reshape([1; D]).expand(shape);
        let skipped = spread.clone().lower_elem(0.0);
        let before = state.clone();
        let after = self.step(state, gradient * spread);
        let mut pairs = before.into_iter().zip(after);
        std::array::from_fn(|_| {
            let (before, after) = pairs.next().expect("three of each");
            after.mask_where(skipped.clone(), before)
        })
    }
}

/// A matrix with the singular vectors of another, and singular values near 1.
fn orthogonal(matrix: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = matrix.dims();
    let norm = matrix.clone().square().sum().sqrt().add_scalar(1e-7).reshape([1, 1]);
    let mut x = matrix / norm;
    // Products of the smaller sides.
    let is_tall = rows > columns;
    if is_tall {
        x = x.transpose();
    }
    let [a, b, c] = POLYNOMIAL;
    for _ in 0..TIMES {
        let square = x.clone().matmul(x.clone().transpose());
        let rest = square.clone().mul_scalar(b) + square.clone().matmul(square).mul_scalar(c);
        x = x.clone().mul_scalar(a) + rest.matmul(x);
    }
    if is_tall { x.transpose() } else { x }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    /// Those of `reference/muon.py`.
    fn numbers<const D: usize>(shape: [usize; D], phase: f64) -> Tensor<D> {
        let number =
            |place: usize| ((12.9898 * place as f64 + 78.233 * phase).sin() * 43758.5453).rem_euclid(1.0) - 0.5;
        let values: Vec<f32> = (0..shape.iter().product()).map(|place| number(place) as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    fn muon() -> Muon {
        let average = RunningAverage { decay: 0.75, update: 1 };
        Muon { gradient_scale: 1.0, momentum: 0.95, learning_rate: 1e-2, keep: 1.0 - 1e-2 * 0.1, average }
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
        tensor.into_data_as::<f64>().try_to_vec().unwrap()
    }

    /// Three steps; `expected` is what `reference/muon.py` prints.
    fn check<const D: usize>(shape: [usize; D], expected: [f64; 7]) {
        let start = numbers(shape, 0.0);
        let mut state = [start.clone(), start.zeros_like(), start];
        for step in 1..=3 {
            // As clipping scales them; a power of two changes no digit.
            let scaled = Muon { gradient_scale: 4.0, ..muon() };
            state = scaled.step(state, numbers(shape, f64::from(step)).mul_scalar(0.25));
        }
        let [weight, momentum, average] = state.map(values);
        let sum: f64 = weight.iter().map(|value| value.abs()).sum();
        let found = [weight[0], weight[1], weight[2], weight[weight.len() - 1], sum, momentum[0], average[0]];
        for (found, expected) in found.iter().zip(expected) {
            // Single precision rounds each product of up to 40 terms. Each of the five iterations may multiply such an error by 3.4.
            assert!((found - expected).abs() < 2e-5 * expected.abs(), "{shape:?}: {found} for {expected}");
        }
    }

    #[test]
    fn steps_are_those_of_double_precision() {
        check(
            [16, 20],
            [-0.491589303, 0.419948428, -0.440109066, 0.409314019, 77.291877112, -0.965983291, -0.496368256],
        );
        check(
            [24, 2, 3, 3],
            [-0.490239889, 0.421726920, -0.440926048, -0.427327843, 104.288477297, -0.965983291, -0.495827456],
        );
        check(
            [40, 16],
            [-0.491231402, 0.423094322, -0.439076069, 0.272226443, 155.783914108, -0.965983291, -0.496558576],
        );
    }

    #[test]
    fn a_scale_on_the_device_multiplies_gradients_and_a_negative_one_changes_nothing() {
        let shape = [16, 20];
        let state = [0.0, 1.0, 2.0].map(|phase| numbers(shape, phase));
        let gradient = numbers(shape, 3.0);
        let scaled = |scale: f32, gradient: Tensor<2>| {
            let scale = Tensor::from_floats([scale], &Device::flex());
            muon().step_scaled_on_device(state.clone(), gradient, &scale).map(values)
        };
        assert_eq!(scaled(0.5, gradient.clone()), muon().step(state.clone(), gradient.mul_scalar(0.5)).map(values));
        let broken = numbers(shape, 3.0).full_like(f32::NAN);
        assert_eq!(scaled(-1.0, broken), state.map(values));
    }

    #[test]
    fn hidden_layers_are_matrices() {
        assert_eq!(matrix(&[64, 32, 3, 3]), Some([64, 288]));
        assert_eq!(matrix(&[16, 16]), Some([16, 16]));
        for other in [&[64][..], &[32, 1, 3, 3], &[1, 32, 3, 3], &[10, 128], &[]] {
            assert_eq!(matrix(other), None, "{other:?}");
        }
    }
}
