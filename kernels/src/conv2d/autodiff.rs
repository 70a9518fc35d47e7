//! The convolution as a step of Burn's automatic differentiation.

use burn::backend::Flex;
use burn::backend::TensorMetadata;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};

use super::geometry::Geometry;
use super::input_gradient::input_gradient;
use super::weight_gradient::weight_gradient;
use super::{Forward, Operation};
use crate::flex::{Primitive, Tracked, contiguous, numbers, tensor};
use crate::remember::{RememberedGradients, gradients_to_keep, gradients_to_reuse, recalled_gradient};

/// Products in a convolution below which its two gradients are computed at the same time.
const BESIDE: usize = 1 << 24;

/// Products for each number of a gradient from which on it is worth its memory to keep it.
const KEPT: usize = 256;

/// A convolution of `N` tensors: input, weight, and perhaps bias and residual.
#[derive(Debug)]
struct Conv2d<const N: usize>;

impl<const N: usize> Backward<Flex, N> for Conv2d<N> {
    type State = ([NodeId; 2], Geometry, Option<RememberedGradients>);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let given = gradients.consume::<Flex>(&ops.node);
        let [x, weight, bias, residual] = [0, 1, 2, 3].map(|index| ops.parents.get(index).and_then(Option::as_ref));
        if let Some(node) = residual {
            gradients.register::<Flex>(node.id, given.clone());
        }
        let given = contiguous(given);
        let (device, gradient) = (given.device(), numbers(&given));
        let (nodes, geometry, to_reuse) = ops.state;
        let values = nodes.map(|node| checkpointer.retrieve_node_output::<Primitive>(node));
        let Geometry { batch, inputs, outputs, size: [height, width], kernel, .. } = geometry;
        let [values_x, values_weight] = values.map(contiguous);
        let to_keep = gradients_to_keep().filter(|_| geometry.products() >= KEPT * geometry.input_length());
        let places = [&to_reuse, &to_keep].map(Option::as_ref);
        let compute = || {
            let numbers = input_gradient(&geometry, &values_weight, gradient, None);
            tensor(numbers, [batch, height, width, inputs], &device)
        };
        let of_x = || x.map(|node| (node, recalled_gradient(places, geometry, &given, &values_weight, compute)));
        let of_weight_and_bias =
            || (weight.is_some() || bias.is_some()).then(|| weight_gradient(&geometry, numbers(&values_x), gradient));
        // At the same time: for few images, neither is enough work for all cores.
        let (of_x, of_weight_and_bias) = match batch * geometry.products() < BESIDE {
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

/// The convolution, remembered for its gradient.
pub(super) fn conv2d<const N: usize>(geometry: Geometry, inputs: [Tracked; N]) -> Tracked {
    let nodes = inputs.each_ref().map(Tracked::node);
    let run = |inputs: [Tracked; N]| Forward::run(&geometry, inputs.map(Tracked::into_primitive));
    // Computed once: without checkpoints of its own the strategy has no say in it.
    match Conv2d.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut step) => {
            let nodes = [step.checkpoint(&inputs[0]), step.checkpoint(&inputs[1])];
            let state = (nodes, geometry, gradients_to_reuse());
            step.finish(state, run(inputs))
        }
        OpsKind::UnTracked(step) => step.finish(run(inputs)),
    }
}
