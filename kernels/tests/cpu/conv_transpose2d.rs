//! The transposed convolution against its definition, and its gradients against Burn's in double precision.

use crate::support::{assert_close, numbers, probe, random};
use burn::tensor::{Device, FloatDType, Tensor};
use fokker_kernels::conv_transpose2d;

#[derive(Clone, Copy, Debug)]
struct Case {
    batch: usize,
    inputs: usize,
    outputs: usize,
    size: [usize; 2],
    kernel: usize,
    stride: usize,
    /// Rows and columns that no tap meets.
    more: [usize; 2],
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kernel, stride, more) in [(3, 1, [0, 0]), (3, 2, [0, 0]), (3, 2, [1, 0]), (2, 3, [1, 2]), (1, 2, [1, 1])] {
        for (batch, inputs, outputs, size) in
            [(1, 5, 3, [4, 3]), (5, 17, 33, [5, 2]), (9, 32, 16, [7, 7]), (1, 16, 20, [30, 29]), (2, 16, 1, [13, 13])]
        {
            cases.push(Case { batch, inputs, outputs, size, kernel, stride, more });
        }
    }
    cases
}

impl Case {
    fn result(&self) -> [usize; 2] {
        std::array::from_fn(|d| (self.size[d] - 1) * self.stride + self.kernel + self.more[d])
    }

    fn inputs(&self, device: &Device) -> (Tensor<4>, Tensor<4>, Tensor<1>) {
        let [height, width] = self.size;
        let x = random([self.batch, height, width, self.inputs], 1, device);
        let weight = random([self.inputs, self.outputs, self.kernel, self.kernel], 2, device);
        (x, weight, random([self.outputs], 3, device))
    }

    fn run(&self, x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
        conv_transpose2d(x, weight, Some(bias), self.stride, self.result())
    }
}

#[test]
fn every_pixel_is_spread_by_the_taps() {
    let device = Device::flex();
    for case in cases().into_iter().filter(|case| case.inputs < 20) {
        let (x, weight, bias) = case.inputs(&device);
        let out = case.run(x.clone(), weight.clone(), bias.clone());
        let ([height, width], [rows, columns]) = (case.size, case.result());
        let (x, weight, bias) = (numbers(&x), numbers(&weight), numbers(&bias));
        let mut expected: Vec<f64> = bias.iter().copied().cycle().take(out.shape().num_elements()).collect();
        let (kernel, inputs, outputs) = (case.kernel, case.inputs, case.outputs);
        for n in 0..case.batch {
            for (y, x_) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                for (k, l) in (0..kernel).flat_map(|k| (0..kernel).map(move |l| (k, l))) {
                    let pixel = (n * rows + y * case.stride + k) * columns + x_ * case.stride + l;
                    for (i, o) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
                        let tap = ((i * outputs + o) * kernel + k) * kernel + l;
                        expected[pixel * outputs + o] += x[((n * height + y) * width + x_) * inputs + i] * weight[tap];
                    }
                }
            }
        }
        let largest = expected.iter().fold(0f64, |largest, value| largest.max(value.abs()));
        for (actual, expected) in numbers(&out).into_iter().zip(expected) {
            assert!((actual - expected).abs() < 1e-5 * largest, "{actual} against {expected}, {case:?}");
        }
    }
}

#[test]
fn gradients_are_burns() {
    // In double precision the operation is Burn's own.
    let device = Device::flex().autodiff();
    for case in cases() {
        let gradients = |precision: FloatDType| {
            let (x, weight, bias) = case.inputs(&device);
            let (x, weight, bias) = (x.cast(precision), weight.cast(precision), bias.cast(precision));
            let (x, weight, bias) = (x.require_grad(), weight.require_grad(), bias.require_grad());
            let out = case.run(x.clone(), weight.clone(), bias.clone());
            let gradients = probe(out.clone()).backward();
            (out, x.grad(&gradients).unwrap(), weight.grad(&gradients).unwrap(), bias.grad(&gradients).unwrap())
        };
        let (ours, burns) = (gradients(FloatDType::F32), gradients(FloatDType::F64));
        assert_close(&ours.0, &burns.0, 1e-5, &format!("values, {case:?}"));
        assert_close(&ours.1, &burns.1, 1e-5, &format!("input, {case:?}"));
        assert_close(&ours.2, &burns.2, 1e-5, &format!("weight, {case:?}"));
        assert_close(&ours.3, &burns.3, 1e-5, &format!("bias, {case:?}"));
    }
}

#[test]
#[should_panic(expected = "do not become")]
fn sizes_that_no_convolution_takes_there_are_refused() {
    let device = Device::flex();
    conv_transpose2d(Tensor::ones([1, 2, 2, 1], &device), Tensor::ones([1, 1, 3, 3], &device), None, 2, [7, 5]);
}
