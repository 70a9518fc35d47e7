//! Images of twice the size.

mod cube;
mod flex;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Cube, DispatchAutodiffContext, DispatchTensor, Flex};
use burn::tensor::Tensor;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};

use crate::layout::{channels_first, channels_last};
use crate::memo::lookup_or;
use crate::tensors::dispatch::{Bridge, of_tracked};
use crate::tensors::flex::contiguous;
use crate::tensors::{cube as on_gpu, flex as on_cpu};

/// Repeats every pixel twice in both directions.
///
/// # Shapes
/// `[batch, height, width, channels]` → `[batch, 2 height, 2 width, channels]`
pub fn upsample_nearest(x: Tensor<4>) -> Tensor<4> {
    let shape = x.dims();
    if shape.contains(&0) {
        return burns_own(x);
    }
    match on_cpu::Inputs::of_images([x.into_dispatch()], |_| true) {
        on_cpu::Inputs::Plain([x]) => on_cpu::from_plain(Flex::repeat(shape, x)),
        on_cpu::Inputs::Tracked([x], context) => tracked::<Flex>(shape, x, context),
        on_cpu::Inputs::Other([x]) => elsewhere(shape, x),
    }
}

/// The same on a GPU, or by Burn's operations.
fn elsewhere(shape: [usize; 4], x: DispatchTensor) -> Tensor<4> {
    match on_gpu::Inputs::of(vec![x.clone()]) {
        Some(on_gpu::Inputs::Plain(mut x)) => on_gpu::from_plain(Cube::repeat(shape, x.remove(0))),
        Some(on_gpu::Inputs::Tracked(mut x, context)) => tracked::<Cube>(shape, x.remove(0), context),
        None => burns_own(Tensor::from_dispatch(x)),
    }
}

fn burns_own(x: Tensor<4>) -> Tensor<4> {
    let options = InterpolateOptions::new(InterpolateMode::Nearest).with_scale_factor([2.0, 2.0]);
    channels_last(interpolate(channels_first(x), options))
}

/// A backend that repeats pixels.
trait Repeat: Bridge {
    fn repeat(shape: [usize; 4], x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// The sums of the gradients of a pixel's copies.
    fn sum(shape: [usize; 4], gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Repeat for Flex {
    fn repeat(shape: [usize; 4], x: FloatTensor<Self>) -> FloatTensor<Self> {
        /// The key in a memo.
        #[derive(PartialEq)]
        struct Upsampled([usize; 4]);
        let x = contiguous(x);
        lookup_or(Upsampled(shape), std::slice::from_ref(&x), || flex::repeat(shape, &x))
    }

    fn sum(shape: [usize; 4], gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        flex::sum(shape, &contiguous(gradient))
    }
}

impl Repeat for Cube {
    fn repeat(shape: [usize; 4], x: FloatTensor<Self>) -> FloatTensor<Self> {
        cube::repeat(shape, x)
    }

    fn sum(shape: [usize; 4], gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        cube::sum(shape, gradient)
    }
}

/// The node of an upsampling in Burn's graph.
#[derive(Debug)]
struct Upsample;

impl<B: Repeat> Backward<B, 1> for Upsample {
    type State = [usize; 4];

    fn backward(self, ops: Ops<[usize; 4], 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        if let [Some(node)] = &ops.parents {
            gradients.register::<B>(node.id, B::sum(ops.state, gradient));
        }
    }
}

fn tracked<B: Repeat>(shape: [usize; 4], x: FloatTensor<Autodiff<B>>, context: DispatchAutodiffContext) -> Tensor<4> {
    let node = x.node();
    let out = B::repeat(shape, x.into_primitive());
    let out = match Backward::<B, 1>::prepare::<NoCheckpointing>(Upsample, [node]).compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish(shape, out),
        OpsKind::UnTracked(step) => step.finish(out),
    };
    Tensor::from_dispatch(of_tracked::<B>(out, context))
}
