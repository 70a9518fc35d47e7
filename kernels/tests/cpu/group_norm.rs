//! Group normalisation against its definition in Burn's operations, central differences, and other numbers of threads.

use crate::support::{assert_close, bits, numbers, probe, random};
use burn::tensor::{Device, FloatDType, Tensor, activation};
use fokker_kernels::{channels_first, channels_last, group_norm};

const EPS: f64 = 1e-5;

fn burns(x: Tensor<4>, groups: usize, weight: Tensor<1>, bias: Tensor<1>, silu: bool) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let grouped = x.reshape([batch, groups, channels / groups * height * width]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let normal = (centred / variance.add_scalar(EPS).sqrt()).reshape([batch, channels, height, width]);
    let out = normal * weight.reshape([1, channels, 1, 1]) + bias.reshape([1, channels, 1, 1]);
    if silu { activation::silu(out) } else { out }
}

fn ours(x: Tensor<4>, groups: usize, weight: Tensor<1>, bias: Tensor<1>, silu: bool) -> Tensor<4> {
    channels_first(group_norm(channels_last(x), None, groups, [weight, bias], EPS, silu))
}

/// An image whose channels have other scales and means, and an affine map.
fn inputs(shape: [usize; 4], device: &Device) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let per_channel = [1, shape[1], 1, 1];
    let x = random(shape, 1, device) * random(per_channel, 2, device) * 3.0 + random(per_channel, 3, device);
    (x.detach(), random([shape[1]], 4, device) + 1.0, random([shape[1]], 5, device))
}

fn cases() -> Vec<([usize; 4], usize, bool)> {
    let shapes = [([1, 4, 5, 7], 2), ([7, 32, 7, 7], 8), ([3, 6, 9, 4], 1), ([2, 5, 3, 3], 5), ([4, 16, 14, 14], 4)];
    shapes.into_iter().flat_map(|(shape, groups)| [(shape, groups, false), (shape, groups, true)]).collect()
}

#[test]
fn values_and_gradients_are_burns() {
    let device = Device::flex().autodiff();
    for (shape, groups, silu) in cases() {
        let run = |function: fn(Tensor<4>, usize, Tensor<1>, Tensor<1>, bool) -> Tensor<4>| {
            let (x, weight, bias) = inputs(shape, &device);
            let (x, weight, bias) = (x.require_grad(), weight.require_grad(), bias.require_grad());
            let out = function(x.clone(), groups, weight.clone(), bias.clone(), silu);
            let gradients = probe(out.clone()).backward();
            let of = [weight.grad(&gradients).unwrap(), bias.grad(&gradients).unwrap()];
            (out, x.grad(&gradients).unwrap(), of)
        };
        let (ours, burns) = (run(ours), run(burns));
        let case = format!("{shape:?}, {groups} groups, silu {silu}");
        assert_close(&ours.0, &burns.0, 1e-5, &format!("values, {case}"));
        assert_close(&ours.1, &burns.1, 1e-5, &format!("input, {case}"));
        assert_close(&ours.2[0], &burns.2[0], 1e-5, &format!("weight, {case}"));
        assert_close(&ours.2[1], &burns.2[1], 1e-5, &format!("bias, {case}"));
    }
}

#[test]
fn plain_tensors_give_the_values_of_tracked_ones() {
    let (shape, groups) = ([2, 8, 6, 6], 4);
    let [plain, tracked] = [Device::flex(), Device::flex().autodiff()].map(|device| {
        let (x, weight, bias) = inputs(shape, &device);
        bits(&ours(x, groups, weight, bias, true))
    });
    assert_eq!(plain, tracked);
}

