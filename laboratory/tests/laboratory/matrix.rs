//! Equations with matrix-valued noise: densities in the plane, paths, and every reverse.

use fokker_laboratory::fokker_planck::Scheme;
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::matrix::{
    Forward, Law, MatrixEquation, MatrixScore, PlaneSolver, Reverse, draw, draw_exactly, solution,
};
use fokker_laboratory::paths::BrownianPath;
use fokker_process::matrix::{CriticallyDamped, DMatrix, DVector, MatrixProcess, TimeInvariant, TimeVarying};
use fokker_process::{Covariance, GaussianMixture};
use fokker_random::Index;

use crate::support::order;

/// Noise that is correlated, on a drift that turns, both changing with time.
fn turning() -> impl MatrixProcess {
    let drift = |t: f64| DMatrix::from_row_slice(2, 2, &[-0.8, 1.2 + 0.5 * t, -0.9, -0.4]);
    let noise = |t: f64| DMatrix::from_row_slice(2, 2, &[1.1, 0.0, 0.9 - 0.4 * t, 0.5]);
    TimeVarying::new(drift, noise).unwrap()
}

fn langevin() -> CriticallyDamped {
    CriticallyDamped::new(1, 2.0, 0.5).unwrap()
}

fn mixture() -> GaussianMixture {
    let full = |rows: [[f64; 2]; 2]| Covariance::Full(rows.map(|row| row.to_vec()).to_vec());
    let covariances = vec![full([[0.4, 0.15], [0.15, 0.3]]), full([[0.3, -0.1], [-0.1, 0.4]])];
    GaussianMixture::new(vec![0.4, 0.6], vec![vec![-1.0, 0.6], vec![0.9, -0.3]], covariances).unwrap()
}

fn on_grid(law: &GaussianMixture, axes: &[Axis]) -> Field {
    Field::of(axes, |x| law.data_log_density(x).exp())
}

/// Takes a law along an equation and compares with the law it should become: the L¹ distance, with mass and sign checked.
fn walk(equation: impl MatrixEquation, from: &GaussianMixture, to: &GaussianMixture, span: f64, cells: usize) -> f64 {
    // Cells that are not squares: the tensor is not the same in cells and in data units.
    let axes = [Axis::new(-5.5, 5.5, cells).unwrap(), Axis::new(-5.0, 5.0, cells + 6).unwrap()];
    let mut density = on_grid(from, &axes);
    let mass = density.mass();
    PlaneSolver::new(equation, Scheme::Extrapolated).run(&mut density, 0.0, span, cells / 2, &()).unwrap();
    assert!((density.mass() / mass - 1.0).abs() < 1e-12, "mass {} of {mass}", density.mass());
    assert!(density.minimum() >= 0.0, "{}", density.minimum());
    density.l1_distance(&on_grid(to, &axes))
}

#[test]
fn densities_in_the_plane_converge_to_their_closed_form() {
    let (turning, langevin, data) = (turning(), langevin(), mixture());
    let processes: [(&str, &dyn MatrixProcess, f64); 2] = [("turning", &turning, 1.6), ("langevin", &langevin, 1.8)];
    for (name, process, least) in processes {
        let end = data.carried(&process.transition(0.0, 0.8));
        let errors = [40, 80].map(|cells| walk(Forward(process), &data, &end, 0.8, cells));
        let order = (errors[0] / errors[1]).log2();
        // Not 2 yet: in the tails of coarse grids the drift outweighs the noise, and fitted fluxes are upwind fluxes.
        assert!(order > least && errors[1] < 2.5e-2, "{name}: order {order}, {errors:?}");
    }
}

#[test]
fn a_stationary_law_with_correlated_noise_is_kept_to_rounding() {
    // F = −D S⁻¹ with D = ½ L Lᵀ has the stationary law N(0, S), and nothing flows in it.
    let noise = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.8, 0.6]);
    let law = [[0.7, -0.2], [-0.2, 0.5]];
    let inverse = DMatrix::from_fn(2, 2, |i, j| law[i][j]).try_inverse().unwrap();
    let process = TimeInvariant::new(&noise * noise.transpose() * inverse.clone() * -0.5, noise).unwrap();
    let axes = [Axis::new(-5.0, 5.0, 50).unwrap(), Axis::new(-4.0, 4.0, 44).unwrap()];
    let quadratic = |x: &[f64]| (0..2).map(|i| (0..2).map(|j| x[i] * inverse[(i, j)] * x[j]).sum::<f64>()).sum::<f64>();
    let mut density = Field::zeros(&axes);
    // At the centres, where the fitted fluxes are exact.
    (0..density.values.len()).for_each(|k| density.values[k] = (-0.5 * quadratic(&density.point(k))).exp());
    let before = density.clone();
    PlaneSolver::new(Forward(&process), Scheme::Extrapolated).run(&mut density, 0.0, 5.0, 20, &()).unwrap();
    assert!(density.l1_distance(&before) < 1e-12 * before.mass(), "{:e}", density.l1_distance(&before));
}

