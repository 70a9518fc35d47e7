//! The spaces of Seo, its Lemmas 3.1 and 3.2, and the constants of (A1)–(A4), on random fields.

use fokker_laboratory::fokker_planck::{Forward, Scheme, Solver};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::LineMixture;
use fokker_laboratory::stochastic::{Basis, Condition, EnergyBound, VariationalConstants, WeightedSpace};
use fokker_process::Process;
use fokker_random::Index;
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::support::process;

/// A sum of Hermite functions of the space with random coefficients, in each direction.
fn random_field(axes: &[Axis], c: f64, number: u64) -> Field {
    let mut rng = Index::test(number).rng(11);
    let basis = Basis::Hermite { c: c * rng.random_range(0.4..1.0) };
    let weights: Vec<Vec<f64>> =
        axes.iter().map(|_| (1..=5).map(|k| rng.sample::<f64, _>(StandardNormal) / f64::from(k)).collect()).collect();
    let bump = rng.sample::<f64, _>(StandardNormal);
    Field::of(axes, |x| {
        let of = |i: usize| -> f64 {
            (0..5).map(|k| weights[i][k] * basis.value(k + 1, &axes[i], x[i])).sum::<f64>()
                + bump * (-x[i] * x[i] / (1.2 * c)).exp()
        };
        (0..x.len()).map(of).product()
    })
}

#[test]
fn lemmas_3_1_and_3_2_and_the_norm_of_v_hold_on_grids_to_second_order() {
    let space = WeightedSpace { c: 1.5 };
    for dimension in [1usize, 2] {
        let errors = |cells: usize| {
            let axes = vec![Axis::new(-9.0, 9.0, cells).unwrap(); dimension];
            let (u, v) = (random_field(&axes, 1.5, 1), random_field(&axes, 1.5, 2));
            let [first, second] = space.lemma_3_1(&v);
            let [left, right] = space.lemma_3_2(&u, &v);
            let size = (space.flux_squared(&u) * space.flux_squared(&v)).sqrt();
            // ‖v‖²_V = N (1 − d/c) + 2 G by Lemma 3.3.
            let d = dimension as f64;
            let norm = space.norm_of_v_squared(&v);
            let by_lemma = space.norm_squared(&v) * (1.0 - d / space.c) + 2.0 * space.gradient_squared(&v);
            [(first + second) / second, (left - right) / size, by_lemma / norm - 1.0].map(f64::abs)
        };
        let (coarse, fine) = (errors(64), errors(128));
        for (coarse, fine) in coarse.iter().zip(fine) {
            assert!(fine < 0.03 && (coarse / fine).log2() > 1.7, "{dimension}: {coarse} {fine}");
        }
    }
}

#[test]
fn the_inner_product_of_v_is_one_and_the_triple_pairs_through_h() {
    let (space, axis) = (WeightedSpace { c: 1.0 }, Axis::new(-8.0, 8.0, 160).unwrap());
    let fields: Vec<Field> = (0..6).map(|k| random_field(&[axis], 1.0, k)).collect();
    let sum = |a: f64, u: &Field, v: &Field| {
        let values = u.values.iter().zip(&v.values).map(|(u, v)| a * u + v).collect();
        Field { axes: vec![axis], values }
    };
    for u in &fields {
        for v in &fields {
            let (uu, uv, vv) = (space.inner_of_v(u, u), space.inner_of_v(u, v), space.inner_of_v(v, v));
            assert!((uv - space.inner_of_v(v, u)).abs() < 1e-12 * (uu * vv).sqrt());
            assert!(uv.abs() <= (uu * vv).sqrt() * (1.0 + 1e-14));
            let z = &fields[0];
            let linear = space.inner_of_v(&sum(2.5, u, v), z) - 2.5 * space.inner_of_v(u, z) - space.inner_of_v(v, z);
            assert!(linear.abs() < 1e-12 * (uu + vv).sqrt() * space.inner_of_v(z, z).sqrt());
            // H ⊂ V*: ⟨h, v⟩ ≤ ‖h‖_{V*} ‖v‖_V, and ‖h‖_{V*} ≤ ‖h‖_H ≤ ‖h‖_V.
            let dual = space.dual_norm(u).unwrap();
            assert!(space.pairing(u, v).abs() <= dual * vv.sqrt() * (1.0 + 1e-12));
            assert!(dual <= space.norm_squared(u).sqrt() * (1.0 + 1e-12) && space.norm_squared(u) <= uu);
        }
    }
    // A supremum is at least what one element gives.
    let stationary = Field::of(&[axis], |x| (-0.5 * x[0] * x[0]).exp());
    let expected = space.norm_squared(&stationary) / space.norm_of_v_squared(&stationary).sqrt();
    assert!(space.dual_norm(&stationary).unwrap() >= expected);
}

