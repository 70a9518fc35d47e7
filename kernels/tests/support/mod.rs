//! Random tensors and comparisons.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use burn::tensor::{Device, DeviceKind, DeviceType, FloatDType, Tensor, TensorData};

/// Numbers in (−1, 1), a function of the seed (an additive sequence hashed by splitmix64).
pub fn random<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let number = |place: usize| {
        let mut word = (seed << 32 | place as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((word ^ (word >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let numbers: Vec<f32> = (0..shape.iter().product()).map(number).collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// A number that depends on all entries of a result.
pub fn probe(out: Tensor<4>) -> Tensor<1> {
    let probe = random(out.dims(), 4, &out.device()).cast(FloatDType::from(out.dtype()));
    (out * probe).sum()
}

/// The numbers in double precision, whatever precision they had.
pub fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().convert::<f64>().try_to_vec().expect("converted to double precision")
}

/// The bits of a tensor in single precision.
pub fn bits<const D: usize>(tensor: &Tensor<D>) -> Vec<u32> {
    let numbers = tensor.to_data().try_to_vec::<f32>().expect("single precision");
    numbers.into_iter().map(f32::to_bits).collect()
}

/// Asserts that `actual` is `expected` up to `tolerance`, relative to the largest entry.
pub fn assert_close<const D: usize>(actual: &Tensor<D>, expected: &Tensor<D>, tolerance: f64, what: &str) {
    assert_eq!(actual.dims(), expected.dims(), "{what}: shapes differ");
    let (actual, expected) = (numbers(actual), numbers(expected));
    let largest = expected.iter().fold(0f64, |largest, value| largest.max(value.abs()));
    let error = actual.iter().zip(&expected).fold(0f64, |worst, (a, e)| worst.max((a - e).abs()));
    assert!(error <= tolerance * largest.max(1e-6), "{what}: off by {error:e}, entries are up to {largest:e}");
}

/// wgpu's device where there is a GPU. `FOKKER_REQUIRE_WGPU=1` makes its absence a failure, and takes software for one.
pub fn gpu() -> Option<Device> {
    let required = std::env::var_os("FOKKER_REQUIRE_WGPU").is_some();
    let imitation = Device::wgpu(DeviceKind::Cpu);
    let gpu = Device::enumerate(DeviceType::Wgpu).into_vec().into_iter().find(|gpu| required || *gpu != imitation);
    assert!(gpu.is_some() || !required, "wgpu has no device");
    if gpu.is_none() {
        eprintln!("wgpu has no GPU here: it is not tested");
    }
    gpu
}
