//! The average on the CPU: both arrays are read, and the average is written, once.

use rayon::prelude::*;

use super::rounding::{NEIGHBOUR, averaged};
use crate::simd::multiversion;

/// Numbers that a thread takes at a time.
const PART: usize = 1 << 14;

/// Takes a step of the average, in place.
///
/// # Panics
/// If the lengths differ.
pub(super) fn step(average: &mut [f32], value: &[f32], fresh: f32, kept: f32, phase: u32) {
    assert_eq!(average.len(), value.len(), "an average has the shape of what it is of");
    let parts = average.par_chunks_mut(PART).zip(value.par_chunks(PART));
    parts.enumerate().for_each(|(part, (average, value))| {
        let phase = phase.wrapping_add(((part * PART) as u32).wrapping_mul(NEIGHBOUR));
        update(average, value, fresh, kept, phase);
    });
}

multiversion!(
    fn update(average: &mut [f32], value: &[f32], fresh: f32, kept: f32, phase: u32) = update_numbers
);

#[inline(always)]
fn update_numbers(average: &mut [f32], value: &[f32], fresh: f32, kept: f32, mut phase: u32) {
    for (average, value) in average.iter_mut().zip(value) {
        *average = averaged(*average, *value, fresh, kept, phase);
        phase = phase.wrapping_add(NEIGHBOUR);
    }
}
