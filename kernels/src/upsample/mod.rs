//! Images of twice the size.

mod flex;

use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::Tensor;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};

use crate::layout::{channels_first, channels_last};
use crate::memo::lookup_or;
use crate::tensors::flex::{Inputs, Primitive, Tracked, contiguous, from_plain, from_tracked};

/// Repeats every pixel twice in both directions.
///
/// # Shapes
/// `[batch, height, width, channels]` → `[batch, 2 height, 2 width, channels]`
pub fn upsample_nearest(x: Tensor<4>) -> Tensor<4> {
    let shape = x.dims();
    if shape.contains(&0) {
        return burns_own(x);
    }
    match Inputs::of_images([x.into_dispatch()], |_| true) {
        Inputs::Plain([x]) => from_plain(upsample(shape, x)),
        Inputs::Tracked([x], context) => from_tracked(tracked(shape, x), context),
        Inputs::Other([x]) => burns_own(Tensor::from_dispatch(x)),
    }
}

fn burns_own(x: Tensor<4>) -> Tensor<4> {
    let options = InterpolateOptions::new(InterpolateMode::Nearest).with_scale_factor([2.0, 2.0]);
    channels_last(interpolate(channels_first(x), options))
}

fn upsample(shape: [usize; 4], x: Primitive) -> Primitive {
    /// The key in a memo.
    #[derive(PartialEq)]
    struct Upsampled([usize; 4]);
    let x = contiguous(x);
    lookup_or(Upsampled(shape), std::slice::from_ref(&x), || flex::repeat(shape, &x))
}

/// The node of an upsampling in Burn's graph.
#[derive(Debug)]
struct Upsample;

impl Backward<Flex, 1> for Upsample {
    type State = [usize; 4];

    fn backward(self, ops: Ops<[usize; 4], 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        if let [Some(node)] = &ops.parents {
            gradients.register::<Flex>(node.id, flex::sum(ops.state, &gradient));
        }
    }
}

fn tracked(shape: [usize; 4], x: Tracked) -> Tracked {
    let node = x.node();
    let out = upsample(shape, x.into_primitive());
    match Upsample.prepare::<NoCheckpointing>([node]).compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish(shape, out),
        OpsKind::UnTracked(step) => step.finish(out),
    }
}
