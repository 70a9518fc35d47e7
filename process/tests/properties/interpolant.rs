//! Interpolants between Gaussian mixtures: paths, and density, score and velocity against each other.

use fokker_process::check::derivative;
use fokker_process::interpolant::{BridgeNoise, Interpolant, InterpolantPath, InterpolatedMixtures};
use fokker_process::{Covariance, GaussianMixture};
use proptest::prelude::*;

use crate::cases::settings;

fn any_interpolant() -> impl Strategy<Value = Interpolant> {
    let paths = prop::sample::select(vec![InterpolantPath::Linear, InterpolantPath::Trigonometric]);
    let scale = 0.1..2.0f64;
    let bridges = prop_oneof![
        Just(BridgeNoise::None),
        scale.clone().prop_map(|scale| BridgeNoise::Brownian { scale }),
        scale.prop_map(|scale| BridgeNoise::Sine { scale }),
    ];
    (paths, bridges).prop_map(|(path, bridge)| Interpolant { path, bridge })
}

/// Covariances of every kind, in other directions at either end.
fn between(interpolant: Interpolant) -> InterpolatedMixtures {
    let full = |a: f64, b: f64, c: f64| Covariance::Full(vec![vec![a, b], vec![b, c]]);
    let data = GaussianMixture::new(
        vec![1.0, 2.0],
        vec![vec![-1.0, 0.5], vec![1.0, 1.0]],
        vec![Covariance::Isotropic(0.3), full(0.5, 0.3, 0.4)],
    );
    let start = GaussianMixture::new(
        vec![3.0, 1.0, 1.0],
        vec![vec![0.3, -1.5], vec![2.0, 0.0], vec![-2.0, -1.0]],
        vec![Covariance::Diagonal(vec![0.2, 0.6]), full(0.4, -0.2, 0.3), Covariance::Isotropic(0.2)],
    );
    InterpolatedMixtures::new(data.unwrap(), start.unwrap(), interpolant).unwrap()
}

fn moved(x: &[f64], i: usize, value: f64) -> Vec<f64> {
    let mut x = x.to_vec();
    x[i] = value;
    x
}

proptest! {
    #![proptest_config(settings(60))]

    #[test]
    fn rates_are_derivatives(interpolant in any_interpolant(), t in 0.1..0.9f64) {
        let pairs: [(&dyn Fn(f64) -> f64, f64); 4] = [
            (&|t| interpolant.data_scale(t), interpolant.data_scale_derivative(t)),
            (&|t| interpolant.start_scale(t), interpolant.start_scale_derivative(t)),
            (&|t| interpolant.bridge.std(t), interpolant.bridge.std_derivative(t)),
            (&|t| 0.5 * interpolant.bridge.std(t).powi(2), interpolant.bridge.half_variance_derivative(t)),
        ];
        for (value, exact) in pairs {
            let slope = derivative(value, t, 0.05, 2.0);
            prop_assert!((slope.value - exact).abs() <= slope.error + 1e-13 * exact.abs(), "{exact} {slope:?}");
            prop_assert!(slope.error < 1e-5);
        }
    }

    /// The score is the slope of the density, and the velocity carries it: ∂ₜ ln p = −div b − b·s.
    #[test]
    fn the_velocity_carries_the_density(
        interpolant in any_interpolant(),
        t in 0.1..0.9f64,
        x in prop::array::uniform2(-2.0..2.0f64),
    ) {
        let bridges = between(interpolant);
        let law = bridges.at(t);
        let (score, velocity) = (law.score(&x), law.velocity(&x));
        let (mut right, mut error) = (0.0, 0.0);
        for i in 0..2 {
            let slope = derivative(|v| law.log_density(&moved(&x, i, v)), x[i], 0.03, 1.0 + law.log_density(&x).abs());
            prop_assert!((slope.value - score[i]).abs() <= slope.error, "{} {slope:?}", score[i]);
            let change = derivative(|v| law.velocity(&moved(&x, i, v))[i], x[i], 0.03, 10.0 + velocity[i].abs());
            right -= change.value + velocity[i] * score[i];
            error += change.error + 1e-13 * (velocity[i] * score[i]).abs();
        }
        let left = derivative(|t| bridges.at(t).log_density(&x), t, 0.03, 1.0 + law.log_density(&x).abs());
        error += left.error;
        prop_assert!((left.value - right).abs() <= error, "{} {right} ± {error}", left.value);
        prop_assert!(error < 1e-3, "{error}");
        // The law as a mixture of its own is the same one.
        prop_assert!((bridges.law(t).data_log_density(&x) - law.log_density(&x)).abs() < 1e-11);
    }
}

