//! Repeated pixels on the CPU, and the sums of their gradients.

use burn::backend::TensorMetadata;

use crate::buffer::in_parts;
use crate::number::{Number, with_number};
use crate::tensors::flex::{Primitive, tensor};

/// Every pixel four times; the image is contiguous.
///
/// # Shapes
/// `x`: `[batch, height, width, channels]`, as `shape` says → `[batch, 2 height, 2 width, channels]`
pub(super) fn repeat(shape: [usize; 4], x: &Primitive) -> Primitive {
    with_number!(x, S => repeat_numbers::<S>(shape, x))
}

fn repeat_numbers<S: Number>([batch, height, width, channels]: [usize; 4], x: &Primitive) -> Primitive {
    let (device, x) = (x.device(), S::of(x));
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

/// The sum of each pixel's four gradients, which are contiguous.
///
/// # Shapes
/// `gradient`: `[batch, 2 height, 2 width, channels]` → `[batch, height, width, channels]`, as `shape` says
pub(super) fn sum(shape: [usize; 4], gradient: &Primitive) -> Primitive {
    with_number!(gradient, S => sum_numbers::<S>(shape, gradient))
}

fn sum_numbers<S: Number>(shape: [usize; 4], gradient: &Primitive) -> Primitive {
    let (device, gradient) = (gradient.device(), S::of(gradient));
    let [batch, height, width, channels] = shape;
    let row = width * channels;
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
                        let pair = |(left, right): (&[S], &[S])| left[c].single() + right[c].single();
                        out.write(S::rounded(pair(above) + pair(below)));
                    }
                }
            }
        })
    };
    tensor(sums, shape, &device)
}
