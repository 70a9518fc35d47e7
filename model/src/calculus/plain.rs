//! The calculus of plain tensors: every operation is Burn's, or fused where a U-Net spends its time.

use burn::module::Module;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{DType, Device, FloatDType, Tensor, activation};

use fokker_kernels::{ConvWeight, DropoutMask, channels_first, channels_last};

use super::arrays::{Arrays, ProjectsOnto};
use super::fused_norm::FusedNorm;
use super::{Calculus, Conv2dShape, Normalization};
use crate::recompute::recomputed;

/// Values alone, on Burn's tensors. If `TRACKED`, Burn's reverse mode works through them.
#[derive(Clone, Copy, Debug)]
pub struct Tensors<const TRACKED: bool>;

/// Values that Burn's reverse mode works through.
pub type Plain = Tensors<true>;

/// Values that are constants for Burn's reverse mode.
pub type Detached = Tensors<false>;

impl ProjectsOnto<Detached> for Plain {
    fn project<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
        x.clone().inner()
    }
}

impl<const TRACKED: bool> Tensors<TRACKED> {
    fn own<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
        if TRACKED { tensor } else { tensor.inner() }
    }

    /// A convolution's weight, which the convolution reads in its own precision.
    fn weight(weight: ConvWeight) -> ConvWeight {
        if TRACKED { weight } else { weight.inner() }
    }

    fn affine_of(norm: &Normalization) -> [Tensor<1>; 2] {
        [norm.weight.clone(), norm.bias.clone()].map(Self::own)
    }
}

/// The tensor in the precision of another; itself if it has that already.
fn like<const D: usize>(tensor: Tensor<D>, precision: DType) -> Tensor<D> {
    if tensor.dtype() == precision { tensor } else { tensor.cast(FloatDType::from(precision)) }
}

impl<const TRACKED: bool> Arrays for Tensors<TRACKED> {
    type Array<const D: usize> = Tensor<D>;
}

impl<const TRACKED: bool> FusedNorm for Tensors<TRACKED> {
    const COEFFICIENTS: usize = if TRACKED { 1 } else { 0 };

    fn coefficients<const D: usize>(x: Tensor<D>) -> Vec<Option<Tensor<D>>> {
        vec![Some(x)]
    }

    fn of_coefficients<const D: usize>(coefficients: Vec<Option<Tensor<D>>>) -> Option<Tensor<D>> {
        coefficients.into_iter().next().flatten()
    }

    fn group_norm_tangent(
        x: [&Tensor<4>; 2],
        shift: Option<[&Tensor<2>; 2]>,
        norm: &Normalization,
    ) -> Option<Tensor<4>> {
        let (x, shift) = (x.map(Tensor::clone), shift.map(|shift| shift.map(Tensor::clone)));
        fokker_kernels::group_norm_tangent(x, shift, norm.groups, Self::affine_of(norm), norm.eps, norm.silu)
    }
}

