//! Processes with matrix coefficients: against 30 digits of mpmath (reference/matrix_processes.py), and their own equations.

use fokker_process::check::derivative;
use fokker_process::matrix::{
    CriticallyDamped, DMatrix, DVector, MatrixError, MatrixProcess, MatrixTransition, TimeInvariant, TimeScaled,
    TimeVarying,
};
use fokker_process::{Covariance, CriticallyDampedLangevin, GaussianMixture, Process, Vp};
use fokker_random::{Stream, rng};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../reference/golden/matrix_processes.json")).unwrap()
}

fn matrix(value: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    DMatrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

/// The largest difference to the golden transition, each relative to the largest entry.
fn distance(found: &MatrixTransition, golden: &Value) -> f64 {
    let of = |found: &DMatrix<f64>, golden: DMatrix<f64>| (found - &golden).amax() / golden.amax();
    of(&found.matrix, matrix(&golden["psi"])).max(of(&found.covariance, matrix(&golden["q"])))
}

/// F and L of the golden time-varying process.
fn varying() -> impl MatrixProcess {
    let drift = |t: f64| DMatrix::from_row_slice(2, 2, &[-1.0 + 0.5 * (2.0 * t).sin(), 0.8, t.cos() - 1.0, -0.3 * t]);
    let noise = |t: f64| DMatrix::from_row_slice(2, 2, &[0.5, 0.25 * t, 0.0, 1.0 + 0.5 * t.sin()]);
    TimeVarying::new(drift, noise).unwrap()
}

fn mixture() -> GaussianMixture {
    let covariances = [[[0.5, 0.2], [0.2, 0.3]], [[0.1, -0.05], [-0.05, 0.4]]];
    let full = |rows: [[f64; 2]; 2]| Covariance::Full(rows.map(|row| row.to_vec()).to_vec());
    let means = vec![vec![-1.0, 0.5], vec![0.8, -0.2]];
    GaussianMixture::new(vec![0.4, 0.6], means, covariances.map(full).to_vec()).unwrap()
}

#[test]
fn transitions_agree_with_thirty_digits() {
    let golden = golden();
    for name in ["invariant", "invariant_short", "invariant_long"] {
        let case = &golden[name];
        let process = TimeInvariant::new(matrix(&case["drift"]), matrix(&case["noise"])).unwrap();
        let away = distance(&process.transition(0.0, case["span"].as_f64().unwrap()), case);
        // The condition of the exponential over a span of 20 takes two digits.
        assert!(away < 1e-13, "{name}: {away:e}");
    }
    let away = distance(&varying().transition(0.2, 1.9), &golden["varying"]);
    assert!(away < 1e-12, "varying: {away:e}");
}

#[test]
fn critically_damped_covariances_are_exact_entry_by_entry() {
    let process = CriticallyDamped::new(1, 4.0, 0.25).unwrap();
    for case in golden()["critically_damped"].as_array().unwrap() {
        let span = case["span"].as_f64().unwrap();
        let (found, psi, q) = (process.pair(span), matrix(&case["psi"]), matrix(&case["q"]));
        for (found, golden) in found.covariance.iter().zip(&q).chain(found.matrix.iter().zip(&psi)) {
            assert!((found / golden - 1.0).abs() < 1e-13, "{span}: {found:e} {golden:e}");
        }
    }
    // The equation itself, which the closed form does not know.
    let process = CriticallyDamped::new(2, 3.0, 0.6).unwrap();
    let equation = TimeInvariant::new(process.drift(0.0), process.noise(0.0)).unwrap();
    let (closed, integrated) = (process.transition(0.1, 0.9), equation.transition(0.1, 0.9));
    assert!((closed.matrix - integrated.matrix).amax() < 1e-14);
    assert!((closed.covariance - integrated.covariance).amax() < 1e-14);
    // N(0, I) × N(0, M I) in the long run.
    let late = process.transition(0.0, 40.0).covariance;
    assert!((late - DMatrix::from_diagonal(&DVector::from_vec(vec![1.0, 1.0, 0.6, 0.6]))).amax() < 1e-13);
}

#[test]
fn the_kernel_given_data_is_that_of_the_dynamics() {
    let process = CriticallyDampedLangevin::default();
    for t in [1e-4, 0.1, 1.0] {
        let kernel = process.kernel(t);
        let [xx, vx, vv] = kernel.factor;
        let factor = DMatrix::from_row_slice(2, 2, &[xx, 0.0, vx, vv]);
        let start = DMatrix::from_diagonal(&DVector::from_vec(vec![0.0, process.first_velocity_variance()]));
        let x0 = DVector::from_vec(vec![0.8, 0.0]);
        let (mean, covariance) = process.dynamics().pair(t).moments(&x0, &start);
        assert!((&factor * factor.transpose() - &covariance).amax() < 1e-15);
        assert!((mean[0] - 0.8 * kernel.position).abs() < 1e-15 && (mean[1] - 0.8 * kernel.velocity).abs() < 1e-15);
        assert_eq!((kernel.position, xx), (process.dynamics().pair(t).matrix[(0, 0)], process.std(t)));
    }
}

#[test]
fn carried_mixtures_agree_with_thirty_digits() {
    let law = mixture().carried(&varying().transition(0.2, 1.9));
    for point in golden()["mixture"].as_array().unwrap() {
        let numbers = |key: &str| -> Vec<f64> { serde_json::from_value(point[key].clone()).unwrap() };
        let (x, log_density) = (numbers("x"), point["log_density"].as_f64().unwrap());
        assert!((law.data_log_density(&x) - log_density).abs() < 1e-11 * (1.0 + log_density.abs()));
        for (found, golden) in law.data_score(&x).iter().zip(numbers("score")) {
            assert!((found - golden).abs() < 1e-11 * (1.0 + golden.abs()), "{found} {golden}");
        }
    }
}

#[test]
fn transitions_obey_their_equations() {
    let (process, s, t) = (varying(), 0.3, 1.1);
    let transition = process.transition(s, t);
    // eq. 2.1.9, 2.1.10 and 2.1.11.
    let parts = process.transition(s, 0.8).then(&process.transition(0.8, t));
    assert!((&parts.matrix - &transition.matrix).amax() < 1e-13);
    assert!((&parts.covariance - &transition.covariance).amax() < 1e-13);
    let there_and_back = process.transition_matrix(s, t) * &transition.matrix;
    assert!((there_and_back - DMatrix::identity(2, 2)).amax() < 1e-14);
    assert_eq!(process.transition(s, s), MatrixTransition::identity(2));
    // eq. 2.1.7 and 2.1.8 and the equations of the moments, by differences.
    let (mean, covariance) = (DVector::from_vec(vec![0.7, -0.4]), DMatrix::from_row_slice(2, 2, &[0.5, 0.2, 0.2, 0.3]));
    let at = |t: f64| process.transition(s, t).moments(&mean, &covariance);
    let (m, p) = at(t);
    let (mean_rate, covariance_rate) = (process.mean_rate(t, &m), process.covariance_rate(t, &p));
    let forwards = process.drift(t) * &transition.matrix;
    let backwards = -(&transition.matrix * process.drift(s));
    for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let rates = [
            (derivative(|t| process.transition(s, t).matrix[(i, j)], t, 0.05, 1.0), forwards[(i, j)]),
            (derivative(|s| process.transition(s, t).matrix[(i, j)], s, 0.05, 1.0), backwards[(i, j)]),
            (derivative(|t| at(t).0[i], t, 0.05, 1.0), mean_rate[i]),
            (derivative(|t| at(t).1[(i, j)], t, 0.05, 1.0), covariance_rate[(i, j)]),
        ];
        for (slope, rate) in rates {
            // The transitions themselves are integrated to 1e-12.
            assert!((slope.value - rate).abs() <= slope.error + 1e-9, "{} {rate} ± {}", slope.value, slope.error);
            assert!(slope.error < 1e-6);
        }
    }
}

