//! The reverse of equations whose drift is not linear or whose noise depends on the state, on grids and by paths.

use std::sync::Arc;

use fokker_laboratory::fokker_planck::{Custom, Equation, Scheme, Solver, TimeReversal, Transport};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::{Benes, KlRow, KlTrace, LineMixture, Perturbed, Score, SinhImage};
use fokker_laboratory::paths::{Ensemble, EquationPath, EulerMaruyama};
use fokker_process::Process;
use fokker_random::Index;

use crate::support::{kolmogorov_distance, process};

/// β = 0.6 + 0.8 t, from two bumps.
fn benes() -> Benes {
    Benes::new(&LineMixture::new(&[0.4, 0.6], &[-0.8, 0.7], &[0.4, 0.5]).unwrap(), 0.6, 0.8)
}

fn ou() -> Arc<dyn Process> {
    process("kind = 'ornstein_uhlenbeck'\nlambda = 0.8\nsigma = 0.7\nhorizon = 1.0")
}

fn sinh(process: &dyn Process) -> SinhImage<'_> {
    SinhImage { process, data: LineMixture::new(&[0.4, 0.6], &[-0.6, 0.7], &[0.35, 0.4]).unwrap() }
}

#[track_caller]
fn second_order(error: impl Fn(usize) -> f64, cells: usize, most: f64, what: &str) {
    let errors = [error(cells), error(2 * cells)];
    let order = (errors[0] / errors[1]).log2();
    assert!(order > 1.8 && errors[1] < most, "{what}: order {order}, {errors:?}");
}

#[test]
fn the_laws_of_the_examples_solve_their_equations_and_their_scores_are_slopes() {
    let (benes, ou) = (benes(), ou());
    let sinh = sinh(&*ou);
    let forward = |cells: usize| {
        let axis = Axis::new(-8.0, 8.0, cells).unwrap();
        let mut density = benes.law(0.0).unwrap().field(axis);
        Solver::new(benes.clone(), Scheme::Extrapolated).run(&mut density, 0.0, 1.0, 400, &()).unwrap();
        density.l1_distance(&benes.law(1.0).unwrap().field(axis))
    };
    second_order(forward, 100, 1e-2, "Beneš");
    let forward = |cells: usize| {
        let axis = Axis::new(-12.0, 12.0, cells).unwrap();
        let mut density = Field::of(&[axis], |x| sinh.density(x[0], 0.0));
        let equation = Custom::new(1, |x: &[f64], t, i| sinh.drift(x, t, i), |x: &[f64], t| sinh.diffusion(x, t));
        Solver::new(equation, Scheme::Extrapolated).run(&mut density, 0.0, 1.0, 400, &()).unwrap();
        density.l1_distance(&Field::of(&[axis], |x| sinh.density(x[0], 1.0)))
    };
    second_order(forward, 150, 1e-2, "sinh Y");
    for (x, t) in [(-1.3, 0.2), (0.1, 0.5), (2.2, 0.9)] {
        let h = 1e-5;
        let slope = (sinh.density(x + h, t).ln() - sinh.density(x - h, t).ln()) / (2.0 * h);
        assert!((sinh.score(&[x], t, 0) - slope).abs() < 1e-8 * (1.0 + slope.abs()));
        assert!((sinh.integral(&[x - h], t, 0, 2.0 * h) - 2.0 * h * slope).abs() < 1e-13);
        assert!((benes.integral(&[x], t, 0, h) / h - benes.score(&[x + 0.5 * h], t, 0)).abs() < 1e-8);
    }
}

#[test]
fn anderson_reverses_a_drift_that_is_not_linear_and_depends_on_time() {
    let (benes, end) = (benes(), 0.1);
    for backward_noise in [0.5, 1.0, 2.0] {
        let back = |cells: usize| {
            let axis = Axis::new(-8.0, 8.0, cells).unwrap();
            let mut density = benes.law(1.0).unwrap().field(axis);
            let noise = |x: &[f64], tau: f64| backward_noise * benes.diffusion(x, 1.0 - tau);
            let reverse = TimeReversal::new(&benes, &benes, 1.0, noise);
            Solver::new(reverse, Scheme::Extrapolated).run(&mut density, 0.0, 1.0 - end, 400, &()).unwrap();
            density.l1_distance(&benes.law(end).unwrap().field(axis))
        };
        second_order(back, 150, 1e-2, &format!("{backward_noise}"));
    }
}

/// D̃(x, τ).
type Noise<'a> = Box<dyn Fn(&[f64], f64) -> f64 + Sync + 'a>;

/// D̃ of four kinds, for D = ½ g² (1 + x²): that of Anderson, a constant, one of place and time, one of place alone.
fn noises<'a>(forward: &'a SinhImage<'a>) -> [(&'static str, Noise<'a>); 4] {
    [
        ("σ̃ = σ", Box::new(|x, tau| forward.diffusion(x, 1.0 - tau))),
        ("constant", Box::new(|_, _| 0.4)),
        ("of place and time", Box::new(|x, tau| 0.3 * (1.0 + tau) * (1.5 + x[0].sin()))),
        ("of place", Box::new(|x, _| 0.2 + 0.3 / (1.0 + x[0] * x[0]))),
    ]
}