#[test]
fn every_backward_noise_leads_back_in_the_plane() {
    let (turning, langevin, data, (end, horizon)) = (turning(), langevin(), mixture(), (0.2, 0.7));
    let askew = DMatrix::from_row_slice(2, 2, &[0.9, 0.0, -0.6, 0.7]);
    let first_only = DMatrix::from_column_slice(2, 1, &[1.0, 0.0]);
    let processes: [(&str, &dyn MatrixProcess); 2] = [("turning", &turning), ("langevin", &langevin)];
    for (name, process) in processes {
        let law = Law { data: &data, process };
        let (from, to) = (law.mixture(horizon), law.mixture(end));
        let reverse = |noise: &str| match noise {
            "none" => Reverse::scaled(process, &law, horizon, 0.0),
            "half" => Reverse::scaled(process, &law, horizon, 0.5),
            "forward" => Reverse::scaled(process, &law, horizon, 1.0),
            "askew" => Reverse::new(process, &law, horizon, |t| &askew * (1.0 + t)),
            _ => Reverse::new(process, &law, horizon, |_| first_only.clone()),
        };
        for noise in ["none", "half", "forward", "askew", "first only"] {
            let errors = [36, 72].map(|cells| walk(reverse(noise), &from, &to, horizon - end, cells));
            let order = (errors[0] / errors[1]).log2();
            // Where the drift outweighs the noise between neighbouring cells, fitted fluxes are upwind fluxes: at a quarter of
            // the forward tensor it does so by a factor of five more than where both balance.
            let least = if noise == "half" { 1.2 } else { 1.6 };
            assert!(order > least && errors[1] < 5e-2, "{name}, {noise}: order {order}, {errors:?}");
        }
    }
}

#[test]
fn the_reverse_of_a_gaussian_is_linear_and_has_its_law_exactly() {
    // The score is −P⁻¹ x, so the reverse is a linear process itself, and no grid and no draw is needed.
    let (turning, langevin, horizon) = (turning(), langevin(), 0.9);
    let start = DMatrix::from_row_slice(2, 2, &[0.5, 0.2, 0.2, 0.3]);
    let askew = DMatrix::from_row_slice(2, 2, &[0.9, 0.0, -0.6, 0.7]);
    let processes: [&dyn MatrixProcess; 2] = [&turning, &langevin];
    for process in processes {
        let covariance = |t: f64| process.transition(0.0, t).moments(&DVector::zeros(2), &start).1;
        let noises: [&(dyn Fn(f64) -> DMatrix<f64> + Send + Sync); 4] =
            [&|_| DMatrix::zeros(2, 2), &|t| process.noise(t), &|t| process.noise(t) * 2.0, &|t| &askew * t];
        for (number, noise) in noises.into_iter().enumerate() {
            let law = GaussianMixture::new(
                vec![1.0],
                vec![vec![0.0; 2]],
                vec![Covariance::Full(vec![vec![0.5, 0.2], vec![0.2, 0.3]])],
            )
            .unwrap();
            let law = Law { data: &law, process };
            let x = [0.3, -0.7];
            let away =
                law.at(0.4)(&x).iter().zip(law.mixture(0.4).data_score(&x)).map(|(a, b)| (a - b).abs()).sum::<f64>();
            assert!(away < 1e-12, "{away}");
            let reverse = Reverse::new(process, &law, horizon, noise);
            let columns = |tau: f64| {
                let coefficients = reverse.at(tau);
                let columns = [[1.0, 0.0], [0.0, 1.0]].map(|x| DVector::from_vec((coefficients.drift)(&x)));
                (DMatrix::from_columns(&columns), coefficients.noise.at(&[0.0, 0.0]).into_owned())
            };
            let linear = TimeVarying::new(|tau| columns(tau).0, |tau| columns(tau).1).unwrap();
            let (_, found) = linear.transition(0.0, 0.4).moments(&DVector::zeros(2), &covariance(horizon));
            let exact = covariance(horizon - 0.4);
            assert!((&found - &exact).amax() < 1e-9, "noise {number}: {found} {exact}");
        }
    }
}

