//! Gaussian mixtures: exact at every time, under every process.

use fokker_process::check::derivative;
use fokker_process::{Covariance, GaussianMixture, MixtureError, Process};
use fokker_random::{Stream, rng};
use proptest::prelude::*;

use crate::cases::{any_process, case, defaults, settings};

/// Two dimensions, one component of each kind of covariance.
fn plane() -> GaussianMixture {
    GaussianMixture::new(
        vec![1.0, 2.0, 3.0],
        vec![vec![-1.0, 0.5], vec![1.0, 1.0], vec![0.3, -1.5]],
        vec![
            Covariance::Isotropic(0.3),
            Covariance::Diagonal(vec![0.2, 0.6]),
            Covariance::Full(vec![vec![0.5, 0.3], vec![0.3, 0.4]]),
        ],
    )
    .unwrap()
}

/// A point in the region that the mixture fills at time t.
fn point(process: &dyn Process, t: f64, z: [f64; 2]) -> Vec<f64> {
    let (alpha, sigma) = (process.mean_scale(t), process.std(t));
    let size = (2.0 * alpha * alpha + sigma * sigma).sqrt();
    z.iter().map(|z| z * size).collect()
}

fn moved(x: &[f64], i: usize, value: f64) -> Vec<f64> {
    let mut x = x.to_vec();
    x[i] = value;
    x
}

proptest! {
    #![proptest_config(settings(100))]

    #[test]
    fn score_and_divergence_are_derivatives(config in any_process(), u in 0.0..2.0f64, z in prop::array::uniform2(-2.0..2.0f64)) {
        let (case, mixture) = (case(&config), plane());
        let (process, t) = (&*case.process, case.time(u));
        let x = point(process, t, z);
        let score = mixture.score(process, t, &x);
        // The smallest spread of any component: the length over which the density changes.
        let h = 0.05 * (0.1 * process.mean_scale(t).powi(2) + process.std(t).powi(2)).sqrt();
        let mut divergence = 0.0;
        let mut error = 0.0;
        for i in 0..2 {
            let log_density = |v: f64| mixture.log_density(process, t, &moved(&x, i, v));
            let slope = derivative(log_density, x[i], h, 1.0 + mixture.log_density(process, t, &x).abs());
            prop_assert!((slope.value - score[i]).abs() <= slope.error, "{} {} ± {}", score[i], slope.value, slope.error);
            prop_assert!(slope.error <= 1e-6 / h);
            let bend = derivative(|v| mixture.score(process, t, &moved(&x, i, v))[i], x[i], h, score[i].abs() + 1.0 / h);
            divergence += bend.value;
            error += bend.error;
        }
        let exact = mixture.score_divergence(process, t, &x);
        prop_assert!((exact - divergence).abs() <= error, "{exact} {divergence} ± {error}");
    }

    #[test]
    fn the_density_solves_the_fokker_planck_equation(config in any_process(), u in 0.0..2.0f64, z in prop::array::uniform2(-2.0..2.0f64)) {
        let (case, mixture) = (case(&config), plane());
        let (process, t) = (&*case.process, case.time(u));
        let x = point(process, t, z);
        let (score, divergence) = (mixture.score(process, t, &x), mixture.score_divergence(process, t, &x));
        let (f, g2) = (process.drift(t), process.diffusion_squared(t));
        let along: f64 = x.iter().zip(&score).map(|(x, s)| x * s).sum();
        let square: f64 = score.iter().map(|s| s * s).sum();
        // Divided by p: ∂ₜ ln p = −f(d + x·s) + ½g²(div s + |s|²).
        let right = -f * (2.0 + along) + 0.5 * g2 * (divergence + square);
        let terms = f.abs() * (2.0 + along.abs()) + g2 * (divergence.abs() + square);
        let h = case.width(t);
        let magnitude = 1.0 + mixture.log_density(process, t, &x).abs();
        let left = derivative(|t| mixture.log_density(process, t, &x), t, h, magnitude);
        let error = left.error + 1e-12 * terms;
        prop_assert!((left.value - right).abs() <= error, "{} ± {error}, right side {right}", left.value);
        prop_assert!(error <= 1e-5 * (terms + 1.0 / h));
    }

    #[test]
    fn the_posterior_mean_is_tweedies(config in any_process(), u in 0.0..2.0f64, z in prop::array::uniform2(-2.0..2.0f64)) {
        let (case, mixture) = (case(&config), plane());
        let (process, t) = (&*case.process, case.time(u));
        let x = point(process, t, z);
        let (alpha, sigma) = (process.mean_scale(t), process.std(t));
        let score = mixture.score(process, t, &x);
        for (i, mean) in mixture.denoised(process, t, &x).into_iter().enumerate() {
            // α E[x₀] = x + σ² s, in which both terms may be much larger than their sum.
            let size = x[i].abs() + sigma * sigma * score[i].abs();
            prop_assert!((alpha * mean - x[i] - sigma * sigma * score[i]).abs() <= 1e-12 * (size + 1.0));
        }
    }

    #[test]
    fn a_diffused_mixture_is_the_mixture_at_that_time(config in any_process(), u in 0.0..2.0f64, z in prop::array::uniform2(-2.0..2.0f64)) {
        let (case, mixture) = (case(&config), plane());
        let (process, t) = (&*case.process, case.time(u));
        let x = point(process, t, z);
        let diffused = mixture.diffused(process, t);
        let (a, b) = (diffused.log_density(process, 0.0, &x), mixture.log_density(process, t, &x));
        prop_assert!((a - b).abs() <= 1e-13 * (1.0 + b.abs()));
    }
}

