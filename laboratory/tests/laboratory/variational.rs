//! The variational bound of the SDE tutorial, where the posterior is known.

use fokker_laboratory::laws::{ApproximatePosterior, GaussHermite, LineMixture, LinearDecoder};
use fokker_random::Index;
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::support::Mean;

fn gaussian() -> LinearDecoder {
    LinearDecoder { prior: LineMixture::normal(0.0, 1.0).unwrap(), slope: 1.4, offset: 0.3, noise: 0.6 }
}

/// Two modes, nine deviations of the posterior apart.
fn two_modes() -> LinearDecoder {
    let prior = LineMixture::new(&[0.3, 0.7], &[-2.0, 2.0], &[0.5, 0.5]).unwrap();
    LinearDecoder { prior, slope: 0.2, offset: 0.0, noise: 1.0 }
}

#[test]
fn the_bound_is_evidence_less_gap_and_is_attained_by_the_posterior() {
    let (model, rule) = (gaussian(), GaussHermite::new(40));
    for x in [-2.0, 0.3, 1.7] {
        let evidence = model.log_evidence(x);
        let posterior = model.posterior(x).unwrap();
        // N(a(x − b)/(a² + s²), s²/(a² + s²)) for a standard normal prior.
        let (mean, variance) = posterior.moments();
        assert!((mean - 1.4 * (x - 0.3) / 2.32).abs() < 1e-14 && (variance - 0.36 / 2.32).abs() < 1e-14);
        let exact = ApproximatePosterior { mean, std: variance.sqrt() };
        assert!((model.bound(x, exact, &rule) - evidence).abs() < 1e-12);
        for (shift, factor) in [(0.0, 0.5), (0.4, 1.0), (-0.7, 1.9)] {
            let q = ApproximatePosterior { mean: mean + shift, std: factor * exact.std };
            let (bound, gap) = (model.bound(x, q, &rule), q.divergence_from(&posterior, &rule));
            assert!((bound - evidence + gap).abs() < 1e-11, "{bound} {evidence} {gap}");
            // KL of two Gaussians.
            let expected = -f64::ln(factor) + 0.5 * (factor * factor + shift * shift / variance) - 0.5;
            assert!((gap - expected).abs() < 1e-11 && gap > 0.0);
            // Eq. 3.0.11 with ‖E‖², and with the −d and the spread of the reconstruction that it drops.
            let square = q.std * q.std;
            let closed = -0.5 * ((x - 1.4 * q.mean - 0.3).powi(2) + 1.96 * square) / 0.36
                - 0.5 * (square + q.mean * q.mean - 1.0 - 2.0 * q.std.ln())
                - (0.6 * std::f64::consts::TAU.sqrt()).ln();
            assert!((bound - closed).abs() < 1e-11);
        }
        let found = model.best(x, ApproximatePosterior { mean: 0.0, std: 1.0 }, &rule);
        assert!((found.mean - mean).abs() < 1e-6 && (found.std - exact.std).abs() < 1e-6, "{found:?}");
    }
}

#[test]
fn the_sampled_bound_has_the_bound_for_its_mean_and_no_variance_at_the_posterior() {
    let rule = GaussHermite::new(60);
    for (model, q) in [
        (gaussian(), ApproximatePosterior { mean: 0.2, std: 0.5 }),
        (two_modes(), ApproximatePosterior { mean: 1.0, std: 0.8 }),
    ] {
        let x = 0.8;
        let mut rng = Index::test(1).rng(3);
        let draws: Vec<f64> = (0..20_000).map(|_| rng.sample(StandardNormal)).collect();
        let sampled = Mean::of(draws.iter().map(|epsilon| model.sampled_bound(x, q, *epsilon)));
        sampled.expect(model.bound(x, q, &rule), 0.0, "L");
        assert!(sampled.mean + 5.0 * sampled.error < model.log_evidence(x));
    }
    // At the exact posterior every draw is ln p(x).
    let (model, x) = (gaussian(), 0.8);
    let (mean, variance) = model.posterior(x).unwrap().moments();
    let q = ApproximatePosterior { mean, std: variance.sqrt() };
    for epsilon in [-3.0, 0.1, 2.2] {
        assert!((model.sampled_bound(x, q, epsilon) - model.log_evidence(x)).abs() < 1e-12);
    }
}

#[test]
fn with_two_modes_the_bound_seeks_one_of_them() {
    let (model, rule, x) = (two_modes(), GaussHermite::new(120), 0.1);
    let (evidence, posterior) = (model.log_evidence(x), model.posterior(x).unwrap());
    let modes: Vec<(f64, f64, f64)> = posterior.components().collect();
    for &(weight, mean, variance) in &modes {
        let q = model.best(x, ApproximatePosterior { mean, std: variance.sqrt() }, &rule);
        // The gap is −ln of the mode's weight, up to what reaches over: e^{−d²/8} of a distance of eight deviations.
        let gap = evidence - model.bound(x, q, &rule);
        assert!((gap + weight.ln()).abs() < 2e-3, "{gap} {}", -weight.ln());
        assert!((q.mean - mean).abs() < 0.01 && (q.std - variance.sqrt()).abs() < 0.01, "{q:?}");
        assert!((gap - q.divergence_from(&posterior, &rule)).abs() < 1e-9);
    }
    // A q that covers both, with the posterior's moments, minimises KL(p ‖ q) and has the larger gap here.
    let (mean, variance) = posterior.moments();
    let covering = ApproximatePosterior { mean, std: variance.sqrt() };
    let gap = evidence - model.bound(x, covering, &rule);
    let best = -modes.iter().map(|mode| mode.0.ln()).fold(f64::NEG_INFINITY, f64::max);
    assert!(gap > best + 0.5, "{gap} {best}");
}
