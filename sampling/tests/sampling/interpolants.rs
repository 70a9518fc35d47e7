//! Walks between two Gaussian mixtures: the flow against its closed form, and the law with any noise.

use fokker_process::interpolant::{BridgeNoise, Interpolant, InterpolantPath, InterpolatedMixtures};
use fokker_process::{Covariance, GaussianMixture};
use fokker_random::{Index, Stream, rng};
use fokker_sampling::{
    BridgeDynamics, EULER, HEUN, ImageNoise, OdeSolver, RUNGE_KUTTA_4, SdeSolver, Sra, StochasticHeun, walk_dynamics,
    walk_flow,
};

use crate::problems::{tensor, values};

/// Times from 1 down to 0.
fn times(steps: usize) -> Vec<f64> {
    (0..=steps).map(|k| 1.0 - k as f64 / steps as f64).collect()
}

/// Between two normal laws the flow is the affine map x ↦ m + s (x − n)/r, whatever noise the interpolant has.
#[test]
fn the_flow_between_normal_laws_is_affine() {
    let normal = |mean: f64, std: f64| GaussianMixture::with_stds(vec![1.0], vec![vec![mean]], vec![std]).unwrap();
    let (starts, exact) = ([3.0, 4.5, 1.0], [-1.0, -0.5, -1.0 - 2.0 / 3.0]);
    for bridge in [BridgeNoise::None, BridgeNoise::Brownian { scale: 0.7 }, BridgeNoise::Sine { scale: 0.7 }] {
        for path in [InterpolantPath::Linear, InterpolantPath::Trigonometric] {
            let bridges =
                InterpolatedMixtures::new(normal(-1.0, 0.5), normal(3.0, 1.5), Interpolant { path, bridge }).unwrap();
            let dynamics = BridgeDynamics::<2>::new(&bridges, &|_| 0.0);
            let error = |solver: &dyn OdeSolver<2>, steps: usize| {
                let found = values(&walk_flow(solver, &dynamics, tensor(starts.to_vec(), [3, 1]), &times(steps)));
                found.iter().zip(exact).map(|(found, exact)| (found - exact).abs()).fold(0.0, f64::max)
            };
            let solvers: [(&dyn OdeSolver<2>, f64); 3] = [(&EULER, 1.0), (&HEUN, 2.0), (&RUNGE_KUTTA_4, 4.0)];
            for (solver, order) in solvers {
                let (coarse, fine) = (error(solver, 40), error(solver, 80));
                let measured = (coarse / fine).log2();
                // The next term of the error leaves a fraction of an order: 0.3 for sin⁴ of the bridge at these steps.
                assert!(measured > order - 0.4, "{bridge:?} {path:?}, order {order}: {measured}, {coarse:e} {fine:e}");
                assert!(fine < 0.05, "{fine}");
            }
        }
    }
}

fn plane() -> (GaussianMixture, GaussianMixture) {
    let full = |a: f64, b: f64, c: f64| Covariance::Full(vec![vec![a, b], vec![b, c]]);
    let data = GaussianMixture::new(
        vec![0.3, 0.7],
        vec![vec![-1.5, 0.5], vec![1.0, 1.0]],
        vec![Covariance::Isotropic(0.2), full(0.3, 0.15, 0.2)],
    );
    let start = GaussianMixture::new(
        vec![0.6, 0.4],
        vec![vec![0.0, -1.5], vec![2.0, 0.0]],
        vec![Covariance::Diagonal(vec![0.2, 0.4]), full(0.3, -0.1, 0.2)],
    );
    (data.unwrap(), start.unwrap())
}

/// The noise of the interpolant, the method, and ε(t).
type Case<'a> = (BridgeNoise, &'a dyn SdeSolver<2>, &'a dyn Fn(f64) -> f64);

/// The mean of some functions of the draws is that of the law, to five standard errors of 4000 draws and the bias of the steps: with
/// 60 steps of a method of weak order 2 that is below a hundredth, which half as many steps show.
#[test]
fn every_noise_leads_to_the_law_of_the_data() {
    let count = 4000;
    let (data, start) = plane();
    let starts: Vec<f64> = (0..count).flat_map(|k| start.data_sample(&mut rng(2, Stream::Test, k))).collect();
    let features = |x: &[f64]| [x[0], x[1], x[0] * x[0], x[1] * x[1], x[0] * x[1], f64::from(x[0] > -0.3)];
    let (mean, covariance) = (data.mean(), data.covariance());
    let moment = |i: usize, j: usize| covariance[i][j] + mean[i] * mean[j];
    // P(x₀ > −0.3) = 0.3 Φ(−1.2/√0.2) + 0.7 Φ(1.3/√0.3).
    let above = 0.3 * normal(-1.2 / 0.2f64.sqrt()) + 0.7 * normal(1.3 / 0.3f64.sqrt());
    let exact = [mean[0], mean[1], moment(0, 0), moment(1, 1), moment(0, 1), above];
    let none: &dyn Fn(f64) -> f64 = &|_| 0.0;
    let some: &dyn Fn(f64) -> f64 = &|_| 0.4;
    let of_time: &dyn Fn(f64) -> f64 = &|t| 0.8 * t;
    let cases: [Case; 4] = [
        (BridgeNoise::Brownian { scale: 0.7 }, &StochasticHeun, none),
        (BridgeNoise::None, &StochasticHeun, some),
        (BridgeNoise::Sine { scale: 0.7 }, &Sra, some),
        (BridgeNoise::Brownian { scale: 0.7 }, &Sra, of_time),
    ];
    for (number, (bridge, solver, noise)) in cases.into_iter().enumerate() {
        let interpolant = Interpolant { bridge, ..Interpolant::default() };
        let bridges = InterpolatedMixtures::new(data.clone(), start.clone(), interpolant).unwrap();
        let x = tensor(starts.clone(), [count as usize, 2]);
        let mut brownian = ImageNoise::new(3, Index::brownian, 0, count as usize);
        let dynamics = BridgeDynamics::new(&bridges, noise);
        let ends = values(&walk_dynamics(solver, &dynamics, x, &times(60), &mut brownian));
        for (feature, exact) in exact.into_iter().enumerate() {
            let draws: Vec<f64> = ends.chunks(2).map(|x| features(x)[feature]).collect();
            let mean = draws.iter().sum::<f64>() / count as f64;
            let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / count as f64;
            let allowed = 5.0 * (variance / count as f64).sqrt() + 0.01;
            assert!((mean - exact).abs() < allowed, "case {number}, feature {feature}: {mean}, {exact} ± {allowed}");
        }
    }
}

/// Φ(x).
fn normal(x: f64) -> f64 {
    0.5 * statrs::function::erf::erfc(-x / 2f64.sqrt())
}
