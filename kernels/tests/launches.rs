//! Kernels are counted where they are launched. A file of its own: what is counted is a whole process's.

mod support;

use burn::tensor::{Device, Tensor};
use fokker_kernels::{group_norm, launches};
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
    // Mean, difference, square, mean, root, quotient.
    let burns = |x: Tensor<4>| (x.clone() - x.clone().mean_dim(3)) / x.square().mean_dim(3).sqrt();
    let many: usize = launches(false, || burns(x.clone())).1.iter().map(|launches| launches.count).sum();
    assert!(many >= 5, "{many} kernels");
}
