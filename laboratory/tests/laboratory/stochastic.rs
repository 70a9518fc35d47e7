//! The stochastic equation of Seo.

use std::sync::Arc;

use fokker_laboratory::fokker_planck::{Forward, Scheme, Solver};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::LineMixture;
use fokker_laboratory::stochastic::{Basis, Eigenvalues, EnergyBound, NoiseConfig, StochasticEquation, WeightedSpace};
use fokker_process::Process;

use crate::support::{order, process};

fn vp() -> Arc<dyn Process> {
    process("kind = 'vp'\nbeta_min = 0.5\nbeta_max = 3.0")
}

fn noise(amplitude: f64, modes: usize) -> NoiseConfig {
    let eigenvalues = Eigenvalues::Power { amplitude, decay: 2.0 };
    NoiseConfig { basis: Basis::Hermite { c: 1.0 }, eigenvalues, modes }
}

fn start(axis: Axis) -> Field {
    LineMixture::new(&[0.5, 0.5], &[-1.0, 1.2], &[0.4, 0.5]).unwrap().field(axis)
}

#[test]
fn hermite_functions_are_orthonormal_in_the_weighted_space_and_without_mass() {
    let axis = Axis::new(-12.0, 12.0, 600).unwrap();
    let flat = NoiseConfig { eigenvalues: Eigenvalues::List { values: vec![1.0; 6] }, ..noise(1.0, 6) };
    let modes = flat.build(&[axis]).unwrap();
    let space = WeightedSpace { c: 1.0 };
    for (j, u) in modes.modes().iter().enumerate() {
        for (k, v) in modes.modes().iter().enumerate() {
            let expected = if j == k { 1.0 } else { 0.0 };
            // Cell averages differ from centres by h²/24 times a second derivative of up to 2k + 1: 1e-3.
            assert!((space.pairing(u, v) - expected).abs() < 2e-3, "{j} {k}: {}", space.pairing(u, v));
        }
        assert!(u.mass().abs() < 1e-12, "mode {j} has the mass {}", u.mass());
    }
    assert_eq!(modes.trace(), 6.0);
}

#[test]
fn noise_that_is_not_of_trace_class_is_refused() {
    let flat = NoiseConfig { eigenvalues: Eigenvalues::Power { amplitude: 1.0, decay: 1.0 }, ..noise(1.0, 5) };
    let message = flat.build(&[Axis::new(-1.0, 1.0, 10).unwrap()]).unwrap_err().to_string();
    assert!(message.contains("decay = 1") && message.contains("trace class"), "{message}");
}

#[test]
fn lemma_3_3_holds_on_grids_to_second_order() {
    let space = WeightedSpace { c: 1.5 };
    for axes in [1, 2] {
        let error = |cells| {
            let axes = vec![Axis::new(-9.0, 9.0, cells).unwrap(); axes];
            let v = Field::of(&axes, |x| {
                let square: f64 = x.iter().map(|x| x * x).sum();
                (1.0 + x[0].sin()) * (-0.8 * square).exp()
            });
            let d = axes.len() as f64;
            let right = space.gradient_squared(&v) - d / space.c * space.norm_squared(&v);
            (space.flux_squared(&v) / right - 1.0).abs()
        };
        let errors = [error(60), error(120)];
        assert!(errors[1] < 0.05 && errors[0] / errors[1] > 3.5, "{axes} axes: {errors:?}");
    }
}

#[test]
fn lemma_3_4_holds_with_the_sign_of_its_proof_and_not_as_printed() {
    // At the stationary law of VP the pairing vanishes, and the printed bound is negative.
    let process = vp();
    let space = WeightedSpace { c: 1.0 };
    for axes in [1, 2] {
        let axes = vec![Axis::new(-7.0, 7.0, 140).unwrap(); axes];
        let solver = Solver::new(Forward::new(&*process, axes.len()), Scheme::ImplicitEuler);
        let stationary = Field::of(&axes, |x| (-0.5 * x.iter().map(|x| x * x).sum::<f64>()).exp());
        let (t, f, g_squared) = (0.4, -process.drift(0.4), process.diffusion_squared(0.4));
        let lemma = space.lemma(&solver, &stationary, f, g_squared, t);
        assert!(lemma.pairing.abs() < 1e-3 * g_squared * lemma.norm, "{lemma:?}");
        assert!(lemma.printed < -0.2 * g_squared * lemma.norm, "{lemma:?}");
        assert!(lemma.corrected >= lemma.pairing - 1e-3 * lemma.norm, "{lemma:?}");
        // And elsewhere, for admissible and other functions of the space.
        for k in 0..20 {
            let (shift, width) = (0.2 * f64::from(k) - 2.0, 0.3 + 0.02 * f64::from(k));
            let v = Field::of(&axes, |x| {
                let square: f64 = x.iter().map(|x| (x - shift).powi(2)).sum();
                (-0.5 * square / (width * width)).exp() * (1.0 + 0.5 * (3.0 * x[0]).cos())
            });
            let lemma = space.lemma(&solver, &v, f, g_squared, t);
            // At the edge of the condition this is an equality, up to the differences that stand for ∇v: (3 h)²/12.
            assert!(lemma.pairing <= lemma.corrected + 5e-3 * lemma.gradient, "{k}: {lemma:?}");
            assert!(lemma.pairing <= lemma.dissipation + 1e-12 * lemma.norm, "{k}: {lemma:?}");
        }
    }
}

