//! The score Fokker–Planck equation: any drift and noise, and the propositions of [Lai 2023] as numbers.

use fokker_laboratory::LaboratoryError;
use fokker_laboratory::fokker_planck::Scheme;
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::{Interpolated, Score};
use fokker_laboratory::matrix::{ItoEquation, Law, MatrixEquation, MatrixScore, PlaneSolver, draw};
use fokker_laboratory::score_fpe::{
    Disturbance, Disturbed, ReverseLaw, ScoreEquation, ScoreField, Span, TrueScore, conservativity, higher_order,
};
use fokker_process::matrix::{DMatrix, TimeInvariant};
use fokker_process::{Covariance, GaussianMixture, Process};
use fokker_random::Index;
use serde_json::Value;

use crate::support::process;

/// A score from a function of place and time.
struct Given<F>(F);

impl<F: Fn(&[f64], f64) -> Vec<f64> + Send + Sync> MatrixScore for Given<F> {
    fn at(&self, t: f64) -> Box<dyn Fn(&[f64]) -> Vec<f64> + Send + Sync + '_> {
        Box::new(move |x| (self.0)(x, t))
    }
}

fn linear() -> TimeInvariant {
    let drift = DMatrix::from_row_slice(2, 2, &[-0.8, 0.7, -0.5, -0.6]);
    TimeInvariant::new(drift, DMatrix::from_row_slice(2, 2, &[0.7, 0.0, 0.3, 0.5])).unwrap()
}

fn mixture() -> GaussianMixture {
    let full = |rows: [[f64; 2]; 2]| Covariance::Full(rows.map(|row| row.to_vec()).to_vec());
    let covariances = vec![full([[0.4, 0.15], [0.15, 0.3]]), full([[0.3, -0.1], [-0.1, 0.4]])];
    GaussianMixture::new(vec![0.4, 0.6], vec![vec![-1.0, 0.6], vec![0.9, -0.3]], covariances).unwrap()
}

const BEND: f64 = 0.4;

/// The image (y₁, y₂ + c y₁²) of a linear process y. The map keeps areas, so the density is that of y at the place it comes from.
struct Bent<'a> {
    law: Law<'a>,
}

impl Bent<'_> {
    fn back(x: &[f64]) -> [f64; 2] {
        [x[0], x[1] - BEND * x[0] * x[0]]
    }

    fn log_density(&self, x: &[f64], t: f64) -> f64 {
        self.law.mixture(t).data_log_density(&Self::back(x))
    }

    /// By Itô's formula: dx₁ = dy₁, dx₂ = dy₂ + 2 c y₁ dy₁ + c d[y₁].
    fn equation(&self) -> impl MatrixEquation {
        let (f, l) = (self.law.process.drift(0.0), self.law.process.noise(0.0));
        let variance = (&l * l.transpose())[(0, 0)];
        let drift = move |x: &[f64], _: f64| {
            let y = Self::back(x);
            let dy = [0, 1].map(|i| f[(i, 0)] * y[0] + f[(i, 1)] * y[1]);
            vec![dy[0], dy[1] + 2.0 * BEND * y[0] * dy[0] + BEND * variance]
        };
        let noise = move |x: &[f64], _: f64| DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 2.0 * BEND * x[0], 1.0]) * &l;
        ItoEquation::new(2, drift, noise)
    }
}

impl MatrixScore for Bent<'_> {
    fn at(&self, t: f64) -> Places<'_> {
        let score = self.law.at(t);
        Box::new(move |x| {
            let s = score(&Self::back(x));
            vec![s[0] - 2.0 * BEND * x[0] * s[1], s[1]]
        })
    }
}

type Places<'a> = Box<dyn Fn(&[f64]) -> Vec<f64> + Send + Sync + 'a>;

const PLACES: [[f64; 2]; 4] = [[0.3, -0.7], [-1.1, 0.9], [1.4, 0.2], [-0.2, -1.3]];

/// The largest component of the residual over some places, and the largest of ∂ₜ s by the same differences.
fn largest(equation: &dyn MatrixEquation, score: &dyn MatrixScore, t: f64, width: f64) -> f64 {
    let equation = ScoreEquation { equation, score, width };
    PLACES.iter().flat_map(|x| equation.residual(x, t)).map(f64::abs).fold(0.0, f64::max)
}

