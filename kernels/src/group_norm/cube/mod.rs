//! Group normalisation with the shift before it and the activation after it: one kernel forward, two backward.

mod autodiff;
mod backward;
mod forward;
mod plan;
mod sums;

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Tensor};

use crate::tensors::cube::{Inputs, from_plain, from_tracked};
use forward::forward;
use plan::Plan;

/// The normalisation on a GPU: images in any floating-point precision, everything else in single precision. None for
/// other tensors.
pub(in crate::group_norm) fn group_norm(
    x: &Tensor<4>,
    shift: Option<&Tensor<2>>,
    groups: usize,
    [weight, bias]: [&Tensor<1>; 2],
    eps: f64,
    silu: bool,
) -> Option<Tensor<4>> {
    let mut tensors = vec![x.clone().into_dispatch(), weight.clone().into_dispatch(), bias.clone().into_dispatch()];
    tensors.extend(shift.map(|shift| shift.clone().into_dispatch()));
    let precisions = matches!(x.dtype(), DType::F32 | DType::F16 | DType::BF16)
        && tensors[1..].iter().all(|tensor| tensor.dtype() == DType::F32);
    let inputs = precisions.then(|| Inputs::of(tensors)).flatten()?;
    let client = match &inputs {
        Inputs::Plain(inputs) => inputs[0].client.clone(),
        Inputs::Tracked(inputs, _) => inputs[0].primitive().client.clone(),
    };
    let plan = Plan::new(x.dims(), groups, eps, silu, &client.properties().hardware)?;
    Some(match inputs {
        Inputs::Plain(inputs) => from_plain(forward(&plan, inputs).0),
        Inputs::Tracked(inputs, context) => from_tracked(autodiff::group_norm(plan, inputs, context), context),
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, DeviceType};

    use super::*;

    /// Without this the tests of the kernels could compare Burn's operations with themselves.
    #[test]
    fn tensors_on_a_gpu_are_taken_and_others_are_not() {
        let taken = |device: &Device, channels: usize| {
            let affine = [0, 1].map(|_| Tensor::ones([channels], device));
            let x = Tensor::ones([1, 2, 2, channels], device);
            group_norm(&x, None, 1, affine.each_ref(), 1e-5, true).is_some()
        };
        assert!(!taken(&Device::flex(), 4) && !taken(&Device::flex().autodiff(), 4));
        if std::env::var_os("FOKKER_REQUIRE_WGPU").is_some() {
            let device = Device::enumerate(DeviceType::Wgpu).into_vec().swap_remove(0);
            assert!(taken(&device, 4) && taken(&device.clone().autodiff(), 4));
            assert!(!taken(&device, 4 * 1024), "a group of more channels than a cube has units");
        }
    }
}
