//! Convolutions and pools of the network.

use burn::tensor::activation::relu;
use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};

use fokker_evaluation::EvaluationError;

/// Where the weights come from: a tensor by its name and its shape.
pub(super) type Source<'a> = &'a mut dyn FnMut(&str, &[usize]) -> Result<Vec<f32>, EvaluationError>;

/// Makes the layers of a part of the network from its weights.
pub(super) struct Layers<'a, 'b> {
    /// The name of the part, and a dot; nothing for the network itself.
    pub part: String,
    /// The weights.
    pub source: Source<'b>,
    /// Where they go.
    pub device: &'a Device,
}

/// Convolution, batch normalisation and ReLU, the first two as one.
pub(super) struct Conv {
    weight: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    padding: [usize; 2],
}

/// The number that batch normalisation adds to variances.
const EPSILON: f64 = 1e-3;

impl Layers<'_, '_> {
    /// A convolution with a square kernel.
    pub fn conv(
        &mut self,
        name: &str,
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Conv, EvaluationError> {
        self.any(name, channels, [kernel; 2], stride, [padding; 2])
    }

    /// A convolution of single pixels.
    pub fn pixel(&mut self, name: &str, channels: [usize; 2]) -> Result<Conv, EvaluationError> {
        self.conv(name, channels, 1, 1, 0)
    }

    /// A convolution along rows, of the same size.
    pub fn row(&mut self, name: &str, channels: [usize; 2], kernel: usize) -> Result<Conv, EvaluationError> {
        self.any(name, channels, [1, kernel], 1, [0, kernel / 2])
    }

    /// A convolution along columns, of the same size.
    pub fn column(&mut self, name: &str, channels: [usize; 2], kernel: usize) -> Result<Conv, EvaluationError> {
        self.any(name, channels, [kernel, 1], 1, [kernel / 2, 0])
    }

    /// `γ (w ∗ x − μ)/√(v + ε) + β` is a convolution with a bias.
    fn any(
        &mut self,
        name: &str,
        [inputs, outputs]: [usize; 2],
        [rows, columns]: [usize; 2],
        stride: usize,
        padding: [usize; 2],
    ) -> Result<Conv, EvaluationError> {
        let shape = [outputs, inputs, rows, columns];
        let part = &self.part;
        let mut weight = (self.source)(&format!("{part}{name}.conv.weight"), &shape)?;
        let mut of_norm = |tensor: &str| (self.source)(&format!("{part}{name}.bn.{tensor}"), &[outputs]);
        let [gamma, beta] = [of_norm("weight")?, of_norm("bias")?];
        let [mean, variance] = [of_norm("running_mean")?, of_norm("running_var")?];
        let mut bias = Vec::with_capacity(outputs);
        for (output, weights) in weight.chunks_exact_mut(inputs * rows * columns).enumerate() {
            let factor = f64::from(gamma[output]) / (f64::from(variance[output]) + EPSILON).sqrt();
            weights.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * factor) as f32);
            bias.push((f64::from(beta[output]) - f64::from(mean[output]) * factor) as f32);
        }
        Ok(Conv {
            weight: Tensor::from_data(TensorData::new(weight, shape), self.device),
            bias: Tensor::from_data(TensorData::new(bias, [outputs]), self.device),
            stride,
            padding,
        })
    }
}

impl Conv {
    /// `[batch, in, height, width]` → `[batch, out, height', width']`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([self.stride; 2], self.padding, [1, 1], 1);
        relu(conv2d(x, self.weight.clone(), Some(self.bias.clone()), options))
    }
}

/// One convolution after the other.
pub(super) fn chain(convs: &[Conv], x: Tensor<4>) -> Tensor<4> {
    convs.iter().fold(x, |x, conv| conv.forward(x))
}

/// The mean of 3×3 pixels, of those within the picture.
pub(super) fn average(x: Tensor<4>) -> Tensor<4> {
    let options = AvgPoolOptions::new([3, 3]).with_stride([1, 1]).with_padding([1, 1]);
    avg_pool2d(x, options.with_count_include_pad(false))
}

/// The largest of 3×3 pixels, of the same size.
pub(super) fn largest(x: Tensor<4>) -> Tensor<4> {
    max_pool2d(x, MaxPoolOptions::new([3, 3]).with_stride([1, 1]).with_padding([1, 1]))
}

/// The largest of 3×3 pixels, of half the size.
pub(super) fn shrink(x: Tensor<4>) -> Tensor<4> {
    max_pool2d(x, MaxPoolOptions::new([3, 3]).with_stride([2, 2]))
}
