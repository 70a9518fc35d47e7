//! Images in bfloat16: operations compute in single precision and round once, where they write. Products of matrices take their
//! weights rounded; Winograd's convolutions do not.

use crate::support::{assert_close, bits, random};
use burn::tensor::{DType, Device, FloatDType, Tensor};
use fokker_kernels::{
    cat_channels, conv_transpose2d, conv2d, conv2d_add, group_norm, instruction_sets, upsample_nearest,
};

/// Images of widths with and without a rest after whole registers, and so many that several are taken together.
const SHAPES: [[usize; 4]; 5] = [[1, 3, 5, 2], [3, 7, 7, 16], [2, 14, 14, 40], [5, 8, 6, 1], [9, 6, 7, 70]];

/// An operation of images, with parameters.
type Operation<'a, const N: usize> = &'a dyn Fn([Tensor<4>; N], &[Tensor<4>]) -> Tensor<4>;

fn rounded(tensor: Tensor<4>) -> Tensor<4> {
    tensor.cast(FloatDType::BF16)
}

/// The bits of numbers that were rounded, in single precision.
fn bits_of(tensor: Tensor<4>) -> Vec<u32> {
    bits(&tensor.cast(FloatDType::F32))
}

/// The tensor in single precision, of numbers that bfloat16 has.
fn representable(tensor: Tensor<4>) -> Tensor<4> {
    rounded(tensor).cast(FloatDType::F32)
}

/// How weights are multiplied.
#[derive(Clone, Copy, PartialEq)]
enum Weights {
    /// As they are.
    Single,
    /// Rounded to bfloat16: sums are in another order than in single precision, so that a result may be rounded to the next number.
    Rounded,
}

/// What an operation makes of images in bfloat16 is what it makes of the same numbers in single precision, rounded once;
/// so are the gradients of the images, and those of the parameters are in single precision, bit for bit where weights are not rounded.
fn assert_rounds_once<const N: usize>(
    what: &str,
    images: [[usize; 4]; N],
    parameters: &[[usize; 4]],
    weights: Weights,
    operation: Operation<N>,
) {
    let tracked = Device::flex().autodiff();
    let run = |precision: FloatDType| {
        let image = |i: usize| rounded(random(images[i], i as u64, &tracked)).cast(precision).detach().require_grad();
        let inputs: [_; N] = std::array::from_fn(image);
        let parameter = |(i, &shape): (usize, &[usize; 4])| {
            let parameter = random(shape, 50 + i as u64, &tracked);
            let as_read = if weights == Weights::Rounded { representable(parameter) } else { parameter };
            as_read.detach().require_grad()
        };
        let parameters: Vec<Tensor<4>> = parameters.iter().enumerate().map(parameter).collect();
        let out = operation(inputs.clone(), &parameters);
        assert_eq!(out.dtype(), DType::from(precision), "{what}");
        let probe = rounded(random(out.dims(), 99, &tracked)).cast(precision);
        let gradients = (out.clone() * probe).sum().backward();
        let plain = operation(
            inputs.clone().map(Tensor::inner),
            &parameters.iter().map(|p| p.clone().inner()).collect::<Vec<_>>(),
        );
        assert_eq!(bits_of(plain), bits_of(out.clone().inner()), "{what} without automatic differentiation");
        let of_images = inputs.map(|input| input.grad(&gradients).unwrap());
        let of_parameters: Vec<_> = parameters.iter().map(|parameter| parameter.grad(&gradients).unwrap()).collect();
        (out.inner(), of_images, of_parameters)
    };
    let (reduced, single) = (run(FloatDType::BF16), run(FloatDType::F32));
    let assert_rounded = |reduced: Tensor<4>, single: Tensor<4>, what: &str| match weights {
        Weights::Single => assert_eq!(bits_of(reduced), bits_of(rounded(single)), "{what}"),
        // A unit of eight digits.
        Weights::Rounded => assert_close(&reduced, &rounded(single), 2f64.powi(-7), what),
    };
    assert_rounded(reduced.0, single.0, what);
    for (index, (reduced, single)) in reduced.1.into_iter().zip(single.1).enumerate() {
        assert_eq!(reduced.dtype(), DType::BF16, "{what}, gradient of image {index}");
        assert_rounded(reduced, single, &format!("{what}, gradient of image {index}"));
    }
    for (index, (reduced, single)) in reduced.2.iter().zip(&single.2).enumerate() {
        let what = format!("{what}, gradient of parameter {index}");
        match weights {
            Weights::Single => assert_eq!(bits(reduced), bits(single), "{what}"),
            // Up to 1000 products, exact in single precision, are added in another order.
            Weights::Rounded => assert_close(reduced, single, 1000.0 * 2f64.powi(-24), &what),
        }
    }
}

#[test]
fn convolutions_round_once() {
    let has_tiles = instruction_sets().contains("AMX");
    for x @ [batch, height, width, channels] in SHAPES {
        for (kernel, stride) in [(3, 1), (3, 2), (1, 1), (5, 1)] {
            let what = format!("{kernel} × {kernel} at stride {stride} of {x:?}");
            let parameters = [[20, channels, kernel, kernel], [1, 1, 1, 20]];
            let by_winograd = (kernel, stride) == (3, 1) && channels >= 16 && !has_tiles;
            let weights = if by_winograd { Weights::Single } else { Weights::Rounded };
            assert_rounds_once(&what, [x], &parameters, weights, &|[x], parameters| {
                let bias = parameters[1].clone().reshape([20]);
                conv2d(x, parameters[0].clone(), Some(bias), stride, kernel / 2, kernel / 2)
            });
            if stride == 1 {
                let residual = [batch, height, width, 20];
                assert_rounds_once(&what, [x, residual], &parameters, weights, &|[x, residual], parameters| {
                    conv2d_add(x, parameters[0].clone(), parameters[1].clone().reshape([20]), residual)
                });
            }
        }
        let parameters = [[channels, 6, 2, 2], [1, 1, 1, 6]];
        assert_rounds_once(&format!("transposed of {x:?}"), [x], &parameters, Weights::Rounded, &|[x], parameters| {
            let bias = parameters[1].clone().reshape([6]);
            conv_transpose2d(x, parameters[0].clone(), Some(bias), 2, [2 * height, 2 * width])
        });
    }
}

#[test]
fn normalisations_round_once() {
    for x @ [batch, _, _, channels] in SHAPES {
        let groups = if channels % 2 == 0 { 2 } else { 1 };
        for (silu, shifted) in [(false, false), (true, true)] {
            let parameters = [[1, 1, 1, channels], [1, 1, 1, channels], [batch, 1, 1, channels]];
            let parameters = &parameters[..if shifted { 3 } else { 2 }];
            assert_rounds_once(&format!("normalised {x:?}"), [x], parameters, Weights::Single, &|[x], parameters| {
                let affine = [0, 1].map(|i| parameters[i].clone().reshape([channels]));
                let shift = parameters.get(2).map(|shift| shift.clone().reshape([batch, channels]));
                group_norm(x, shift, groups, affine, 1e-5, silu)
            });
        }
    }
}

#[test]
fn joins_and_repetitions_round_once() {
    for x @ [batch, height, width, _] in SHAPES {
        let images = [x, [batch, height, width, 3]];
        assert_rounds_once("joined", images, &[], Weights::Single, &|[first, second], _| cat_channels(first, second));
        assert_rounds_once("repeated", [x], &[], Weights::Single, &|[x], _| upsample_nearest(x));
    }
}
