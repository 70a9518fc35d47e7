//! The other fused operations against Burn's, with their gradients.

use crate::support::{assert_close, bits, random};
use burn::tensor::{Device, Tensor};
use fokker_kernels::{cat_channels, conv2d, conv2d_add, group_norm, upsample_nearest};

/// Images of widths with and without a rest after whole registers.
const SHAPES: [[usize; 4]; 4] = [[1, 3, 5, 2], [3, 7, 7, 16], [2, 14, 14, 40], [5, 8, 6, 1]];

type Operation<'a, const N: usize> = &'a dyn Fn([Tensor<4>; N]) -> Tensor<4>;

/// Values and gradients of both agree, for inputs of these shapes.
fn assert_same<const N: usize>(what: &str, shapes: [[usize; 4]; N], ours: Operation<N>, burns: Operation<N>) {
    let inputs = |device: &Device| std::array::from_fn::<_, N, _>(|i| random(shapes[i], i as u64, device));
    let tracked = Device::flex().autodiff();
    let run = |f: Operation<N>| {
        let inputs = inputs(&tracked).map(Tensor::require_grad);
        let out = f(inputs.clone());
        // Twice, so that the gradients of the inputs have to be summed up.
        let probe = random(out.dims(), 99, &tracked);
        let gradients = (out.clone() * probe + f(inputs.clone()) * 0.5).sum().backward();
        (out, inputs.map(|input| input.grad(&gradients).unwrap()))
    };
    let (of_ours, of_burns) = (run(ours), run(burns));
    assert_close(&of_ours.0, &of_burns.0, 1e-5, what);
    for (index, (ours, burns)) in of_ours.1.iter().zip(&of_burns.1).enumerate() {
        assert_close(ours, burns, 1e-5, &format!("{what}, gradient {index}"));
    }
    assert_eq!(bits(&of_ours.0), bits(&ours(inputs(&Device::flex()))), "{what} without automatic differentiation");
}

#[test]
fn channels_are_joined() {
    for [batch, height, width, channels] in SHAPES {
        let shapes = [[batch, height, width, channels], [batch, height, width, 3]];
        let ours = |[first, second]: [Tensor<4>; 2]| cat_channels(first, second);
        assert_same("joined", shapes, &ours, &|inputs| Tensor::cat(inputs.to_vec(), 3));
    }
}

#[test]
fn pixels_are_repeated() {
    for shape in SHAPES {
        let burns = |[x]: [Tensor<4>; 1]| x.repeat_dim_each(1).repeat_dim_each(2);
        assert_same("repeated", [shape], &|[x]| upsample_nearest(x), &burns);
    }
}

trait RepeatEach {
    fn repeat_dim_each(self, dim: usize) -> Self;
}

impl RepeatEach for Tensor<4> {
    /// Every entry along a dimension twice, one after the other.
    fn repeat_dim_each(self, dim: usize) -> Self {
        let mut shape = self.dims();
        let pairs: Tensor<5> = self.unsqueeze_dim(dim + 1);
        shape[dim] *= 2;
        pairs.repeat_dim(dim + 1, 2).reshape(shape)
    }
}

#[test]
fn residuals_are_added() {
    for [batch, height, width, channels] in SHAPES {
        for kernel in [1, 3] {
            let x = [batch, height, width, channels];
            let shapes = [x, [20, channels, kernel, kernel], [batch, height, width, 20]];
            let bias = |like: &Tensor<4>| random([20], 7, &like.device());
            let ours = |[x, weight, residual]: [Tensor<4>; 3]| conv2d_add(x.clone(), weight, bias(&x), residual);
            let burns = |[x, weight, residual]: [Tensor<4>; 3]| {
                conv2d(x.clone(), weight, Some(bias(&x)), 1, kernel / 2, kernel / 2) + residual
            };
            assert_same("added", shapes, &ours, &burns);
        }
    }
}

#[test]
fn shifts_are_added_before_the_normalisation() {
    // The mean of a single channel takes its shift away.
    for [batch, height, width, channels] in SHAPES.into_iter().filter(|shape| shape[3] > 1) {
        let groups = if channels % 4 == 0 { channels / 4 } else { 1 };
        let affine = |like: &Tensor<4>| [8, 9].map(|seed| random([channels], seed, &like.device()));
        for silu in [false, true] {
            let shapes = [[batch, height, width, channels], [batch, 1, 1, channels]];
            let ours = |[x, shift]: [Tensor<4>; 2]| {
                let affine = affine(&x);
                group_norm(x, Some(shift.reshape([batch, channels])), groups, affine, 1e-5, silu)
            };
            let burns = |[x, shift]: [Tensor<4>; 2]| {
                let affine = affine(&x);
                group_norm(x + shift, None, groups, affine, 1e-5, silu)
            };
            assert_same("shifted", shapes, &ours, &burns);
        }
    }
}