#[test]
fn the_energy_stays_below_its_bound_with_and_without_noise() {
    // f = 1.2, g² = 1.6: c* = 2/3. At c = 1 the energy may grow at the rate f − g²/2c = 0.4.
    let process = process("kind = 'linear'\nalpha = [1.2]\nbeta = [1.6]");
    let axis = Axis::new(-9.0, 9.0, 200).unwrap();
    let (space, steps) = (WeightedSpace { c: 1.0 }, 200);
    let times: Vec<f64> = (0..=steps).map(|k| k as f64 / steps as f64).collect();
    let energy = space.norm_squared(&start(axis));
    for amplitude in [1e-9, 0.2] {
        let w = noise(amplitude, 8).build(&[axis]).unwrap();
        let strength: f64 = w.modes().iter().map(|mode| space.norm_squared(mode)).sum();
        let bound = EnergyBound::new(&*process, 1.0, 1, strength).unwrap().at(&times, energy);
        let count = 40;
        let mut mean = vec![0.0; times.len()];
        for i in 0..count {
            let path = w.path(3, i, 1.0, steps);
            let equation = StochasticEquation::new(Forward::new(&*process, 1), &w);
            equation.follow(&mut start(axis), &path, |k, _, u| mean[k] += space.norm_squared(u) / count as f64);
        }
        // The bound is not tight: 40 realisations stay below it with room.
        for (k, (mean, bound)) in mean.iter().zip(&bound).enumerate() {
            assert!(*mean <= bound * (1.0 + 1e-9), "step {k} at amplitude {amplitude}: {mean} > {bound}");
        }
        // The closed form of a constant rate K' = 0.4 and a constant source.
        let exact = 0.4f64.exp() * energy + strength * 0.4f64.exp_m1() / 0.4;
        assert!((bound[steps] / exact - 1.0).abs() < 1e-9);
    }
}

#[test]
fn outside_of_the_condition_there_is_no_bound_and_the_energy_exceeds_the_formula() {
    // VP and N(0, 1): the law never changes, and with c = 0.6 < 1 its energy is ∫ φ² e^{x²/1.2} = (2π · (2 − 1/0.6))^{−½}.
    let (process, law) = (vp(), LineMixture::normal(0.0, 1.0).unwrap());
    assert!(EnergyBound::new(&*process, 0.6, 1, 0.0).is_none());
    let exact = (std::f64::consts::TAU * (2.0 - 1.0 / 0.6)).sqrt().recip();
    let space = WeightedSpace { c: 0.6 };
    assert!((law.weighted_norm_squared(0.6) / exact - 1.0).abs() < 1e-14);
    let axis = Axis::new(-12.0, 12.0, 480).unwrap();
    let mut u = law.field(axis);
    Solver::new(Forward::new(&*process, 1), Scheme::ImplicitEuler).run(&mut u, 0.0, 1.0, 100, &()).unwrap();
    assert!((space.norm_squared(&u) / exact - 1.0).abs() < 2e-3, "{} {exact}", space.norm_squared(&u));
    // K = ∫ (f − g²/2c) dt = ∫ ½β (1 − 1/0.6) dt = −(1.75/2)(2/3) < 0: e^K would be 0.558 of what the energy is.
    assert!(EnergyBound::new(&*process, 1.0, 1, 0.0).is_some());
}

