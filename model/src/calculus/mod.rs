//! The operations a network is written over.
//!
//! A network states its arithmetic once, over an abstract [`Calculus`], and is evaluated on whichever arrays that
//! calculus has: [`Plain`](crate::Plain) tensors for training and sampling, [`Dual`](crate::Dual) arrays for exact
//! derivatives. Everything is an associated function, so the plain path compiles to direct calls.
//!
//! [`Arrays`] are the arrays of a calculus. Parameters enter as plain tensors: they are constants of every derivative in
//! the input or in time.

mod arrays;
pub mod dual;
mod fused_norm;
mod parameters;
pub mod plain;

use burn::module::Module;
use burn::tensor::{DType, Device, FloatDType, Tensor};
use fokker_kernels::{ConvWeight, DropoutMask};

pub use arrays::{Arrays, ProjectsOnto};
pub(crate) use fused_norm::FusedNorm;
pub use parameters::{Conv2dShape, Normalization};

/// What a network may do with its arrays. In the operations on images, these are `[batch, height, width, channels]`: the
/// order in which CPUs and GPUs convolve.
///
/// Binary operations broadcast dimensions of size 1, as Burn does. Parameters are converted to the precision of the array
/// that meets them, and of two arrays the second to that of the first.
///
/// The calculi are those of this crate: a network is written over any of them, and knows none.
pub trait Calculus: FusedNorm {
    /// `body(block, images, time)`, a block of a network. Where values are differentiated by Burn and `again` is set, nothing
    /// but images, time and parameters is kept of it, and it is computed once more for the gradient. `body` sees the block
    /// it is given, and nothing else that is differentiated.
    fn block<M: Module + Sync + 'static>(
        block: &M,
        images: Vec<Self::Array<4>>,
        time: Self::Array<2>,
        _again: bool,
        body: impl Fn(&M, Vec<Self::Array<4>>, Self::Array<2>) -> Self::Array<4> + Send + Sync + 'static,
    ) -> Self::Array<4> {
        body(block, images, time)
    }

    /// A tensor as an array that nothing is differentiated in.
    fn constant<const D: usize>(tensor: Tensor<D>) -> Self::Array<D>;
    /// A tensor of the shape of `x` as such an array; it is made where it is needed, which sizes alone do not.
    fn constant_like<const D: usize>(
        x: &Self::Array<D>,
        make: impl FnOnce(&Device, DType) -> Tensor<D>,
    ) -> Self::Array<D> {
        let (device, dtype) = Self::place(x);
        Self::constant(make(&device, dtype))
    }
    /// Where the array is, and in what precision: constants that meet it must be made alike.
    fn place<const D: usize>(x: &Self::Array<D>) -> (Device, DType);
    /// The array in another precision. Only plain values change theirs: derivatives need their digits.
    fn to_precision<const D: usize>(x: Self::Array<D>, _: FloatDType) -> Self::Array<D> {
        x
    }
    /// The shape.
    fn dims<const D: usize>(x: &Self::Array<D>) -> [usize; D];
    /// The same numbers in another shape.
    fn reshape<const D: usize, const E: usize>(x: Self::Array<D>, shape: [usize; E]) -> Self::Array<E>;
    /// Exchanges two dimensions.
    fn swap_dims<const D: usize>(x: Self::Array<D>, first: usize, second: usize) -> Self::Array<D>;
    /// Repeats dimensions of size 1 up to a shape.
    fn expand<const D: usize>(x: Self::Array<D>, shape: [usize; D]) -> Self::Array<D>;
    /// Joins arrays along a dimension.
    fn cat<const D: usize>(parts: Vec<Self::Array<D>>, dim: usize) -> Self::Array<D>;
    /// Part of an array: `length` entries of dimension `dim`, from `start` on.
    fn narrow<const D: usize>(x: Self::Array<D>, dim: usize, start: usize, length: usize) -> Self::Array<D>;

    /// `x + y`.
    fn add<const D: usize>(x: Self::Array<D>, y: Self::Array<D>) -> Self::Array<D>;
    /// `x · y`, entry by entry.
    fn mul<const D: usize>(x: Self::Array<D>, y: Self::Array<D>) -> Self::Array<D>;
    /// `a x + b` with numbers `a` and `b`.
    fn affine<const D: usize>(x: Self::Array<D>, a: f64, b: f64) -> Self::Array<D>;
    /// Natural logarithm, entry by entry.
    fn ln<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;
    /// `1 / x`, entry by entry.
    fn recip<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;
    /// Sine, entry by entry.
    fn sin<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;
    /// Cosine, entry by entry.
    fn cos<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;
    /// `1 / √x`, entry by entry.
    fn rsqrt<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;
    /// `1 / (1 + e^{−x})`, entry by entry.
    fn sigmoid<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;
    /// `x / (1 + e^{−x})`, entry by entry.
    fn silu<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;

    /// Some entries become 0, and the others larger.
    fn dropout<const D: usize>(x: Self::Array<D>, mask: &DropoutMask) -> Self::Array<D> {
        let shape = Self::dims(&x);
        let factors = Self::constant_like(&x, |device, dtype| mask.factors(shape, device, dtype));
        Self::mul(x, factors)
    }

    /// `e^{xᵢ} / Σ e^{xⱼ}` over the last dimension.
    fn softmax<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;
    /// Sum over the last dimension, which stays with size 1.
    fn sum_last<const D: usize>(x: Self::Array<D>) -> Self::Array<D>;
    /// Products of the matrices in the last two dimensions.
    fn matmul<const D: usize>(x: Self::Array<D>, y: Self::Array<D>) -> Self::Array<D>;

    /// `x Wᵀ + b` over the last dimension; `weight` is `[out, in]`, `bias` is `[out]`.
    fn linear<const D: usize>(x: Self::Array<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Self::Array<D>;
    /// Convolution of images; `weight` is `[out, in, height, width]`, `bias` is `[out]`.
    fn conv2d(x: Self::Array<4>, weight: ConvWeight, bias: Option<Tensor<1>>, shape: Conv2dShape) -> Self::Array<4>;
    /// `residual + conv2d(x)` with an odd kernel, stride 1 and the padding that keeps the image's size, which ends every
    /// residual block.
    fn conv2d_add(x: Self::Array<4>, weight: ConvWeight, bias: Tensor<1>, residual: Self::Array<4>) -> Self::Array<4> {
        let shape = Conv2dShape::same(weight.dims()[2]);
        Self::add(residual, Self::conv2d(x, weight, Some(bias), shape))
    }
    /// Transposed convolution of images, `out[stride·y + k] += in[y] · weight[k]` in both directions, to a height and
    /// width; pixels that no tap meets are the bias alone. `weight` is `[in, out, kernel, kernel]`, `bias` is `[out]`.
    ///
    /// # Shapes
    /// `[batch, height, width, in]` → `[batch, size[0], size[1], out]`
    fn conv_transpose2d(
        x: Self::Array<4>,
        weight: ConvWeight,
        bias: Option<Tensor<1>>,
        stride: usize,
        size: [usize; 2],
    ) -> Self::Array<4>;
    /// Mean over the pixels of a group of channels, `[batch, 1, 1, channels]`: each channel's is its group's.
    fn group_mean(x: Self::Array<4>, groups: usize) -> Self::Array<4>;
    /// The normalisation of `x + shift`, which is before every convolution of a U-Net; the shift, if any, is
    /// `[batch, channels]`.
    fn group_norm(x: Self::Array<4>, shift: Option<Self::Array<2>>, norm: &Normalization) -> Self::Array<4>;
    /// The channels of one image after those of another.
    fn cat_channels(first: Self::Array<4>, second: Self::Array<4>) -> Self::Array<4> {
        Self::cat(vec![first, second], 3)
    }
    /// Repeats every pixel twice in both directions.
    fn upsample_nearest(x: Self::Array<4>) -> Self::Array<4>;
    /// Mean over windows of 2×2 pixels.
    fn average_pool(x: Self::Array<4>) -> Self::Array<4>;
    /// `softmax(q kᵀ / √width) v` per head; arrays are `[batch, heads, positions, width]`.
    fn attention(q: Self::Array<4>, k: Self::Array<4>, v: Self::Array<4>) -> Self::Array<4> {
        let width = Self::dims(&q)[3] as f64;
        let likeness = Self::matmul(q, Self::swap_dims(k, 2, 3));
        Self::matmul(Self::softmax(Self::affine(likeness, width.powf(-0.5), 0.0)), v)
    }
}
