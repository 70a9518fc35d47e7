//! Convolution of images, and of images of one row: signals.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use fokker_kernels::{ConvWeight, PreparedWeight};

use crate::calculus::{Calculus, Conv2dShape};
use crate::initializer::Initializer;

/// Convolution with a square kernel, or along rows alone.
///
/// Along rows it is one matrix product of the taps, which lie next to each other (im2col): a kernel of one row has no use for the
/// transforms that convolutions of images are made fast by.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[out, in, kernel, kernel]`; along rows `[out, in, 1, kernel]`.
    pub weight: Param<Tensor<4>>,
    /// `[out]`
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    shape: Conv2dShape,
    /// The weight in the order of convolutions, while it stays the same.
    #[module(skip)]
    prepared: PreparedWeight,
}

impl Conv2d {
    /// A convolution from `inputs` to `outputs` channels.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, shape: Conv2dShape, init: &mut Initializer) -> Self {
        Self::with_weight([outputs, inputs, kernel, kernel], true, shape, init)
    }

    /// The same without a bias.
    pub fn without_bias(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        shape: Conv2dShape,
        init: &mut Initializer,
    ) -> Self {
        Self::with_weight([outputs, inputs, kernel, kernel], false, shape, init)
    }

    /// Stride 1, same size.
    pub fn same(inputs: usize, outputs: usize, kernel: usize, init: &mut Initializer) -> Self {
        Self::new(inputs, outputs, kernel, Conv2dShape::same(kernel), init)
    }

    /// A convolution along rows: stride and padding are those of columns.
    pub fn along_rows(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        shape: Conv2dShape,
        init: &mut Initializer,
    ) -> Self {
        Self::with_weight([outputs, inputs, 1, kernel], true, shape, init)
    }

    /// Weight `[out, in, rows, columns]` and bias within `±1/√(in · rows · columns)`, as PyTorch draws them.
    fn with_weight(size: [usize; 4], has_bias: bool, shape: Conv2dShape, init: &mut Initializer) -> Self {
        let [outputs, inputs, rows, columns] = size;
        let bound = ((inputs * rows * columns) as f64).powf(-0.5);
        Self {
            weight: init.uniform(size, bound),
            bias: has_bias.then(|| init.uniform([outputs], bound)),
            shape,
            prepared: PreparedWeight::default(),
        }
    }

    /// Whether the kernel has one row, as those of signals.
    pub fn is_along_rows(&self) -> bool {
        let [_, _, rows, columns] = self.weight.dims();
        rows < columns
    }

    /// # Shapes
    /// `[batch, height, width, in]` → `[batch, height', width', out]`
    pub fn forward<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        if self.is_along_rows() {
            return self.forward_rows::<C>(x);
        }
        C::conv2d(x, self.weight(), self.bias.as_ref().map(Param::val), self.shape)
    }

    /// `residual + forward(x)`.
    ///
    /// # Shapes
    /// As for [`Conv2d::forward`]; `residual` is of the result's shape.
    pub fn forward_add<C: Calculus>(&self, x: C::Array<4>, residual: C::Array<4>) -> C::Array<4> {
        match &self.bias {
            Some(bias) if self.shape == Conv2dShape::same(self.weight.dims()[2]) && !self.is_along_rows() => {
                C::conv2d_add(x, self.weight(), bias.val(), residual)
            }
            _ => C::add(residual, self.forward::<C>(x)),
        }
    }

    /// Each output column is a product with the input columns under its taps.
    fn forward_rows<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        let [outputs, inputs, _, kernel] = self.weight.dims();
        let [batch, height, width, _] = C::dims(&x);
        let Conv2dShape { stride, padding_before, padding_after } = self.shape;
        let columns = (width + padding_before + padding_after - kernel) / stride + 1;
        let (device, dtype) = C::place(&x);
        let zeros = |columns: usize| C::constant(Tensor::zeros([batch, height, columns, inputs], (&device, dtype)));
        // So long that every tap has whole strides to read.
        let length = kernel - 1 + stride * columns;
        let mut parts = vec![x];
        if padding_before > 0 {
            parts.insert(0, zeros(padding_before));
        }
        if length > padding_before + width {
            parts.push(zeros(length - padding_before - width));
        }
        let padded = if parts.len() == 1 { parts.remove(0) } else { C::cat(parts, 2) };
        let tap = |tap: usize| {
            let read = C::narrow(padded.clone(), 2, tap, stride * columns);
            if stride == 1 {
                return read;
            }
            let by_stride = C::reshape(read, [batch, height, columns, stride, inputs]);
            C::reshape(C::narrow(by_stride, 3, 0, 1), [batch, height, columns, inputs])
        };
        let taps = C::cat((0..kernel).map(tap).collect(), 3);
        let weight = self.weight.val().reshape([outputs, inputs, kernel]).swap_dims(1, 2);
        C::linear(taps, weight.reshape([outputs, kernel * inputs]), self.bias.as_ref().map(Param::val))
    }

    fn weight(&self) -> ConvWeight {
        ConvWeight::new(self.weight.val(), &self.prepared)
    }
}
