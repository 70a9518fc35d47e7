//! The channels of two images, one after the other. Where gradients are checkpointed, the result is not kept but joined
//! again.

mod flex;

use burn::backend::Flex;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy, NoCheckpointing};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::Tensor;

use crate::memo::lookup_or;
use crate::tensors::dispatch::recomputes;
use crate::tensors::flex::{Inputs, Primitive, Tracked, contiguous, from_plain, from_tracked};
use flex::{Shape, join, part};

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
    if first.dims().contains(&0) || c2 == 0 {
        return Tensor::cat(vec![first, second], 3);
    }
    let shape = Shape { batch, channels: [c1, c2], size: [height, width] };
    match Inputs::of_images([first.into_dispatch(), second.into_dispatch()], |_| true) {
        Inputs::Plain(inputs) => from_plain(cat(&shape, inputs)),
        Inputs::Tracked(inputs, context) => {
            let out = match recomputes(context) {
                true => tracked::<BalancedCheckpointing>(shape, inputs),
                false => tracked::<NoCheckpointing>(shape, inputs),
            };
            from_tracked(out, context)
        }
        Inputs::Other(inputs) => Tensor::cat(inputs.map(Tensor::from_dispatch).to_vec(), 3),
    }
}

fn cat(shape: &Shape, inputs: [Primitive; 2]) -> Primitive {
    let inputs = inputs.map(contiguous);
    lookup_or(*shape, &inputs, || join(shape, &inputs))
}

/// The node of a join in Burn's graph.
#[derive(Debug)]
struct Cat;

impl Backward<Flex, 2> for Cat {
    type State = Shape;

    fn backward(self, ops: Ops<Shape, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        for (which, node) in ops.parents.iter().enumerate() {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, part(&ops.state, &gradient, which));
            }
        }
    }
}

/// Joins the images again.
#[derive(Debug)]
struct Rejoin {
    nodes: [NodeId; 2],
    shape: Shape,
}

impl RetroForward for Rejoin {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let inputs = self.nodes.map(|node| states.get_state::<Primitive>(&node));
        states.save(out, cat(&self.shape, inputs));
    }
}

fn tracked<C: CheckpointStrategy>(shape: Shape, inputs: [Tracked; 2]) -> Tracked {
    let guards = inputs.each_ref().map(Tracked::node);
    let rejoin = Rejoin { nodes: guards.each_ref().map(|guard| guard.id()), shape };
    let step = Cat.prepare::<C>(guards).memory_bound().retro_forward(rejoin).parents(&inputs).stateful();
    let out = cat(&shape, inputs.map(Tracked::into_primitive));
    match step {
        OpsKind::Tracked(step) => step.finish(shape, out),
        OpsKind::UnTracked(step) => step.finish(out),
    }
}