#[test]
fn at_time_zero_the_mixture_is_that_of_the_data() {
    let mixture =
        GaussianMixture::with_variances(vec![1.0, 3.0], vec![vec![-1.0], vec![2.0]], vec![0.25, 1.0]).unwrap();
    let normal = |x: f64, m: f64, v: f64| (-0.5 * (x - m).powi(2) / v).exp() / (std::f64::consts::TAU * v).sqrt();
    for config in defaults() {
        let process = config.build().unwrap();
        for x in [-2.0, 0.1, 3.0] {
            let (a, b) = (0.25 * normal(x, -1.0, 0.25), 0.75 * normal(x, 2.0, 1.0));
            let score = (a * (-1.0 - x) / 0.25 + b * (2.0 - x)) / (a + b);
            assert!((mixture.log_density(&*process, 0.0, &[x]) - (a + b).ln()).abs() < 1e-14);
            assert!((mixture.score(&*process, 0.0, &[x])[0] - score).abs() < 1e-13);
            assert!((mixture.denoised(&*process, 0.0, &[x])[0] - x).abs() < 1e-14);
        }
    }
}

#[test]
fn far_tails_neither_overflow_nor_vanish() {
    let process = defaults()[0].build().unwrap();
    let x = [1e6, -1e6];
    let mixture = plane();
    assert!(mixture.log_density(&*process, 0.1, &x) < -1e11);
    assert!(mixture.score(&*process, 0.1, &x).iter().all(|s| s.is_finite() && s.abs() > 1e5));
}

/// Samples have the mean and the covariance of the law, within five standard errors.
#[test]
fn samples_have_the_moments_of_the_law() {
    let (mixture, process) = (plane(), defaults()[0].build().unwrap());
    let n = 5_000;
    for (index, t) in [0.0, 0.2].into_iter().enumerate() {
        let law = mixture.diffused(&*process, t);
        let (mean, covariance) = (law.mean(), law.covariance());
        let mut rng = rng(5, Stream::Test, index as u64);
        let samples: Vec<_> = (0..n).map(|_| mixture.sample(&*process, t, &mut rng)).collect();
        let within = |f: &dyn Fn(&[f64]) -> f64, expected: f64| {
            let values: Vec<f64> = samples.iter().map(|x| f(x)).collect();
            let found = values.iter().sum::<f64>() / f64::from(n);
            let spread = values.iter().map(|v| (v - found).powi(2)).sum::<f64>().sqrt() / f64::from(n);
            assert!((found - expected).abs() < 5.0 * spread, "{found} {expected}");
        };
        for i in 0..2 {
            within(&|x| x[i], mean[i]);
            for j in 0..2 {
                within(&|x| (x[i] - mean[i]) * (x[j] - mean[j]), covariance[i][j]);
            }
        }
        // And of the density: E[score] = 0, E[div score + |score|²] = 0.
        within(&|x| mixture.score(&*process, t, x)[0], 0.0);
        let stein = |x: &[f64]| {
            let score = mixture.score(&*process, t, x);
            mixture.score_divergence(&*process, t, x) + score.iter().map(|s| s * s).sum::<f64>()
        };
        within(&stein, 0.0);
    }
}

#[test]
fn the_mean_and_covariance_are_those_of_the_components() {
    let mixture = GaussianMixture::with_variances(vec![0.3, 0.7], vec![vec![-5.0], vec![5.0]], vec![4.0, 4.0]).unwrap();
    assert!((mixture.mean()[0] - 2.0).abs() < 1e-15);
    // 4 + 0.3·7² + 0.7·3².
    assert!((mixture.covariance()[0][0] - 25.0).abs() < 1e-13);
}

#[test]
fn wrong_mixtures_are_refused() {
    let full = |rows: [[f64; 2]; 2]| {
        let rows = rows.iter().map(|row| row.to_vec()).collect();
        GaussianMixture::new(vec![1.0], vec![vec![0.0, 0.0]], vec![Covariance::Full(rows)])
    };
    let is = |result: Result<GaussianMixture, MixtureError>, text: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    is(GaussianMixture::new(vec![], vec![], vec![]), "at least one component");
    is(GaussianMixture::with_variances(vec![1.0], vec![], vec![]), "1 weights, 0 means");
    is(GaussianMixture::with_variances(vec![-1.0], vec![vec![0.0]], vec![1.0]), "weight of component 0 is -1");
    is(GaussianMixture::with_variances(vec![1.0], vec![vec![]], vec![1.0]), "has 0 entries");
    is(
        GaussianMixture::with_variances(vec![1.0; 2], vec![vec![0.0], vec![0.0; 2]], vec![1.0; 2]),
        "mean of component 1",
    );
    is(GaussianMixture::with_variances(vec![1.0], vec![vec![f64::NAN]], vec![1.0]), "contains NaN");
    is(GaussianMixture::with_variances(vec![1.0], vec![vec![0.0]], vec![0.0]), "variance (or eigenvalue) 0");
    is(full([[1.0, 0.5], [0.4, 1.0]]), "not symmetric");
    is(full([[1.0, 2.0], [2.0, 1.0]]), "eigenvalue");
    is(full([[1.0, f64::INFINITY], [f64::INFINITY, 1.0]]), "contains inf");
}
