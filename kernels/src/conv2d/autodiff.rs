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

/// Products in a convolution below which its gradients are computed beside each other.
const BESIDE: usize = 1 << 24;

/// A convolution of `N` tensors: input, weight, and perhaps bias and residual.
#[derive(Debug)]
struct Conv2d<const N: usize>;

impl<const N: usize> Backward<Flex, N> for Conv2d<N> {
    type State = ([NodeId; 2], Geometry);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let given = gradients.consume::<Flex>(&ops.node);
        let [x, weight, bias, residual] = [0, 1, 2, 3].map(|index| ops.parents.get(index).and_then(Option::as_ref));
        if let Some(node) = residual {
            gradients.register::<Flex>(node.id, given.clone());
        }
        let gradient = contiguous(given);
        let (device, gradient) = (gradient.device(), numbers(&gradient));
        let (nodes, geometry) = ops.state;
        let values = nodes.map(|node| checkpointer.retrieve_node_output::<Primitive>(node));
        let Geometry { batch, inputs, outputs, size: [height, width], kernel, .. } = geometry;
        let [values_x, values_weight] = values.map(contiguous);
        // One beside the other: of few images, neither is enough work for all cores.
        let of_x = || x.map(|_| input_gradient(&geometry, &values_weight, gradient, None));
        let of_weight_and_bias =
            || (weight.is_some() || bias.is_some()).then(|| weight_gradient(&geometry, numbers(&values_x), gradient));
        let (of_x, of_weight_and_bias) = match batch * geometry.products() < BESIDE {
            true => rayon::join(of_x, of_weight_and_bias),
            false => (of_x(), of_weight_and_bias()),
        };
        if let Some((node, numbers)) = x.zip(of_x) {
            gradients.register::<Flex>(node.id, tensor(numbers, [batch, height, width, inputs], &device));
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
            let state = ([step.checkpoint(&inputs[0]), step.checkpoint(&inputs[1])], geometry);
            step.finish(state, run(inputs))
        }
        OpsKind::UnTracked(step) => step.finish(run(inputs)),
    }
}