impl<const TRACKED: bool> Calculus for Tensors<TRACKED> {
    fn block<M: Module + Sync + 'static>(
        block: &M,
        images: Vec<Tensor<4>>,
        time: Tensor<2>,
        again: bool,
        body: impl Fn(&M, Vec<Tensor<4>>, Tensor<2>) -> Tensor<4> + Send + Sync + 'static,
    ) -> Tensor<4> {
        if again { recomputed(block, images, time, body) } else { body(block, images, time) }
    }

    fn constant<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
        Self::own(tensor)
    }

    fn place<const D: usize>(x: &Tensor<D>) -> (Device, DType) {
        (x.device(), x.dtype())
    }

    fn to_precision<const D: usize>(x: Tensor<D>, precision: FloatDType) -> Tensor<D> {
        like(x, precision.into())
    }

    fn dims<const D: usize>(x: &Tensor<D>) -> [usize; D] {
        x.dims()
    }

    fn reshape<const D: usize, const E: usize>(x: Tensor<D>, shape: [usize; E]) -> Tensor<E> {
        x.reshape(shape)
    }

    fn swap_dims<const D: usize>(x: Tensor<D>, first: usize, second: usize) -> Tensor<D> {
        x.swap_dims(first, second)
    }

    fn expand<const D: usize>(x: Tensor<D>, shape: [usize; D]) -> Tensor<D> {
        x.expand(shape)
    }

    fn cat<const D: usize>(parts: Vec<Tensor<D>>, dim: usize) -> Tensor<D> {
        Tensor::cat(parts, dim)
    }

    fn narrow<const D: usize>(x: Tensor<D>, dim: usize, start: usize, length: usize) -> Tensor<D> {
        x.narrow(dim, start, length)
    }

    fn add<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        let y = like(y, x.dtype());
        x + y
    }

    fn mul<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        let y = like(y, x.dtype());
        x * y
    }

    fn affine<const D: usize>(x: Tensor<D>, a: f64, b: f64) -> Tensor<D> {
        let x = if a == 1.0 { x } else { x.mul_scalar(a) };
        if b == 0.0 { x } else { x.add_scalar(b) }
    }

    fn ln<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        x.log()
    }

    fn recip<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        x.recip()
    }

    fn sin<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        x.sin()
    }

    fn cos<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        x.cos()
    }

    fn rsqrt<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        x.sqrt().recip()
    }

    fn sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        activation::sigmoid(x)
    }

    fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        fokker_kernels::silu(x)
    }

    fn dropout<const D: usize>(x: Tensor<D>, mask: &DropoutMask) -> Tensor<D> {
        mask.apply(x)
    }

    fn softmax<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        let precision = x.dtype();
        match precision {
            DType::F16 | DType::BF16 => like(activation::softmax(x.cast(FloatDType::F32), D - 1), precision),
            _ => activation::softmax(x, D - 1),
        }
    }

    fn sum_last<const D: usize>(x: Tensor<D>) -> Tensor<D> {
        x.sum_dim(D - 1)
    }

    fn matmul<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        x.matmul(y)
    }

    fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
        fokker_kernels::linear(x, Self::own(weight), bias.map(Self::own))
    }

    fn conv2d(x: Tensor<4>, weight: ConvWeight, bias: Option<Tensor<1>>, shape: Conv2dShape) -> Tensor<4> {
        let Conv2dShape { stride, padding_before, padding_after } = shape;
        let (weight, bias) = (Self::weight(weight), bias.map(Self::own));
        fokker_kernels::conv2d(x, weight, bias, stride, padding_before, padding_after)
    }

    fn conv2d_add(x: Tensor<4>, weight: ConvWeight, bias: Tensor<1>, residual: Tensor<4>) -> Tensor<4> {
        let residual = like(residual, x.dtype());
        fokker_kernels::conv2d_add(x, Self::weight(weight), Self::own(bias), residual)
    }

    fn conv_transpose2d(
        x: Tensor<4>,
        weight: ConvWeight,
        bias: Option<Tensor<1>>,
        stride: usize,
        size: [usize; 2],
    ) -> Tensor<4> {
        fokker_kernels::conv_transpose2d(x, Self::weight(weight), bias.map(Self::own), stride, size)
    }

    fn group_mean(x: Tensor<4>, groups: usize) -> Tensor<4> {
        let [batch, height, width, channels] = x.dims();
        let each = channels / groups;
        let mean = x.reshape([batch, height * width, groups, each]).mean_dim(1).mean_dim(3);
        mean.expand([batch, 1, groups, each]).reshape([batch, 1, 1, channels])
    }

    fn group_norm(x: Tensor<4>, shift: Option<Tensor<2>>, norm: &Normalization) -> Tensor<4> {
        fokker_kernels::group_norm(x, shift, norm.groups, Self::affine_of(norm), norm.eps, norm.silu)
    }

    fn cat_channels(first: Tensor<4>, second: Tensor<4>) -> Tensor<4> {
        fokker_kernels::cat_channels(first, second)
    }

    fn upsample_nearest(x: Tensor<4>) -> Tensor<4> {
        fokker_kernels::upsample_nearest(x)
    }

    fn average_pool(x: Tensor<4>) -> Tensor<4> {
        channels_last(avg_pool2d(channels_first(x), AvgPoolOptions::new([2, 2])))
    }

    fn attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
        fokker_kernels::attention(q, k, v)
    }
}
