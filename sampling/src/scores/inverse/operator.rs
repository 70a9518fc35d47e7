//! Linear operators with their adjoints.

use burn::tensor::Tensor;

/// A linear map `A` from data to what is measured of them.
pub trait LinearOperator<const D: usize>: Send + Sync {
    /// `A x`.
    ///
    /// # Shapes
    /// `[batch, …]` → `[batch, …]`, of the same rank
    fn apply(&self, x: Tensor<D>) -> Tensor<D>;

    /// `Aᵀ y`.
    fn adjoint(&self, y: Tensor<D>) -> Tensor<D>;

    /// `c` with `A Aᵀ = c I` on the range of `A`: then `Aᵀ/c` is the pseudo-inverse. Both methods need it.
    fn gain(&self) -> f64;
}

/// Inpainting: what the mask covers with 1 was seen, the rest is 0.
#[derive(Clone, Debug)]
pub struct Mask<const D: usize> {
    /// Zeros and ones, `[1, …]` or `[batch, …]`.
    pub mask: Tensor<D>,
}

impl<const D: usize> LinearOperator<D> for Mask<D> {
    fn apply(&self, x: Tensor<D>) -> Tensor<D> {
        x * self.mask.clone()
    }

    fn adjoint(&self, y: Tensor<D>) -> Tensor<D> {
        y * self.mask.clone()
    }

    fn gain(&self) -> f64 {
        1.0
    }
}

/// Super-resolution: images of which the means of `factor × factor` pixels were seen.
#[derive(Clone, Copy, Debug)]
pub struct AveragePool {
    /// Divides height and width.
    pub factor: usize,
}

impl<const D: usize> LinearOperator<D> for AveragePool {
    fn apply(&self, x: Tensor<D>) -> Tensor<D> {
        let (mut shape, k) = (x.dims(), self.factor);
        let (others, height, width) = split(shape);
        let blocks = x.reshape([others, height / k, k, width / k, k]);
        (shape[D - 2], shape[D - 1]) = (height / k, width / k);
        blocks.mean_dim(4).mean_dim(2).reshape(shape)
    }

    fn adjoint(&self, y: Tensor<D>) -> Tensor<D> {
        let (mut shape, k) = (y.dims(), self.factor);
        let (others, height, width) = split(shape);
        let spread = y.reshape([others, height, 1, width, 1]).div_scalar((k * k) as f64);
        (shape[D - 2], shape[D - 1]) = (height * k, width * k);
        spread.expand([others, height, k, width, k]).reshape(shape)
    }

    fn gain(&self) -> f64 {
        1.0 / (self.factor * self.factor) as f64
    }
}

/// Everything but the last two, and those.
fn split<const D: usize>(shape: [usize; D]) -> (usize, usize, usize) {
    (shape[..D - 2].iter().product(), shape[D - 2], shape[D - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn numbers<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
        let values = fokker_random::normals(seed, fokker_random::Stream::Test, 0, shape.iter().product());
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    fn dot<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f64 {
        (a * b).sum().into_scalar::<f64>()
    }

    #[track_caller]
    fn check(operator: &dyn LinearOperator<4>, y_shape: [usize; 4]) {
        let (x, y) = (numbers([2, 3, 8, 12], 1), numbers(y_shape, 2));
        let (left, right) = (dot(operator.apply(x.clone()), y.clone()), dot(x, operator.adjoint(y.clone())));
        assert!((left - right).abs() < 1e-4 * (1.0 + left.abs()), "{left} {right}");
        // A Aᵀ = c I on the range.
        let y = operator.apply(operator.adjoint(y));
        let again = operator.apply(operator.adjoint(y.clone()));
        let difference =
            dot(again.clone() - y.clone().mul_scalar(operator.gain()), again - y.mul_scalar(operator.gain()));
        assert!(difference < 1e-9, "{difference}");
    }

    #[test]
    fn adjoints_are_adjoint_and_gains_are_gains() {
        check(&AveragePool { factor: 4 }, [2, 3, 2, 3]);
        let mask = numbers([1, 1, 8, 12], 3).greater_elem(0.0).float();
        check(&Mask { mask }, [2, 3, 8, 12]);
    }
}
