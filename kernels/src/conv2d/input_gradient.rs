//! The gradient of a convolution's input.
//!
//! A pixel of the input meets only those taps that are a whole number of strides away from an output pixel's first
//! tap. So pixels fall into stride × stride phases by their place modulo the stride, and each phase is a convolution of
//! the output's gradient with its own taps, at stride 1.

use super::geometry::{Frame, Geometry};
use super::winograd;
use crate::buffer::in_parts;
use crate::pixels::write_padded;
use crate::simd::{GatherMatmul, padded};

/// One phase as a matrix product on the framed gradient.
struct Phase {
    rows: Vec<usize>,
    steps: Vec<usize>,
    matrix: Vec<f32>,
    targets: Vec<usize>,
}

/// `[batch, height, width, inputs]`, the gradient of the input, from that of the output.
pub(crate) fn input_gradient(geometry: &Geometry, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
    if winograd::suits(geometry) {
        return winograd::input_gradient(geometry, weight, gradient);
    }
    let [from, to] = [geometry.output_length(), geometry.input_length()];
    let columns = padded(geometry.inputs);
    let zeros = vec![0.0; columns];
    let frame = gradient_frame(geometry);
    let phases: Vec<Phase> = (0..geometry.stride * geometry.stride)
        .map(|phase| Phase::new(geometry, &frame, [phase / geometry.stride, phase % geometry.stride], weight))
        .collect();
    // SAFETY: the phases cover every pixel, and each writes every channel of its own.
    unsafe {
        in_parts(geometry.batch * to, to, |image, out| {
            frame.with(&gradient[image * from..][..from], |image| {
                write_padded(out, geometry.inputs, |out| {
                    for Phase { rows, steps, matrix, targets } in &phases {
                        GatherMatmul { image, rows, steps, matrix, columns, targets }.write(&zeros, out);
                    }
                });
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
    fn new(geometry: &Geometry, frame: &Frame, phase: [usize; 2], weight: &[f32]) -> Self {
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
        let (mut steps, mut matrix) = (Vec::new(), Vec::new());
        for output in 0..geometry.outputs {
            for y in taps(0) {
                for x in taps(1) {
                    let back = [frame.before[0] - y / stride, frame.before[1] - x / stride];
                    steps.push(frame.place(back) + output);
                    let [height, width] = geometry.kernel;
                    let tap = (output * geometry.taps()) + y * width + x;
                    matrix.extend((0..geometry.inputs).map(|input| weight[tap + input * height * width]));
                    matrix.resize(steps.len() * columns, 0.0);
                }
            }
        }
        Self { rows, steps, matrix, targets }
    }
}
