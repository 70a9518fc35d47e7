//! The step on the CPU: all tensors are read and written once.

use rayon::prelude::*;

use super::coefficients::Coefficients;
use crate::running_average::rounding::{NEIGHBOUR, averaged, mixed};
use crate::simd::multiversion;

/// Numbers of each tensor that a thread takes at a time.
const PART: usize = 1 << 14;

/// Takes a step of weight, first moment, second moment and average, in place.
///
/// # Panics
/// If the lengths differ.
pub(super) fn step(of: &Coefficients, state: [&mut [f32]; 4], gradient: &[f32]) {
    let total = gradient.len();
    assert!(state.iter().all(|numbers| numbers.len() == total), "the tensors of a step have one shape");
    let [weight, first, second, average] = state.map(|numbers| numbers.par_chunks_mut(PART));
    let parts = weight.zip(first).zip(second.zip(average)).zip(gradient.par_chunks(PART));
    parts.enumerate().for_each(|(part, (((w, m), (v, a)), g))| {
        let phase = of.phase.wrapping_add(((part * PART) as u32).wrapping_mul(NEIGHBOUR));
        update(of, phase, w, m, v, a, g);
    });
}

// One argument each: of arguments the compiler knows that they do not overlap, of an array's entries it does not.
multiversion!(
    fn update(
        of: &Coefficients,
        phase: u32,
        w: &mut [f32],
        m: &mut [f32],
        v: &mut [f32],
        a: &mut [f32],
        g: &[f32],
    ) = update_numbers
);

#[inline(always)]
fn update_numbers(
    of: &Coefficients,
    mut phase: u32,
    w: &mut [f32],
    m: &mut [f32],
    v: &mut [f32],
    a: &mut [f32],
    g: &[f32],
) {
    let Coefficients { gradient_scale, betas: [b1, b2], fresh: [n1, n2], rate, correction, epsilon, lost, .. } = *of;
    let [decay, fresh] = [of.average_decay, of.average_fresh];
    for ((w, m), ((v, a), g)) in w.iter_mut().zip(m).zip(v.iter_mut().zip(a).zip(g)) {
        let g = g * gradient_scale;
        *m = mixed(*m, g, n1, b1);
        *v = mixed(*v, g * g, n2, b2);
        *w -= *w * lost + *m * rate / ((*v * correction).sqrt() + epsilon);
        *a = averaged(*a, *w, fresh, decay, phase);
        phase = phase.wrapping_add(NEIGHBOUR);
    }
}
