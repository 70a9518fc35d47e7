//! Sums in many lanes at once.

/// Lanes of a sum: as many as keep two AVX-512 registers busy.
pub(super) const LANES: usize = 32;

/// Adds up `term` of every number; lane `i` takes every number whose place is `i` modulo [`LANES`].
#[inline(always)]
pub(super) fn sum(numbers: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let blocks = numbers.chunks_exact(LANES);
    let rest = blocks.remainder();
    for block in blocks {
        for (lane, &number) in lanes.iter_mut().zip(block) {
            *lane += term(number);
        }
    }
    for (lane, &number) in lanes.iter_mut().zip(rest) {
        *lane += term(number);
    }
    fold(lanes)
}

/// The sum of all lanes, by halves.
#[inline(always)]
pub(super) fn fold(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}
