//! The step of Adam against its formula in double precision.

use crate::support::{assert_close, random};
use burn::tensor::{Device, FloatDType, Tensor};
use fokker_kernels::Adam;

const STEP: Adam = Adam {
    gradient_scale: 0.7,
    betas: [0.9, 0.99],
    corrections: [1.0 - 0.729, 1.0 - 0.970_299],
    epsilon: 1e-8,
    learning_rate: 1e-2,
    keep: 0.999,
    average_decay: 0.95,
    update: 3,
};

fn state(shape: [usize; 2]) -> ([Tensor<2>; 4], Tensor<2>) {
    let device = Device::flex();
    let [weight, first, second, average, gradient] = std::array::from_fn(|seed| random(shape, seed as u64, &device));
    ([weight, first, second.square(), average], gradient)
}

#[test]
fn single_precision_agrees_with_double() {
    // Smaller and larger than what is taken together.
    for shape in [[1, 1], [3, 7], [129, 257]] {
        let (state, gradient) = state(shape);
        let double = |tensor: Tensor<2>| tensor.cast(FloatDType::F64);
        let fused = STEP.step(state.clone(), gradient.clone());
        let expected = STEP.step(state.map(double), double(gradient));
        for ((fused, expected), what) in fused.iter().zip(&expected).zip(["weight", "first", "second", "average"]) {
            assert_close(fused, expected, 1e-6, what);
        }
    }
}

#[test]
fn the_first_step_is_the_learning_rate_against_the_gradients_sign() {
    let device = Device::flex();
    let gradient = Tensor::<1>::from_floats([3.0, -1e-3, 0.0], &device);
    let zeros = gradient.zeros_like();
    let step = Adam { corrections: [1.0 - 0.9, 1.0 - 0.99], keep: 1.0, ..STEP };
    let [weight, .., average] = step.step([zeros.clone(), zeros.clone(), zeros.clone(), zeros], gradient);
    let expected = Tensor::<1>::from_floats([-1e-2, 1e-2, 0.0], &device);
    assert_close(&weight, &expected, 1e-4, "weight");
    assert_close(&average, &expected.mul_scalar(0.05), 1e-4, "average");
}

/// Weights that stay where they are, so that only the average moves.
const RESTING: Adam = Adam { learning_rate: 0.0, keep: 1.0, gradient_scale: 1.0, ..STEP };

/// The largest error of the average, relative to the weight, after so many updates from `start` times the weight.
fn average_error(device: &Device, decay: f64, updates: u64, start: f64) -> f64 {
    let weight = random([67], 1, device) + 1.5;
    let zeros = weight.zeros_like();
    let mut state = [weight.clone(), zeros.clone(), zeros.clone(), weight.clone().mul_scalar(start)];
    for update in 0..updates {
        state = Adam { average_decay: decay, update, ..RESTING }.step(state, zeros.clone());
    }
    let left = f64::powf(decay, updates as f64) * (start - 1.0);
    let [weight, average] = [&state[0], &state[3]].map(crate::support::numbers);
    weight.iter().zip(average).map(|(w, a)| (a / w - 1.0 - left).abs()).fold(0.0, f64::max)
}

#[test]
fn the_average_of_constant_weights_is_the_weights() {
    for decay in [0.9999, 0.99999] {
        assert_eq!(average_error(&Device::flex(), decay, 120_000, 1.0), 0.0, "decay {decay}");
    }
    // Half of the way at most, in steps of less than half a unit in the last place.
    for start in [0.99, 1.001] {
        let error = average_error(&Device::flex(), 0.99999, 50_000, start);
        // Three times the deviation of roundings that are independent. Rounding to the nearest would stay where it is: off by 4e-4.
        assert!(error < 4e-5, "from {start}: off by {error:e}");
    }
}
