//! Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"): steps that are orthogonal matrices.
//!
//! The weights of a hidden layer are a matrix W; those of a convolution have a row for each output channel. With the gradient G, a
//! momentum β and a learning rate η,
//!
//! ```text
//! M ← β M + G,   U = G + β M,   W ← W − η · 0.2 √max(rows, columns) · orthogonal(U)
//! ```
//!
//! where `orthogonal` brings all singular values near 1. The factor 0.2 √max(rows, columns) gives steps the size of Adam's (Liu et al. 2025,
//! "Muon is scalable for LLM training"), so that both take one learning rate and one weight decay.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use fokker_kernels::RunningAverage;

/// Matrices with fewer rows or columns belong to first and last layers, which Adam updates.
const FEWEST: usize = 16;

/// Coefficients of the polynomial a x + b x³ + c x⁵, which brings singular values in (0, 1] near 1 if it is applied five times
/// (Jordan et al. 2024).
const POLYNOMIAL: [f64; 3] = [3.4445, -4.7750, 2.0315];
const TIMES: usize = 5;

/// The sides of the matrix that weights are, if they are a hidden layer's.
fn matrix(shape: &[usize]) -> Option<[usize; 2]> {
    let (&rows, rest) = shape.split_first()?;
    let columns = rest.iter().product();
    (!rest.is_empty() && rows >= FEWEST && columns >= FEWEST).then_some([rows, columns])
}

/// The numbers of one step, and of the running average of the weights after it.
pub(super) struct Muon {
    /// The factor of all gradients, as global clipping has one.
    pub gradient_scale: f64,
    /// `β`.
    pub momentum: f64,
    /// `η`.
    pub learning_rate: f64,
    /// The factor of the weights before the step: 1 less the learning rate times the weight decay.
    pub keep: f64,
    pub average: RunningAverage,
}

impl Muon {
    /// `orthogonal(U)` of all hidden layers of a network, `[rows, columns]` by parameter. Takes their gradients and brings their momenta
    /// to the step's end. Matrices of one shape are computed together.
    ///
    /// `scale`, `[1]`, is a factor of the gradients that the host does not wait for. A negative one changes no momentum.
    pub(super) fn directions<M: Module>(
        &self,
        network: &M,
        gradients: &mut GradientsParams,
        momenta: &mut GradientsParams,
        scale: Option<&Tensor<1>>,
    ) -> GradientsParams {
        let mut ahead = Ahead { muon: self, gradients, momenta, scale, is_in_table: false, groups: BTreeMap::new() };
        network.visit(&mut ahead);
        let mut directions = GradientsParams::new();
        for group in ahead.groups.into_values() {
            let (layers, matrices): (Vec<_>, Vec<_>) = group.into_iter().unzip();
            let found = orthogonal(Tensor::stack::<3>(matrices, 0));
            for (place, (id, is_tall)) in layers.into_iter().enumerate() {
                let direction = found.clone().narrow(0, place, 1).squeeze_dim::<2>(0);
                directions.register(id, if is_tall { direction.transpose() } else { direction });
            }
        }
        directions
    }

    /// Weights and their running average after a step in a direction of [`Muon::directions`]. A negative `scale` changes neither.
    pub(super) fn step<const D: usize>(
        &self,
        [weight, average]: [Tensor<D>; 2],
        direction: Tensor<2>,
        scale: Option<&Tensor<1>>,
    ) -> [Tensor<D>; 2] {
        let [rows, columns] = direction.dims();
        let size = self.learning_rate * 0.2 * (rows.max(columns) as f64).sqrt();
        let change = direction.mul_scalar(size).reshape(weight.dims());
        let after = weight.clone().mul_scalar(self.keep) - change;
        let averaged = self.average.step(average.clone(), after.clone());
        [unless_skipped(scale, weight, after), unless_skipped(scale, average, averaged)]
    }
}

