//! The stochastic equation with B(t) and B(t, u): laws, orders, and the Markov property.

use std::sync::Arc;

use fokker_laboratory::fokker_planck::{Forward, Scheme, Solver};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::LineMixture;
use fokker_laboratory::paths::TimeVaryingPath;
use fokker_laboratory::stochastic::{
    Basis, Eigenvalues, NoiseConfig, NoiseOperator, ProportionalNoise, QWiener, ScheduledNoise, StochasticEquation,
    WeightedSpace,
};
use fokker_process::Process;

use crate::support::{Mean, order, process, two_sample_distance};

fn vp() -> Arc<dyn Process> {
    process("kind = 'vp'\nbeta_min = 0.5\nbeta_max = 3.0")
}

fn start(axis: Axis) -> Field {
    LineMixture::new(&[0.5, 0.5], &[-1.0, 1.2], &[0.4, 0.5]).unwrap().field(axis)
}

fn modes(basis: Basis, axis: Axis, modes: usize) -> QWiener {
    let eigenvalues = Eigenvalues::Power { amplitude: 0.5, decay: 2.0 };
    NoiseConfig { basis, eigenvalues, modes }.build(&[axis]).unwrap()
}

#[test]
fn scheduled_noise_gives_each_mode_the_variance_of_its_own_equation() {
    // Hermite functions are eigenfunctions of VP's operator: dcₖ = −k f cₖ dt + √λₖ b(t) dβₖ for the coefficients.
    let (process, axis, steps, count) = (vp(), Axis::new(-8.0, 8.0, 120).unwrap(), 100, 600);
    let noise = modes(Basis::Hermite { c: 1.0 }, axis, 3);
    let b = |t: f64| 0.5 + t;
    let equation = StochasticEquation::with_operator(Forward::new(&*process, 1), &noise, ScheduledNoise(b));
    let space = WeightedSpace { c: 1.0 };
    let ends: Vec<Field> = (0..count)
        .map(|i| {
            let mut u = Field::zeros(&[axis]);
            equation.follow(&mut u, &noise.path(2, i, 1.0, steps), |_, _, _| ());
            u
        })
        .collect();
    for k in 1..=3usize {
        let mode = &noise.modes()[k - 1];
        let eigenvalue = 0.25 / (k * k) as f64;
        let coefficients = ends.iter().map(|u| space.pairing(u, mode) / eigenvalue.sqrt());
        let rate = |t: f64| -(k as f64) * process.drift(t);
        let path = TimeVaryingPath { lambda: rate, sigma: |t: f64| (0.5 * eigenvalue).sqrt() * b(t) };
        let (_, variance) = path.moments(0.0, 1.0, 200);
        // First order in the step: the fastest rate, 3 · 1.5, times 1/100.
        Mean::of(coefficients.map(|c| c * c)).expect(variance, 0.045 * variance, "variance of a coefficient");
    }
    // ‖B(t)‖² = b² Σ λₖ ‖eₖ‖².
    let strength = ScheduledNoise(b).strength(0.7, &ends[0], &noise, &space);
    let whole: f64 = noise.modes().iter().map(|mode| space.norm_squared(mode)).sum();
    assert!((strength / (1.44 * whole) - 1.0).abs() < 1e-12);
}

#[test]
fn proportional_noise_is_lipschitz_with_its_constant() {
    let axis = Axis::new(-8.0, 8.0, 100).unwrap();
    let noise = modes(Basis::Cosine {}, axis, 6);
    let (space, operator) = (WeightedSpace { c: 1.0 }, ProportionalNoise(|t: f64| 1.0 + t));
    let constant = operator.lipschitz_squared(0.5, &noise);
    for k in 0..10 {
        let field = |phase: f64| Field::of(&[axis], |x| (-x[0] * x[0]).exp() * (phase * x[0] + f64::from(k)).sin());
        let (u, v) = (field(1.0), field(2.3));
        let values = u.values.iter().zip(&v.values).map(|(u, v)| u - v).collect();
        let apart = Field { axes: vec![axis], values };
        // B(t, u) − B(t, v) = B(t, u − v).
        let strength = operator.strength(0.5, &apart, &noise, &space);
        assert!(strength > 0.0 && strength <= constant * space.norm_squared(&apart) * (1.0 + 1e-12));
    }
}

