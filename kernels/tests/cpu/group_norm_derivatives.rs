//! The fused derivatives of a group normalisation against their definition in Burn's operations and double precision,
//! where the definition is held to central differences.

use crate::support::{assert_close, bits, numbers, probe, random};
use burn::tensor::{Device, FloatDType, Tensor, activation};
use fokker_kernels::{group_norm_derivatives, group_norm_tangent};

const EPS: f64 = 1e-5;

/// `a + ε₁ u + ε₂ v + ε₁ε₂ w` of tensors, with `ε₁² = ε₂² = 0`.
#[derive(Clone)]
struct Jet([Tensor<4>; 4]);

impl Jet {
    fn real(value: Tensor<4>) -> Self {
        let zeros = value.zeros_like();
        Self([value, zeros.clone(), zeros.clone(), zeros])
    }

    fn map(self, linear: impl Fn(Tensor<4>) -> Tensor<4>) -> Self {
        Self(self.0.map(linear))
    }

    fn add(self, other: Self) -> Self {
        let [a, b] = [self.0, other.0];
        Self(std::array::from_fn(|k| a[k].clone() + b[k].clone()))
    }

    fn mul(&self, other: &Self) -> Self {
        let product = |i: usize, j: usize| self.0[i].clone() * other.0[j].clone();
        let first = |k: usize| product(0, k) + product(k, 0);
        Self([product(0, 0), first(1), first(2), first(3) + product(1, 2) + product(2, 1)])
    }

    /// A function by its value, slope and curvature at the value.
    fn lift(&self, [value, slope, curvature]: [Tensor<4>; 3]) -> Self {
        let along = |k: usize| slope.clone() * self.0[k].clone();
        Self([value, along(1), along(2), along(3) + curvature * self.0[1].clone() * self.0[2].clone()])
    }
}

fn mean(x: Tensor<4>, groups: usize) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let each = channels / groups;
    let mean = x.reshape([batch, height * width, groups, each]).mean_dim(1).mean_dim(3);
    mean.expand([batch, 1, groups, each]).reshape([batch, 1, 1, channels])
}

fn by_definition(x: Jet, shift: Jet, groups: usize, [weight, bias]: [Tensor<1>; 2], silu: bool) -> Jet {
    let channels = weight.dims()[0];
    let x = x.add(shift);
    let away = x.clone().add(x.map(|x| mean(x, groups).neg()));
    let mut variance = away.mul(&away).map(|x| mean(x, groups));
    variance.0[0] = variance.0[0].clone() + EPS;
    let value = variance.0[0].clone();
    let root =
        [(-0.5, 1.0), (-1.5, -0.5), (-2.5, 0.75)].map(|(power, factor)| value.clone().powf_scalar(power) * factor);
    let inverse = variance.lift(root);
    let mut y = away.mul(&inverse).map(|normal| normal * weight.clone().reshape([1, 1, 1, channels]));
    y.0[0] = y.0[0].clone() + bias.reshape([1, 1, 1, channels]);
    if !silu {
        return y;
    }
    let s = activation::sigmoid(y.0[0].clone());
    let slope = s.clone() * (s.clone().neg() + 1.0);
    let curvature = slope.clone() * (s.clone() * -2.0 + 1.0);
    y.mul(&y.lift([s, slope, curvature]))
}

/// How many derivatives there may be, the value among them.
const COUNTS: [usize; 5] = [1, 2, 3, 4, 5];

/// Everything that a normalisation takes, in single precision: images and shifts, each a value, its derivatives along a
/// first and a second direction, the mixed one, and that along another direction; weight and bias.
struct Case {
    x: [Tensor<4>; 5],
    shift: [Tensor<2>; 5],
    affine: [Tensor<1>; 2],
    groups: usize,
    silu: bool,
}

impl Case {
    fn all(device: &Device) -> Vec<Self> {
        let shapes = [([1, 5, 7, 4], 2), ([3, 6, 5, 32], 8), ([2, 4, 9, 6], 1), ([2, 3, 3, 10], 5), ([4, 9, 8, 48], 8)];
        fn leaf<const D: usize>(x: Tensor<D>) -> Tensor<D> {
            if x.device().is_autodiff() { x.detach().require_grad() } else { x }
        }
        let case = |([batch, height, width, channels], groups, silu): ([usize; 4], usize, bool)| {
            let scale = random([1, 1, 1, channels], 2, device) * 2.0 + 3.0;
            let image = |seed| random([batch, height, width, channels], seed, device) * scale.clone();
            let shift = |seed| random([batch, channels], seed, device);
            Self {
                x: [10, 11, 12, 13, 14].map(|seed| leaf(image(seed))),
                shift: [20, 21, 22, 23, 24].map(|seed| leaf(shift(seed))),
                affine: [(random([channels], 4, device) + 1.0), random([channels], 5, device)].map(leaf),
                groups,
                silu,
            }
        };
        shapes
            .into_iter()
            .flat_map(|(shape, groups)| [case((shape, groups, true)), case((shape, groups, false))])
            .collect()
    }

