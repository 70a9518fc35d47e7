//! The gradient of a convolution's input.
//!
//! A pixel of the input meets only those taps that are a whole number of strides away from an output pixel's first
//! tap. So pixels fall into stride × stride phases by their place modulo the stride, and each phase is a convolution of
//! the output's gradient with its own taps, at stride 1.

use super::geometry::{Frame, Geometry};
use super::winograd;
use crate::buffer::{WORTH, as_uninit, in_parts, with_scratch};
use crate::pixels::write_padded;
use crate::simd::{GatherMatmul, padded, transpose};

/// One phase as a matrix product on the framed gradient.
struct Phase {
    rows: Vec<usize>,
    steps: Vec<usize>,
    matrix: Vec<f32>,
    targets: Vec<usize>,
}

/// `[batch, height, width, inputs]`, the gradient of the input, from that of the output; plus `bias`, if any, `[inputs]`.
pub(crate) fn input_gradient(geometry: &Geometry, weight: &[f32], gradient: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let [from, to] = [geometry.output_length(), geometry.input_length()];
    let columns = padded(geometry.inputs);
    let taps = taps_in_reverse(geometry, weight);
    let mut first = bias.map_or_else(Vec::new, <[f32]>::to_vec);
    first.resize(columns, 0.0);
    if winograd::suits(geometry) {
        return winograd::input_gradient(geometry, &taps, gradient, &first);
    }
    let frame = gradient_frame(geometry);
    let phases: Vec<Phase> = (0..geometry.stride * geometry.stride)
        .map(|phase| Phase::new(geometry, &frame, [phase / geometry.stride, phase % geometry.stride], &taps))
        .collect();
    // SAFETY: the phases cover every pixel, and each writes every channel of its own.
    unsafe {
        in_parts(geometry.batch * to, to, |image, out| {
            frame.with(&gradient[image * from..][..from], |image| {
                write_padded(out, geometry.inputs, |out| {
                    for Phase { rows, steps, matrix, targets } in &phases {
                        GatherMatmul { image, rows, steps, matrix, panel: columns, columns, targets }
                            .write(&first, out);
                    }
                });
            });
        })
    }
}

/// `[outputs, kernel height · kernel width, padded inputs]`, the last tap first.
fn taps_in_reverse(geometry: &Geometry, weight: &[f32]) -> Vec<f32> {
    let (inputs, columns, taps) = (geometry.inputs, padded(geometry.inputs), geometry.kernel.iter().product());
    let length = taps * columns;
    let at_once = WORTH.div_ceil(length);
    // SAFETY: every tap is copied, its padding with it.
    unsafe {
        in_parts(geometry.outputs * length, at_once * length, |part, to| {
            let weight = weight[part * at_once * inputs * taps..].chunks_exact(inputs * taps);
            with_scratch(length, |forwards| {
                for (weight, to) in weight.zip(to.chunks_exact_mut(length)) {
                    transpose(weight, taps, [inputs, taps], as_uninit(forwards), [columns, columns]);
                    for (tap, to) in forwards.chunks_exact(columns).rev().zip(to.chunks_exact_mut(columns)) {
                        to.write_copy_of_slice(tap);
                    }
                }
            });
        })
    }
}

/// Zeros before the gradient for taps beyond the first, and after it for pixels that no output begins at.
fn gradient_frame(geometry: &Geometry) -> Frame {
    let inner = geometry.output_size();
    let before = geometry.kernel.map(|length| (length - 1) / geometry.stride);
    let size = std::array::from_fn(|d| {
        let last = (geometry.size[d] - 1 + geometry.before) / geometry.stride;
        before[d] + inner[d].max(last + 1)
    });
    Frame { channels: geometry.outputs, inner, size, before }
}

impl Phase {
    /// The pixels `p` with `(p + before) mod stride = phase`, met by the taps `phase + stride · j`.
    fn new(geometry: &Geometry, frame: &Frame, phase: [usize; 2], reversed: &[f32]) -> Self {
        let stride = geometry.stride;
        let places =
            |d: usize| (0..geometry.size[d]).filter(move |place| (place + geometry.before) % stride == phase[d]);
        let taps = |d: usize| (phase[d]..geometry.kernel[d]).step_by(stride);
        let columns = padded(geometry.inputs);
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for y in places(0) {
            for x in places(1) {
                rows.push(frame.place([(y + geometry.before) / stride, (x + geometry.before) / stride]));
                targets.push((y * geometry.size[1] + x) * columns);
            }
        }
        let [height, width] = geometry.kernel;
        // Places among one output channel's taps in reverse, and steps back to the pixel that each was met from.
        let (mut chosen, mut back) = (Vec::new(), Vec::new());
        for y in taps(0) {
            for x in taps(1) {
                chosen.push(height * width - 1 - (y * width + x));
                back.push(frame.place([frame.before[0] - y / stride, frame.before[1] - x / stride]));
            }
        }
        let steps = (0..geometry.outputs).flat_map(|output| back.iter().map(move |back| back + output)).collect();
        let [all, own] = [height * width, chosen.len()].map(|taps| taps * columns);
        if chosen.is_empty() {
            return Self { rows, steps, matrix: Vec::new(), targets };
        }
        let at_once = WORTH.div_ceil(all);
        // SAFETY: there is a row for each of the chosen taps.
        let matrix = unsafe {
            in_parts(geometry.outputs * own, at_once * own, |part, to| {
                let reversed = reversed[part * at_once * all..].chunks_exact(all);
                for (reversed, to) in reversed.zip(to.chunks_exact_mut(own)) {
                    for (&tap, to) in chosen.iter().zip(to.chunks_exact_mut(columns)) {
                        to.write_copy_of_slice(&reversed[tap * columns..][..columns]);
                    }
                }
            })
        };
        Self { rows, steps, matrix, targets }
    }
}
