//! Group normalisation as a node of Burn's graph.
//!
//! Where gradients are checkpointed, the result is not kept for the operation that takes it, a convolution: it is computed
//! again from the image, which costs one kernel.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy, NoCheckpointing};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Cube, DispatchAutodiffContext};
use burn_cubecl::kernel::into_contiguous;

use super::backward::backward;
use super::forward::forward;
use super::plan::Plan;
use crate::tensors::cube::{Primitive, Tracked};
use crate::tensors::dispatch::recomputes;

/// The normalisation of `N` tensors: image, weight, bias and perhaps shift.
#[derive(Debug)]
struct GroupNorm<const N: usize>;

impl<const N: usize> Backward<Cube, N> for GroupNorm<N> {
    type State = ([NodeId; 3], Primitive, Plan);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = into_contiguous(gradients.consume::<Cube>(&ops.node));
        let (nodes, moments, plan) = ops.state;
        let inputs = nodes.map(|node| into_contiguous(checkpointer.retrieve_node_output::<Primitive>(node)));
        let of = backward(&plan, inputs, moments, gradient);
        for (node, gradient) in ops.parents.iter().zip(of) {
            if let Some(node) = node {
                gradients.register::<Cube>(node.id, gradient);
            }
        }
    }
}

/// Computes the normalisation again.
#[derive(Debug)]
struct Recompute<const N: usize> {
    nodes: [NodeId; N],
    plan: Plan,
}

impl<const N: usize> RetroForward for Recompute<N> {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let inputs = self.nodes.iter().map(|node| states.get_state::<Primitive>(node)).collect();
        states.save(out, forward(&self.plan, inputs).0);
    }
}

/// The normalisation with its node in the graph.
pub(super) fn group_norm(plan: Plan, inputs: Vec<Tracked>, context: DispatchAutodiffContext) -> Tracked {
    let balanced = recomputes(context);
    match <[Tracked; 4]>::try_from(inputs) {
        Ok(inputs) if balanced => tracked::<BalancedCheckpointing, 4>(plan, inputs),
        Ok(inputs) => tracked::<NoCheckpointing, 4>(plan, inputs),
        Err(inputs) => {
            let inputs = <[Tracked; 3]>::try_from(inputs).expect("image, weight and bias");
            match balanced {
                true => tracked::<BalancedCheckpointing, 3>(plan, inputs),
                false => tracked::<NoCheckpointing, 3>(plan, inputs),
            }
        }
    }
}

fn tracked<C: CheckpointStrategy, const N: usize>(plan: Plan, inputs: [Tracked; N]) -> Tracked {
    let guards = inputs.each_ref().map(Tracked::node);
    let nodes = guards.each_ref().map(|guard| guard.id());
    let primitives = |inputs: [Tracked; N]| inputs.map(Tracked::into_primitive).into();
    let step = GroupNorm.prepare::<C>(guards).memory_bound().retro_forward(Recompute { nodes, plan });
    match step.parents(&inputs).stateful() {
        OpsKind::Tracked(mut step) => {
            let nodes = [0, 1, 2].map(|index| step.checkpoint(&inputs[index]));
            let (out, moments) = forward(&plan, primitives(inputs));
            step.finish((nodes, moments, plan), out)
        }
        OpsKind::UnTracked(step) => step.finish(forward(&plan, primitives(inputs)).0),
    }
}
