//! Images of twice the size.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::Tensor;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};

use crate::buffer::in_parts;
use crate::flex::{Inputs, Primitive, Tracked, contiguous, from_plain, from_tracked, numbers, tensor};
use crate::layout::{channels_first, channels_last};
use crate::remember::recalled;

/// Repeats every pixel twice in both directions.
///
/// # Shapes
/// `[batch, height, width, channels]` → `[batch, 2 height, 2 width, channels]`
pub fn upsample_nearest(x: Tensor<4>) -> Tensor<4> {
    let shape = x.dims();
    if shape.contains(&0) {
        return burns_own(x);
    }
    match Inputs::of([x.into_dispatch()]) {
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
    /// Its key among other operations.
    #[derive(PartialEq)]
    struct Upsampled([usize; 4]);
    let x = contiguous(x);
    recalled(Upsampled(shape), std::slice::from_ref(&x), || repeated(shape, &x))
}

fn repeated([batch, height, width, channels]: [usize; 4], x: &Primitive) -> Primitive {
    let (device, x) = (x.device(), numbers(x));
    let row = width * channels;
    // SAFETY: two rows of every row's pixels, twice each.
    let out = unsafe {
        in_parts(batch * 4 * height * row, 4 * height * row, |image, out| {
            let x = x[image * height * row..].chunks_exact(row);
            for (out, x) in out.chunks_exact_mut(4 * row).zip(x) {
                for out in out.chunks_exact_mut(2 * row) {
                    for (out, pixel) in out.chunks_exact_mut(2 * channels).zip(x.chunks_exact(channels)) {
                        out[..channels].write_copy_of_slice(pixel);
                        out[channels..].write_copy_of_slice(pixel);
                    }
                }
            }
        })
    };
    tensor(out, [batch, 2 * height, 2 * width, channels], &device)
}

#[derive(Debug)]
struct Upsample;

impl Backward<Flex, 1> for Upsample {
    type State = [usize; 4];

    fn backward(self, ops: Ops<[usize; 4], 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (device, gradient) = (gradient.device(), numbers(&gradient));
        let [batch, height, width, channels] = ops.state;
        let row = width * channels;
        let [Some(node)] = &ops.parents else { return };
        // SAFETY: every pixel is a sum of four.
        let sums = unsafe {
            in_parts(batch * height * row, height * row, |image, out| {
                let gradient = gradient[image * 4 * height * row..].chunks_exact(4 * row);
                for (out, rows) in out.chunks_exact_mut(row).zip(gradient) {
                    let (above, below) = rows.split_at(2 * row);
                    let pairs = above.chunks_exact(2 * channels).zip(below.chunks_exact(2 * channels));
                    for (out, (above, below)) in out.chunks_exact_mut(channels).zip(pairs) {
                        let (above, below) = (above.split_at(channels), below.split_at(channels));
                        for (c, out) in out.iter_mut().enumerate() {
                            out.write((above.0[c] + above.1[c]) + (below.0[c] + below.1[c]));
                        }
                    }
                }
            })
        };
        gradients.register::<Flex>(node.id, tensor(sums, ops.state, &device));
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