#[test]
fn gradients_are_slopes_in_double_precision() {
    let (device, single) = (Device::flex(), Device::flex().autodiff());
    for (shape, groups, silu) in cases() {
        let (x, weight, bias) = inputs(shape, &single);
        let (x, weight, bias) = (x.require_grad(), weight.require_grad(), bias.require_grad());
        let gradients = probe(ours(x.clone(), groups, weight.clone(), bias.clone(), silu)).backward();
        let of_x = numbers(&x.grad(&gradients).unwrap());
        let of_weight = numbers(&weight.grad(&gradients).unwrap());
        let of_bias = numbers(&bias.grad(&gradients).unwrap());

        let (x, weight, bias) = inputs(shape, &device);
        let (dx, dw, db) = (random(shape, 7, &device), random([shape[1]], 8, &device), random([shape[1]], 9, &device));
        let value = |step: [f64; 3]| {
            let x = x.clone().cast(FloatDType::F64) + dx.clone().cast(FloatDType::F64) * step[0];
            let weight = weight.clone().cast(FloatDType::F64) + dw.clone().cast(FloatDType::F64) * step[1];
            let bias = bias.clone().cast(FloatDType::F64) + db.clone().cast(FloatDType::F64) * step[2];
            numbers(&probe(ours(x, groups, weight, bias, silu)))[0]
        };
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for (d, gradient, direction) in
            [(0, of_x, numbers(&dx)), (1, of_weight, numbers(&dw)), (2, of_bias, numbers(&db))]
        {
            let step = |by: f64| std::array::from_fn(|e| if d == e { by } else { 0.0 });
            // Fourth order in the step.
            let h = 1e-4;
            let near = value(step(h)) - value(step(-h));
            let far = value(step(2.0 * h)) - value(step(-2.0 * h));
            let slope = (8.0 * near - far) / (12.0 * h);
            let size = (product(&gradient, &gradient) * product(&direction, &direction)).sqrt();
            let actual = product(&gradient, &direction);
            assert!((actual - slope).abs() < 1e-5 * size, "argument {d}: {actual} against {slope}, {shape:?}, {silu}");
        }
    }
}

#[test]
fn views_are_read_as_what_they_show() {
    let device = Device::flex().autodiff();
    let wide = random([4, 9, 6, 5], 1, &device).require_grad();
    let run = |function: fn(Tensor<4>, usize, Tensor<1>, Tensor<1>, bool) -> Tensor<4>| {
        let x = wide.clone().permute([0, 2, 1, 3]).narrow(2, 1, 7);
        let weight = random([12], 2, &device).narrow(0, 3, 6);
        let out = function(x, 3, weight.clone(), weight, true);
        let gradients = probe(out.clone().swap_dims(1, 3)).backward();
        (out, wide.grad(&gradients).unwrap())
    };
    let (ours, burns) = (run(ours), run(burns));
    assert_close(&ours.0, &burns.0, 1e-5, "values");
    assert_close(&ours.1, &burns.1, 1e-5, "input");
}

#[test]
fn only_what_requires_a_gradient_gets_one() {
    let device = Device::flex().autodiff();
    for wanted in 1..8 {
        let (x, weight, bias) = inputs([2, 4, 3, 3], &device);
        let x = if wanted & 1 > 0 { x.require_grad() } else { x };
        let weight = if wanted & 2 > 0 { weight.require_grad() } else { weight };
        let bias = if wanted & 4 > 0 { bias.require_grad() } else { bias };
        let gradients = probe(ours(x.clone(), 2, weight.clone(), bias.clone(), true)).backward();
        assert_eq!(x.grad(&gradients).is_some(), wanted & 1 > 0);
        assert_eq!(weight.grad(&gradients).is_some(), wanted & 2 > 0);
        assert_eq!(bias.grad(&gradients).is_some(), wanted & 4 > 0);
    }
}

#[test]
fn a_constant_group_is_mapped_to_the_bias() {
    let device = Device::flex();
    let x = Tensor::<4>::full([1, 4, 5, 5], 1e4, &device);
    let bias = random([4], 1, &device);
    let out = ours(x, 2, Tensor::ones([4], &device), bias.clone(), false);
    assert_close(&out, &bias.reshape([1, 4, 1, 1]).expand([1, 4, 5, 5]), 1e-6, "values");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        pool.install(|| {
            let (x, weight, bias) = inputs([13, 24, 9, 7], &Device::flex().autodiff());
            let (x, weight, bias) = (x.require_grad(), weight.require_grad(), bias.require_grad());
            let out = ours(x.clone(), 8, weight.clone(), bias.clone(), true);
            let gradients = probe(out.clone()).backward();
            let of = [weight.grad(&gradients).unwrap(), bias.grad(&gradients).unwrap()];
            [bits(&out), bits(&x.grad(&gradients).unwrap()), bits(&of[0]), bits(&of[1])]
        })
    };
    let one = run(1);
    assert!(one == run(2) && one == run(3));
}