#[test]
fn a_clock_of_its_own_is_the_scalar_process() {
    // Example 8 for VP: β(t) = 0.1 + 19.9 t.
    let (scalar, rate) = (Vp::default(), |t: f64| 0.1 + 19.9 * t);
    let process = TimeScaled::variance_preserving(2, rate).unwrap();
    let same = TimeVarying::new(
        |t: f64| DMatrix::identity(2, 2) * (-0.5 * rate(t)),
        |t: f64| DMatrix::identity(2, 2) * rate(t).sqrt(),
    )
    .unwrap();
    for t in [1e-3, 0.3, 1.0] {
        let kernel = scalar.transition(0.0, t);
        for transition in [process.transition(0.0, t), same.transition(0.0, t)] {
            let away = (&transition.matrix - DMatrix::identity(2, 2) * kernel.scale).amax() / kernel.scale;
            assert!(away < 1e-12, "{t}: {away:e}");
            let variance = kernel.std.powi(2);
            let away = (&transition.covariance - DMatrix::identity(2, 2) * variance).amax() / variance;
            assert!(away < 1e-12, "{t}: {away:e}");
        }
        // eq. 5.1.9, with the mean scale squared in the place of e^{−∫σ}.
        let start = DMatrix::from_row_slice(2, 2, &[0.5, 0.2, 0.2, 0.3]);
        let (_, found) = process.transition(0.0, t).moments(&DVector::zeros(2), &start);
        let expected = DMatrix::identity(2, 2) + (start - DMatrix::identity(2, 2)) * kernel.scale.powi(2);
        assert!((found - expected).amax() < 1e-13);
    }
}

