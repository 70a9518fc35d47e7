//! Interpolants between two laws: the same density by transport, and with any noise in either direction, on grids and along paths.

use fokker_laboratory::fokker_planck::{Carried, Direction, InterpolantEquation, Scheme, Solver, Transport};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::LineMixture;
use fokker_laboratory::paths::{BrownianPath, EquationPath, EulerMaruyama, follow};
use fokker_process::interpolant::{BridgeNoise, Interpolant, InterpolatedMixtures};
use fokker_random::{Stream, rng};

use crate::support::kolmogorov_distance;

fn data() -> LineMixture {
    LineMixture::new(&[0.4, 0.6], &[-1.5, 1.0], &[0.5, 0.6]).unwrap()
}

fn start() -> LineMixture {
    LineMixture::new(&[0.7, 0.3], &[-0.5, 2.0], &[0.6, 0.5]).unwrap()
}

fn between(bridge: BridgeNoise) -> InterpolatedMixtures {
    let [data, start] = [data(), start()].map(|law| law.to_gaussian_mixture().unwrap());
    InterpolatedMixtures::new(data, start, Interpolant { bridge, ..Interpolant::default() }).unwrap()
}

fn field(bridges: &InterpolatedMixtures, t: f64, axis: Axis) -> Field {
    let law = bridges.at(t);
    Field::of(&[axis], |x| law.log_density(x).exp())
}

#[test]
fn the_velocity_carries_one_law_to_the_other() {
    for bridge in [BridgeNoise::None, BridgeNoise::Brownian { scale: 1.0 }] {
        let bridges = between(bridge);
        let errors = [100, 200].map(|cells| {
            let axis = Axis::new(-5.0, 5.0, cells).unwrap();
            let mut density = field(&bridges, 1.0, axis);
            Transport(Carried(&bridges)).run(&mut density, 1.0, 0.0, 50, &()).unwrap();
            density.l1_distance(&field(&bridges, 0.0, axis))
        });
        // Van Leer's limiter: between first and second order where there are extremes.
        assert!((errors[0] / errors[1]).log2() > 1.6 && errors[1] < 2e-2, "{bridge:?}: {errors:?}");
    }
}

#[test]
fn any_noise_keeps_the_law_in_either_direction() {
    let constant: fn(f64) -> f64 = |_| 0.4;
    let of_time: fn(f64) -> f64 = |t| 0.1 + t;
    for (bridge, direction, noise) in [
        (BridgeNoise::None, Direction::ToData, constant),
        (BridgeNoise::Sine { scale: 0.8 }, Direction::ToStart, constant),
        (BridgeNoise::Brownian { scale: 1.0 }, Direction::ToData, of_time),
    ] {
        let bridges = between(bridge);
        let (from, to) = if direction == Direction::ToData { (1.0, 0.0) } else { (0.0, 1.0) };
        let errors = [80, 160].map(|cells| {
            let axis = Axis::new(-5.0, 5.0, cells).unwrap();
            let mut density = field(&bridges, from, axis);
            let equation = InterpolantEquation::new(&bridges, direction, noise);
            Solver::new(equation, Scheme::Extrapolated).run(&mut density, 0.0, 1.0, 200, &()).unwrap();
            density.l1_distance(&field(&bridges, to, axis))
        });
        assert!((errors[0] / errors[1]).log2() > 1.8 && errors[1] < 1e-2, "{bridge:?} {direction:?}: {errors:?}");
    }
}

/// 4000 paths from draws of the start: the distance to the data's distribution function exceeds 1.95/√4000 = 0.031 once in a thousand
/// times. Euler–Maruyama's own bias at 100 steps is some tenth of that. With the score left out, or b with the other sign, it is 0.1 and more.
#[test]
fn paths_end_in_the_law_of_the_data() {
    let bridges = between(BridgeNoise::Brownian { scale: 1.0 });
    let equation = InterpolantEquation::new(&bridges, Direction::ToData, |_| 0.5);
    let ends: Vec<f64> = (0..4000)
        .map(|k| {
            let mut x = [start().sample(&mut rng(8, Stream::Test, k))];
            follow(
                &EquationPath(&equation),
                &EulerMaruyama,
                &mut x,
                0.0,
                &BrownianPath::new(8, k, 1, 1.0, 100),
                |_, _| {},
            );
            x[0]
        })
        .collect();
    let distance = kolmogorov_distance(ends, |x| 1.0 - data().mass_above(x));
    assert!(distance < 0.031 + 0.005, "{distance}");
}
