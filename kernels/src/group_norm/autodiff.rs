//! Group normalisation as a step of Burn's automatic differentiation.

use std::sync::Arc;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Flex, TensorMetadata};

use super::backward::backward;
use super::{Shape, run};
use crate::flex::{Primitive, Tracked, contiguous, numbers, tensor};

#[derive(Debug)]
struct GroupNorm;

impl Backward<Flex, 3> for GroupNorm {
    type State = ([NodeId; 3], Arc<Vec<f32>>, Shape);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (nodes, moments, shape) = ops.state;
        let inputs = nodes.map(|node| contiguous(checkpointer.retrieve_node_output::<Primitive>(node)));
        let [x, weight, bias] = inputs.each_ref().map(numbers);
        let [of_x, of_weight, of_bias] = backward(&shape, x, [weight, bias], &moments, numbers(&gradient));
        let device = gradient.device();
        let [x, weight, bias] = &ops.parents;
        let Shape { batch, channels, size: [height, width], .. } = shape;
        if let Some(node) = x {
            gradients.register::<Flex>(node.id, tensor(of_x, [batch, channels, height, width], &device));
        }
        for (node, numbers) in [(weight, of_weight), (bias, of_bias)] {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, tensor(numbers, [channels], &device));
            }
        }
    }
}

/// The normalisation, remembered for its gradient.
pub(super) fn group_norm(shape: Shape, inputs: [Tracked; 3]) -> Tracked {
    let nodes = inputs.each_ref().map(Tracked::node);
    // Computed once: without checkpoints of its own the strategy has no say in it.
    match GroupNorm.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut step) => {
            let nodes = inputs.each_ref().map(|input| step.checkpoint(input));
            let [x, weight, bias] = inputs.map(Tracked::into_primitive);
            let (out, moments) = run(&shape, x, weight, bias);
            step.finish((nodes, Arc::new(moments), shape), out)
        }
        OpsKind::UnTracked(step) => {
            let [x, weight, bias] = inputs.map(Tracked::into_primitive);
            step.finish(run(&shape, x, weight, bias).0)
        }
    }
}
