//! The transposed convolution: a convolution's gradient of its input, and so its own gradients are a convolution and the
//! gradient of a weight.

mod autodiff;

use burn::tensor::Tensor;
use burn::tensor::module;
use burn::tensor::ops::ConvTransposeOptions;

use crate::conv2d::{ConvWeight, Geometry, on_flex_or};
use crate::layout::{channels_first, channels_last};
use autodiff::Transposition;

/// `out[n, stride·y + k, stride·x + l, o] = bias[o] + Σ in[n, y, x, i] · weight[i, o, k, l]` over whatever meets there.
///
/// # Shapes
/// - `x`: `[batch, height, width, inputs]`
/// - `weight`: `[inputs, outputs, kernel, kernel]`
/// - `bias`: `[outputs]`
/// - result: `[batch, size[0], size[1], outputs]`. Each side is `(length − 1) · stride + kernel`, or up to
///   `stride − 1` more, which no tap meets: a convolution with a stride takes all of these sizes to one.
///
/// # Panics
/// If the shapes do not fit together.
pub fn conv_transpose2d(
    x: Tensor<4>,
    weight: impl Into<ConvWeight>,
    bias: Option<Tensor<1>>,
    stride: usize,
    size: [usize; 2],
) -> Tensor<4> {
    transpose(x, weight.into(), bias, stride, size)
}

/// [`conv_transpose2d`], compiled in this crate: generic functions are compiled where they are called, without its optimisation.
fn transpose(x: Tensor<4>, weight: ConvWeight, bias: Option<Tensor<1>>, stride: usize, size: [usize; 2]) -> Tensor<4> {
    let ([batch, height, width, inputs], [weight_inputs, outputs, kernel, _]) = (x.dims(), weight.dims());
    assert_eq!(inputs, weight_inputs, "the weight of a transposed convolution has the image's channels first");
    let fits = |length: usize, size: usize| ((length - 1) * stride + kernel..length * stride + kernel).contains(&size);
    assert!(fits(height, size[0]) && fits(width, size[1]), "{height} × {width} pixels do not become {size:?}");
    // The convolution whose gradient this is goes the other way.
    let geometry = Geometry::of([batch, size[0], size[1], outputs], weight.dims(), stride, (0, 0));
    let Some(geometry) = geometry else {
        return burns_own(x, weight.into_parts().0, bias, stride, size);
    };
    if let Some(bias) = &bias {
        assert_eq!(bias.dims(), [outputs], "a transposed convolution has one bias for each output channel");
    }
    on_flex_or::<Transposition>(geometry, x, weight, bias, |x, weight, bias| burns_own(x, weight, bias, stride, size))
}

fn burns_own(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, stride: usize, size: [usize; 2]) -> Tensor<4> {
    let ([_, height, width, _], kernel) = (x.dims(), weight.dims()[2]);
    let more = [(height, size[0]), (width, size[1])].map(|(length, size)| size - (length - 1) * stride - kernel);
    let options = ConvTransposeOptions::new([stride; 2], [0; 2], more, [1; 2], 1);
    channels_last(module::conv_transpose2d(channels_first(x), weight, bias, options))
}
