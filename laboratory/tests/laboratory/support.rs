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

/// The mean of draws, with its standard error.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    pub mean: f64,
    pub error: f64,
}

impl Mean {
    pub fn of(draws: impl IntoIterator<Item = f64>) -> Self {
        let (mut n, mut sum, mut square) = (0.0, 0.0, 0.0);
        for draw in draws {
            n += 1.0;
            sum += draw;
            square += draw * draw;
        }
        let mean = sum / n;
        Self { mean, error: ((square / n - mean * mean).max(0.0) / n).sqrt() }
    }

    /// The mean is what it should be, to five standard errors and a bias.
    #[track_caller]
    pub fn expect(&self, exact: f64, bias: f64, what: &str) {
        assert!((self.mean - exact).abs() <= 5.0 * self.error + bias, "{what}: {self:?}, expected {exact}");
    }
}

/// Φ(x).
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * statrs::function::erf::erfc(-x / 2f64.sqrt())
}

/// sup |F_n − F| of draws against a distribution function. Above 1.95/√n by chance once in a thousand.
pub fn kolmogorov_distance(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let away = draws.iter().enumerate().map(|(k, draw)| {
        let exact = cdf(*draw);
        (exact - k as f64 / n).abs().max(((k + 1) as f64 / n - exact).abs())
    });
    away.fold(0.0, f64::max)
}

/// sup |F_n − G_n| of two samples of the same size. Above 1.95 √(2/n) by chance once in a thousand.
pub fn two_sample_distance(mut one: Vec<f64>, mut two: Vec<f64>) -> f64 {
    one.sort_by(f64::total_cmp);
    two.sort_by(f64::total_cmp);
    let below = |sample: &[f64], x: f64| sample.partition_point(|value| *value <= x) as f64 / sample.len() as f64;
    one.iter().chain(&two).map(|x| (below(&one, *x) - below(&two, *x)).abs()).fold(0.0, f64::max)
}
