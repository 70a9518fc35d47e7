//! The step of Adam against its formula in double precision.

mod support;

use burn::tensor::{Device, FloatDType, Tensor};
use fokker_kernels::Adam;
use support::{assert_close, random};

const STEP: Adam = Adam {
    gradient_scale: 0.7,
    betas: [0.9, 0.99],
    corrections: [1.0 - 0.729, 1.0 - 0.970_299],
    epsilon: 1e-8,
    learning_rate: 1e-2,
    keep: 0.999,
    average_decay: 0.95,
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