#[test]
fn euler_maruyama_converges_to_the_solution_of_the_same_path() {
    let (process, start) = (turning(), vec![1.0, -0.5]);
    let equation = Forward(&process);
    let mut squares = [0.0; 3];
    for path in 0..100 {
        let coarse = BrownianPath::new(4, path, 2, 0.8, 20);
        let levels = [coarse.clone(), coarse.refine(), coarse.refine().refine()];
        let exact = solution(&process, &start, 0.0, &levels[2].refine().refine().refine());
        for (level, square) in levels.iter().zip(&mut squares) {
            // The same path: its increments are those of `draw` with this seed and number.
            let h = level.horizon() / level.steps() as f64;
            let mut x = start.clone();
            for k in 0..level.steps() {
                let at = equation.at(k as f64 * h);
                let drift = (at.drift)(&x);
                let kick = at.noise.at(&x).as_ref() * DVector::from_column_slice(level.increment(k));
                (0..2).for_each(|i| x[i] += drift[i] * h + kick[i]);
            }
            *square += (0..2).map(|i| (x[i] - exact[i]).powi(2)).sum::<f64>();
        }
    }
    let errors = squares.map(|square| (square / 100.0).sqrt());
    let order = order(&[1.0 / 20.0, 1.0 / 40.0, 1.0 / 80.0], &errors);
    // Noise that does not depend on the state: strong order 1.
    assert!((0.85..1.2).contains(&order), "order {order}, {errors:?}");
    // One path of an ensemble is that path.
    let one = draw(&equation, &|_| start.clone(), 1, (0.0, 0.8), (20, &[20]), 4, &()).unwrap();
    let path = BrownianPath::new(4, 0, 2, 0.8, 20);
    let away: f64 = solution(&process, &start, 0.0, &path).iter().zip(&one[0][0]).map(|(a, b)| (a - b).abs()).sum();
    assert!(away < 0.2, "{away}");
}

/// The largest difference between moments of points and of a law, in standard errors.
fn errors(points: &[Vec<f64>], law: &GaussianMixture) -> f64 {
    let n = points.len() as f64;
    let (mean, covariance) = (law.mean(), law.covariance());
    let mut most = 0.0f64;
    for i in 0..mean.len() {
        let found = points.iter().map(|x| x[i]).sum::<f64>() / n;
        most = most.max((found - mean[i]).abs() / (covariance[i][i] / n).sqrt());
        for j in 0..=i {
            let products: Vec<f64> = points.iter().map(|x| (x[i] - mean[i]) * (x[j] - mean[j])).collect();
            let found = products.iter().sum::<f64>() / n;
            let spread = (products.iter().map(|p| (p - found).powi(2)).sum::<f64>() / n).sqrt();
            most = most.max((found - covariance[i][j]).abs() / (spread / n.sqrt()));
        }
    }
    most
}

#[test]
fn ensembles_have_the_law_forwards_and_backwards() {
    let (turning, langevin, data, count) = (turning(), langevin(), mixture(), 4000);
    let processes: [(&str, &dyn MatrixProcess); 2] = [("turning", &turning), ("langevin", &langevin)];
    let from = |law: GaussianMixture| move |i: u64| law.data_sample(&mut Index::laboratory_start(i).rng(8));
    for (name, process) in processes {
        let law = Law { data: &data, process };
        let exact = draw_exactly(process, &from(data.clone()), count, &[0.0, 0.1, 0.7], 1, &()).unwrap();
        for (points, t) in exact.iter().zip([0.0, 0.1, 0.7]) {
            let worst = errors(points, &law.mixture(t));
            assert!(worst < 4.0, "{name}, exact, {t}: {worst} standard errors");
        }
        let looks = [50, 100];
        let forward = draw(&Forward(process), &from(data.clone()), count, (0.0, 0.7), (100, &looks), 2, &()).unwrap();
        // The bias of a step of 1/143 is of the order of the step, the standard error 2.2 per cent.
        let worst = errors(&forward[1], &law.mixture(0.7));
        assert!(worst < 4.5, "{name}, Euler–Maruyama: {worst} standard errors");
        let askew = DMatrix::from_row_slice(2, 2, &[0.6, 0.0, -0.4, 0.5]);
        for reverse in [Reverse::scaled(process, &law, 0.7, 1.0), Reverse::new(process, &law, 0.7, |_| askew.clone())] {
            let start = from(law.mixture(0.7));
            let back = draw(&reverse, &start, count, (0.0, 0.5), (100, &[100]), 3, &()).unwrap();
            let worst = errors(&back[0], &law.mixture(0.2));
            assert!(worst < 4.5, "{name}, reverse: {worst} standard errors");
        }
    }
}
