//! An average of its own is the one that Adam carries along.

use burn::tensor::{Device, FloatDType, Tensor};
use fokker_kernels::{Adam, RunningAverage};

use crate::support::{assert_close, bits, random};

#[test]
fn it_is_adams() {
    let device = Device::flex();
    let [average, weight] = [1, 2].map(|seed| random([129, 257], seed, &device));
    let (decay, update) = (0.9993, 41);
    let adam = Adam {
        gradient_scale: 1.0,
        betas: [0.9, 0.99],
        corrections: [1.0; 2],
        epsilon: 1e-8,
        learning_rate: 0.0,
        keep: 1.0,
        average_decay: decay,
        update,
    };
    let zeros = weight.zeros_like();
    let [_, _, _, expected] = adam.step([weight.clone(), zeros.clone(), zeros.clone(), average.clone()], zeros);
    let ours = RunningAverage { decay, update }.step(average.clone(), weight.clone());
    assert_eq!(bits(&ours), bits(&expected));
    assert_ne!(bits(&ours), bits(&average), "an average that others hold is not changed");
    let double = |tensor: Tensor<2>| tensor.cast(FloatDType::F64);
    let exact = RunningAverage { decay, update }.step(double(average), double(weight));
    assert_close(&ours, &exact, 1e-6, "average");
}