#[test]
fn draws_have_the_law_of_their_transition() {
    let process = CriticallyDamped::new(1, 4.0, 0.25).unwrap();
    let transition = process.transition(0.0, 0.3);
    let (factor, start) = (transition.factor(), DVector::from_vec(vec![1.0, -0.5]));
    let (mut random, count) = (rng(3, Stream::Test, 0), 40_000);
    let mut sum = DMatrix::zeros(2, 2);
    for _ in 0..count {
        let away = transition.sample(&factor, &start, &mut random) - &transition.matrix * &start;
        sum += &away * away.transpose();
    }
    for (found, exact) in (sum / f64::from(count)).iter().zip(&transition.covariance) {
        // Five standard errors; that of an entry is at most √2 times the largest variance over √n.
        let error = (2.0 / f64::from(count)).sqrt() * transition.covariance.amax();
        assert!((found - exact).abs() < 5.0 * error, "{found} {exact}");
    }
    // The density of the transition is that of a mixture of one narrow Gaussian, carried.
    let narrow = GaussianMixture::with_variances(vec![1.0], vec![start.as_slice().to_vec()], vec![1e-18]).unwrap();
    let end = DVector::from_vec(vec![0.4, 0.2]);
    let density = transition.log_density(&start, &end).unwrap();
    assert!((density - narrow.carried(&transition).data_log_density(end.as_slice())).abs() < 1e-10);
    // No time, no noise, no density.
    assert_eq!(process.transition(0.3, 0.3).log_density(&start, &end), None);
}

#[test]
fn matrices_that_do_not_fit_are_refused() {
    let message = |drift: DMatrix<f64>, noise: DMatrix<f64>| TimeInvariant::new(drift, noise).unwrap_err().to_string();
    assert!(message(DMatrix::zeros(2, 3), DMatrix::zeros(2, 1)).starts_with("F is 2 × 3, but it must be square"));
    assert!(message(DMatrix::zeros(2, 2), DMatrix::zeros(3, 1)).starts_with("L is 3 × 1, but it must be 2 × m"));
    let drift = DMatrix::from_element(1, 1, f64::NAN);
    assert!(message(drift, DMatrix::zeros(1, 1)).starts_with("F contains NaN"));
    let wrong = CriticallyDamped::new(1, 4.0, 0.0).unwrap_err();
    assert_eq!(wrong, MatrixError::Parameter { what: "mass", value: 0.0, expected: "a finite number above 0" });
}
