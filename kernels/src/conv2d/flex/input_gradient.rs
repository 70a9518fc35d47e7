//! The gradient of a convolution's input.
//!
//! A pixel of the input meets only those taps that are a whole number of strides away from an output pixel's first
//! tap. So pixels fall into stride × stride phases by their place modulo the stride, and each phase is a convolution of
//! the output's gradient with its own taps, at stride 1.

use super::weight_order::taps_in_reverse;
use super::winograd;
use crate::buffer::{WORTH, each_part, in_parts, with_scratch};
use crate::conv2d::geometry::{Frame, Geometry, tap_by_tap};
use crate::conv2d::weight::{FlexWeight, Order};
use crate::number::{Number, pair_weights};
use crate::simd::{GatherMatmul, PairUnit, padded, write_padded};

/// One phase as a matrix product on the framed gradient.
struct Phase {
    rows: Vec<usize>,
    steps: Vec<usize>,
    targets: Vec<usize>,
    /// Its taps, among those of an output channel in reverse.
    taps: Vec<usize>,
}

/// `[batch, height, width, inputs]`, the gradient of the input, from that of the output; plus `bias`, if any, `[inputs]`.
pub(crate) fn input_gradient<S: Number>(
    geometry: &Geometry,
    weight: FlexWeight,
    gradient: &[S],
    bias: Option<&[f32]>,
) -> Vec<S> {
    let columns = padded(geometry.inputs);
    let mut first = bias.map_or_else(Vec::new, <[f32]>::to_vec);
    first.resize(columns, 0.0);
    let pairs = S::as_bf16(gradient).is_some();
    if winograd::suits(geometry) && !(pairs && PairUnit::detect().outruns_winograd()) {
        return winograd::input_gradient(geometry, weight, gradient, &first);
    }
    // Entries of the gradient are numbers, or pairs of output channels.
    let of_entries = Geometry { outputs: geometry.outputs.div_ceil(if pairs { 2 } else { 1 }), ..*geometry };
    let frame = gradient_frame(&of_entries);
    let mut phases: Vec<Phase> = (0..geometry.stride * geometry.stride)
        .map(|phase| Phase::new(&of_entries, &frame, [phase / geometry.stride, phase % geometry.stride]))
        .collect();
    if pairs {
        for phase in &mut phases {
            phase.steps = tap_by_tap(&phase.steps, of_entries.outputs);
        }
    }
    // Every tap belongs to one phase.
    let per_output = geometry.kernel.iter().product::<usize>() * columns;
    let in_order = |weight: &[f32], matrices: &mut [f32]| match pairs {
        true => in_phases_of_pairs(geometry, &phases, weight, matrices),
        false => in_phases(geometry, &phases, weight, matrices),
    };
    let order = match pairs {
        true => Order::InputGradientPairs(geometry.stride),
        false => Order::InputGradient(geometry.stride),
    };
    weight.with_order(order, of_entries.outputs * per_output, in_order, |matrices| {
        convolve(geometry, &frame, &phases, matrices, gradient, &first)
    })
}

fn convolve<S: Number>(
    geometry: &Geometry,
    frame: &Frame,
    phases: &[Phase],
    matrices: &[f32],
    gradient: &[S],
    first: &[f32],
) -> Vec<S> {
    let columns = padded(geometry.inputs);
    let [from, to] = [geometry.output_length(), geometry.input_length()];
    let pairs = S::as_bf16(gradient).is_some();
    // SAFETY: the phases cover every pixel, and each writes every channel of its own.
    unsafe {
        in_parts(geometry.batch * to, to, |image, out| {
            let convolve = |image: &[f32]| {
                write_padded(out, geometry.inputs, None, |out| {
                    let mut rest = matrices;
                    for Phase { rows, steps, targets, .. } in phases {
                        let matrix = rest.split_off(..steps.len() * columns).expect("each phase has a matrix");
                        GatherMatmul { image, rows, steps, matrix, panel: columns, columns, pairs, targets }
                            .write(first, out);
                    }
                });
            };
            let image = &gradient[image * from..][..from];
            match S::as_bf16(image) {
                Some(image) => frame.with_pairs(image, geometry.outputs, convolve),
                None => frame.with(image, convolve),
            }
        })
    }
}

/// The matrices of all phases, one after the other: `[outputs, its taps, padded inputs]` each.
fn in_phases(geometry: &Geometry, phases: &[Phase], weight: &[f32], mut matrices: &mut [f32]) {
    let columns = padded(geometry.inputs);
    let all = geometry.kernel.iter().product::<usize>() * columns;
    with_scratch(geometry.outputs * all, |reversed| {
        taps_in_reverse(geometry, weight, reversed);
        for Phase { taps, .. } in phases.iter().filter(|phase| !phase.taps.is_empty()) {
            let own = taps.len() * columns;
            let at_once = WORTH.div_ceil(all);
            let matrix = matrices.split_off_mut(..geometry.outputs * own).expect("there is room for every phase");
            each_part(matrix, at_once * own, |part, to| {
                let reversed = reversed[part * at_once * all..].chunks_exact(all);
                for (reversed, to) in reversed.zip(to.chunks_exact_mut(own)) {
                    for (&tap, to) in taps.iter().zip(to.chunks_exact_mut(columns)) {
                        to.copy_from_slice(&reversed[tap * columns..][..columns]);
                    }
                }
            });
        }
    });
}

/// The same for pairs of output channels.
fn in_phases_of_pairs(geometry: &Geometry, phases: &[Phase], weight: &[f32], mut matrices: &mut [f32]) {
    let columns = padded(geometry.inputs);
    let taps: usize = geometry.kernel.iter().product();
    with_scratch(geometry.outputs * taps * columns, |all| {
        in_phases(geometry, phases, weight, all);
        let mut all = &all[..];
        for Phase { taps, .. } in phases.iter().filter(|phase| !phase.taps.is_empty()) {
            let own = taps.len() * columns;
            let single = all.split_off(..geometry.outputs * own).expect("each phase has a matrix");
            let matrix =
                matrices.split_off_mut(..geometry.outputs.div_ceil(2) * own).expect("there is room for every phase");
            pair_weights(single, [taps.len(), columns], matrix);
        }
    });
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
    fn new(geometry: &Geometry, frame: &Frame, phase: [usize; 2]) -> Self {
        let stride = geometry.stride;
        let places =
            |d: usize| (0..geometry.size[d]).filter(move |place| (place + geometry.before) % stride == phase[d]);
        let own = |d: usize| (phase[d]..geometry.kernel[d]).step_by(stride);
        let columns = padded(geometry.inputs);
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for y in places(0) {
            for x in places(1) {
                rows.push(frame.place([(y + geometry.before) / stride, (x + geometry.before) / stride]));
                targets.push((y * geometry.size[1] + x) * columns);
            }
        }
        let [height, width] = geometry.kernel;
        // With each tap, the step back to the pixel that it was met from.
        let (mut taps, mut back) = (Vec::new(), Vec::new());
        for y in own(0) {
            for x in own(1) {
                taps.push(height * width - 1 - (y * width + x));
                back.push(frame.place([frame.before[0] - y / stride, frame.before[1] - x / stride]));
            }
        }
        let steps = (0..geometry.outputs).flat_map(|output| back.iter().map(move |back| back + output)).collect();
        Self { rows, steps, targets, taps }
    }
}