#[test]
fn data_and_noise_outside_of_the_space_are_refused() {
    let (space, axis) = (WeightedSpace { c: 1.0 }, Axis::new(-12.0, 12.0, 480).unwrap());
    let keys = ["figure.data.stds", "figure.axis"];
    let data = |std: f64, axis: &Axis| {
        space.admits_data(&LineMixture::normal(0.5, std).unwrap(), axis, keys).err().map(|error| error.to_string())
    };
    assert_eq!(data(1.0, &axis), None);
    // √2 is the edge.
    assert!(data(1.4143, &axis).unwrap().starts_with("figure.data.stds = 1.4143"));
    assert!(data(1.41, &axis).unwrap().starts_with("figure.axis = "), "a norm that the grid cuts off");
    assert!(data(1.0, &Axis::new(-1.5, 1.5, 60).unwrap()).unwrap().starts_with("figure.axis = "));
    let refused = |basis: Basis, eigenvalues: Eigenvalues| {
        let config = NoiseConfig { basis, eigenvalues, modes: 6 };
        space.admits_noise(&config, &axis, ["figure.noise", "figure.axis"]).err().map(|error| error.to_string())
    };
    let power = || Eigenvalues::Power { amplitude: 0.2, decay: 2.0 };
    let exponential = |rate| Eigenvalues::Exponential { amplitude: 0.2, rate };
    let hermite = |c| Basis::Hermite { c };
    assert_eq!(refused(hermite(1.0), power()), None);
    assert_eq!(refused(hermite(0.7), power()), None);
    for basis in [Basis::Cosine {}, Basis::Sine {}] {
        assert!(refused(basis, power()).unwrap().starts_with("figure.noise.basis.kind = "));
    }
    // Squared norms grow like (cₕ/(2 − cₕ))ᵏ = 1.5ᵏ at cₕ = 1.2: a power never wins, e^{−rate k} does for rate > ln 1.5.
    assert!(refused(hermite(1.2), power()).unwrap().starts_with("figure.noise.basis.c = 1.2"));
    assert!(refused(hermite(1.2), exponential(0.40)).is_some());
    assert_eq!(refused(hermite(1.2), exponential(0.41)), None);
    assert!(refused(hermite(2.0), exponential(9.0)).unwrap().contains("below 2c = 2"));
    // Hermite functions of order 60 reach 15, beyond this axis.
    let config = NoiseConfig { basis: hermite(1.0), eigenvalues: exponential(1e-3), modes: 60 };
    let cut = space.admits_noise(&config, &Axis::new(-9.0, 9.0, 400).unwrap(), ["figure.noise", "figure.axis"]);
    assert!(cut.unwrap_err().to_string().starts_with("figure.axis = [-9, 9]"));
}

#[test]
fn squared_norms_of_the_modes_grow_as_membership_says() {
    // ‖e_{k+1}‖²/‖e_k‖² → cₕ/(2c − cₕ) above c, and the generating function √v ((1 − t)(1 + t − 2vt))^{−½} at its first
    // terms: √v (1, v, (3v² − 2v + 1)/2).
    let (space, own) = (WeightedSpace { c: 1.0 }, 1.4);
    let axis = Axis::new(-60.0, 60.0, 9000).unwrap();
    let flat = Eigenvalues::List { values: vec![1.0; 41] };
    let modes = NoiseConfig { basis: Basis::Hermite { c: own }, eigenvalues: flat, modes: 41 }.build(&[axis]).unwrap();
    let norms: Vec<f64> = modes.modes().iter().map(|mode| space.norm_squared(mode)).collect();
    let v: f64 = 1.0 / (2.0 - own);
    assert!((norms[0] / (v.sqrt() * v) - 1.0).abs() < 1e-3, "{}", norms[0]);
    assert!((norms[1] / (v.sqrt() * (3.0 * v * v - 2.0 * v + 1.0) / 2.0) - 1.0).abs() < 1e-3, "{}", norms[1]);
    // (k^{−½}) ρᵏ: the ratio is ρ (1 − 1/2k).
    let ratio = norms[40] / norms[39];
    assert!((ratio / (own / (2.0 - own) * (1.0 - 1.0 / 80.0)) - 1.0).abs() < 5e-3, "{ratio}");
}

#[test]
fn in_the_plane_the_first_eigenvalue_carries_the_others() {
    let axes = [Axis::new(-9.0, 9.0, 40).unwrap(); 2];
    let list = |values: Vec<f64>| {
        let modes = values.len();
        NoiseConfig { eigenvalues: Eigenvalues::List { values }, ..noise(1.0, modes) }.build(&axes)
    };
    let message = list(vec![0.0, 0.1]).unwrap_err().to_string();
    assert!(message.starts_with("noise.eigenvalues.values[0] = 0"), "{message}");
    assert!((list(vec![0.2, 0.1]).unwrap().trace() - 0.3 * 0.3 / 0.2).abs() < 1e-15);
}

