//! The example of Lecture 6 with blurred data, its loss, and the noise integrated or drawn.

use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::{
    DenoisingLoss, Exact, GaussHermite, LearnedScore, LearningConfig, LineMixture, NoiseLaw, NoisyMixture, Perturbed,
    Score,
};
use fokker_laboratory::paths::{Ensemble, EulerMaruyama, LinearPath};
use fokker_random::Index;
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::support::{Mean, process};

const BLURRED: &str = "kind = 'blurred_ve'\nsigma_min = 0.2\nsigma_max = 3.0\nhorizon = 1.5\nmin_time = 1e-6";
const FROM_A_POINT: &str = "kind = 've'\nsigma_min = 0.2\nsigma_max = 3.0\nhorizon = 1.5\nmin_time = 1e-6";

#[test]
fn blurred_data_have_a_geometric_deviation_from_the_beginning() {
    let (blurred, point) = (process(BLURRED), process(FROM_A_POINT));
    for k in 1..=10 {
        let t = 0.15 * f64::from(k);
        // Eq. 1.28: η̃² = η² + η_min² = η_min² (η_max/η_min)^{2t/T}; and one β, eq. 1.22.
        assert!((blurred.std(t) - 0.2 * 15f64.powf(t / 1.5)).abs() < 1e-14);
        assert!((blurred.std(t).powi(2) - point.std(t).powi(2) - 0.04).abs() < 1e-13);
        assert!((blurred.diffusion_squared(t) / point.diffusion_squared(t) - 1.0).abs() < 1e-13);
        assert!((blurred.transition(0.5 * t, t).std - point.transition(0.5 * t, t).std).abs() < 1e-13);
    }
    assert!((blurred.std(1.5) - 3.0).abs() < 1e-14 && blurred.std(0.0) == 0.0);
    // Eq. 1.27 by paths of eq. 1.23 from x_0 + η_min z.
    let (count, steps, x0) = (4000, 300, 0.7);
    let start = |i: u64| x0 + 0.2 * Index::laboratory_start(i).rng(5).sample::<f64, _>(StandardNormal);
    let axis = Axis::new(-20.0, 20.0, 10).unwrap();
    let path = LinearPath { process: &*blurred, dimension: 1 };
    let run =
        Ensemble::simulate(&path, &EulerMaruyama, &start, (0.0, 1.5), steps, (count, 0), (&axis, &[]), 6, &()).unwrap();
    Mean::of(run.ends.iter().copied()).expect(x0, 0.0, "mean");
    // β at left ends is too small by half a step's growth, (L/T) Δt = 0.9 %.
    Mean::of(run.ends.iter().map(|x| (x - x0).powi(2))).expect(9.0, 0.009 * 9.0, "variance");
}

/// s(x, t) = −slope · x.
struct Linear(f64);

impl Score for Linear {
    fn dimension(&self) -> usize {
        1
    }

    fn score(&self, x: &[f64], _: f64, _: usize) -> f64 {
        -self.0 * x[0]
    }
}

/// Uniform times with w(t) = η̃²(t) [Lecture 6, eq. 1.30].
fn uniform_times(process: &dyn fokker_process::Process, count: usize) -> Vec<(f64, f64)> {
    let time = |k: usize| process.horizon() * (k as f64 + 0.5) / count as f64;
    (0..count).map(|k| (time(k), process.std(time(k)).powi(2) / count as f64)).collect()
}