#[test]
fn the_equation_of_the_score_holds_for_matrix_noise_and_noise_that_depends_on_the_place() {
    let (data, y) = (mixture(), linear());
    let law = Law { data: &data, process: &y };
    let forward = fokker_laboratory::matrix::Forward(&y);
    let bent = Bent { law };
    let equation = bent.equation();
    // Sixth order in the width down to rounding: e h⁶ + 1e-16/h³ is least near 0.02.
    for (name, equation, score) in
        [("matrix", &forward as &dyn MatrixEquation, &law as &dyn MatrixScore), ("place", &equation, &bent)]
    {
        let [coarse, fine] = [0.08, 0.02].map(|width| largest(equation, score, 0.4, width));
        assert!(fine < 2e-7 && fine < coarse / 200.0, "{name}: {coarse:e}, {fine:e}");
        // Another score than that of the law has a residual.
        let wrong = Given(|x: &[f64], t: f64| score.at(t)(x).iter().map(|s| 1.1 * s).collect());
        assert!(largest(equation, &wrong, 0.4, 0.02) > 0.05, "{name}");
    }
    // ∂ₜ ln q by both formulas, against the density itself.
    let at = ScoreEquation { equation: &equation, score: &bent, width: 0.02 };
    for x in &PLACES {
        let h = 1e-3;
        let exact = (bent.log_density(x, 0.4 + h) - bent.log_density(x, 0.4 - h)) / (2.0 * h);
        let (by_score, by_velocity) = (at.log_density_rate(x, 0.4), at.log_density_rate_of_velocity(x, 0.4));
        assert!((by_score - exact).abs() < 1e-5, "{by_score} {exact}");
        assert!((by_score - by_velocity).abs() < 1e-8, "{by_score} {by_velocity}");
    }
}

#[test]
fn a_nonlinear_drift_with_a_known_stationary_law_has_a_score_that_rests() {
    // U = (x₁² − 1)²/2 + (x₂ − x₁/2)², F = −(½ G Gᵀ + Q) ∇U with Q antisymmetric keeps e^{−U}, whatever the constant G and Q.
    let slope = |x: &[f64]| {
        let tilt = 2.0 * (x[1] - 0.5 * x[0]);
        [2.0 * x[0] * (x[0] * x[0] - 1.0) - 0.5 * tilt, tilt]
    };
    let noise = DMatrix::from_row_slice(2, 2, &[0.9, 0.2, -0.4, 0.6]);
    let pull = &noise * noise.transpose() * 0.5 + DMatrix::from_row_slice(2, 2, &[0.0, 0.7, -0.7, 0.0]);
    let drift = move |x: &[f64], _: f64| {
        let u = slope(x);
        vec![-pull[(0, 0)] * u[0] - pull[(0, 1)] * u[1], -pull[(1, 0)] * u[0] - pull[(1, 1)] * u[1]]
    };
    let equation = ItoEquation::new(2, drift, move |_: &[f64], _: f64| noise.clone());
    let score = Given(move |x: &[f64], _: f64| slope(x).map(|u| -u).to_vec());
    assert!(largest(&equation, &score, 1.0, 0.02) < 1e-7, "{:e}", largest(&equation, &score, 1.0, 0.02));
    let at = ScoreEquation { equation: &equation, score: &score, width: 0.02 };
    assert!(PLACES.iter().all(|x| at.log_density_rate(x, 1.0).abs() < 1e-9));
    // The velocity of the density is not zero: it turns around the law, along its levels.
    let [u, v] = [at.velocity(&PLACES[0], 1.0), slope(&PLACES[0]).to_vec()];
    assert!(u[0].abs() > 0.1 && (u[0] * v[0] + u[1] * v[1]).abs() < 1e-9);
}