/// Inside of the condition (c* = 2/3 at c = 1) and at its edge, on the line and in the plane.
fn cases() -> Vec<(std::sync::Arc<dyn Process>, f64, Vec<Axis>)> {
    let inside = "kind = 'linear'\nalpha = [1.2, 0.5]\nbeta = [1.6, 0.3]";
    let edge = "kind = 'vp'\nbeta_min = 0.5\nbeta_max = 3.0";
    let line = vec![Axis::new(-9.0, 9.0, 240).unwrap()];
    let plane = vec![Axis::new(-8.0, 8.0, 72).unwrap(); 2];
    vec![
        (process(inside), 1.0, line.clone()),
        (process(inside), 1.0, plane.clone()),
        (process(edge), 1.0, line),
        (process(edge), 1.0, plane),
    ]
}

#[test]
fn the_conditions_hold_with_their_constants_on_random_fields() {
    for (process, c, axes) in cases() {
        let space = WeightedSpace { c };
        let constants = VariationalConstants::of(&*process, c, axes.len()).unwrap();
        let solver = Solver::new(Forward::new(&*process, axes.len()), Scheme::ImplicitEuler);
        // Differences for ∇v of functions with up to five waves: (3h)²/12 of G, the grid's own error.
        let slack = (3.0 * axes[0].width()).powi(2) / 12.0;
        for number in 0..if axes.len() == 1 { 30 } else { 6 } {
            let v = random_field(&axes, c, number);
            let t = process.horizon() * (number % 7) as f64 / 6.0;
            let (f, square) = (-process.drift(t), process.diffusion_squared(t));
            let (norm, norm_of_v) = (space.norm_squared(&v), space.norm_of_v_squared(&v));
            let change = solver.rate_of_change(&v, t);
            let twice = 2.0 * space.pairing(&change, &v);
            // The pairing by first derivatives is that of the operator.
            let weak = space.weak_pairing(&v, &v, f, square);
            assert!((twice - 2.0 * weak).abs() < slack * square * norm_of_v, "{number}: {twice} {weak}");
            let room = slack * square * norm_of_v;
            assert!(twice <= constants.sharp_monotonicity * norm + room, "(A2) sharp");
            assert!(twice <= constants.monotonicity * norm + room, "(A2)");
            assert!(twice + constants.alpha * norm_of_v <= constants.coercivity * norm + room, "(A3)");
            // (A1): affine in s to rounding.
            let z = random_field(&axes, c, number + 100);
            let at = |s: f64| {
                let values = v.values.iter().zip(&z.values).map(|(v, z)| v + s * z).collect();
                space.pairing(&solver.rate_of_change(&Field { axes: axes.clone(), values }, t), &v)
            };
            let size = at(0.0).abs() + at(1.0).abs();
            assert!((at(0.0) - 2.0 * at(0.5) + at(1.0)).abs() < 1e-11 * size, "(A1)");
            // (A4), against every other field and, on the line, against the supremum over all.
            let growth = constants.growth * norm_of_v.sqrt() * (1.0 + slack);
            assert!(space.weak_pairing(&z, &v, f, square).abs() <= growth * space.norm_of_v_squared(&z).sqrt());
            if axes.len() == 1 {
                assert!(space.dual_norm(&change).unwrap() <= growth, "(A4)");
            }
            assert!(constants.growth <= constants.printed_growth);
        }
    }
}

