//! Reverse densities and the transport form.

use fokker_laboratory::fokker_planck::{ProbabilityFlow, Reverse, Scheme, Solver, Transport};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::{Exact, LineMixture};
use fokker_process::GaussianMixture;

use crate::support::process;

fn mixture() -> LineMixture {
    LineMixture::new(&[0.4, 0.6], &[-1.5, 1.0], &[0.5, 0.6]).unwrap()
}

/// From the law at T back to the law at `end`: the L¹ distance to the closed form for a number of cells.
fn walk_back(toml: &str, reach: f64, backward_noise: f64, cells: usize) -> f64 {
    let (process, end) = (process(toml), 0.05);
    let general = mixture().to_gaussian_mixture().unwrap();
    let score = Exact { data: &general, process: &*process };
    let axis = Axis::new(-reach, reach, cells).unwrap();
    let horizon = process.horizon();
    let mut density = mixture().diffused(&*process, horizon).field(axis);
    let mass = density.mass();
    if backward_noise == 0.0 {
        let flow = ProbabilityFlow { process: &*process, score: &score };
        Transport(flow).run(&mut density, horizon, end, 100, &()).unwrap();
    } else {
        let equation = Reverse::new(&*process, &score, horizon, backward_noise);
        Solver::new(equation, Scheme::Extrapolated).run(&mut density, 0.0, horizon - end, 800, &()).unwrap();
    }
    assert!((density.mass() / mass - 1.0).abs() < 1e-12 && density.minimum() >= 0.0);
    density.l1_distance(&mixture().diffused(&*process, end).field(axis))
}

#[test]
fn every_backward_noise_leads_back_to_the_data() {
    let cases = [("kind = 'vp'\nbeta_max = 4.0", 7.0), ("kind = 've'\nsigma_min = 0.5\nsigma_max = 2.0", 12.0)];
    for (toml, reach) in cases {
        for backward_noise in [0.0, 0.5, 1.0, 2.0] {
            let errors = [120, 240].map(|cells| walk_back(toml, reach, backward_noise, cells));
            let order = (errors[0] / errors[1]).log2();
            // Van Leer's limiter flattens extremes: between first and second order in L¹ there.
            let least = if backward_noise == 0.0 { 1.6 } else { 1.8 };
            assert!(order > least && errors[1] < 2e-2, "{toml}, {backward_noise}: order {order}, {errors:?}");
        }
    }
}

#[test]
fn the_transport_form_is_the_same_density_in_the_plane() {
    let process = process("kind = 'ornstein_uhlenbeck'\nlambda = 1.0\nsigma = 1.0\nhorizon = 1.0");
    let data =
        GaussianMixture::with_variances(vec![0.5, 0.5], vec![vec![-1.0, 0.0], vec![1.0, 0.7]], vec![0.3, 0.4]).unwrap();
    let score = Exact { data: &data, process: &*process };
    let axis = Axis::new(-5.0, 5.0, 60).unwrap();
    let at = |t: f64| Field::of(&[axis, axis], |x| data.log_density(&*process, t, x).exp());
    let mut density = at(0.1);
    let mass = density.mass();
    Transport(ProbabilityFlow { process: &*process, score: &score }).run(&mut density, 0.1, 0.6, 1, &()).unwrap();
    assert!((density.mass() / mass - 1.0).abs() < 1e-12 && density.minimum() >= 0.0);
    // Cells of 0.17 against deviations of 0.6; one order finer leaves a quarter.
    assert!(density.l1_distance(&at(0.6)) < 3e-2, "{}", density.l1_distance(&at(0.6)));
}