    /// The directions of the first `count` derivatives, as places in `x` and `shift`.
    fn places(count: usize) -> Vec<usize> {
        match count {
            3 => vec![0, 1, 4],
            count => (0..count).collect(),
        }
    }

    /// The coefficients along the first direction `along[0]`, the second direction `along[1]`, and both.
    fn along(&self, along: [usize; 2], shifted: bool) -> Jet {
        let places = [0, along[0], along[1], 3];
        let x = Jet(places.map(|place| wide(&self.x[place])));
        let [batch, channels] = self.shift[0].dims();
        let shift = |place: usize| self.shift[place].clone().cast(FloatDType::F64).reshape([batch, 1, 1, channels]);
        let shift = if shifted { Jet(places.map(shift)) } else { Jet::real(shift(0).zeros_like()) };
        let affine = self.affine.each_ref().map(|affine| affine.clone().cast(FloatDType::F64));
        by_definition(x, shift, self.groups, affine, self.silu)
    }

    /// All derivatives, in the order of the case.
    fn definition(&self, shifted: bool) -> [Tensor<4>; 5] {
        let [value, first, second, mixed] = self.along([1, 2], shifted).0;
        let [_, other, ..] = self.along([4, 2], shifted).0;
        [value, first, second, mixed, other]
    }

    fn fused(&self, count: usize, shifted: bool) -> Vec<Tensor<4>> {
        let x = Self::places(count).into_iter().map(|place| self.x[place].clone()).collect();
        let shift = shifted.then(|| Self::places(count).into_iter().map(|place| self.shift[place].clone()).collect());
        group_norm_derivatives(x, shift, self.groups, self.affine.clone(), EPS, self.silu)
            .expect("single precision on flex")
    }

    fn tangent(&self, shifted: bool) -> Option<Tensor<4>> {
        let shift = shifted.then(|| [self.shift[0].clone(), self.shift[1].clone()]);
        let x = [self.x[0].clone(), self.x[1].clone()];
        group_norm_tangent(x, shift, self.groups, self.affine.clone(), EPS, self.silu)
    }

    /// The gradients of a number that depends on all of these but those left out, in images, shifts, weight and bias.
    fn gradients(&self, of: impl IntoIterator<Item = Tensor<4>>, without: Option<usize>) -> Vec<(String, Vec<f64>)> {
        let kept = of.into_iter().enumerate().filter(|(k, _)| Some(*k) != without);
        let sum = kept.map(|(k, part)| probe(part).cast(FloatDType::F64) * (k as f64 + 1.0)).reduce(|a, b| a + b);
        let gradients = sum.expect("something is left").backward();
        let mut all = Vec::new();
        for k in 0..5 {
            all.extend(self.x[k].grad(&gradients).map(|gradient| (format!("x {k}"), numbers(&gradient))));
            all.extend(self.shift[k].grad(&gradients).map(|gradient| (format!("shift {k}"), numbers(&gradient))));
        }
        for (affine, name) in self.affine.iter().zip(["weight", "bias"]) {
            all.extend(affine.grad(&gradients).map(|gradient| (name.to_owned(), numbers(&gradient))));
        }
        all
    }

    fn named(&self) -> String {
        format!("{:?}, {} groups, silu {}", self.x[0].dims(), self.groups, self.silu)
    }
}

fn wide(x: &Tensor<4>) -> Tensor<4> {
    x.clone().cast(FloatDType::F64)
}

#[test]
fn the_definition_is_what_differences_give() {
    for case in Case::all(&Device::flex()) {
        let (x, [batch, channels]) = (case.x.each_ref().map(wide), case.shift[0].dims());
        let shift = case.shift.each_ref().map(|x| x.clone().cast(FloatDType::F64).reshape([batch, 1, 1, channels]));
        let affine = case.affine.each_ref().map(|x| x.clone().cast(FloatDType::F64));
        // The result at x + a u + b v + ab w.
        let at = |a: f64, b: f64| {
            let moved = |parts: &[Tensor<4>; 5]| {
                let [value, u, v, w, _] = parts.clone();
                Jet::real(value + u * a + v * b + w * (a * b))
            };
            by_definition(moved(&x), moved(&shift), case.groups, affine.clone(), case.silu).0[0].clone()
        };
        let (h, weights) = (2e-3, [(1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0)]);
        let slope = |f: &dyn Fn(f64) -> Tensor<4>| {
            let terms = weights.map(|(step, weight)| f(step * h) * (weight / (12.0 * h)));
            terms.into_iter().reduce(|a, b| a + b).expect("four terms")
        };
        let exact = case.along([1, 2], true);
        assert_close(&exact.0[1], &slope(&|a| at(a, 0.0)), 1e-8, &format!("first, {}", case.named()));
        let mixed = slope(&|a| slope(&|b| at(a, b)));
        assert_close(&exact.0[3], &mixed, 1e-7, &format!("mixed, {}", case.named()));
    }
}