#[test]
fn the_mean_of_noisy_runs_is_the_noiseless_density_and_mass_is_kept() {
    let process = vp();
    // Wide enough for the noise to have no mass: Hermite functions are cut off at e^{−40}.
    let axis = Axis::new(-9.0, 9.0, 70).unwrap();
    let w = noise(0.3, 6).build(&[axis]).unwrap();
    let equation = StochasticEquation::new(Forward::new(&*process, 1), &w);
    let (steps, count) = (50, 400);
    let mut noiseless = start(axis);
    equation.solver().run(&mut noiseless, 0.0, 1.0, steps, &()).unwrap();
    let (mut mean, mut square) = (vec![0.0; 70], vec![0.0; 70]);
    for i in 0..count {
        let mut u = start(axis);
        equation.follow(&mut u, &w.path(8, i, 1.0, steps), |_, _, _| ());
        assert!((u.mass() - start(axis).mass()).abs() < 1e-12);
        for k in 0..70 {
            mean[k] += u.values[k] / count as f64;
            square[k] += u.values[k].powi(2) / count as f64;
        }
    }
    let mut largest = 0.0f64;
    for k in 0..70 {
        let error = ((square[k] - mean[k] * mean[k]).max(0.0) / count as f64).sqrt();
        let away = (mean[k] - noiseless.values[k]).abs();
        // 70 correlated cells: five standard errors.
        assert!(away <= 5.0 * error + 1e-15, "cell {k}: {away} of {error}");
        largest = largest.max(error / noiseless.maximum());
    }
    assert!(largest > 1e-3, "the noise is too weak to test anything");
}

#[test]
fn the_strong_order_in_time_is_one() {
    // Added noise that is smooth in space: semi-implicit Euler–Maruyama is of strong order 1.
    let process = vp();
    let axis = Axis::new(-7.0, 7.0, 100).unwrap();
    let w = noise(0.3, 6).build(&[axis]).unwrap();
    let equation = StochasticEquation::new(Forward::new(&*process, 1), &w);
    let space = WeightedSpace { c: 1.0 };
    let (count, levels) = (12, 5);
    let mut errors = vec![0.0; levels - 2];
    for i in 0..count {
        let mut path = w.path(21, i, 1.0, 20);
        let ends: Vec<Field> = (0..levels)
            .map(|_| {
                let mut u = start(axis);
                equation.follow(&mut u, &path, |_, _, _| ());
                path = path.refine();
                u
            })
            .collect();
        // Differences of neighbours: no reference whose own error would bend the slope.
        for level in 0..levels - 2 {
            let (coarse, fine) = (&ends[level], &ends[level + 1]);
            let values = coarse.values.iter().zip(&fine.values).map(|(a, b)| a - b).collect();
            let difference = Field { axes: vec![axis], values };
            errors[level] += space.norm_squared(&difference) / count as f64;
        }
    }
    let errors: Vec<f64> = errors.iter().map(|square| square.sqrt()).collect();
    let steps: Vec<f64> = (0..errors.len()).map(|level| 1.0 / (20 << level) as f64).collect();
    let order = order(&steps, &errors);
    assert!((order - 1.0).abs() < 0.15, "order {order}: {errors:?}");
}

#[test]
fn noise_in_the_plane_has_the_product_basis_and_keeps_the_mass() {
    let process = vp();
    let axes = [Axis::new(-9.0, 9.0, 60).unwrap(); 2];
    let w = noise(0.3, 3).build(&axes).unwrap();
    // λ_jk = λ_j λ_k/λ_1 with λ = 0.09 (1, 1/4, 1/9).
    let sum = 0.09 * (1.0 + 0.25 + 1.0 / 9.0);
    assert_eq!(w.len(), 9);
    assert!((w.trace() - sum * sum / 0.09).abs() < 1e-15);
    let space = WeightedSpace { c: 1.0 };
    // Orthogonal modes of norm √λ_jk; the last, of the fewest cells to a wave, to a per cent.
    assert!((space.norm_squared(&w.modes()[8]) / (0.09 / 81.0) - 1.0).abs() < 0.05);
    assert!(space.pairing(&w.modes()[1], &w.modes()[3]).abs() < 1e-6);
    let mut u = Field::of(&axes, |x| (-(x[0] * x[0] + x[1] * x[1])).exp());
    let (mass, calm) = (u.mass(), u.clone());
    let equation = StochasticEquation::new(Forward::new(&*process, 2), &w);
    equation.follow(&mut u, &w.path(5, 0, 1.0, 10), |_, _, _| ());
    let mut noiseless = calm;
    equation.solver().run(&mut noiseless, 0.0, 1.0, 10, &()).unwrap();
    assert!((u.mass() - mass).abs() < 1e-12);
    assert!(u.l1_distance(&noiseless) > 0.05);
}