#[test]
fn it_reduces_to_the_papers_equation_for_linear_drift_and_scalar_noise() {
    let (data, process) = (mixture(), process("kind = 'vp'\nbeta_min = 0.5\nbeta_max = 4.0"));
    let truth = TrueScore { data: &data, process: &*process };
    let disturbance = Disturbance { along: 0.3, across: -0.4, wavenumber: 1.3 };
    let guess = Disturbed { field: &truth, disturbance, exact_at: 1.0 };
    let equation = ItoEquation::new(
        2,
        |x: &[f64], t: f64| x.iter().map(|x| process.drift(t) * x).collect(),
        |_: &[f64], t: f64| DMatrix::identity(2, 2) * process.diffusion_squared(t).sqrt(),
    );
    let score = Given(|x: &[f64], t: f64| guess.values(&[x.to_vec()], t)[0].as_slice().to_vec());
    let general = ScoreEquation { equation: &equation, score: &score, width: 0.02 };
    let t = 0.35;
    for x in &PLACES {
        let jet = &guess.jets(&[x.to_vec()], t)[0];
        let (found, exact) = (general.residual(x, t), jet.residual(&*process, x, t));
        let away = found.iter().zip(exact.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(away < 1e-6 && exact.norm() > 0.1, "{found:?} {exact}");
        // (24).
        let (square, f) = (process.diffusion_squared(t), process.drift(t));
        let along: f64 = x.iter().zip(jet.value.iter()).map(|(x, s)| x * s).sum();
        let rate = 0.5 * square * (jet.jacobian.trace() + jet.value.norm_squared()) - f * along - 2.0 * f;
        assert!((general.log_density_rate(x, t) - rate).abs() < 1e-7);
    }
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../reference/golden/score_fpe_propositions.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The mixture, process and error of `reference/score_fpe_propositions.py`.
fn of_golden() -> (GaussianMixture, std::sync::Arc<dyn Process>, Disturbance) {
    let data = GaussianMixture::new(
        vec![0.3, 0.7],
        vec![vec![-1.0, 0.5], vec![0.8, -0.4]],
        vec![
            Covariance::Full(vec![vec![0.3, 0.1], vec![0.1, 0.2]]),
            Covariance::Full(vec![vec![0.25, -0.05], vec![-0.05, 0.4]]),
        ],
    );
    let disturbance = Disturbance { along: 0.25, across: 0.35, wavenumber: 1.5 };
    (data.unwrap(), process("kind = 'vp'\nbeta_min = 0.1\nbeta_max = 8.0"), disturbance)
}

#[test]
fn derivatives_of_scores_agree_with_thirty_digits() {
    let (data, process, disturbance) = of_golden();
    let truth = TrueScore { data: &data, process: &*process };
    let guess = Disturbed { field: &truth, disturbance, exact_at: 1.0 };
    for case in golden()["jets"].as_array().unwrap() {
        let (x, t) = (numbers(&case["x"]), case["t"].as_f64().unwrap());
        let jet = &guess.jets(std::slice::from_ref(&x), t)[0];
        for (found, key) in [
            (jet.value.as_slice().to_vec(), "score"),
            (jet.jacobian.transpose().as_slice().to_vec(), "jacobian"),
            (jet.divergence_slope.as_slice().to_vec(), "divergence_slope"),
            (jet.rate.as_slice().to_vec(), "rate"),
            (jet.residual(&*process, &x, t).as_slice().to_vec(), "residual"),
        ] {
            for (found, exact) in found.iter().zip(numbers(&case[key])) {
                assert!((found - exact).abs() < 1e-11 * (1.0 + exact.abs()), "{key} at {x:?}: {found} {exact}");
            }
        }
        // The truth has no residual: kernel and equation of the process, and all derivatives, fit together.
        let exact = truth.jets(std::slice::from_ref(&x), t)[0].residual(&*process, &x, t).norm();
        assert!(exact < 1e-11 * (1.0 + jet.rate.norm()), "{exact:e}");
    }
}

#[test]
fn both_sides_of_propositions_1_and_3_are_those_of_scipy() {
    let (data, process, disturbance) = of_golden();
    let truth = TrueScore { data: &data, process: &*process };
    let guess = Disturbed { field: &truth, disturbance, exact_at: 1.0 };
    let golden = golden();
    let points: Vec<Vec<f64>> = golden["points"].as_array().unwrap().iter().map(numbers).collect();
    let check = |found: &[f64], key: &str, side: &str| {
        for (found, exact) in found.iter().zip(numbers(&golden[key][side])) {
            assert!((found / exact - 1.0).abs() < 2e-6, "{key}, {side}: {found} {exact}");
        }
    };
    let back = Span { from: 1.0, to: 0.05, panels: 40 };
    let first = conservativity(&*process, &guess, &truth, &points, &back, &()).unwrap();
    assert!(first.start_error.iter().all(|error| *error < 1e-14));
    let row = first.rows.last().unwrap();
    check(&row.left, "proposition1", "left");
    check(&row.right, "proposition1", "right");
    assert!(first.rows.iter().all(|row| row.least_gap() > -1e-9), "the inequality holds everywhere");
    // The bound is one: between sides that differ.
    assert!(row.left.iter().zip(&row.right).any(|(left, right)| left < &(0.95 * right)));

    let there = Span { from: 0.05, to: 1.0, panels: 40 };
    let third = higher_order(&*process, &guess, &truth, &points, &there, &()).unwrap();
    let row = third.rows.last().unwrap();
    check(&row.left, "proposition3", "left");
    assert!(third.rows.iter().all(|row| row.least_gap() > 0.0));
    // With these δ, which are the largest over nodes and not over all times, the right side is that of quadrature.
    let [zero, one, two] = third.deltas;
    for (i, right) in row.right.iter().enumerate() {
        let part = |key: &str| numbers(&golden["proposition3"][key])[i];
        let exact = 2.0 * zero + (two + 2.0 * one * zero) * part("c") + one * part("first") + zero * part("second");
        assert!((right / exact - 1.0).abs() < 2e-6, "{right} {exact}");
    }
    // The truth has neither side.
    let none = conservativity(&*process, &truth, &truth, &points, &back, &()).unwrap();
    assert!(none.rows.iter().flat_map(|row| row.left.iter().chain(&row.right)).all(|side| *side < 1e-5));
}

/// N(0, v₀) under a process, with the score −x/v + κ x: everything stays Gaussian.
struct WrongSlope<'a> {
    process: &'a dyn Process,
    kappa: f64,
}

impl WrongSlope<'_> {
    fn slope(&self, t: f64) -> f64 {
        self.kappa - 1.0 / (0.25 * self.process.mean_scale(t).powi(2) + self.process.std(t).powi(2))
    }
}