/// `after`, or `before` where a scale on the device is negative.
fn unless_skipped<const D: usize>(scale: Option<&Tensor<1>>, before: Tensor<D>, after: Tensor<D>) -> Tensor<D> {
    let Some(scale) = scale else { return after };
    let skipped = scale.clone().lower_elem(0.0).reshape([1; D]).expand(after.dims());
    after.mask_where(skipped, before)
}

/// Goes through the hidden layers of a network: their momenta, and `U`.
struct Ahead<'a> {
    muon: &'a Muon,
    gradients: &'a mut GradientsParams,
    momenta: &'a mut GradientsParams,
    scale: Option<&'a Tensor<1>>,
    /// Whether the parameters that come are rows of a table, whose directions mean nothing together.
    is_in_table: bool,
    groups: BTreeMap<[usize; 2], Group>,
}

/// Matrices of one shape with no more rows than columns, and whose they are: the parameter, and whether it has more rows than columns.
type Group = Vec<((ParamId, bool), Tensor<2>)>;

impl ModuleVisitor for Ahead<'_> {
    fn enter_module(&mut self, _: &str, container_type: &str) {
        self.is_in_table = container_type == "Struct:Embedding";
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.is_in_table = false;
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let id = param.id;
        let Some(sides) = matrix(&param.shape()).filter(|_| !self.is_in_table) else { return };
        let Some(mut gradient) = self.gradients.remove::<D>(id) else { return };
        if self.muon.gradient_scale != 1.0 {
            gradient = gradient.mul_scalar(self.muon.gradient_scale);
        }
        if let Some(scale) = self.scale {
            gradient = gradient * scale.clone().reshape([1; D]);
        }
        let before = self.momenta.remove(id).unwrap_or_else(|| gradient.zeros_like());
        let momentum = before.clone().mul_scalar(self.muon.momentum) + gradient.clone();
        let ahead = (gradient + momentum.clone().mul_scalar(self.muon.momentum)).reshape(sides);
        self.momenta.register(id, unless_skipped(self.scale, before, momentum));
        let is_tall = sides[0] > sides[1];
        let ahead = if is_tall { ahead.transpose() } else { ahead };
        self.groups.entry(ahead.dims()).or_default().push(((id, is_tall), ahead));
    }
}

