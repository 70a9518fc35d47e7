//! The join on the CPU, and its parts.

use burn::backend::TensorMetadata;

use super::Shape;
use crate::buffer::in_parts;
use crate::number::{Number, with_number};
use crate::tensors::flex::{Primitive, tensor};

/// The channels of the one image and those of the other; both are contiguous.
pub(super) fn join(shape: &Shape, inputs: &[Primitive; 2]) -> Primitive {
    with_number!(&inputs[0], S => join_numbers::<S>(shape, inputs))
}

fn join_numbers<S: Number>(shape: &Shape, inputs: &[Primitive; 2]) -> Primitive {
    let Shape { batch, channels: [c1, c2], size: [height, width] } = *shape;
    let ([first, second], both) = (inputs.each_ref().map(S::of), c1 + c2);
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

/// The channels of the first or the second image out of the join, which is contiguous.
pub(super) fn part(shape: &Shape, joined: &Primitive, which: usize) -> Primitive {
    with_number!(joined, S => part_of_numbers::<S>(shape, joined, which))
}

fn part_of_numbers<S: Number>(shape: &Shape, joined: &Primitive, which: usize) -> Primitive {
    let Shape { batch, channels: [c1, c2], size: [height, width] } = *shape;
    let (both, per_image) = (c1 + c2, height * width);
    let (start, channels) = [(0, c1), (c1, c2)][which];
    let numbers = S::of(joined);
    // SAFETY: every pixel is a part of the join's.
    let part = unsafe {
        in_parts(batch * per_image * channels, per_image * channels, |image, out| {
            let pixels = numbers[image * per_image * both..].chunks_exact(both);
            for (out, pixel) in out.chunks_exact_mut(channels).zip(pixels) {
                out.write_copy_of_slice(&pixel[start..start + channels]);
            }
        })
    };
    tensor(part, [batch, height, width, channels], &joined.device())
}
