//! The convolution against Burn's, central differences, and itself on other numbers of threads.

use crate::support::{assert_close, bits, numbers, probe, random};
use burn::tensor::module;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, FloatDType, Tensor};
use fokker_kernels::{ConvWeight, PreparedWeight, channels_first, channels_last, conv2d};

#[derive(Clone, Copy, Debug)]
struct Case {
    batch: usize,
    inputs: usize,
    outputs: usize,
    size: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: (usize, usize),
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kernel, stride, padding) in
        [(3, 1, (1, 1)), (3, 2, (1, 1)), (3, 2, (0, 1)), (1, 1, (0, 0)), (1, 2, (0, 0)), (5, 1, (2, 2)), (2, 3, (1, 0))]
    {
        for (batch, inputs, outputs, size) in [
            (1, 3, 5, [7, 9]),
            (7, 17, 33, [8, 7]),
            (9, 32, 64, [14, 14]),
            (2, 1, 16, [5, 5]),
            (3, 20, 1, [28, 28]),
            (2, 16, 20, [30, 29]),
            // Many channels, and more images than are transformed at a time.
            (11, 70, 61, [30, 29]),
        ] {
            cases.push(Case { batch, inputs, outputs, size, kernel, stride, padding });
        }
    }
    cases
}

impl Case {
    fn inputs(&self, device: &Device) -> (Tensor<4>, Tensor<4>, Tensor<1>) {
        let [height, width] = self.size;
        let x = random([self.batch, self.inputs, height, width], 1, device);
        let weight = random([self.outputs, self.inputs, self.kernel, self.kernel], 2, device);
        (x, weight, random([self.outputs], 3, device))
    }

    fn ours(&self, x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
        channels_first(conv2d(channels_last(x), weight, bias, self.stride, self.padding.0, self.padding.1))
    }

    fn burns(&self, x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
        let options = ConvOptions::new_with_padding([self.stride; 2], [self.padding; 2], [1, 1], 1);
        module::conv2d(x, weight, bias, options)
    }
}

#[test]
fn values_are_burns() {
    let device = Device::flex();
    for case in cases() {
        let (x, weight, bias) = case.inputs(&device);
        let expected = case.burns(x.clone(), weight.clone(), Some(bias.clone()));
        assert_close(&case.ours(x.clone(), weight.clone(), Some(bias)), &expected, 1e-5, &format!("{case:?}"));
        let expected = case.burns(x.clone(), weight.clone(), None);
        assert_close(&case.ours(x, weight, None), &expected, 1e-5, &format!("without bias, {case:?}"));
    }
}

#[test]
fn gradients_are_burns() {
    let device = Device::flex().autodiff();
    for case in cases() {
        let gradients = |ours: bool| {
            let (x, weight, bias) = case.inputs(&device);
            let (x, weight, bias) = (x.require_grad(), weight.require_grad(), bias.require_grad());
            let run = if ours { Case::ours } else { Case::burns };
            let out = run(&case, x.clone(), weight.clone(), Some(bias.clone()));
            let gradients = probe(out).backward();
            (x.grad(&gradients).unwrap(), weight.grad(&gradients).unwrap(), bias.grad(&gradients).unwrap())
        };
        let (ours, burns) = (gradients(true), gradients(false));
        assert_close(&ours.0, &burns.0, 1e-5, &format!("input, {case:?}"));
        // A sum over the pixels of a batch, whose rounding grows with the root of their number.
        let pixels = (case.batch * case.size[0] * case.size[1]) as f64;
        assert_close(&ours.1, &burns.1, 1e-5 * (pixels / 2000.0).sqrt().max(1.0), &format!("weight, {case:?}"));
        assert_close(&ours.2, &burns.2, 1e-5, &format!("bias, {case:?}"));
    }
}

