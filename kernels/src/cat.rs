//! Two images' channels, one after the other. Where gradients are checkpointed the result is not kept, but joined again.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::retro_forward::RetroForward;
use burn::backend::autodiff::checkpoint::state::BackwardStates;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy, NoCheckpointing};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::Tensor;

use crate::bridge::recomputes;
use crate::buffer::in_parts;
use crate::flex::{Inputs, Primitive, Tracked, contiguous, from_plain, from_tracked, numbers, tensor};
use crate::remember::recalled;

/// The sizes of the two.
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
    if first.dims().contains(&0) || c2 == 0 {
        return Tensor::cat(vec![first, second], 3);
    }
    let shape = Shape { batch, channels: [c1, c2], size: [height, width] };
    match Inputs::of([first.into_dispatch(), second.into_dispatch()]) {
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
    recalled(*shape, &inputs, || joined(shape, &inputs))
}

fn joined(shape: &Shape, inputs: &[Primitive; 2]) -> Primitive {
    let Shape { batch, channels: [c1, c2], size: [height, width] } = *shape;
    let ([first, second], both) = (inputs.each_ref().map(numbers), c1 + c2);
    let per_image = height * width;
    // SAFETY: every pixel is the one image's channels and the other's.
    let out = unsafe {
        in_parts(batch * per_image * both, per_image * both, |image, out| {
            let first = first[image * per_image * c1..].chunks_exact(c1);
            let second = second[image * per_image * c2..].chunks_exact(c2);
            for (out, (first, second)) in out.chunks_exact_mut(both).zip(first.zip(second)) {
                out[..c1].write_copy_of_slice(first);
                out[c1..].write_copy_of_slice(second);
            }
        })
    };
    tensor(out, [batch, height, width, both], &inputs[0].device())
}

#[derive(Debug)]
struct Cat;

impl Backward<Flex, 2> for Cat {
    type State = Shape;

    fn backward(self, ops: Ops<Shape, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (device, gradient) = (gradient.device(), numbers(&gradient));
        let Shape { batch, channels: [c1, c2], size: [height, width] } = ops.state;
        let (both, per_image) = (c1 + c2, height * width);
        for (node, (start, channels)) in ops.parents.iter().zip([(0, c1), (c1, c2)]) {
            let Some(node) = node else { continue };
            // SAFETY: every pixel is a part of the gradient's.
            let part = unsafe {
                in_parts(batch * per_image * channels, per_image * channels, |image, out| {
                    let pixels = gradient[image * per_image * both..].chunks_exact(both);
                    for (out, pixel) in out.chunks_exact_mut(channels).zip(pixels) {
                        out.write_copy_of_slice(&pixel[start..start + channels]);
                    }
                })
            };
            gradients.register::<Flex>(node.id, tensor(part, [batch, height, width, channels], &device));
        }
    }
}

/// The join once more.
#[derive(Debug)]
struct Again {
    nodes: [NodeId; 2],
    shape: Shape,
}

impl RetroForward for Again {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let inputs = self.nodes.map(|node| states.get_state::<Primitive>(&node));
        states.save(out, cat(&self.shape, inputs));
    }
}

fn tracked<C: CheckpointStrategy>(shape: Shape, inputs: [Tracked; 2]) -> Tracked {
    let guards = inputs.each_ref().map(Tracked::node);
    let again = Again { nodes: guards.each_ref().map(|guard| guard.id()), shape };
    let step = Cat.prepare::<C>(guards).memory_bound().retro_forward(again).parents(&inputs).stateful();
    let out = cat(&shape, inputs.map(Tracked::into_primitive));
    match step {
        OpsKind::Tracked(step) => step.finish(shape, out),
        OpsKind::UnTracked(step) => step.finish(out),
    }
}
