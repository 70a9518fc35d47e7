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
use super::run;
use super::weight_gradient::weight_gradient;
use crate::flex::{Primitive, Tracked, contiguous, numbers, tensor};

/// A convolution of `N` tensors: input, weight and perhaps bias.
#[derive(Debug)]
struct Conv2d<const N: usize>;

impl<const N: usize> Backward<Flex, N> for Conv2d<N> {
    type State = ([NodeId; 2], Geometry);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (nodes, geometry) = ops.state;
        let [x, weight] = nodes.map(|node| contiguous(checkpointer.retrieve_node_output::<Primitive>(node)));
        let device = gradient.device();
        let gradient = numbers(&gradient);
        let Geometry { batch, inputs, outputs, size: [height, width], kernel, .. } = geometry;
        if let Some(node) = &ops.parents[0] {
            let numbers = input_gradient(&geometry, numbers(&weight), gradient);
            gradients.register::<Flex>(node.id, tensor(numbers, [batch, inputs, height, width], &device));
        }
        let bias_node = ops.parents.get(2).and_then(Option::as_ref);
        if ops.parents[1].is_some() || bias_node.is_some() {
            let (weight, bias) = weight_gradient(&geometry, numbers(&x), gradient);
            if let Some(node) = &ops.parents[1] {
                let shape = [outputs, inputs, kernel[0], kernel[1]];
                gradients.register::<Flex>(node.id, tensor(weight, shape, &device));
            }
            if let Some(node) = bias_node {
                gradients.register::<Flex>(node.id, tensor(bias, [outputs], &device));
            }
        }
    }
}

/// A convolution with a bias.
pub(super) fn with_bias(geometry: Geometry, [x, weight, bias]: [Tracked; 3]) -> Tracked {
    let nodes = [x.node(), weight.node(), bias.node()];
    // Computed once: without checkpoints of its own the strategy has no say in it.
    match Conv2d.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut step) => {
            let state = ([step.checkpoint(&x), step.checkpoint(&weight)], geometry);
            let bias = Some(bias.into_primitive());
            step.finish(state, run(&geometry, x.into_primitive(), weight.into_primitive(), bias))
        }
        OpsKind::UnTracked(step) => {
            let bias = Some(bias.into_primitive());
            step.finish(run(&geometry, x.into_primitive(), weight.into_primitive(), bias))
        }
    }
}

/// A convolution without a bias.
pub(super) fn without_bias(geometry: Geometry, [x, weight]: [Tracked; 2]) -> Tracked {
    match Conv2d.prepare::<NoCheckpointing>([x.node(), weight.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut step) => {
            let state = ([step.checkpoint(&x), step.checkpoint(&weight)], geometry);
            step.finish(state, run(&geometry, x.into_primitive(), weight.into_primitive(), None))
        }
        OpsKind::UnTracked(step) => step.finish(run(&geometry, x.into_primitive(), weight.into_primitive(), None)),
    }
}