/// Matrices with the singular vectors of others, and singular values near 1.
///
/// The iteration X ← (a + b A + c A²) X with A = X Xᵀ multiplies from the left by a polynomial P of A, and all such polynomials commute. So
/// A ← P A P and Q ← P Q go on among the small square matrices, and Q X is the result: two products of long rows instead of ten. In
/// single precision A keeps singular values down to 2⁻¹² of the norm; the five iterations bring those below 2⁻⁹ near no 1 either way.
///
/// # Shapes
/// `[matrices, rows, columns]`, with no more rows than columns, for A has a row for each row.
fn orthogonal(matrices: Tensor<3>) -> Tensor<3> {
    let [count, rows, columns] = matrices.dims();
    let squares = matrices.clone().square().reshape([count, rows * columns]);
    let norm = squares.sum_dim(1).sqrt().add_scalar(1e-7).reshape([count, 1, 1]);
    let x = matrices / norm;
    let [a, b, c] = POLYNOMIAL;
    let mut gram = x.clone().matmul(x.clone().swap_dims(1, 2));
    let mut product = Tensor::eye(rows, &x.device()).unsqueeze::<3>().expand([count, rows, rows]);
    for time in 1..=TIMES {
        let rest = gram.clone().mul_scalar(b) + gram.clone().matmul(gram.clone()).mul_scalar(c);
        product = product.clone().mul_scalar(a) + rest.clone().matmul(product);
        if time < TIMES {
            let half = gram.clone().mul_scalar(a) + rest.clone().matmul(gram);
            gram = half.clone().mul_scalar(a) + half.matmul(rest);
        }
    }
    product.matmul(x)
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use burn::tensor::{Device, TensorData};

    use super::*;

    /// Those of `reference/muon.py`.
    fn numbers<const D: usize>(shape: [usize; D], phase: f64) -> Tensor<D> {
        let number =
            |place: usize| ((12.9898 * place as f64 + 78.233 * phase).sin() * 43758.5453).rem_euclid(1.0) - 0.5;
        let values: Vec<f32> = (0..shape.iter().product()).map(|place| number(place) as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    fn muon() -> Muon {
        let average = RunningAverage { decay: 0.75, update: 1 };
        Muon { gradient_scale: 1.0, momentum: 0.95, learning_rate: 1e-2, keep: 1.0 - 1e-2 * 0.1, average }
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
        tensor.into_data_as::<f64>().try_to_vec().unwrap()
    }

    /// Weights, momenta and running average after a step of layers, from those before it.
    fn step<const D: usize>(
        muon: &Muon,
        state: &[[Tensor<D>; 3]],
        gradients: &[Tensor<D>],
        scale: Option<&Tensor<1>>,
    ) -> Vec<[Tensor<D>; 3]> {
        let network: Vec<_> = state.iter().map(|[weight, ..]| Param::from_tensor(weight.clone())).collect();
        let (mut left, mut momenta) = (GradientsParams::new(), GradientsParams::new());
        for ((param, [_, momentum, _]), gradient) in network.iter().zip(state).zip(gradients) {
            left.register(param.id, gradient.clone());
            momenta.register(param.id, momentum.clone());
        }
        let mut directions = muon.directions(&network, &mut left, &mut momenta, scale);
        assert!(left.is_empty());
        let after = network.iter().zip(state).map(|(param, [weight, _, average])| {
            let direction = directions.remove(param.id).unwrap();
            let [weight, average] = muon.step([weight.clone(), average.clone()], direction, scale);
            [weight, momenta.remove(param.id).unwrap(), average]
        });
        after.collect()
    }

    /// Three steps of two layers; `expected` is what `reference/muon.py` prints for the first.
    fn check<const D: usize>(shape: [usize; D], expected: [f64; 7]) {
        let start = numbers(shape, 0.0);
        let first = [start.clone(), start.zeros_like(), start];
        let mut layers = vec![first.clone(), first.map(|tensor| tensor.mul_scalar(0.5))];
        for time in 1..=3 {
            // As clipping scales them; a power of two changes no digit.
            let scaled = Muon { gradient_scale: 4.0, ..muon() };
            let gradients = [1.0, 2.0].map(|of| numbers(shape, f64::from(time) * of).mul_scalar(0.25));
            layers = step(&scaled, &layers, &gradients, None);
        }
        let [weight, momentum, average] = layers.swap_remove(0).map(values);
        let sum: f64 = weight.iter().map(|value| value.abs()).sum();
        let found = [weight[0], weight[1], weight[2], weight[weight.len() - 1], sum, momentum[0], average[0]];
        for (found, expected) in found.iter().zip(expected) {
            // Single precision rounds each product of up to 40 terms. Each of the five iterations may multiply such an error by 3.4.
            assert!((found - expected).abs() < 2e-5 * expected.abs(), "{shape:?}: {found} for {expected}");
        }
    }

    #[test]
    fn steps_are_those_of_double_precision() {
        check(
            [16, 20],
            [-0.491589303, 0.419948428, -0.440109066, 0.409314019, 77.291877112, -0.965983291, -0.496368256],
        );
        check(
            [24, 2, 3, 3],
            [-0.490239889, 0.421726920, -0.440926048, -0.427327843, 104.288477297, -0.965983291, -0.495827456],
        );
        check(
            [40, 16],
            [-0.491231402, 0.423094322, -0.439076069, 0.272226443, 155.783914108, -0.965983291, -0.496558576],
        );
    }

    #[test]
    fn layers_of_one_shape_do_not_change_each_other() {
        let layer = |phase: f64| [0.0, 1.0, 2.0].map(|place| numbers([16, 20], phase + place));
        let layers: Vec<_> = [0.0, 3.0, 6.0, 9.0].map(layer).into();
        let gradients = [10.0, 11.0, 12.0, 13.0].map(|phase| numbers([16, 20], phase));
        let together = step(&muon(), &layers, &gradients, None);
        for ((layer, gradient), found) in layers.into_iter().zip(gradients).zip(together) {
            let alone = step(&muon(), &[layer], &[gradient], None).swap_remove(0);
            assert_eq!(found.map(values), alone.map(values));
        }
    }

    #[test]
    fn a_scale_on_the_device_multiplies_gradients_and_a_negative_one_changes_nothing() {
        let shape = [16, 20];
        let state = [0.0, 1.0, 2.0].map(|phase| numbers(shape, phase));
        let gradient = numbers(shape, 3.0);
        let after = |gradient: &Tensor<2>, scale: Option<f32>| {
            let scale = scale.map(|scale| Tensor::from_floats([scale], &Device::flex()));
            step(&muon(), from_ref(&state), from_ref(gradient), scale.as_ref()).swap_remove(0).map(values)
        };
        assert_eq!(after(&gradient, Some(0.5)), after(&gradient.clone().mul_scalar(0.5), None));
        assert_ne!(after(&gradient, Some(0.5)), state.clone().map(values));
        let broken = gradient.full_like(f32::NAN);
        assert_eq!(after(&broken, Some(-1.0)), state.clone().map(values));
    }

    #[test]
    fn hidden_layers_are_matrices() {
        assert_eq!(matrix(&[64, 32, 3, 3]), Some([64, 288]));
        assert_eq!(matrix(&[16, 16]), Some([16, 16]));
        for other in [&[64][..], &[32, 1, 3, 3], &[1, 32, 3, 3], &[10, 128], &[]] {
            assert_eq!(matrix(other), None, "{other:?}");
        }
    }
    /// A matrix with given singular values, between two reflections.
    fn of_singular_values(values: [f64; 16]) -> Vec<f64> {
        let reflection = |phase: f64| {
            let direction: [f64; 16] = std::array::from_fn(|place| (place as f64 + phase).sin());
            let square: f64 = direction.iter().map(|number| number * number).sum();
            move |row: usize, column: usize| {
                f64::from(u8::from(row == column)) - 2.0 * direction[row] * direction[column] / square
            }
        };
        let (left, right) = (reflection(0.3), reflection(1.7));
        let entry = |place: usize| (0..16).map(|k| left(place / 16, k) * values[k] * right(k, place % 16)).sum::<f64>();
        (0..256).map(entry).collect()
    }

    /// The polynomial, five times, moves each singular value, down to those whose square single precision cannot tell from 0.
    #[test]
    fn singular_values_move_as_the_polynomial_says() {
        let before: [f64; 16] = std::array::from_fn(|place| 0.5f64.powi(place as i32));
        let norm = before.iter().map(|value| value * value).sum::<f64>().sqrt();
        let [a, b, c] = POLYNOMIAL;
        let polynomial = |x: f64| a * x + b * x.powi(3) + c * x.powi(5);
        let expected = of_singular_values(before.map(|value| (0..TIMES).fold(value / norm, |x, _| polynomial(x))));
        let matrix = TensorData::new(of_singular_values(before), [1, 16, 16]).convert::<f32>();
        let found = values(orthogonal(Tensor::from_data(matrix, &Device::flex())));
        for (found, expected) in found.iter().zip(expected) {
            // An error of 2⁻²⁴ in A grows by 3.4² in each of four iterations and moves Q, which is at most 485, by as much.
            assert!((found - expected).abs() < 1e-3, "{found} for {expected}");
        }
    }
}