#[test]
fn gradients_are_slopes_of_the_convolution_in_double_precision() {
    let (device, single) = (Device::flex(), Device::flex().autodiff());
    for case in cases().into_iter().filter(|case| case.inputs < 20) {
        let (x, weight, bias) = case.inputs(&single);
        let (x, weight, bias) = (x.require_grad(), weight.require_grad(), bias.require_grad());
        let out = case.ours(x.clone(), weight.clone(), Some(bias.clone()));
        let gradients = probe(out).backward();
        let (of_x, of_weight, of_bias) =
            (x.grad(&gradients).unwrap(), weight.grad(&gradients).unwrap(), bias.grad(&gradients).unwrap());

        let (x, weight, bias) = case.inputs(&device);
        let (dx, dw, db) =
            (random(x.dims(), 5, &device), random(weight.dims(), 6, &device), random(bias.dims(), 7, &device));
        let value = |step: [f64; 3]| {
            let moved = |by: f64, at: &Tensor<4>, towards: &Tensor<4>| {
                at.clone().cast(FloatDType::F64) + towards.clone().cast(FloatDType::F64) * by
            };
            let bias = bias.clone().cast(FloatDType::F64) + db.clone().cast(FloatDType::F64) * step[2];
            let out = case.ours(moved(step[0], &x, &dx), moved(step[1], &weight, &dw), Some(bias));
            numbers(&probe(out))[0]
        };
        // The convolution is linear in each argument: any step will do.
        let slope = |d: usize| {
            let step = |by: f64| std::array::from_fn(|e| if d == e { by } else { 0.0 });
            (value(step(0.5)) - value(step(-0.5))) / 1.0
        };
        let product = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>();
        let size = |a: &[f64]| a.iter().map(|a| a * a).sum::<f64>().sqrt();
        for (d, gradient, direction) in [
            (0, numbers(&of_x), numbers(&dx)),
            (1, numbers(&of_weight), numbers(&dw)),
            (2, numbers(&of_bias), numbers(&db)),
        ] {
            let tolerance = 1e-6 * size(&gradient) * size(&direction);
            let (actual, expected) = (product(gradient, direction), slope(d));
            assert!((actual - expected).abs() < tolerance, "argument {d}: {actual} against {expected}, {case:?}");
        }
    }
}

#[test]
fn views_are_read_as_what_they_show() {
    let device = Device::flex().autodiff();
    let case = Case { batch: 3, inputs: 4, outputs: 6, size: [7, 5], kernel: 3, stride: 1, padding: (1, 1) };
    let wide = random([5, 7, 4, 5], 1, &device).require_grad();
    let tall = random([3, 3, 4, 9], 2, &device).require_grad();
    let run = |ours: bool| {
        let x = wide.clone().permute([0, 2, 1, 3]).narrow(0, 1, 3);
        let weight = tall.clone().permute([3, 2, 0, 1]).narrow(0, 2, 6);
        let out = if ours { case.ours(x, weight, None) } else { case.burns(x, weight, None) };
        // The gradient reaches the convolution as a view, too.
        let gradients = probe(out.clone().swap_dims(2, 3)).backward();
        (out, wide.grad(&gradients).unwrap(), tall.grad(&gradients).unwrap())
    };
    let (ours, burns) = (run(true), run(false));
    assert_close(&ours.0, &burns.0, 1e-5, "values");
    assert_close(&ours.1, &burns.1, 1e-5, "input");
    assert_close(&ours.2, &burns.2, 1e-5, "weight");
}

#[test]
fn only_what_requires_a_gradient_gets_one() {
    let device = Device::flex().autodiff();
    let case = Case { batch: 2, inputs: 3, outputs: 4, size: [6, 6], kernel: 3, stride: 1, padding: (1, 1) };
    for wanted in 0..8 {
        let (x, weight, bias) = case.inputs(&device);
        let x = if wanted & 1 > 0 { x.require_grad() } else { x };
        let weight = if wanted & 2 > 0 { weight.require_grad() } else { weight };
        let bias = if wanted & 4 > 0 { bias.require_grad() } else { bias };
        let out = case.ours(x.clone(), weight.clone(), Some(bias.clone()));
        assert!(!out.is_require_grad(), "a result is no leaf");
        if wanted == 0 {
            continue;
        }
        let gradients = probe(out).backward();
        assert_eq!(x.grad(&gradients).is_some(), wanted & 1 > 0);
        assert_eq!(weight.grad(&gradients).is_some(), wanted & 2 > 0);
        assert_eq!(bias.grad(&gradients).is_some(), wanted & 4 > 0);
    }
}

