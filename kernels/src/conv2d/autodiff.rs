//! The convolution as an operation of flex, and its node in Burn's graph.

use burn::backend::Flex;
use burn::backend::TensorMetadata;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};

use super::dispatch::Operation;
use super::flex::{forward, input_gradient, weight_gradient};
use super::geometry::Geometry;
use super::weight::{Copies, FlexWeight};
use crate::memo::{SharedStore, gradient_or, gradients_to_record, gradients_to_replay, lookup_or};
use crate::number::{Number, with_number};
use crate::tensors::flex::{Primitive, Tracked, contiguous, numbers, tensor};

/// Products in a convolution below which its gradients are computed at the same time.
const TOGETHER: usize = 1 << 24;

/// Products for each number of a gradient from which on it is worth its memory to keep it.
const KEPT: usize = 256;

/// The convolution: input, weight, and perhaps bias and residual.
pub(super) struct Convolution;

impl Operation for Convolution {
    fn run<const N: usize>(geometry: &Geometry, copies: &Copies, inputs: [Primitive; N]) -> Primitive {
        let inputs = inputs.map(contiguous);
        lookup_or(*geometry, &inputs, || {
            let (bias, residual) = (inputs.get(2).map(numbers), inputs.get(3));
            let weight = FlexWeight { tensor: &inputs[1], copies };
            let [height, width] = geometry.output_size();
            let shape = [geometry.batch, height, width, geometry.outputs];
            with_number!(&inputs[0], S => {
                let out = forward(geometry, S::of(&inputs[0]), weight, bias, residual.map(S::of));
                tensor(out, shape, &inputs[0].device())
            })
        })
    }

    fn tracked<const N: usize>(geometry: Geometry, copies: Copies, inputs: [Tracked; N]) -> Tracked {
        let guards = inputs.each_ref().map(Tracked::node);
        let run =
            |copies: &Copies, inputs: [Tracked; N]| Self::run(&geometry, copies, inputs.map(Tracked::into_primitive));
        // Computed once: without checkpoints of its own the strategy has no say in it.
        match ConvNode.prepare::<NoCheckpointing>(guards).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let nodes = [step.checkpoint(&inputs[0]), step.checkpoint(&inputs[1])];
                let out = run(&copies, inputs);
                step.finish(State { nodes, geometry, copies, to_replay: gradients_to_replay() }, out)
            }
            OpsKind::UnTracked(step) => step.finish(run(&copies, inputs)),
        }
    }
}

/// What the gradients are computed from.
#[derive(Clone, Debug)]
struct State {
    /// Of input and weight.
    nodes: [NodeId; 2],
    geometry: Geometry,
    copies: Copies,
    /// Gradients of an earlier evaluation.
    to_replay: Option<SharedStore>,
}

/// The node of a convolution of `N` tensors: input, weight, and perhaps bias and residual.
#[derive(Debug)]
struct ConvNode<const N: usize>;

impl<const N: usize> Backward<Flex, N> for ConvNode<N> {
    type State = State;

    fn backward(self, ops: Ops<State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let given = gradients.consume::<Flex>(&ops.node);
        let [x, weight, bias, residual] = [0, 1, 2, 3].map(|index| ops.parents.get(index).and_then(Option::as_ref));
        if let Some(node) = residual {
            gradients.register::<Flex>(node.id, given.clone());
        }
        let given = contiguous(given);
        let device = given.device();
        let State { nodes, geometry, copies, to_replay } = ops.state;
        let values = nodes.map(|node| checkpointer.retrieve_node_output::<Primitive>(node));
        let Geometry { batch, inputs, outputs, size: [height, width], kernel, .. } = geometry;
        let [values_x, values_weight] = values.map(contiguous);
        let to_record = gradients_to_record().filter(|_| geometry.products() >= KEPT * geometry.input_length());
        let stores = [&to_replay, &to_record].map(Option::as_ref);
        let compute = || {
            let weight = FlexWeight { tensor: &values_weight, copies: &copies };
            let shape = [batch, height, width, inputs];
            with_number!(&given, S => tensor(input_gradient(&geometry, weight, S::of(&given), None), shape, &device))
        };
        let of_x = || x.map(|node| (node, gradient_or(stores, geometry, &given, &values_weight, compute)));
        let weight_gradient = || with_number!(&given, S => weight_gradient(&geometry, S::of(&values_x), S::of(&given)));
        let of_weight_and_bias = || (weight.is_some() || bias.is_some()).then(weight_gradient);
        // At the same time: of few images, neither is enough work for all cores.
        let (of_x, of_weight_and_bias) = match batch * geometry.products() < TOGETHER {
            true => rayon::join(of_x, of_weight_and_bias),
            false => (of_x(), of_weight_and_bias()),
        };
        if let Some((node, of_x)) = of_x {
            gradients.register::<Flex>(node.id, of_x);
        }
        if let Some((of_weight, of_bias)) = of_weight_and_bias {
            if let Some(node) = weight {
                let shape = [outputs, inputs, kernel[0], kernel[1]];
                gradients.register::<Flex>(node.id, tensor(of_weight, shape, &device));
            }
            if let Some(node) = bias {
                gradients.register::<Flex>(node.id, tensor(of_bias, [outputs], &device));
            }
        }
    }
}