#[test]
fn at_the_edge_coercivity_is_an_equality_and_the_printed_constant_fails() {
    // VP and c = 1: at v = e^{−|x|²/2c} A v = 0, F = 0 and G = (d/c) N, so α (1 + d/c) N is both sides.
    let process = process("kind = 'ornstein_uhlenbeck'\nlambda = 0.8\nsigma = 0.8944271909999159");
    for dimension in [1, 2] {
        let (space, axes) = (WeightedSpace { c: 1.0 }, vec![Axis::new(-7.0, 7.0, 280).unwrap(); dimension]);
        let constants = VariationalConstants::of(&*process, 1.0, dimension).unwrap();
        let v = Field::of(&axes, |x| (-0.5 * x.iter().map(|x| x * x).sum::<f64>()).exp());
        let solver = Solver::new(Forward::new(&*process, dimension), Scheme::ImplicitEuler);
        let left =
            2.0 * space.pairing(&solver.rate_of_change(&v, 0.3), &v) + constants.alpha * space.norm_of_v_squared(&v);
        let norm = space.norm_squared(&v);
        assert!((left / (constants.coercivity * norm) - 1.0).abs() < 2e-3, "{left} {}", constants.coercivity * norm);
        // α (1 − d/c) + d f − g²/2c = 0.8 (1 − 1) against 0.8 (1 + 1) on the line.
        assert!(left > 1.5 * constants.printed_coercivity * norm, "{constants:?}");
        assert!(constants.sharp_monotonicity.abs() < 1e-12);
    }
    // Outside of the condition there are none.
    assert!(VariationalConstants::of(&*process, 0.9, 1).is_none());
}

#[test]
fn without_drift_the_energy_is_that_of_l2_without_weight() {
    let process = process("kind = 've'\nsigma_min = 0.5\nsigma_max = 2.0");
    let (data, space) = (LineMixture::new(&[0.4, 0.6], &[-1.0, 1.2], &[0.5, 0.4]).unwrap(), WeightedSpace::UNWEIGHTED);
    assert!(Condition::of(&*process).admits(f64::INFINITY) && !Condition::of(&*process).admits(1e12));
    let axis = Axis::new(-14.0, 14.0, 560).unwrap();
    let mut u = data.field(axis);
    let solver = Solver::new(Forward::new(&*process, 1), Scheme::Extrapolated);
    let bound = EnergyBound::new(&*process, f64::INFINITY, 1, 0.0).unwrap();
    let (times, start): (Vec<f64>, f64) = ((0..=10).map(|k| f64::from(k) / 10.0).collect(), space.norm_squared(&u));
    let mut last = start;
    for k in 0..10 {
        solver.run(&mut u, times[k], times[k + 1], 30, &()).unwrap();
        let energy = space.norm_squared(&u);
        // ∫ p² of the diffused mixture, in closed form; cells of 0.05 against deviations of 0.4.
        let exact = data.diffused(&*process, times[k + 1]).weighted_norm_squared(f64::INFINITY);
        assert!((energy / exact - 1.0).abs() < 3e-3, "{k}: {energy} {exact}");
        // d/dt ‖u‖² = −g² ‖∇u‖² never lets it grow; the bound of Grönwall is its first value.
        assert!(energy < last && (bound.at(&times, start)[k + 1] - start).abs() < 1e-12);
        let t = times[k + 1];
        let rate = 2.0 * space.pairing(&solver.rate_of_change(&u, t), &u);
        let expected = -process.diffusion_squared(t) * space.gradient_squared(&u);
        assert!((rate / expected - 1.0).abs() < 1e-10, "{rate} {expected}");
        last = energy;
    }
    // ... while every weighted space is left when the widest variance reaches 2c.
    let c = 1.0;
    let norms: Vec<f64> = times.iter().map(|t| data.diffused(&*process, *t).weighted_norm_squared(c)).collect();
    assert!(norms[0].is_finite() && norms[10] == f64::INFINITY, "{norms:?}");
}
