//! Clouds for the tests.

use fokker_evaluation::Features;
use fokker_random::Index;

/// Steele, Lea & Flood 2014; the generator of reference/evaluation.py.
pub fn splitmix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `cloud` of reference/evaluation.py.
pub fn counted(seed: u64, [count, dimension]: [usize; 2], shift: f64, scale: f64) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::with_capacity(count * dimension);
    for place in 0..count * dimension {
        let base = (seed << 40) + place as u64 * 4;
        let uniform = |k: u64| (splitmix(base + k) >> 11) as f64 / (1u64 << 53) as f64;
        let sum = (0..3).map(uniform).sum::<f64>() - 1.5;
        let before = if place % dimension == 0 { 0.0 } else { 0.5 * values[place - 1] };
        values.push(scale * sum + shift + before);
    }
    values
}

/// Independent normals with a mean.
pub fn normals(name: &str, number: u64, count: usize, dimension: usize, mean: f64) -> Features {
    let normals = Index::test(number).normals(5, count * dimension);
    Features::new(name, dimension, normals.into_iter().map(|x| f64::from(x) + mean).collect()).unwrap()
}