#[test]
fn tensors_without_automatic_differentiation_count_as_constants() {
    let (plain, device) = (Device::flex(), Device::flex().autodiff());
    let case = Case { batch: 2, inputs: 3, outputs: 4, size: [6, 6], kernel: 3, stride: 1, padding: (1, 1) };
    let (x, _, bias) = case.inputs(&plain);
    let weight = case.inputs(&device).1.require_grad();
    let out = case.ours(x, weight.clone(), Some(bias));
    let gradients = probe(out).backward();
    assert!(weight.grad(&gradients).is_some());
}

#[test]
fn a_weight_used_twice_gets_both_gradients() {
    let device = Device::flex().autodiff();
    let case = Case { batch: 2, inputs: 3, outputs: 3, size: [6, 6], kernel: 3, stride: 1, padding: (1, 1) };
    let gradient = |ours: bool| {
        let (x, weight, _) = case.inputs(&device);
        let weight = weight.require_grad();
        let run = if ours { Case::ours } else { Case::burns };
        let out = run(&case, run(&case, x, weight.clone(), None), weight.clone(), None);
        weight.grad(&probe(out).backward()).unwrap()
    };
    assert_close(&gradient(true), &gradient(false), 1e-5, "weight");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    // Many images, and one that is large enough to be cut, in both ways of convolving.
    for (batch, inputs, outputs, size, kernel, stride, padding) in [
        (21, 33, 40, [9, 11], 3, 2, (1, 1)),
        (1, 100, 70, [53, 50], 3, 1, (1, 1)),
        (1, 100, 70, [53, 50], 3, 2, (0, 1)),
        (1, 300, 200, [20, 18], 1, 1, (0, 0)),
    ] {
        let case = Case { batch, inputs, outputs, size, kernel, stride, padding };
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
            pool.install(|| {
                let device = Device::flex().autodiff();
                let (x, weight, bias) = case.inputs(&device);
                let (x, weight, bias) = (x.require_grad(), weight.require_grad(), bias.require_grad());
                let out = case.ours(x.clone(), weight.clone(), Some(bias.clone()));
                let gradients = probe(out.clone()).backward();
                let of = [x.grad(&gradients).unwrap(), weight.grad(&gradients).unwrap()];
                [bits(&out), bits(&of[0]), bits(&of[1]), bits(&bias.grad(&gradients).unwrap())]
            })
        };
        let one = run(1);
        assert!(one == run(2) && one == run(3), "{case:?}");
    }
}

/// The copies that a layer keeps of its weight give the bits of a weight that is put in order anew, and are not taken for
/// another weight's.
#[test]
fn a_prepared_weight_gives_the_same_bits() {
    let device = Device::flex().autodiff();
    for case in cases() {
        let prepared = PreparedWeight::default();
        let (x, weight, _) = case.inputs(&device);
        let run = |weight: ConvWeight| {
            let x = x.clone().require_grad();
            let (stride, (before, after)) = (case.stride, case.padding);
            let out = channels_first(conv2d(channels_last(x.clone()), weight, None, stride, before, after));
            let gradients = probe(out.clone()).backward();
            [bits(&out), bits(&x.grad(&gradients).unwrap())]
        };
        let anew = |weight: &Tensor<4>| run(weight.clone().into());
        let kept = |weight: &Tensor<4>| run(ConvWeight::new(weight.clone(), &prepared));
        let first = anew(&weight);
        for use_of_it in 0..4 {
            assert!(kept(&weight) == first, "{case:?}");
            assert_eq!(prepared.bytes() > 0, use_of_it > 0, "kept from the second use on");
        }
        let doubled = weight.clone() * 2.0;
        assert!(kept(&doubled) == anew(&doubled) && kept(&doubled) != first, "{case:?}");
        assert!(kept(&weight) == first, "{case:?}");
    }
}