impl Score for WrongSlope<'_> {
    fn dimension(&self) -> usize {
        1
    }

    fn score(&self, x: &[f64], t: f64, _: usize) -> f64 {
        self.slope(t) * x[0]
    }
}

#[test]
fn what_a_wrong_score_generates_is_known_for_gaussians_and_lemma_3_leads_forwards_again() {
    let process = process("kind = 'vp'\nbeta_min = 0.5\nbeta_max = 4.0");
    let score = WrongSlope { process: &*process, kappa: 0.15 };
    let law = ReverseLaw { process: &*process, score: &score, start: 1.0, end: 0.1, prior_std: 1.0 };
    let measure = |cells: usize, steps: usize| {
        let history = law.history(&[Axis::new(-7.0, 7.0, cells).unwrap()], steps, &()).unwrap();
        let density = history.density(steps);
        let variance = density.expectation(|x| x[0] * x[0]);
        // V′ = −2 (f − g² (slope)) V − g² backwards in t: dV/dτ = 2 (−f + g² slope) V + g², by Runge–Kutta.
        let rate = |t: f64, v: f64| {
            let square = process.diffusion_squared(t);
            2.0 * (-process.drift(t) + square * score.slope(t)) * v + square
        };
        let (mut v, h) = (1.0, 0.9 / 2000.0);
        for k in 0..2000 {
            let t = 1.0 - f64::from(k) * h;
            let k1 = rate(t, v);
            let k2 = rate(t - 0.5 * h, v + 0.5 * h * k1);
            let k3 = rate(t - 0.5 * h, v + 0.5 * h * k2);
            v += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + rate(t - h, v + h * k3));
        }
        let agreement = history.agreement(steps, &WrongSlope { kappa: 0.0, ..score_of(&score) }, |t, x| {
            let variance = -1.0 / WrongSlope { kappa: 0.0, ..score_of(&score) }.slope(t);
            -0.5 * x[0] * x[0] / variance - 0.5 * variance.ln()
        });
        let (residual, size) = history.equation_of_generated(steps / 2);
        let forward = history.forward_again(&()).unwrap();
        let worst = forward.iter().map(|(_, distance)| *distance).fold(0.0, f64::max);
        (variance, v, agreement, residual / size, worst)
    };
    let (coarse, fine) = (measure(140, 40), measure(280, 80));
    let (variance, exact, agreement, ..) = fine;
    assert!((variance / exact - 1.0).abs() < 2e-3, "{variance} {exact}");
    // At the end: |κ| and |κ − 1/v + 1/V| times the deviation of the data.
    let v = -1.0 / WrongSlope { kappa: 0.0, ..score_of(&score) }.slope(0.1);
    let (to_truth, to_generated) = (0.15 * v.sqrt(), (score.slope(0.1) + 1.0 / exact).abs() * v.sqrt());
    assert!((agreement.guess_to_truth - to_truth).abs() < 1e-3 * to_truth, "{agreement:?} {to_truth}");
    assert!((agreement.guess_to_generated - to_generated).abs() < 2e-2 * to_generated, "{agreement:?} {to_generated}");
    // Both statements of Lemma 3 are those of the grid up to its second order.
    for (name, coarse, fine) in [("(27)", coarse.3, fine.3), ("(26)", coarse.4, fine.4)] {
        let order = (coarse / fine).log2();
        assert!(order > 1.6 && fine < 1e-2, "{name}: {coarse:e} {fine:e}");
    }
}