#[test]
fn the_loss_of_the_example_is_the_explicit_one_up_to_a_constant() {
    let process = process(BLURRED);
    let times = uniform_times(&*process, 12);
    let rule = GaussHermite::new(60);
    let law = LineMixture::new(&[0.4, 0.6], &[-1.0, 1.2], &[0.5, 0.4]).unwrap();
    let general = law.to_gaussian_mixture().unwrap();
    let exact = Exact { data: &general, process: &*process };
    let fine = GaussHermite::new(24);
    let expectation = |of: &dyn Fn(f64) -> f64| -> f64 {
        law.components().map(|(weight, mean, variance)| weight * fine.expectation(mean, variance.sqrt(), of)).sum()
    };
    // Eq. 1.30 of the law: the loss is the mean of those of single data.
    let expanded = |score: &dyn Score| {
        expectation(&|x0| DenoisingLoss { process: &*process, data: &[x0], times: &times }.expanded(score, &rule))
    };
    let integrated = |score: &dyn Score| {
        expectation(&|x0| DenoisingLoss { process: &*process, data: &[x0], times: &times }.integrated(score, &rule))
    };
    // The first line of Prop. 1: ½ E |u − ∇ln p_t|² w.
    let explicit = |score: &dyn Score| -> f64 {
        let of_time = |&(t, weight): &(f64, f64)| {
            let mean: f64 = law
                .diffused(&*process, t)
                .components()
                .map(|(part, mean, variance)| {
                    let miss = |x: f64| (score.score(&[x], t, 0) - exact.score(&[x], t, 0)).powi(2);
                    part * rule.expectation(mean, variance.sqrt(), miss)
                })
                .sum();
            0.5 * weight * mean
        };
        times.iter().map(of_time).sum()
    };
    let wrong = Perturbed { score: &exact, amplitude: 0.5, wavenumber: 1.0 };
    let candidates: [&dyn Score; 4] = [&exact, &wrong, &Linear(0.3), &Linear(1.0)];
    let constants: Vec<f64> = candidates.iter().map(|score| expanded(*score) - explicit(*score)).collect();
    for (constant, score) in constants.iter().zip(candidates) {
        // Quadratures of mixtures' scores, to some 1e-6.
        assert!((constant - constants[0]).abs() < 1e-4, "{constants:?}");
        // ½ (L − Σ w/σ²): w = σ² makes Σ w/σ² = 1 over uniform times.
        assert!((expanded(score) - 0.5 * (integrated(score) - 1.0)).abs() < 1e-10);
        assert!(explicit(score) >= 0.0 && expanded(score) >= expanded(&exact) - 1e-12);
    }
    // From a point the loss is another one: another average over noise levels.
    let other = self::process(FROM_A_POINT);
    let times = uniform_times(&*other, 12);
    let loss = |score: &dyn Score| {
        expectation(&|x0| DenoisingLoss { process: &*other, data: &[x0], times: &times }.expanded(score, &rule))
    };
    assert!((loss(&Linear(1.0)) - expanded(&Linear(1.0))).abs() > 0.01);
}

#[test]
fn integrating_the_noise_is_exact_and_sampling_it_agrees() {
    let process = process("kind = 'ornstein_uhlenbeck'\nlambda = 1.0\nsigma = 1.0\nhorizon = 2.0");
    let mut rng = Index::test(2).rng(7);
    let data: Vec<f64> = (0..40).map(|_| 0.5 + rng.sample::<f64, _>(StandardNormal)).collect();
    let times = [(0.2, 0.5), (0.7, 1.0), (1.5, 2.0)];
    let loss = DenoisingLoss { process: &*process, data: &data, times: &times };
    // For s = −a x: (aΣ − 1/Σ)² + (a α X)², exact with two nodes.
    let a = 0.8;
    let expected: f64 = times
        .iter()
        .map(|&(t, weight)| {
            let (scale, std) = (process.mean_scale(t), process.std(t));
            let of_data: f64 = data.iter().map(|x| (a * scale * x).powi(2)).sum::<f64>() / data.len() as f64;
            weight * ((a * std - 1.0 / std).powi(2) + of_data)
        })
        .sum();
    assert!((loss.integrated(&Linear(a), &GaussHermite::new(2)) / expected - 1.0).abs() < 1e-13);
    // Another score, by sampling: five standard errors of 400 evaluations.
    let law = LineMixture::new(&[0.5, 0.5], &[-1.0, 1.5], &[0.6, 0.6]).unwrap().to_gaussian_mixture().unwrap();
    let score = Exact { data: &law, process: &*process };
    let exact = loss.integrated(&score, &GaussHermite::new(40));
    assert!((exact / loss.integrated(&score, &GaussHermite::new(80)) - 1.0).abs() < 1e-6);
    let sampled = Mean::of((0..400).map(|_| loss.sampled(&score, &mut rng)));
    sampled.expect(exact, 0.0, "L");
    // One evaluation is off by a tenth and more; the integral by nothing.
    assert!(20.0 * sampled.error > 0.05 * exact, "{sampled:?}");
}

