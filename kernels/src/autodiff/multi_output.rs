//! Operations with several results as nodes of Burn's graph, whose nodes have one.
//!
//! An operation with `K` results is `K + 1` nodes: a [`JoinNode`] from the inputs to a token, a tensor of one number that
//! nobody reads, and an [`OutputNode`] from the token to each result.
//!
//! ```text
//! forward                                 backward
//!
//! input 1 ─┐           ┌─▶ result 1       input 1 ◀─┐            ┌── gradient 1
//! input 2 ─┼─▶ token ──┼─▶ result 2       input 2 ◀─┼── token ◀──┼── gradient 2
//! input N ─┘           └─▶ result K       input N ◀─┘            └── gradient K
//!       JoinNode    OutputNode                  JoinNode     OutputNode
//! ```
//!
//! Backward, each `OutputNode` puts its gradient into a collection that all nodes of the operation share. The `JoinNode`
//! comes last, finds all of them there, and computes the gradients of the inputs once.
//!
//! Where gradients are checkpointed, Burn does not keep the results. [`Recompute`] then computes all of them again as the
//! state of the token, and [`TakeOutput`] takes one of them from it. With a constant input the token is not recomputed:
//! Burn then stores the results themselves.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy, NoCheckpointing};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{DispatchAutodiffContext, Flex, TensorMetadata};

use crate::tensors::dispatch::recomputes;
use crate::tensors::flex::{Primitive, Tracked, contiguous, tensor};

/// An operation of `N` tensors with `K` results.
pub(crate) trait MultiOutputOp<const N: usize, const K: usize>: Copy + Debug + Send + 'static {
    /// What the gradients are computed from, the inputs aside.
    type State: Clone + Debug + Send + 'static;

    /// The results. The inputs are contiguous.
    fn forward(&self, inputs: &[Primitive; N]) -> ([Primitive; K], Self::State);

    /// The gradients of the inputs from those of the results; a result that nothing depends on has none. All are
    /// contiguous.
    fn backward(
        &self,
        inputs: &[Primitive; N],
        state: &Self::State,
        gradients: [Option<Primitive>; K],
    ) -> [Primitive; N];
}

/// The gradients of the results that the backward pass has reached so far.
type Collected<const K: usize> = Arc<Mutex<[Option<Primitive>; K]>>;

/// The node from the inputs to the token.
#[derive(Debug)]
struct JoinNode<O, const K: usize>(O);

impl<O: MultiOutputOp<N, K>, const N: usize, const K: usize> Backward<Flex, N> for JoinNode<O, K> {
    type State = ([NodeId; N], O::State, Collected<K>);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        gradients.consume::<Flex>(&ops.node);
        let (nodes, state, collected) = ops.state;
        let collected = collected.lock().unwrap_or_else(PoisonError::into_inner).each_mut().map(Option::take);
        let inputs = nodes.map(|node| contiguous(checkpointer.retrieve_node_output::<Primitive>(node)));
        let of_inputs = self.0.backward(&inputs, &state, collected.map(|gradient| gradient.map(contiguous)));
        for (node, gradient) in ops.parents.iter().zip(of_inputs) {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// The node from the token to one of `K` results.
#[derive(Debug)]
struct OutputNode<const K: usize>;

impl<const K: usize> Backward<Flex, 1> for OutputNode<K> {
    type State = (usize, Collected<K>);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let (number, collected) = ops.state;
        let device = gradient.device();
        collected.lock().unwrap_or_else(PoisonError::into_inner)[number] = Some(gradient);
        if let [Some(token)] = &ops.parents {
            gradients.register::<Flex>(token.id, tensor(vec![0.0], [1], &device));
        }
    }
}

/// Computes the operation again. Its results are the state of the token.
#[derive(Debug)]
struct Recompute<O, const N: usize, const K: usize> {
    operation: O,
    nodes: [NodeId; N],
}

impl<O: MultiOutputOp<N, K>, const N: usize, const K: usize> RetroForward for Recompute<O, N, K> {
    fn forward(&self, states: &mut BackwardStates, token: NodeId) {
        let inputs = self.nodes.map(|node| contiguous(states.get_state::<Primitive>(&node)));
        states.save(token, self.operation.forward(&inputs).0);
    }
}

/// Takes one of the results from the token's state.
#[derive(Debug)]
struct TakeOutput<const K: usize> {
    token: NodeId,
    number: usize,
}

impl<const K: usize> RetroForward for TakeOutput<K> {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let results = states.get_state::<[Primitive; K]>(&self.token);
        states.save(out, results[self.number].clone());
    }
}

/// The results of an operation, with the nodes that compute its gradients.
pub(crate) fn multi_output<O: MultiOutputOp<N, K>, const N: usize, const K: usize>(
    operation: O,
    inputs: [Tracked; N],
    context: DispatchAutodiffContext,
) -> [Tracked; K] {
    match recomputes(context) {
        true => tracked::<BalancedCheckpointing, O, N, K>(operation, inputs),
        false => tracked::<NoCheckpointing, O, N, K>(operation, inputs),
    }
}

fn tracked<C: CheckpointStrategy, O: MultiOutputOp<N, K>, const N: usize, const K: usize>(
    operation: O,
    inputs: [Tracked; N],
) -> [Tracked; K] {
    let guards = inputs.each_ref().map(Tracked::node);
    let recompute = Recompute { operation, nodes: guards.each_ref().map(|guard| guard.id()) };
    let values = inputs.each_ref().map(|input| contiguous(input.primitive().clone()));
    let (results, state) = operation.forward(&values);
    let mark = tensor(vec![0.0], [1], &values[0].device());
    let collected: Collected<K> = Arc::new(Mutex::new(std::array::from_fn(|_| None)));
    let step = JoinNode(operation).prepare::<C>(guards).memory_bound().retro_forward(recompute);
    let token = match step.parents(&inputs).stateful() {
        OpsKind::Tracked(mut step) => {
            let nodes = inputs.each_ref().map(|input| step.checkpoint(input));
            step.finish((nodes, state, collected.clone()), mark)
        }
        OpsKind::UnTracked(step) => step.finish(mark),
    };
    let mut number = 0..;
    results.map(|result| {
        let number = number.next().expect("endless");
        let take = TakeOutput::<K> { token: token.id(), number };
        let step = OutputNode.prepare::<C>([token.node()]).memory_bound().retro_forward(take);
        // With a constant input the token is not recomputed: Burn then stores the results themselves.
        match step.parents(inputs.iter().chain([&token])).stateful() {
            OpsKind::Tracked(step) => step.finish((number, collected.clone()), result),
            OpsKind::UnTracked(step) => step.finish(result),
        }
    })
}
