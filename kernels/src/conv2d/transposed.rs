//! The transposed convolution: a convolution's gradient of its input, and so its own gradients are a convolution and the
//! gradient of a weight.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::Tensor;
use burn::tensor::module;
use burn::tensor::ops::ConvTransposeOptions;

use super::forward::forward;
use super::geometry::Geometry;
use super::input_gradient::input_gradient;
use super::weight_gradient::weight_gradient;
use super::{Operation, on_flex_or};
use crate::flex::{Primitive, Tracked, contiguous, numbers, tensor};
use crate::layout::{channels_first, channels_last};
use crate::pixels::add_pixels;
use crate::remember::recalled;

/// `out[n, stride·y + k, stride·x + l, o] = bias[o] + Σ in[n, y, x, i] · weight[i, o, k, l]` over whatever meets there.
///
/// # Shapes
/// - `x`: `[batch, height, width, inputs]`
/// - `weight`: `[inputs, outputs, kernel, kernel]`
/// - `bias`: `[outputs]`
/// - result: `[batch, size[0], size[1], outputs]`. A convolution with a stride takes as many sizes to one: each side is
///   `(length − 1) · stride + kernel` or up to `stride − 1` more, which no tap meets.
///
/// # Panics
/// If the shapes do not fit together.
pub fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    size: [usize; 2],
) -> Tensor<4> {
    let ([batch, height, width, inputs], [weight_inputs, outputs, kernel, _]) = (x.dims(), weight.dims());
    assert_eq!(inputs, weight_inputs, "the weight of a transposed convolution has the image's channels first");
    let fits = |length: usize, size: usize| ((length - 1) * stride + kernel..length * stride + kernel).contains(&size);
    assert!(fits(height, size[0]) && fits(width, size[1]), "{height} × {width} pixels do not become {size:?}");
    // The convolution whose gradient this is goes the other way.
    let geometry = Geometry::of([batch, size[0], size[1], outputs], weight.dims(), stride, (0, 0));
    let Some(geometry) = geometry else {
        return burns_own(x, weight, bias, stride, size);
    };
    if let Some(bias) = &bias {
        assert_eq!(bias.dims(), [outputs], "a transposed convolution has one bias for each output channel");
    }
    on_flex_or::<Transposed>(geometry, x, weight, bias, |x, weight, bias| burns_own(x, weight, bias, stride, size))
}

fn burns_own(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, stride: usize, size: [usize; 2]) -> Tensor<4> {
    let ([_, height, width, _], kernel) = (x.dims(), weight.dims()[2]);
    let more = [(height, size[0]), (width, size[1])].map(|(length, size)| size - (length - 1) * stride - kernel);
    let options = ConvTransposeOptions::new([stride; 2], [0; 2], more, [1; 2], 1);
    channels_last(module::conv_transpose2d(channels_first(x), weight, bias, options))
}

/// The transposed convolution: input, weight, and perhaps bias.
struct Transposed;

impl Operation for Transposed {
    fn run<const N: usize>(geometry: &Geometry, inputs: [Primitive; N]) -> Primitive {
        /// Its key, which differs from that of the convolution.
        #[derive(PartialEq)]
        struct TransposeOf(Geometry);
        let inputs = inputs.map(contiguous);
        recalled(TransposeOf(*geometry), &inputs, || {
            let bias = inputs.get(2).map(numbers);
            let out = input_gradient(geometry, &inputs[1], numbers(&inputs[0]), bias);
            let Geometry { batch, inputs: outputs, size: [height, width], .. } = *geometry;
            tensor(out, [batch, height, width, outputs], &inputs[0].device())
        })
    }

    fn tracked<const N: usize>(geometry: Geometry, inputs: [Tracked; N]) -> Tracked {
        let nodes = inputs.each_ref().map(Tracked::node);
        let run = |inputs: [Tracked; N]| Self::run(&geometry, inputs.map(Tracked::into_primitive));
        match ConvTranspose2d.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let state = ([step.checkpoint(&inputs[0]), step.checkpoint(&inputs[1])], geometry);
                step.finish(state, run(inputs))
            }
            OpsKind::UnTracked(step) => step.finish(run(inputs)),
        }
    }
}

/// A transposed convolution of `N` tensors: input, weight, and perhaps bias.
#[derive(Debug)]
struct ConvTranspose2d<const N: usize>;

impl<const N: usize> Backward<Flex, N> for ConvTranspose2d<N> {
    type State = ([NodeId; 2], Geometry);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (device, gradient) = (gradient.device(), numbers(&gradient));
        let (nodes, geometry) = ops.state;
        let [x, weight] = nodes.map(|node| contiguous(checkpointer.retrieve_node_output::<Primitive>(node)));
        let Geometry { batch, inputs, outputs, kernel, .. } = geometry;
        let [height, width] = geometry.output_size();
        let [of_x, of_weight, of_bias] = [0, 1, 2].map(|index| ops.parents.get(index).and_then(Option::as_ref));
        if let Some(node) = of_x {
            let numbers = forward(&geometry, gradient, &weight, None, None);
            gradients.register::<Flex>(node.id, tensor(numbers, [batch, height, width, outputs], &device));
        }
        if let Some(node) = of_weight {
            let (numbers, _) = weight_gradient(&geometry, gradient, numbers(&x));
            gradients.register::<Flex>(node.id, tensor(numbers, [outputs, inputs, kernel[0], kernel[1]], &device));
        }
        if let Some(node) = of_bias {
            let mut sum = vec![0.0; inputs];
            add_pixels(gradient, &mut sum);
            gradients.register::<Flex>(node.id, tensor(sum, [inputs], &device));
        }
    }
}
