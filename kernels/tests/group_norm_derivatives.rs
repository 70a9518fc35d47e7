//! The fused derivatives of a group normalisation against their definition in Burn's operations and double precision,
//! where the definition is held to central differences.

mod support;

use burn::tensor::{Device, FloatDType, Tensor, activation};
use fokker_kernels::{group_norm_second, group_norm_tangent};
use support::{assert_close, bits, numbers, probe, random};

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

/// Everything that a normalisation takes, in single precision and tracked: images, weight, bias, shifts.
struct Case {
    x: [Tensor<4>; 4],
    shift: [Tensor<2>; 4],
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
                x: [10, 11, 12, 13].map(|seed| leaf(image(seed))),
                shift: [20, 21, 22, 23].map(|seed| leaf(shift(seed))),
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

    fn definition(&self, shifted: bool) -> Jet {
        fn wide<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
            x.clone().cast(FloatDType::F64)
        }
        let x = Jet(self.x.each_ref().map(wide));
        let [batch, channels] = self.shift[0].dims();
        let shift = Jet(self.shift.each_ref().map(|shift| wide(shift).reshape([batch, 1, 1, channels])));
        let shift = if shifted { shift } else { Jet::real(shift.0[0].zeros_like()) };
        by_definition(x, shift, self.groups, self.affine.each_ref().map(wide), self.silu)
    }

    fn tangent(&self, shifted: bool) -> Tensor<4> {
        let shift = shifted.then(|| [self.shift[0].clone(), self.shift[1].clone()]);
        let x = [self.x[0].clone(), self.x[1].clone()];
        group_norm_tangent(x, shift, self.groups, self.affine.clone(), EPS, self.silu)
            .expect("single precision on flex")
    }

    fn second(&self, shifted: bool) -> Tensor<4> {
        let shift = shifted.then(|| self.shift.clone());
        let x = self.x.clone();
        group_norm_second(x, shift, self.groups, self.affine.clone(), EPS, self.silu).expect("single precision on flex")
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
            let moved = |parts: &[Tensor<4>; 4]| {
                let [value, u, v, w] = parts.clone();
                Jet::real(value + u * a + v * b + w * (a * b))
            };
            by_definition(moved(&x), moved(&shift), case.groups, affine.clone(), case.silu).0[0].clone()
        };
        let (h, weights) = (2e-3, [(1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0)]);
        let slope = |f: &dyn Fn(f64) -> Tensor<4>| {
            let terms = weights.map(|(step, weight)| f(step * h) * (weight / (12.0 * h)));
            terms.into_iter().reduce(|a, b| a + b).expect("four terms")
        };
        let exact = case.definition(true);
        assert_close(&exact.0[1], &slope(&|a| at(a, 0.0)), 1e-8, &format!("first, {}", case.named()));
        let mixed = slope(&|a| slope(&|b| at(a, b)));
        assert_close(&exact.0[3], &mixed, 1e-7, &format!("mixed, {}", case.named()));
    }
}

#[test]
fn values_and_gradients_are_those_of_the_definition() {
    for case in Case::all(&Device::flex().autodiff()) {
        for shifted in [false, true] {
            for (ours, exact, streams) in [(case.tangent(shifted), 1, 2), (case.second(shifted), 3, 4)] {
                let exact = case.definition(shifted).0[exact].clone();
                let what = |what: &str| format!("{what} of {streams}, shifted {shifted}, {}", case.named());
                // Sums of a few hundred numbers in single precision.
                let tolerance = 3e-5;
                assert_close(&wide(&ours), &exact, tolerance, &what("values"));
                let [ours, exact] = [probe(ours).backward(), probe(exact).backward()];
                for k in 0..streams {
                    let [got, want] =
                        [&ours, &exact].map(|gradients| case.x[k].grad(gradients).expect("it is tracked"));
                    assert_close(&got, &want, tolerance, &what(&format!("gradient in x {k}")));
                    if shifted {
                        let [got, want] =
                            [&ours, &exact].map(|gradients| case.shift[k].grad(gradients).expect("tracked"));
                        assert_close(&got, &want, tolerance, &what(&format!("gradient in shift {k}")));
                    }
                }
                let [got, want] =
                    [&ours, &exact].map(|gradients| case.affine[0].grad(gradients).expect("it is tracked"));
                assert_close(&got, &want, tolerance, &what("gradient in the weight"));
                if case.silu {
                    let [got, want] = [&ours, &exact].map(|gradients| case.affine[1].grad(gradients).expect("tracked"));
                    assert_close(&got, &want, tolerance, &what("gradient in the bias"));
                }
            }
        }
    }
}

#[test]
fn plain_tensors_give_the_values_of_tracked_ones() {
    let [plain, tracked] = [Device::flex(), Device::flex().autodiff()].map(|device| Case::all(&device));
    for (plain, tracked) in plain.iter().zip(&tracked) {
        assert_eq!(bits(&plain.tangent(true)), bits(&tracked.tangent(true)));
        assert_eq!(bits(&plain.second(true)), bits(&tracked.second(true)));
    }
}

#[test]
fn other_precisions_are_left_to_the_caller() {
    let image = Tensor::<4>::ones([1, 2, 2, 4], &Device::flex()).cast(FloatDType::F64);
    let affine = [Tensor::<1>::ones([4], &Device::flex()).cast(FloatDType::F64); 1].map(|each| [each.clone(), each]);
    let [affine] = affine;
    assert!(group_norm_tangent([image.clone(), image], None, 2, affine, EPS, true).is_none());
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        pool.install(|| {
            let case = Case::all(&Device::flex().autodiff()).pop().expect("there are cases");
            let out = case.second(true);
            let gradients = probe(out.clone()).backward();
            let of_x = case.x.each_ref().map(|x| bits(&x.grad(&gradients).expect("it is tracked")));
            (bits(&out), of_x, numbers(&case.affine[0].grad(&gradients).expect("it is tracked")))
        })
    };
    let one = run(1);
    assert!(one == run(2) && one == run(3));
}