#[test]
fn a_score_learned_with_the_noise_integrated_is_closer() {
    let process = process("kind = 'vp'\nbeta_min = 0.2\nbeta_max = 4.0");
    let data = LineMixture::new(&[0.4, 0.6], &[-1.5, 1.0], &[0.4, 0.5]).unwrap();
    let error = |nodes: Option<usize>, seed: u64| {
        let config = LearningConfig { samples: 500, bumps: 10, times: 4, ridge: 1e-6, nodes };
        let learned = LearnedScore::learn(&data, &*process, (0.05, 1.0), &config, seed, &()).unwrap();
        // E |s − ∇ln p|² at the first knot.
        let law = data.diffused(&*process, 0.05);
        let axis = Axis::new(-5.0, 5.0, 400).unwrap();
        let points = axis.centres().into_iter();
        points.map(|x| (learned.score(&[x], 0.05, 0) - law.score(x)).powi(2) * law.density(x)).sum::<f64>()
            * axis.width()
    };
    let sampled = Mean::of((0..12).map(|seed| error(None, seed)));
    let integrated = Mean::of((0..12).map(|seed| error(Some(16), seed)));
    assert!(
        integrated.mean + 2.0 * integrated.error < sampled.mean - 2.0 * sampled.error,
        "{integrated:?} {sampled:?}"
    );
    let refused = LearningConfig { samples: 500, bumps: 10, times: 4, ridge: 1e-6, nodes: Some(0) }.check();
    assert!(refused.unwrap_err().to_string().starts_with("learned.nodes = 0"));
}

#[test]
fn denoising_learns_the_score_whatever_the_noise() {
    let data = LineMixture::new(&[0.4, 0.6], &[-1.0, 1.2], &[0.5, 0.6]).unwrap();
    for noise in [NoiseLaw::Normal { std: 0.8 }, NoiseLaw::Logistic { scale: 0.6 }] {
        let law = NoisyMixture::new(data.clone(), noise, GaussHermite::new(24));
        for y in [-3.0, -0.4, 0.9, 5.0] {
            let h = 1e-4;
            let slope = (law.density(y + h).ln() - law.density(y - h).ln()) / (2.0 * h);
            assert!((law.score(y) - slope).abs() < 1e-6, "{noise:?} at {y}: {} {slope}", law.score(y));
        }
        // c = E|∇ln(p ∗ g)|² − E|∇ln g|², for every s.
        let score = |y: f64| law.score(y);
        let apart = |s: &dyn Fn(f64) -> f64| law.explicit_loss(score, s) - law.denoising_loss(s);
        let constants = [apart(&|_| 0.0), apart(&|y| -y), apart(&|y| 0.7 * (2.0 * y).sin())];
        assert!(constants.iter().all(|c| (c - constants[0]).abs() < 1e-7 && *c < 0.0), "{noise:?}: {constants:?}");
        // So the minimum is at the score, and what is left there is the constant.
        assert!((law.denoising_loss(score) + constants[0]).abs() < 1e-7);
    }
    // With Gaussian noise the law is the mixture's own.
    let (law, exact) = (
        NoisyMixture::new(data.clone(), NoiseLaw::Normal { std: 0.8 }, GaussHermite::new(24)),
        data.affine_image(1.0, 0.64),
    );
    assert!((law.score(0.3) - exact.score(0.3)).abs() < 1e-7 && (law.density(0.3) - exact.density(0.3)).abs() < 1e-8);
}