/// Noise σ u dβ with one constant mode: u_t = e^{σβ − σ²t/2} S(t) u_0 exactly, with S of the noiseless equation.
fn scalar_noise(axis: Axis, volatility: f64) -> QWiener {
    QWiener::of(vec![Field::of(&[axis], |_| volatility)])
}

fn calm(process: &dyn Process, axis: Axis, horizon: f64) -> Field {
    let mut u = start(axis);
    Solver::new(Forward::new(process, 1), Scheme::Extrapolated).run(&mut u, 0.0, horizon, 800, &()).unwrap();
    u
}

#[test]
fn the_strong_order_with_proportional_noise_is_one_half() {
    let (process, axis, space) = (vp(), Axis::new(-7.0, 7.0, 70).unwrap(), WeightedSpace { c: 1.0 });
    let distance = |u: &Field, v: &Field| {
        let values = u.values.iter().zip(&v.values).map(|(u, v)| u - v).collect();
        space.norm_squared(&Field { axes: vec![axis], values }).sqrt()
    };
    let (count, levels, volatility) = (300, 5, 0.8);
    let steps: Vec<f64> = (0..levels).map(|level| 1.0 / f64::from(16 << level)).collect();
    // Against the closed form, for one constant mode.
    let noise = scalar_noise(axis, volatility);
    let equation = StochasticEquation::with_operator(Forward::new(&*process, 1), &noise, ProportionalNoise(|_| 1.0));
    let calm = calm(&*process, axis, 1.0);
    let mut errors = vec![0.0; levels];
    for i in 0..count {
        let mut path = noise.path(3, i, 1.0, 16);
        let end = path.values(0)[16];
        let factor = (volatility * end - 0.5 * volatility * volatility).exp();
        let exact = Field { axes: vec![axis], values: calm.values.iter().map(|value| factor * value).collect() };
        for error in &mut errors {
            let mut u = start(axis);
            equation.follow(&mut u, &path, |_, _, _| ());
            *error += distance(&u, &exact) / count as f64;
            path = path.refine();
        }
    }
    let found = order(&steps, &errors);
    // 300 paths know each error to a twentieth, and the levels share their paths.
    assert!((found - 0.5).abs() < 0.1, "{found}: {errors:?}");
    // Between neighbouring levels, for cosines, which do not commute with the operator.
    let eigenvalues = Eigenvalues::Power { amplitude: 3.0, decay: 2.0 };
    let noise = NoiseConfig { basis: Basis::Cosine {}, eigenvalues, modes: 4 }.build(&[axis]).unwrap();
    let equation = StochasticEquation::with_operator(Forward::new(&*process, 1), &noise, ProportionalNoise(|_| 1.0));
    let mut errors = vec![0.0; levels - 1];
    for i in 0..count {
        let mut path = noise.path(4, i, 1.0, 16);
        let mut last: Option<Field> = None;
        for level in 0..levels {
            let mut u = start(axis);
            equation.follow(&mut u, &path, |_, _, _| ());
            if let Some(last) = last.replace(u.clone()) {
                errors[level - 1] += distance(&u, &last) / count as f64;
            }
            path = path.refine();
        }
    }
    let found = order(&steps[..levels - 1], &errors);
    // The implicit step's own error, of first order, is still a part of the coarsest.
    assert!(found > 0.4 && found < 0.75, "{found}: {errors:?}");
}

