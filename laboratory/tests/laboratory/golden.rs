//! Densities without a closed form, against SciPy (reference/fokker_planck_scipy.py).

use fokker_laboratory::fokker_planck::{Custom, Equation, Scheme, Solver};
use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::LineMixture;
use serde_json::Value;

/// The largest difference to SciPy's density, over its maximum, by linear interpolation between centres.
fn distance(case: &str, equation: impl Equation, start: &LineMixture, end: f64, cells: usize) -> f64 {
    let golden: Value = serde_json::from_str(include_str!("../../../reference/golden/fokker_planck.json")).unwrap();
    let numbers = |key: &str| -> Vec<f64> { serde_json::from_value(golden[case][key].clone()).unwrap() };
    let axis = Axis::new(-7.0, 7.0, cells).unwrap();
    let mut density = start.field(axis);
    Solver::new(equation, Scheme::Extrapolated).run(&mut density, 0.0, end, 1500, &()).unwrap();
    let (places, values) = (numbers("x"), numbers("density"));
    let most = values.iter().fold(0.0f64, |most, value| most.max(*value));
    let away = places.iter().zip(&values).map(|(x, value)| {
        let place = (x - axis.centre(0)) / axis.width();
        let (i, part) = (place.floor() as usize, place.fract());
        let found = (1.0 - part) * density.values[i] + part * density.values[i + 1];
        (found - value).abs() / most
    });
    away.fold(0.0, f64::max)
}

#[test]
fn a_double_well_with_noise_that_depends_on_the_place() {
    let solve = |cells| {
        let equation = Custom::new(1, |x: &[f64], _, _| x[0] - x[0].powi(3), |x: &[f64], _| 0.3 + 0.1 * x[0].cos());
        distance("double_well", equation, &LineMixture::normal(0.8, 0.3).unwrap(), 1.5, cells)
    };
    let errors = [solve(200), solve(400)];
    assert!(errors[1] < 2e-3 && errors[0] / errors[1] > 3.0, "{errors:?}");
}

#[test]
fn a_drift_and_noise_that_change_with_time() {
    let start = LineMixture::new(&[0.5, 0.5], &[-1.0, 1.0], &[0.4, 0.5]).unwrap();
    let solve = |cells| {
        let drift = |x: &[f64], t: f64, _: usize| (2.0 * t).sin() - x[0].sin();
        let equation = Custom::new(1, drift, |_: &[f64], t: f64| 0.5 * (1.0 + 0.5 * (3.0 * t).sin()));
        distance("changing", equation, &start, 1.0, cells)
    };
    let errors = [solve(200), solve(400)];
    assert!(errors[1] < 1e-3 && errors[0] / errors[1] > 3.0, "{errors:?}");
}
