//! Kernels are counted where they are launched. A file of its own: what is counted is a whole process's.

mod support;

use burn::tensor::{Device, Tensor};
use fokker_kernels::{Adam, Arena, LaunchReasons, conv2d, group_norm, launches};
use support::{gpu, random};

fn normal(x: Tensor<4>) -> Tensor<4> {
    let affine = [0, 1].map(|seed| Tensor::ones([8], &x.device()) + f64::from(seed));
    group_norm(x, None, 4, affine, 1e-5, true)
}

#[test]
fn a_group_norm_is_one_kernel_and_burns_is_many() {
    // Nothing is launched on the processor.
    let on_flex = random([2, 4, 4, 8], 1, &Device::flex());
    assert!(launches(true, || normal(on_flex.clone())).1.is_empty());
    let Some(device) = gpu() else { return };
    let x = random([2, 4, 4, 8], 1, &device);
    for timed in [false, true] {
        let (out, kernels) = launches(timed, || normal(x.clone()));
        assert_eq!(out.dims(), x.dims());
        let of =
            |kernel: &str| kernels.iter().find(|launches| launches.kernel == kernel).map(|launches| launches.count);
        assert_eq!(of("Normalize"), Some(1), "{kernels:?}");
        if !timed {
            assert!(kernels.iter().all(|launches| launches.time.is_none()));
        }
    }
    a_step_of_adam_is_one_kernel(&device);
    gradients_of_weight_and_bias_are_one_kernel(&device.clone().autodiff());
    // Mean, difference, square, mean, root, quotient.
    let burns = |x: Tensor<4>| (x.clone() - x.clone().mean_dim(3)) / x.square().mean_dim(3).sqrt();
    let many: usize = launches(false, || burns(x.clone())).1.iter().map(|launches| launches.count).sum();
    assert!(many >= 5, "{many} kernels");
}

/// Part of the one test: what is counted is a whole process's.
fn gradients_of_weight_and_bias_are_one_kernel(device: &Device) {
    let x = random([2, 4, 4, 8], 1, device);
    let weight = random([8, 8, 3, 3], 2, device).require_grad();
    let bias = Tensor::ones([8], device).require_grad();
    // The first of two chooses kernels.
    let [_, kernels] = [0, 1].map(|_| {
        let loss = conv2d(x.clone(), weight.clone(), Some(bias.clone()), 1, 1, 1).sum();
        launches(false, || loss.backward()).1
    });
    // A device with matrix units has Burn's kernels.
    if let Some(products) = kernels.iter().find(|launches| launches.kernel == "Products") {
        let copied = kernels.iter().any(|launches| launches.kernel.contains("Copy"));
        assert!(products.count == 1 && !copied, "{kernels:?}");
    }
}

/// Part of the one test: what is counted is a whole process's.
fn a_step_of_adam_is_one_kernel(device: &Device) {
    let adam = Adam {
        gradient_scale: 1.0,
        betas: [0.9, 0.999],
        corrections: [0.1, 0.001],
        epsilon: 1e-8,
        learning_rate: 1e-3,
        keep: 1.0,
        average_decay: 0.9,
        update: 1,
    };
    let tensors = || -> Vec<_> { (0..100).map(|seed| random([3, 40], seed, device).into_dispatch()).collect() };
    let arena = Arena::new(&tensors()).unwrap();
    let scale = Tensor::ones([1], device);
    let gradients = arena.gather(tensors());
    let state = [tensors(), tensors(), tensors(), tensors()].map(|tensors| arena.gather(tensors));
    let watching = LaunchReasons::new();
    let after = adam.step_all(&arena, state, arena.gather(gradients), &scale);
    let seen = watching.end();
    assert_eq!(after[0].len(), 100);
    assert_eq!(seen.iter().map(|launch| launch.count).sum::<usize>(), 1, "{seen:?}");
    assert_eq!((seen[0].kernel.as_str(), seen[0].reason.as_str()), ("UpdateAll", "step_all"), "{seen:?}");
}