/// At the ends the laws are those that were given, and nothing is infinite although γ′ is.
#[test]
fn ends_are_the_given_laws() {
    let bridge = BridgeNoise::Brownian { scale: 0.7 };
    let bridges = between(Interpolant { bridge, ..Interpolant::default() });
    // The noise has −γγ′ s in the velocity: a Brownian bridge spreads at the data with −½ a² s and gathers at the start with ½ a² s.
    let still = between(Interpolant::default());
    for (t, sign) in [(0.0, -1.0), (1.0, 1.0)] {
        let (law, without) = (bridges.at(t), still.at(t));
        for x in [[0.0, 0.0], [1.0, -2.0]] {
            assert!((law.log_density(&x) - without.log_density(&x)).abs() < 1e-12);
            let pairs = law.velocity(&x).into_iter().zip(without.velocity(&x)).zip(law.score(&x));
            for ((with, without), score) in pairs {
                assert!((with - without - sign * 0.5 * 0.49 * score).abs() < 1e-12, "{t} {with} {without} {score}");
            }
        }
    }
    let mean = bridges.law(0.0).mean();
    assert!((mean[0] - 1.0 / 3.0).abs() < 1e-14 && (mean[1] - 2.5 / 3.0).abs() < 1e-14, "{mean:?}");
}

/// From a standard normal start without noise on the way, it is flow matching.
#[test]
fn a_normal_start_is_the_linear_path() {
    let data = GaussianMixture::with_stds(vec![0.3, 0.7], vec![vec![-1.0], vec![1.5]], vec![0.4, 0.2]).unwrap();
    let normal = GaussianMixture::with_stds(vec![1.0], vec![vec![0.0]], vec![1.0]).unwrap();
    let bridges = InterpolatedMixtures::new(data.clone(), normal, Interpolant::default()).unwrap();
    let process = fokker_process::LinearPath::default();
    for (t, x) in [(0.2, 0.3), (0.6, -1.0), (0.95, 2.0)] {
        let (x0, score) = (data.denoised(&process, t, &[x])[0], data.score(&process, t, &[x])[0]);
        assert!((bridges.at(t).score(&[x])[0] - score).abs() < 1e-12);
        // −x_0 + ε with ε = −t s.
        assert!((bridges.at(t).velocity(&[x])[0] - (-x0 - t * score)).abs() < 1e-12);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let wide = Interpolant { bridge: BridgeNoise::Sine { scale: f64::INFINITY }, ..Interpolant::default() };
    assert!(wide.validate().unwrap_err().to_string().contains("bridge.scale = inf"));
    let mixture =
        |dimension: usize| GaussianMixture::with_stds(vec![1.0], vec![vec![0.0; dimension]], vec![1.0]).unwrap();
    let refused = InterpolatedMixtures::new(mixture(1), mixture(2), Interpolant::default()).unwrap_err().to_string();
    assert!(refused.contains("start's law"), "{refused}");
    let unknown = serde_json::json!({ "bridge": { "kind": "sine", "scale": 1.0, "widht": 2.0 } });
    assert!(serde_json::from_value::<Interpolant>(unknown).is_err());
}