#[test]
fn the_weak_order_with_proportional_noise_is_one() {
    // ‖u_n‖² is a quadratic form of each increment, so its mean depends on their mean and variance alone: over all signs of
    // ±√h it is exactly the mean of the scheme.
    let (process, axis, space) = (vp(), Axis::new(-7.0, 7.0, 70).unwrap(), WeightedSpace { c: 1.0 });
    let (horizon, volatility) = (0.3, 1.5f64);
    let noise = scalar_noise(axis, volatility);
    let equation = StochasticEquation::with_operator(Forward::new(&*process, 1), &noise, ProportionalNoise(|_| 1.0));
    let mean = |steps: usize| {
        let h = horizon / steps as f64;
        let count = 1u32 << steps;
        let energy = |signs: u32| {
            let mut u = start(axis);
            for k in 0..steps {
                let increment = if signs >> k & 1 == 1 { h.sqrt() } else { -h.sqrt() };
                equation.step(&mut u, k as f64 * h, h, &[increment]);
            }
            space.norm_squared(&u)
        };
        (0..count).map(energy).sum::<f64>() / f64::from(count)
    };
    let exact = (volatility.powi(2) * horizon).exp() * space.norm_squared(&calm(&*process, axis, horizon));
    let steps = [3usize, 6, 11];
    let errors = steps.map(|steps| (mean(steps) - exact).abs());
    let found = order(&steps.map(|steps| 1.0 / steps as f64), &errors);
    // (1 + σ²h)ⁿ against e^{σ²T} alone has the slope 0.92 over these steps.
    assert!((found - 1.0).abs() < 0.15, "{found}: {errors:?} of {exact}");
    // The mean itself is the noiseless implicit step, to rounding.
    let h = horizon / 6.0;
    let mut mean = Field::zeros(&[axis]);
    for signs in 0..64u32 {
        let mut u = start(axis);
        for k in 0..6 {
            let increment = if signs >> k & 1 == 1 { h.sqrt() } else { -h.sqrt() };
            equation.step(&mut u, f64::from(k) * h, h, &[increment]);
        }
        mean.values.iter_mut().zip(&u.values).for_each(|(mean, value)| *mean += value / 64.0);
    }
    let mut noiseless = start(axis);
    equation.solver().run(&mut noiseless, 0.0, horizon, 6, &()).unwrap();
    assert!(mean.l1_distance(&noiseless) < 1e-12);
}

/// ⟨u, eᵢ⟩ and ‖u‖² of many ends, in one stage to T or in two that meet at s.
fn functionals<B: NoiseOperator + Copy>(
    operator: B,
    noise: &QWiener,
    axis: Axis,
    two: bool,
    seed: u64,
) -> [Vec<f64>; 3] {
    let process = vp();
    let equation = StochasticEquation::with_operator(Forward::new(&*process, 1), noise, operator);
    let (space, count, s) = (WeightedSpace { c: 1.0 }, 1200, 0.4);
    let mut found = [vec![], vec![], vec![]];
    for i in 0..count {
        let mut u = start(axis);
        if two {
            equation.follow(&mut u, &noise.path(seed, 2 * i, s, 8), |_, _, _| ());
            equation.follow_from(&mut u, s, &noise.path(seed, 2 * i + 1, 1.0 - s, 12), |_, _, _| ());
        } else {
            equation.follow(&mut u, &noise.path(seed, i, 1.0, 20), |_, _, _| ());
        }
        found[0].push(space.pairing(&u, &noise.modes()[0]));
        found[1].push(space.pairing(&u, &noise.modes()[1]));
        found[2].push(space.norm_squared(&u));
    }
    found
}

#[test]
fn to_go_on_from_a_state_has_the_law_of_not_having_stopped() {
    let axis = Axis::new(-7.0, 7.0, 50).unwrap();
    let (hermite, cosine) = (modes(Basis::Hermite { c: 1.0 }, axis, 3), modes(Basis::Cosine {}, axis, 3));
    let agree = |one: [Vec<f64>; 3], two: [Vec<f64>; 3]| {
        for (one, two) in one.into_iter().zip(two) {
            // Two samples of n: above 1.95 √(2/n) by chance once in a thousand.
            let allowed = 1.95 * (2.0 / one.len() as f64).sqrt();
            let distance = two_sample_distance(one, two);
            assert!(distance < allowed, "{distance} {allowed}");
        }
    };
    let schedule = ScheduledNoise(|t: f64| 1.0 + t);
    agree(functionals(schedule, &hermite, axis, false, 5), functionals(schedule, &hermite, axis, true, 6));
    let proportional = ProportionalNoise(|t: f64| 1.0 + 0.5 * t);
    agree(functionals(proportional, &cosine, axis, false, 5), functionals(proportional, &cosine, axis, true, 6));
    // With the same increments the two stages are the one, to rounding; with the clock set back they are not.
    let process = vp();
    let equation = StochasticEquation::with_operator(Forward::new(&*process, 1), &cosine, proportional);
    let (path, mut whole) = (cosine.path(7, 0, 1.0, 20), start(axis));
    equation.follow(&mut whole, &path, |_, _, _| ());
    let stages = |from: f64| {
        let mut u = start(axis);
        for k in 0..20 {
            let t = if k < 8 { 0.0 } else { from - 0.4 } + f64::from(k) * 0.05;
            equation.step(&mut u, t, 0.05, path.increment(k as usize));
        }
        u
    };
    assert!(stages(0.4).l1_distance(&whole) < 1e-12 && stages(0.0).l1_distance(&whole) > 1e-2);
}
