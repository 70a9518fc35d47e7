//! Operations with several results in Burn's automatic differentiation.
//!
//! A node of Burn's graph has one output. An operation with `K` results is therefore `K + 1` nodes: one that joins the inputs
//! to a dummy, the token, and one for each result, from the token to it. The backward pass reaches the nodes of the results
//! first. Each leaves its gradient with the token, whose node then computes the gradients of the inputs once.
//!
//! Where gradients are checkpointed the results are not kept. They are computed again, all at once.

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

use crate::bridge::recomputes;
use crate::flex::{Primitive, Tracked, contiguous, tensor};

/// An operation of `N` tensors with `K` results.
pub(crate) trait Several<const N: usize, const K: usize>: Copy + Debug + Send + 'static {
    /// What the gradients are computed from besides the inputs.
    type State: Clone + Debug + Send + 'static;

    /// The results. The inputs are contiguous.
    fn forward(&self, inputs: &[Primitive; N]) -> ([Primitive; K], Self::State);

    /// The gradients of the inputs from those of the results, none of a result that nothing depends on. All are
    /// contiguous.
    fn backward(
        &self,
        inputs: &[Primitive; N],
        state: &Self::State,
        gradients: [Option<Primitive>; K],
    ) -> [Primitive; N];
}

/// The gradients of the results that have come so far.
type Collected<const K: usize> = Arc<Mutex<[Option<Primitive>; K]>>;

/// The step from the inputs to the token.
#[derive(Debug)]
struct ToToken<O, const K: usize>(O);

impl<O: Several<N, K>, const N: usize, const K: usize> Backward<Flex, N> for ToToken<O, K> {
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

/// The step from the token to one of `K` results.
#[derive(Debug)]
struct ToResult<const K: usize>;

impl<const K: usize> Backward<Flex, 1> for ToResult<K> {
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

/// The operation once more. Its results are the state of the token.
#[derive(Debug)]
struct Again<O, const N: usize, const K: usize> {
    operation: O,
    nodes: [NodeId; N],
}

impl<O: Several<N, K>, const N: usize, const K: usize> RetroForward for Again<O, N, K> {
    fn forward(&self, states: &mut BackwardStates, token: NodeId) {
        let inputs = self.nodes.map(|node| contiguous(states.get_state::<Primitive>(&node)));
        states.save(token, self.operation.forward(&inputs).0);
    }
}

/// One of the results out of the token's state.
#[derive(Debug)]
struct Taken<const K: usize> {
    token: NodeId,
    number: usize,
}

impl<const K: usize> RetroForward for Taken<K> {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let results = states.get_state::<[Primitive; K]>(&self.token);
        states.save(out, results[self.number].clone());
    }
}

/// The operation, remembered for its gradient.
pub(crate) fn several<O: Several<N, K>, const N: usize, const K: usize>(
    operation: O,
    inputs: [Tracked; N],
    context: DispatchAutodiffContext,
) -> [Tracked; K] {
    match recomputes(context) {
        true => tracked::<BalancedCheckpointing, O, N, K>(operation, inputs),
        false => tracked::<NoCheckpointing, O, N, K>(operation, inputs),
    }
}

fn tracked<C: CheckpointStrategy, O: Several<N, K>, const N: usize, const K: usize>(
    operation: O,
    inputs: [Tracked; N],
) -> [Tracked; K] {
    let guards = inputs.each_ref().map(Tracked::node);
    let again = Again { operation, nodes: guards.each_ref().map(|guard| guard.id()) };
    let values = inputs.each_ref().map(|input| contiguous(input.primitive().clone()));
    let (results, state) = operation.forward(&values);
    let mark = tensor(vec![0.0], [1], &values[0].device());
    let collected: Collected<K> = Arc::new(Mutex::new(std::array::from_fn(|_| None)));
    let step = ToToken(operation).prepare::<C>(guards).memory_bound().retro_forward(again);
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
        let taken = Taken::<K> { token: token.id(), number };
        let step = ToResult.prepare::<C>([token.node()]).memory_bound().retro_forward(taken);
        // With a constant input the token is not recomputed: Burn then stores the outputs themselves.
        match step.parents(inputs.iter().chain([&token])).stateful() {
            OpsKind::Tracked(step) => step.finish((number, collected.clone()), result),
            OpsKind::UnTracked(step) => step.finish(result),
        }
    })
}
