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
use burn::backend::{DispatchAutodiffContext, Flex, TensorMetadata};

use super::backward::{Gradients as Parts, backward};
use super::{Inputs, Shape, run};
use crate::bridge::recomputes;
use crate::flex::{Primitive, Tracked, contiguous, numbers, tensor};

/// The normalisation of `N` tensors in the order of [`Inputs::of`], with `K − 1` derivatives.
#[derive(Debug)]
struct GroupNorm<const K: usize, const N: usize>;

impl<const K: usize, const N: usize> Backward<Flex, N> for GroupNorm<K, N> {
    type State = ([NodeId; N], Arc<Vec<f32>>, Shape);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (nodes, moments, shape) = ops.state;
        let inputs = nodes.map(|node| contiguous(checkpointer.retrieve_node_output::<Primitive>(node)));
        let device = gradient.device();
        let Shape { batch, channels, size: [height, width], .. } = shape;
        let Parts { x, shift, weight, bias } =
            backward::<K>(&shape, &Inputs::of(&inputs), &moments, numbers(&gradient));
        let images = x.map(|x| tensor(x, [batch, height, width, channels], &device));
        let affine = [weight, bias].map(|numbers| tensor(numbers, [channels], &device));
        let shifts = shift.map(|shift| tensor(shift, [batch, channels], &device));
        for (node, gradient) in ops.parents.iter().zip(images.into_iter().chain(affine).chain(shifts)) {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// The normalisation once more.
#[derive(Debug)]
struct Again<const K: usize, const N: usize> {
    nodes: [NodeId; N],
    shape: Shape,
}

impl<const K: usize, const N: usize> RetroForward for Again<K, N> {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let inputs = self.nodes.map(|node| contiguous(states.get_state::<Primitive>(&node)));
        states.save(out, run::<K>(&self.shape, &inputs).0);
    }
}

/// The normalisation, remembered for its gradient.
pub(super) fn group_norm<const K: usize, const N: usize>(
    shape: Shape,
    inputs: [Tracked; N],
    context: DispatchAutodiffContext,
) -> Tracked {
    match recomputes(context) {
        true => tracked::<BalancedCheckpointing, K, N>(shape, inputs),
        false => tracked::<NoCheckpointing, K, N>(shape, inputs),
    }
}

fn tracked<C: CheckpointStrategy, const K: usize, const N: usize>(shape: Shape, inputs: [Tracked; N]) -> Tracked {
    let guards = inputs.each_ref().map(Tracked::node);
    let again = Again::<K, N> { nodes: guards.each_ref().map(|guard| guard.id()), shape };
    let primitives = |inputs: [Tracked; N]| inputs.map(|input| contiguous(input.into_primitive()));
    let step = GroupNorm::<K, N>.prepare::<C>(guards).memory_bound().retro_forward(again);
    match step.parents(&inputs).stateful() {
        OpsKind::Tracked(mut step) => {
            let nodes = inputs.each_ref().map(|input| step.checkpoint(input));
            let (out, moments) = run::<K>(&shape, &primitives(inputs));
            step.finish((nodes, Arc::new(moments), shape), out)
        }
        OpsKind::UnTracked(step) => step.finish(run::<K>(&shape, &primitives(inputs)).0),
    }
}