/// Largest difference relative to the largest number.
fn distance(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(1e-6f64, |largest, want| largest.max(want.abs()));
    got.iter().zip(want).fold(0f64, |worst, (got, want)| worst.max((got - want).abs())) / largest
}

#[test]
fn values_and_gradients_are_those_of_the_definition() {
    // Sums of a few hundred numbers in single precision.
    const TOLERANCE: f64 = 3e-5;
    for case in Case::all(&Device::flex().autodiff()) {
        for shifted in [false, true] {
            for count in COUNTS {
                let what = |what: &str| format!("{what} of {count}, shifted {shifted}, {}", case.named());
                let places = Case::places(count);
                // Everything matters, or all but one derivative.
                for without in [None, Some(count - 1)].into_iter().take(count) {
                    let (ours, exact) = (case.fused(count, shifted), case.definition(shifted));
                    for (k, (ours, &place)) in ours.iter().zip(&places).enumerate() {
                        assert_close(&wide(ours), &exact[place], TOLERANCE, &what(&format!("derivative {k}")));
                    }
                    let of_exact = places.iter().map(|&place| exact[place].clone());
                    let [got, want] = [case.gradients(ours, without), case.gradients(of_exact, without)];
                    for (name, want) in &want {
                        let got = got.iter().find(|(of, _)| of == name).map(|(_, got)| got);
                        match got {
                            Some(got) => {
                                let error = distance(got, want);
                                assert!(
                                    error < TOLERANCE,
                                    "{}: off by {error:e}",
                                    what(&format!("gradient in {name}"))
                                );
                            }
                            None => assert!(want.iter().all(|&want| want == 0.0), "{}", what(name)),
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_do_not_depend_on_what_is_computed_again() {
    let run = |device: Device, count: usize| {
        let cases = Case::all(&device);
        let mut all = Vec::new();
        for case in &cases {
            // Of what enters the second normalisation nothing is kept.
            let images = case.fused(count, true).into_iter().map(|image| image * 2.0).collect();
            let out = group_norm_derivatives(images, None, case.groups, case.affine.clone(), EPS, true);
            all.push(case.gradients(out.expect("single precision on flex"), None));
        }
        all
    };
    for count in COUNTS {
        let [kept, again] = [Device::flex().autodiff(), Device::flex().autodiff().gradient_checkpointing()]
            .map(|device| run(device, count));
        assert!(kept == again, "{count} derivatives");
        assert!(kept.iter().all(|gradients| gradients.len() == 2 * count + 2));
    }
}

#[test]
fn plain_tensors_give_the_values_of_tracked_ones() {
    let [plain, tracked] = [Device::flex(), Device::flex().autodiff()].map(|device| Case::all(&device));
    for (plain, tracked) in plain.iter().zip(&tracked) {
        for count in COUNTS {
            let [plain, tracked] =
                [plain, tracked].map(|case| case.fused(count, true).iter().map(bits).collect::<Vec<_>>());
            assert_eq!(plain, tracked);
        }
    }
}

#[test]
fn a_derivative_alone_is_the_same_one() {
    for case in Case::all(&Device::flex()) {
        for shifted in [false, true] {
            let alone = case.tangent(shifted).expect("nothing is tracked");
            assert_eq!(bits(&alone), bits(&case.fused(2, shifted)[1]), "{}", case.named());
        }
    }
    assert!(
        Case::all(&Device::flex().autodiff()).iter().all(|case| case.tangent(true).is_none()),
        "it has no gradient"
    );
}

#[test]
fn other_precisions_are_left_to_the_caller() {
    let image = Tensor::<4>::ones([1, 2, 2, 4], &Device::flex()).cast(FloatDType::F64);
    let affine = || [Tensor::<1>::ones([4], &Device::flex()), Tensor::ones([4], &Device::flex())];
    assert!(group_norm_tangent([image.clone(), image.clone()], None, 2, affine(), EPS, true).is_none());
    assert!(group_norm_derivatives(vec![image.clone(), image], None, 2, affine(), EPS, true).is_none());
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        pool.install(|| {
            let case = Case::all(&Device::flex().autodiff()).pop().expect("there are cases");
            let out = case.fused(5, true);
            let values: Vec<_> = out.iter().map(bits).collect();
            (values, case.gradients(out, None))
        })
    };
    let one = run(1);
    assert!(one == run(2) && one == run(3));
}
