//! Group normalisation as a step of Burn's automatic differentiation.
//!
//! Where gradients are checkpointed the result is not kept for the operation that takes it, but computed again.

use std::sync::Arc;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy, NoCheckpointing};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{DispatchAutodiffContext, Flex, GradientCheckpointingStrategy, TensorMetadata};

use super::backward::backward;
use super::{Inputs, Shape, run};
use crate::flex::{Primitive, Tracked, contiguous, numbers, tensor};

/// The normalisation of `N` tensors: image, weight, bias and perhaps shift.
#[derive(Debug)]
struct GroupNorm<const N: usize>;

impl<const N: usize> Backward<Flex, N> for GroupNorm<N> {
    type State = ([NodeId; N], Arc<Vec<f32>>, Shape);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (nodes, moments, shape) = ops.state;
        let inputs = nodes.map(|node| contiguous(checkpointer.retrieve_node_output::<Primitive>(node)));
        let of = backward(&shape, &Inputs::of(&inputs), &moments, numbers(&gradient));
        let device = gradient.device();
        let Shape { batch, channels, size: [height, width], .. } = shape;
        for (index, (node, numbers)) in ops.parents.iter().zip(of).enumerate() {
            let Some(node) = node else { continue };
            let gradient = match index {
                0 => tensor(numbers, [batch, height, width, channels], &device),
                1 | 2 => tensor(numbers, [channels], &device),
                _ => tensor(numbers, [batch, channels], &device),
            };
            gradients.register::<Flex>(node.id, gradient);
        }
    }
}

/// The normalisation once more.
#[derive(Debug)]
struct Again<const N: usize> {
    nodes: [NodeId; N],
    shape: Shape,
}

impl<const N: usize> RetroForward for Again<N> {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let inputs = self.nodes.map(|node| contiguous(states.get_state::<Primitive>(&node)));
        states.save(out, run(&self.shape, &inputs).0);
    }
}

/// The normalisation, remembered for its gradient.
pub(super) fn group_norm<const N: usize>(
    shape: Shape,
    inputs: [Tracked; N],
    context: DispatchAutodiffContext,
) -> Tracked {
    match context {
        DispatchAutodiffContext::Enabled(GradientCheckpointingStrategy::Balanced) => {
            tracked::<BalancedCheckpointing, N>(shape, inputs)
        }
        _ => tracked::<NoCheckpointing, N>(shape, inputs),
    }
}

fn tracked<C: CheckpointStrategy, const N: usize>(shape: Shape, inputs: [Tracked; N]) -> Tracked {
    let guards = inputs.each_ref().map(Tracked::node);
    let again = Again { nodes: guards.each_ref().map(|guard| guard.id()), shape };
    let primitives = |inputs: [Tracked; N]| inputs.map(|input| contiguous(input.into_primitive()));
    match GroupNorm.prepare::<C>(guards).memory_bound().retro_forward(again).parents(&inputs).stateful() {
        OpsKind::Tracked(mut step) => {
            let nodes = inputs.each_ref().map(|input| step.checkpoint(input));
            let (out, moments) = run(&shape, &primitives(inputs));
            step.finish((nodes, Arc::new(moments), shape), out)
        }
        OpsKind::UnTracked(step) => step.finish(run(&shape, &primitives(inputs)).0),
    }
}