fn score_of<'a>(score: &WrongSlope<'a>) -> WrongSlope<'a> {
    WrongSlope { process: score.process, kappa: score.kappa }
}

#[test]
fn scores_that_nearly_solve_the_equation_are_nearly_those_of_proposition_2() {
    let data = GaussianMixture::with_stds(vec![0.4, 0.6], vec![vec![-1.2], vec![1.0]], vec![0.5, 0.6]).unwrap();
    let process = process("kind = 'vp'\nbeta_min = 0.1\nbeta_max = 12.0");
    let truth = TrueScore { data: &data, process: &*process };
    let axes = [Axis::new(-6.0, 6.0, 240).unwrap()];
    let exact = fokker_laboratory::laws::Exact { data: &data, process: &*process };
    let distances = |size: f64| {
        let disturbance = Disturbance { along: size, across: 0.0, wavenumber: 1.5 };
        let guess = Disturbed { field: &truth, disturbance, exact_at: 1.0 };
        let on_grid = Interpolated::new(&axes, |points: &[f64], t: f64| {
            let points: Vec<Vec<f64>> = points.iter().map(|x| vec![*x]).collect();
            guess.values(&points, t).iter().map(|s| s[0]).collect()
        });
        let law = ReverseLaw { process: &*process, score: &on_grid, start: 1.0, end: 0.05, prior_std: 1.0 };
        let history = law.history(&axes, 150, &()).unwrap();
        history.agreement(150, &exact, |t, x| data.log_density(&*process, t, x))
    };
    let [none, half, whole] = [0.0, 0.1, 0.2].map(distances);
    // ε ≡ 0: all three scores are one, up to the grid and to the prior, which is not the law at T to the last digit.
    assert!(none.guess_to_generated < 0.01 * none.truth && none.generated_to_truth < 0.01 * none.truth, "{none:?}");
    for (half, whole) in [
        (half.guess_to_truth, whole.guess_to_truth),
        (half.guess_to_generated, whole.guess_to_generated),
        (half.generated_to_truth, whole.generated_to_truth),
    ] {
        assert!((whole / half - 2.0).abs() < 0.25, "proportional to the error: {half} {whole}");
    }
}

/// Takes the bent law through its equation: the L¹ distance from the closed form, with mass and sign checked.
fn bent_density(cells: usize) -> f64 {
    let (data, y) = (mixture(), linear());
    let bent = Bent { law: Law { data: &data, process: &y } };
    let axes = [Axis::new(-4.5, 4.5, cells).unwrap(), Axis::new(-4.5, 7.5, cells + 8).unwrap()];
    let at = |t: f64| Field::of(&axes, |x| bent.log_density(x, t).exp());
    let (mut density, exact) = (at(0.0), at(0.5));
    let mass = density.mass();
    PlaneSolver::new(bent.equation(), Scheme::Extrapolated).run(&mut density, 0.0, 0.5, cells / 3, &()).unwrap();
    assert!((density.mass() / mass - 1.0).abs() < 1e-12, "{}", density.mass());
    assert!(density.minimum() >= 0.0);
    density.l1_distance(&exact)
}

