//! The channels of two images, one after the other. Where gradients are checkpointed, the result is not kept but joined
//! again.

mod cube;
mod flex;

use std::marker::PhantomData;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy, NoCheckpointing};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Cube, DispatchAutodiffContext, DispatchTensor, Flex};
use burn::tensor::Tensor;

use crate::memo::lookup_or;
use crate::tensors::dispatch::{Bridge, of_tracked, recomputes};
use crate::tensors::flex::contiguous;
use crate::tensors::{cube as on_gpu, flex as on_cpu};

/// The sizes of the two images.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    batch: usize,
    channels: [usize; 2],
    size: [usize; 2],
}

/// The channels of `first`, then those of `second`.
///
/// # Shapes
/// `[batch, height, width, channels]`, where only the channels may differ.
///
/// # Panics
/// If the shapes do not fit together.
pub fn cat_channels(first: Tensor<4>, second: Tensor<4>) -> Tensor<4> {
    let [[batch, height, width, c1], [.., c2]] = [first.dims(), second.dims()];
    assert_eq!(second.dims(), [batch, height, width, c2], "images of one size and number");
    if first.dims().contains(&0) || c2 == 0 || first.dtype() != second.dtype() {
        return Tensor::cat(vec![first, second], 3);
    }
    let shape = Shape { batch, channels: [c1, c2], size: [height, width] };
    match on_cpu::Inputs::of_images([first.into_dispatch(), second.into_dispatch()], |_| true) {
        on_cpu::Inputs::Plain(inputs) => on_cpu::from_plain(Flex::join(&shape, inputs)),
        on_cpu::Inputs::Tracked(inputs, context) => tracked::<Flex>(shape, inputs, context),
        on_cpu::Inputs::Other(inputs) => elsewhere(shape, inputs),
    }
}

/// The same on a GPU, or by Burn's operations.
fn elsewhere(shape: Shape, inputs: [DispatchTensor; 2]) -> Tensor<4> {
    let both = |inputs: Vec<_>| inputs.try_into().unwrap_or_else(|_| unreachable!("two images"));
    match on_gpu::Inputs::of(inputs.to_vec()) {
        Some(on_gpu::Inputs::Plain(inputs)) => on_gpu::from_plain(Cube::join(&shape, both(inputs))),
        Some(on_gpu::Inputs::Tracked(inputs, context)) => {
            let inputs = inputs.try_into().unwrap_or_else(|_| unreachable!("two images"));
            tracked::<Cube>(shape, inputs, context)
        }
        None => Tensor::cat(inputs.map(Tensor::from_dispatch).to_vec(), 3),
    }
}

/// A backend that joins images.
trait Join: Bridge {
    fn join(shape: &Shape, inputs: [FloatTensor<Self>; 2]) -> FloatTensor<Self>;
    /// The images out of the join.
    fn parts(shape: &Shape, joined: FloatTensor<Self>) -> [FloatTensor<Self>; 2];
}

impl Join for Flex {
    fn join(shape: &Shape, inputs: [FloatTensor<Self>; 2]) -> FloatTensor<Self> {
        let inputs = inputs.map(contiguous);
        lookup_or(*shape, &inputs, || flex::join(shape, &inputs))
    }

    fn parts(shape: &Shape, joined: FloatTensor<Self>) -> [FloatTensor<Self>; 2] {
        let joined = contiguous(joined);
        [0, 1].map(|which| flex::part(shape, &joined, which))
    }
}

impl Join for Cube {
    fn join(shape: &Shape, inputs: [FloatTensor<Self>; 2]) -> FloatTensor<Self> {
        cube::join(shape, inputs)
    }

    fn parts(shape: &Shape, joined: FloatTensor<Self>) -> [FloatTensor<Self>; 2] {
        cube::parts(shape, joined)
    }
}

/// The node of a join in Burn's graph.
#[derive(Debug)]
struct Cat;

impl<B: Join> Backward<B, 2> for Cat {
    type State = Shape;

    fn backward(self, ops: Ops<Shape, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let parts = B::parts(&ops.state, gradients.consume::<B>(&ops.node));
        for (node, part) in ops.parents.iter().zip(parts) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, part);
            }
        }
    }
}

/// Joins the images again.
#[derive(Debug)]
struct Rejoin<B> {
    nodes: [NodeId; 2],
    shape: Shape,
    backend: PhantomData<B>,
}

impl<B: Join> RetroForward for Rejoin<B> {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let inputs = self.nodes.map(|node| states.get_state::<FloatTensor<B>>(&node));
        states.save(out, B::join(&self.shape, inputs));
    }
}

fn tracked<B: Join>(
    shape: Shape,
    inputs: [FloatTensor<Autodiff<B>>; 2],
    context: DispatchAutodiffContext,
) -> Tensor<4> {
    let out = match recomputes(context) {
        true => node::<B, BalancedCheckpointing>(shape, inputs),
        false => node::<B, NoCheckpointing>(shape, inputs),
    };
    Tensor::from_dispatch(of_tracked::<B>(out, context))
}

fn node<B: Join, C: CheckpointStrategy>(
    shape: Shape,
    inputs: [FloatTensor<Autodiff<B>>; 2],
) -> FloatTensor<Autodiff<B>> {
    let guards = inputs.each_ref().map(|input| input.node());
    let nodes = guards.each_ref().map(|guard| guard.id());
    let rejoin = Rejoin::<B> { nodes, shape, backend: PhantomData };
    let step = Backward::<B, 2>::prepare::<C>(Cat, guards).memory_bound().retro_forward(rejoin);
    let step = step.parents(&inputs).stateful();
    let out = B::join(&shape, inputs.map(|input| input.into_primitive()));
    match step {
        OpsKind::Tracked(step) => step.finish(shape, out),
        OpsKind::UnTracked(step) => step.finish(out),
    }
}