#[test]
fn every_backward_noise_of_place_and_time_leads_back_with_its_gradient() {
    let (ou, end) = (ou(), 0.1);
    let sinh = sinh(&*ou);
    let exact = |t: f64, cells: usize| Field::of(&[Axis::new(-12.0, 12.0, cells).unwrap()], |x| sinh.density(x[0], t));
    for (name, noise) in noises(&sinh) {
        let error = |cells: usize| {
            let mut density = exact(1.0, cells);
            let reverse = TimeReversal::new(&sinh, &sinh, 1.0, &*noise);
            Solver::new(reverse, Scheme::Extrapolated).run(&mut density, 0.0, 1.0 - end, 200, &()).unwrap();
            density.l1_distance(&exact(end, cells))
        };
        second_order(error, 180, 2e-2, name);
        // Without ∇(σ² + σ̃²), as the summary after Theorem 2.10 has it, finer cells do not help.
        let wrong = |cells: usize| {
            let drift = |x: &[f64], tau: f64, i: usize| {
                let t = 1.0 - tau;
                -sinh.drift(x, t, i) + (sinh.diffusion(x, t) + noise(x, tau)) * sinh.score(x, t, i)
            };
            let mut density = exact(1.0, cells);
            let reverse = Custom::new(1, drift, |x: &[f64], tau: f64| noise(x, tau));
            Solver::new(reverse, Scheme::Extrapolated).run(&mut density, 0.0, 1.0 - end, 200, &()).unwrap();
            density.l1_distance(&exact(end, cells))
        };
        let errors = [wrong(180), wrong(360)];
        assert!(errors[1] > 0.1 && errors[1] > 0.9 * errors[0], "{name}: {errors:?}");
    }
    // σ̃ = 0: the transport of Prop. 2.6, with −∇σ² in its velocity.
    let flow = |x: &[f64], t: f64, i: usize| {
        let slope = ou.diffusion_squared(t) * x[0];
        sinh.drift(x, t, i) - sinh.diffusion(x, t) * sinh.score(x, t, i) - slope
    };
    let error = |cells: usize| {
        let mut density = exact(1.0, cells);
        Transport(flow).run(&mut density, 1.0, end, 200, &()).unwrap();
        density.l1_distance(&exact(end, cells))
    };
    let errors = [error(180), error(360)];
    // Van Leer's limiter flattens extremes.
    assert!(errors[1] < 2e-2 && (errors[0] / errors[1]).log2() > 1.6, "{errors:?}");
}

/// Ends of paths of an equation from draws of a law.
fn ends(equation: &dyn Equation, start: &(dyn Fn(u64) -> f64 + Sync), horizon: f64, count: usize) -> Vec<f64> {
    let axis = Axis::new(-20.0, 20.0, 10).unwrap();
    let (path, steps) = (EquationPath(equation), 160);
    Ensemble::simulate(&path, &EulerMaruyama, start, (0.0, horizon), steps, (count, 0), (&axis, &[]), 4, &())
        .unwrap()
        .ends
}

#[test]
fn reverse_paths_end_in_the_law_of_the_data() {
    // 1.95/√N by chance once in a thousand, and a weak error of 160 steps, some 1/160.
    let count = 2000;
    let allowed = 1.95 / (count as f64).sqrt() + 6e-3;
    let (benes, ou, end) = (benes(), ou(), 0.1);
    let (last, first) = (benes.law(1.0).unwrap(), benes.law(end).unwrap());
    let start = |i: u64| last.sample(&mut Index::laboratory_start(i).rng(9));
    for noise in [0.0, 1.0] {
        let reverse = TimeReversal::new(&benes, &benes, 1.0, |x, tau| noise * benes.diffusion(x, 1.0 - tau));
        let distance = kolmogorov_distance(ends(&reverse, &start, 1.0 - end, count), |x| 1.0 - first.mass_above(x));
        assert!(distance < allowed, "Beneš, {noise}: {distance} {allowed}");
    }
    let sinh = sinh(&*ou);
    let last = sinh.data.diffused(&*ou, 1.0);
    let start = |i: u64| last.sample(&mut Index::laboratory_start(i).rng(9)).sinh();
    for (name, noise) in noises(&sinh) {
        let reverse = TimeReversal::new(&sinh, &sinh, 1.0, &*noise);
        let distance = kolmogorov_distance(ends(&reverse, &start, 1.0 - end, count), |x| sinh.mass_below(x, end));
        assert!(distance < allowed, "{name}: {distance} {allowed}");
    }
}

#[test]
fn the_bound_holds_for_noises_of_place_and_time() {
    let ou = ou();
    let sinh = sinh(&*ou);
    let axis = Axis::new(-12.0, 12.0, 360).unwrap();
    let law = |t: f64| Field::of(&[axis], |x| sinh.density(x[0], t)).normalized();
    let wrong = Perturbed { score: &sinh, amplitude: 0.5, wavenumber: 1.2 };
    let prior = Field::of(&[axis], |x| (-0.5 * (x[0] / 1.3).powi(2)).exp()).normalized();
    for (name, noise) in noises(&sinh) {
        let trace = KlTrace {
            generator: Solver::new(TimeReversal::new(&sinh, &wrong, 1.0, &*noise), Scheme::Extrapolated),
            law: &law,
            truth: &sinh,
            score: &wrong,
            forward: &|x, t| sinh.diffusion(x, t),
            backward: &|x, t| noise(x, 1.0 - t),
            start: 1.0,
            end: 0.05,
        };
        let rows: Vec<KlRow> = trace.rows(prior.clone(), 200, 10, &()).unwrap();
        let peak = rows.iter().fold(0.0f64, |most, row| most.max(row.truth));
        for row in &rows {
            assert!(row.truth <= row.bound * (1.0 + 1e-3), "{name}: {row:?}");
            // Cor. 4.2 up to the trapezoidal rule and differences on the grid.
            assert!((row.truth - row.integrated).abs() < 0.04 * peak, "{name}: {row:?}");
        }
        assert!(rows[rows.len() - 1].bound > rows[0].bound, "{name}");
    }
}
