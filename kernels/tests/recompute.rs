//! What is computed again in the backward pass is not kept, and comes out the same.

#[path = "support/memory.rs"]
mod memory;
mod support;

use std::sync::atomic::Ordering::Relaxed;

use burn::tensor::{Device, Tensor};
use fokker_kernels::{cat_channels, conv2d, group_norm};
use memory::IN_USE;
use support::{bits, random};

const LAYERS: usize = 4;

/// Bytes in use after the forward pass, and the gradients of image and weights: images joined with the first one,
/// convolutions and normalisations in turn.
fn run(device: &Device) -> (usize, Vec<Vec<u32>>) {
    let x = random([2, 16, 16, 8], 0, device).require_grad();
    let weight = random([8, 16, 3, 3], 1, device).require_grad();
    let affine = [random([8], 2, device).require_grad(), random([8], 3, device).require_grad()];
    let before = IN_USE.load(Relaxed);
    let mut hidden = x.clone();
    for _ in 0..LAYERS {
        let normal = group_norm(hidden, None, 4, affine.clone(), 1e-5, true);
        hidden = conv2d(cat_channels(normal, x.clone()), weight.clone(), None, 1, 1, 1);
    }
    let held = IN_USE.load(Relaxed) - before;
    let gradients = hidden.square().sum().backward();
    let of_affine = affine.map(|parameter: Tensor<1>| bits(&parameter.grad(&gradients).unwrap()));
    let mut of = vec![bits(&x.grad(&gradients).unwrap()), bits(&weight.grad(&gradients).unwrap())];
    of.extend(of_affine);
    (held, of)
}

#[test]
fn a_normalisation_computed_again_is_not_held_and_gives_the_same_bits() {
    let device = Device::flex().autodiff();
    // A single thread, whose scratch space is there after the first run.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (kept, again) = alone.install(|| {
        run(&device);
        (run(&device), run(&device.gradient_checkpointing()))
    });
    assert!(kept.1 == again.1, "gradients differ");
    // Every layer keeps what is normalised and what is joined, two images, or the first alone.
    let image = 4 * 2 * 16 * 16 * 8;
    let (kept, again) = (kept.0 as f64 / image as f64, again.0 as f64 / image as f64);
    assert!(kept > 2.0 * LAYERS as f64 && again < LAYERS as f64 + 2.0, "{kept} and {again} images are held");
}
