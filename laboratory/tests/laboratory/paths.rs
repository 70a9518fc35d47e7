//! Itô equations: orders, laws, integrals.

use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::LineMixture;
use fokker_laboratory::paths::{
    BrownianPath, Ensemble, EulerMaruyama, GeometricBrownian, Heun, IntegralOfPath, Ito, LangevinPath, Method,
    Milstein, OrnsteinUhlenbeckPath, TimeVaryingPath, follow, quadratic_variation,
};

use crate::support::order;

const METHODS: [&dyn Method; 3] = [&EulerMaruyama, &Milstein, &Heun];

#[test]
fn strong_orders_for_state_dependent_noise_are_as_declared() {
    let equation = GeometricBrownian { growth: 0.3, volatility: 0.6 };
    for method in METHODS {
        let (levels, paths) = (5, 400);
        let mut errors = vec![0.0; levels];
        for i in 0..paths {
            let mut path = BrownianPath::new(1, i, 1, 1.0, 16);
            let end: f64 = path.values(0)[16];
            let exact = equation.solution(1.0, 1.0, end);
            for error in &mut errors {
                let mut x = [1.0];
                follow(&equation, method, &mut x, 0.0, &path, |_, _| ());
                *error += (x[0] - exact).abs() / paths as f64;
                path = path.refine();
            }
        }
        let steps: Vec<f64> = (0..levels).map(|level| 1.0 / f64::from(16 << level)).collect();
        let order = order(&steps, &errors);
        // 400 paths know the mean error to 5 %, five refinements the slope to 0.1.
        assert!((order - method.strong_order()).abs() < 0.1, "{}: {order} {errors:?}", method.name());
    }
}

/// Mean and variance of the ends of many paths.
fn moments(equation: &dyn Ito, method: &dyn Method, start: f64, steps: usize, count: usize) -> (f64, f64) {
    let axis = Axis::new(-50.0, 50.0, 10).unwrap();
    let run =
        Ensemble::simulate(equation, method, &move |_| start, (0.0, 1.0), steps, (count, 0), (&axis, &[]), 4, &());
    let ends = run.unwrap().ends;
    let n = ends.len() as f64;
    let mean = ends.iter().sum::<f64>() / n;
    (mean, ends.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}

#[test]
fn the_examples_have_their_laws() {
    let count = 20_000;
    let ou = OrnsteinUhlenbeckPath { lambda: 2.0, sigma: 0.7 };
    let varying = TimeVaryingPath { lambda: |t: f64| 1.0 + t, sigma: |t: f64| 0.5 + 0.3 * (4.0 * t).cos() };
    let stock = GeometricBrownian { growth: 0.2, volatility: 0.3 };
    // A constant rate is the plain process.
    let constant = TimeVaryingPath { lambda: |_: f64| 2.0, sigma: |_: f64| 0.7 };
    let (mean, variance) = constant.moments(1.5, 1.0, 64);
    let exact = ou.moments(1.5, 1.0);
    assert!((mean / exact.0 - 1.0).abs() < 1e-9 && (variance / exact.1 - 1.0).abs() < 1e-7);

    let cases: [(&dyn Ito, (f64, f64)); 3] =
        [(&ou, exact), (&varying, varying.moments(1.5, 1.0, 256)), (&stock, stock.moments(1.5, 1.0))];
    for (k, (equation, (mean, variance))) in cases.into_iter().enumerate() {
        for method in METHODS {
            let steps = 400;
            let found = moments(equation, method, 1.5, steps, count);
            // Five standard errors, and a weak error of first order in the step: rate² × step ≈ 4/400.
            let (five, weak) = (5.0 / (count as f64).sqrt(), 1e-2);
            assert!((found.0 - mean).abs() < five * variance.sqrt() + weak * mean, "{k} {}", method.name());
            let allowed = (five * 1.6 + weak) * variance;
            assert!((found.1 - variance).abs() < allowed, "{k} {}: {} {variance}", method.name(), found.1);
        }
    }
}

#[test]
fn the_integral_of_a_path_against_itself_is_what_each_calculus_says() {
    let mut path = BrownianPath::new(2, 0, 1, 3.0, 32);
    let mut misses = Vec::new();
    for _ in 0..8 {
        let integral = IntegralOfPath::of(&path);
        // Telescoping: equal up to rounding at every step size.
        assert!((integral.stratonovich_sum - integral.stratonovich).abs() < 1e-11);
        // ito − ito_sum = ½ (Σ ΔB² − T): deviation T/√(2n).
        let deviation = path.horizon() / (2.0 * path.steps() as f64).sqrt();
        assert!((integral.ito_sum - integral.ito).abs() < 5.0 * deviation);
        misses.push((integral.ito_sum - integral.ito).abs());
        path = path.refine();
    }
    let variation = quadratic_variation(&path.values(0));
    assert!((variation[variation.len() - 1] - 3.0).abs() < 5.0 * 3.0 * (2.0 / path.steps() as f64).sqrt());
    let last = IntegralOfPath::of(&path);
    assert!((last.stratonovich - last.ito - 1.5).abs() < 1e-12);
}

#[test]
fn langevin_dynamics_find_the_mixture() {
    let target = LineMixture::new(&[0.3, 0.7], &[-1.0, 1.0], &[0.5, 0.6]).unwrap();
    let axis = Axis::new(-4.0, 4.0, 40).unwrap();
    let run = Ensemble::simulate(
        &LangevinPath(target.clone()),
        &EulerMaruyama,
        &|_| 0.0,
        (0.0, 8.0),
        800,
        (8000, 3),
        (&axis, &Ensemble::evenly(800, 8)),
        6,
        &(),
    )
    .unwrap();
    assert_eq!((run.kept.len(), run.kept[0].len()), (3, 9));
    let density = run.density(8, &axis);
    let exact = target.field(axis);
    let distance: f64 = density.iter().zip(&exact.values).map(|(a, b)| (a - b).abs()).sum::<f64>() * axis.width();
    // 40 cells of 8000 draws: E|difference| sums to about √(2·40/π/8000) = 0.056 in L¹.
    assert!(distance < 0.09, "{distance}");
}

#[test]
fn paths_do_not_depend_on_how_many_there_are() {
    let equation = OrnsteinUhlenbeckPath { lambda: 1.0, sigma: 1.0 };
    let axis = Axis::new(-9.0, 9.0, 10).unwrap();
    let ends = |count| {
        let run =
            Ensemble::simulate(&equation, &Heun, &|_| 1.0, (0.0, 1.0), 10, (count, 0), (&axis, &[]), 4, &()).unwrap();
        run.ends
    };
    assert_eq!(ends(700)[..30], ends(30)[..]);
}
