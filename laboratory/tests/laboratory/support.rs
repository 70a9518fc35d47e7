//! What several tests need.

use std::sync::Arc;

use fokker_process::{Process, ProcessConfig};

pub fn process(toml: &str) -> Arc<dyn Process> {
    toml::from_str::<ProcessConfig>(toml).unwrap().build().unwrap()
}

/// The slope of ln error against ln size by least squares.
pub fn order(sizes: &[f64], errors: &[f64]) -> f64 {
    let n = sizes.len() as f64;
    let mean = |values: &[f64]| values.iter().map(|v| v.ln()).sum::<f64>() / n;
    let (x, y) = (mean(sizes), mean(errors));
    let pairs = sizes.iter().zip(errors);
    let (mixed, square) = pairs.fold((0.0, 0.0), |(mixed, square), (size, error)| {
        let away = size.ln() - x;
        (mixed + away * (error.ln() - y), square + away * away)
    });
    mixed / square
}
