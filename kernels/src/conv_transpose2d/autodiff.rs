//! The transposed convolution as an operation of flex, and its node in Burn's graph.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Flex, TensorMetadata};

use crate::conv2d::{Copies, FlexWeight, Geometry, Operation, forward, input_gradient, weight_gradient};
use crate::memo::lookup_or;
use crate::number::{Number, with_number};
use crate::simd::add_pixels;
use crate::tensors::flex::{Primitive, Tracked, contiguous, numbers, tensor};

/// The transposed convolution: input, weight, and perhaps bias.
pub(super) struct Transposition;

impl Operation for Transposition {
    fn run<const N: usize>(geometry: &Geometry, copies: &Copies, inputs: [Primitive; N]) -> Primitive {
        /// The key in a memo, which must not be a convolution's.
        #[derive(PartialEq)]
        struct TransposeOf(Geometry);
        let inputs = inputs.map(contiguous);
        lookup_or(TransposeOf(*geometry), &inputs, || {
            let (weight, bias) = (FlexWeight { tensor: &inputs[1], copies }, inputs.get(2).map(numbers));
            let Geometry { batch, inputs: outputs, size: [height, width], .. } = *geometry;
            with_number!(&inputs[0], S => {
                let out = input_gradient(geometry, weight, S::of(&inputs[0]), bias);
                tensor(out, [batch, height, width, outputs], &inputs[0].device())
            })
        })
    }

    fn tracked<const N: usize>(geometry: Geometry, copies: Copies, inputs: [Tracked; N]) -> Tracked {
        let guards = inputs.each_ref().map(Tracked::node);
        let run =
            |copies: &Copies, inputs: [Tracked; N]| Self::run(&geometry, copies, inputs.map(Tracked::into_primitive));
        match TransposeNode.prepare::<NoCheckpointing>(guards).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let nodes = [step.checkpoint(&inputs[0]), step.checkpoint(&inputs[1])];
                let out = run(&copies, inputs);
                step.finish((nodes, geometry, copies), out)
            }
            OpsKind::UnTracked(step) => step.finish(run(&copies, inputs)),
        }
    }
}

/// The node of a transposed convolution of `N` tensors: input, weight, and perhaps bias.
#[derive(Debug)]
struct TransposeNode<const N: usize>;

impl<const N: usize> Backward<Flex, N> for TransposeNode<N> {
    /// The nodes of input and weight, and what the weight is convolved by.
    type State = ([NodeId; 2], Geometry, Copies);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let given = contiguous(gradients.consume::<Flex>(&ops.node));
        let device = given.device();
        let (nodes, geometry, copies) = ops.state;
        let [x, weight] = nodes.map(|node| contiguous(checkpointer.retrieve_node_output::<Primitive>(node)));
        let Geometry { batch, inputs, outputs, kernel, .. } = geometry;
        let [height, width] = geometry.output_size();
        let [of_x, of_weight, of_bias] = [0, 1, 2].map(|index| ops.parents.get(index).and_then(Option::as_ref));
        if let Some(node) = of_x {
            let weight = FlexWeight { tensor: &weight, copies: &copies };
            let shape = [batch, height, width, outputs];
            let of_x = with_number!(&given, S => tensor(forward(&geometry, S::of(&given), weight, None, None), shape, &device));
            gradients.register::<Flex>(node.id, of_x);
        }
        if let Some(node) = of_weight {
            let (numbers, _) = with_number!(&given, S => weight_gradient(&geometry, S::of(&given), S::of(&x)));
            gradients.register::<Flex>(node.id, tensor(numbers, [outputs, inputs, kernel[0], kernel[1]], &device));
        }
        if let Some(node) = of_bias {
            let mut sum = vec![0.0; inputs];
            with_number!(&given, S => add_pixels(S::of(&given), &mut sum));
            gradients.register::<Flex>(node.id, tensor(sum, [inputs], &device));
        }
    }
}