#[test]
fn noise_that_depends_on_the_place_has_its_density_in_the_plane() {
    let errors = [36, 72].map(bent_density);
    let order = (errors[0] / errors[1]).log2();
    assert!(order > 1.6 && errors[1] < 3e-2, "order {order}, {errors:?}");
}

#[test]
fn correlated_geometric_brownian_motion_stays_log_normal() {
    // dXᵢ = μᵢ Xᵢ dt + Xᵢ (S dB)ᵢ: ln X is Gaussian with the drift μᵢ − ½ (S Sᵀ)ᵢᵢ.
    let s = DMatrix::from_row_slice(2, 2, &[0.3, 0.0, 0.2, 0.25]);
    let (square, rates) = (&s * s.transpose(), [0.15, -0.1]);
    let law = |t: f64| {
        let covariance =
            (0..2).map(|i| (0..2).map(|j| 0.05 * f64::from(u8::from(i == j)) + t * square[(i, j)]).collect());
        let mean = (0..2).map(|i| t * (rates[i] - 0.5 * square[(i, i)])).collect();
        GaussianMixture::new(vec![1.0], vec![mean], vec![Covariance::Full(covariance.collect())]).unwrap()
    };
    let equation = {
        let s = s.clone();
        ItoEquation::new(
            2,
            move |x: &[f64], _: f64| (0..2).map(|i| rates[i] * x[i]).collect(),
            move |x: &[f64], _: f64| DMatrix::from_fn(2, 2, |i, j| x[i] * s[(i, j)]),
        )
    };
    let distance = |cells: usize| {
        let axes = [Axis::new(0.15, 4.0, cells).unwrap(), Axis::new(0.15, 4.0, cells).unwrap()];
        let at = |t: f64| {
            let law = law(t);
            Field::of(&axes, |x| law.data_log_density(&[x[0].ln(), x[1].ln()]).exp() / (x[0] * x[1]))
        };
        let (mut density, exact) = (at(0.0), at(1.0));
        let mass = density.mass();
        PlaneSolver::new(&equation, Scheme::Extrapolated).run(&mut density, 0.0, 1.0, cells / 3, &()).unwrap();
        assert!((density.mass() / mass - 1.0).abs() < 1e-12 && density.minimum() >= 0.0);
        density.l1_distance(&exact)
    };
    let errors = [40, 80].map(distance);
    let order = (errors[0] / errors[1]).log2();
    assert!(order > 1.6 && errors[1] < 2e-2, "order {order}, {errors:?}");
    // Paths of the same equation have the same law: the mean of ln X to five standard errors and O(h).
    let start = |i: u64| law(0.0).data_sample(&mut Index::laboratory_start(i).rng(3)).iter().map(|y| y.exp()).collect();
    let paths = draw(&equation, &start, 2000, (0.0, 1.0), (50, &[50]), 5, &()).unwrap();
    for i in 0..2 {
        let mean = paths[0].iter().map(|x| x[i].ln()).sum::<f64>() / 2000.0;
        let (exact, std) = (law(1.0).mean()[i], law(1.0).covariance()[i][i].sqrt());
        assert!((mean - exact).abs() < 5.0 * std / 2000f64.sqrt() + 0.01, "{mean} {exact}");
    }
}

#[test]
fn noise_too_thin_for_the_grid_is_refused_where_it_depends_on_the_place() {
    let equation = ItoEquation::new(
        2,
        |_: &[f64], _: f64| vec![0.0; 2],
        |x: &[f64], _: f64| DMatrix::from_row_slice(2, 1, &[1.0, 2f64.sqrt() + x[0]]),
    );
    let axis = Axis::new(-1.0, 1.0, 20).unwrap();
    let mut density = Field::of(&[axis, axis], |x| (-x[0] * x[0] - x[1] * x[1]).exp());
    let error = PlaneSolver::new(&equation, Scheme::Extrapolated).step(&mut density, 0.0, 0.1).unwrap_err();
    assert!(matches!(&error, LaboratoryError::Value { key, .. } if key == "the diffusion tensor"), "{error}");
}
