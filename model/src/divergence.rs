//! The divergence of the noise prediction, `tr ∂ₓ E[ε | x]`, or of another vector field, exactly or by random probes. That of the
//! score is `−1/σ` times the first.

use burn::tensor::{Tensor, TensorData};
use fokker_random::Index;
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::derivatives::Derivatives;

/// The law of a probe `v`, with `E[v vᵀ] = I`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Probe {
    /// Entries ±1: the least variance among independent entries (Hutchinson 1989).
    #[default]
    Rademacher,
    /// Entries from N(0, 1).
    Gaussian,
}

impl Probe {
    /// One probe for each example, a function of the seed and of the example's index.
    ///
    /// # Shapes
    /// Like `like`, whose batch has as many examples as there are indices.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use fokker_model::Probe;
    /// use fokker_random::Index;
    ///
    /// let like = Tensor::<2>::zeros([2, 8], &Device::flex());
    /// let probes = Probe::Rademacher.draw(0, (0..2).map(Index::test), &like);
    /// // Entries are 1 or −1: the mean of their squares is exactly 1.
    /// assert_eq!(probes.square().mean().into_scalar::<f64>(), 1.0);
    /// ```
    pub fn draw<const D: usize>(self, seed: u64, indices: impl Iterator<Item = Index>, like: &Tensor<D>) -> Tensor<D> {
        let shape = like.dims();
        let each: usize = shape[1..].iter().product();
        let mut values: Vec<f32> = Vec::with_capacity(shape[0] * each);
        for index in indices {
            let mut rng = index.rng(seed);
            values.extend((0..each).map(|_| match self {
                Self::Rademacher => {
                    if rng.random::<bool>() {
                        1.0
                    } else {
                        -1.0
                    }
                }
                Self::Gaussian => rng.sample(StandardNormal),
            }));
        }
        Tensor::from_data(TensorData::new(values, shape), (&like.device(), like.dtype()))
    }
}

/// How the divergence is computed. The probes are given, so that a trajectory can keep them.
#[derive(Clone, Debug)]
pub enum Divergence<const D: usize> {
    /// By one product for each coordinate, `block` of them at once.
    Exact {
        /// Coordinates in one evaluation.
        block: usize,
    },
    /// The mean of `vᵀJv` (Hutchinson 1989; [Lai 2023, Appx. D.2]; [SDE tutorial, eq. 4.1.18]).
    Hutchinson(Vec<Tensor<D>>),
    /// Exact on the range of `J` applied to `sketch`, by the probes on the rest (Meyer et al. 2021, "Hutch++"). The
    /// variance falls with the square of their number, where Hutchinson's falls with the number.
    HutchPlusPlus {
        /// Directions whose images are taken out; [`Probe::Gaussian`], since few signs may be orthogonal to what matters.
        sketch: Vec<Tensor<D>>,
        /// Probes of what is left.
        probes: Vec<Tensor<D>>,
    },
}

impl<const D: usize> Divergence<D> {
    /// The noise prediction and its divergence.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → like `x`, and `[batch]`
    ///
    /// # Panics
    /// If there is no probe.
    pub fn of_noise(&self, score: &dyn Derivatives<D>, x: Tensor<D>, t: &[f64]) -> (Tensor<D>, Tensor<1>) {
        self.of(&|x, t, v| score.noise_jvp(x, t, v), x, t)
    }

    /// A vector field and its divergence, from the field's value and derivative along a direction.
    ///
    /// # Shapes
    /// As [`of_noise`](Self::of_noise).
    ///
    /// # Panics
    /// If there is no probe.
    pub fn of(&self, product: Product<D>, x: Tensor<D>, t: &[f64]) -> (Tensor<D>, Tensor<1>) {
        match self {
            Self::Exact { block } => exact(product, x, t, *block),
            Self::Hutchinson(probes) => {
                let (values, products): (Vec<_>, Vec<_>) = probes
                    .iter()
                    .map(|probe| {
                        let (value, image) = product(x.clone(), t, probe.clone());
                        (value, inner_product(image, probe.clone()))
                    })
                    .unzip();
                (values.into_iter().next().expect("there is a probe"), mean(products))
            }
            Self::HutchPlusPlus { sketch, probes } => hutch_plus_plus(product, x, t, sketch, probes),
        }
    }

    /// How often the network is evaluated, in products `Jv`.
    pub fn products(&self, dimension: usize) -> usize {
        match self {
            Self::Exact { .. } => dimension,
            Self::Hutchinson(probes) => probes.len(),
            Self::HutchPlusPlus { sketch, probes } => 2 * sketch.len() + probes.len(),
        }
    }
}

/// The value of a vector field at points and times, and its derivative along directions.
pub type Product<'a, const D: usize> = &'a dyn Fn(Tensor<D>, &[f64], Tensor<D>) -> (Tensor<D>, Tensor<D>);

fn exact<const D: usize>(product: Product<D>, x: Tensor<D>, t: &[f64], block: usize) -> (Tensor<D>, Tensor<1>) {
    let shape = x.dims();
    let (batch, dimension) = (shape[0], shape[1..].iter().product::<usize>());
    let (device, dtype) = (x.device(), x.dtype());
    let mut field = None;
    let mut divergence = Tensor::zeros([batch], (&device, dtype));
    for first in (0..dimension).step_by(block.max(1)) {
        let copies = block.max(1).min(dimension - first);
        // Copies of the batch, one after the other, each along its own axis.
        let mut axes = vec![0.0f32; copies * dimension];
        (0..copies).for_each(|copy| axes[copy * dimension + first + copy] = 1.0);
        let axes = Tensor::<3>::from_data(TensorData::new(axes, [copies, 1, dimension]), (&device, dtype));
        let axes = axes.expand([copies, batch, dimension]);
        let mut all = shape;
        all[0] = copies * batch;
        let points = Tensor::cat(vec![x.clone(); copies], 0);
        let (value, image) = product(points, &t.repeat(copies), axes.clone().reshape(all));
        field.get_or_insert_with(|| value.narrow(0, 0, batch));
        let each: Tensor<3> = (image.reshape([copies, batch, dimension]) * axes).sum_dim(2).sum_dim(0);
        divergence = divergence + each.reshape([batch]);
    }
    (field.expect("an example has a coordinate"), divergence)
}

/// The share of an image's length below which it counts as spanned by others.
const SPANNED: f64 = 1e-3;

fn hutch_plus_plus<const D: usize>(
    product: Product<D>,
    x: Tensor<D>,
    t: &[f64],
    sketch: &[Tensor<D>],
    probes: &[Tensor<D>],
) -> (Tensor<D>, Tensor<1>) {
    let product = |v: Tensor<D>| product(x.clone(), t, v);
    // An orthonormal basis of the image, example by example; twice, because once loses digits.
    let mut basis: Vec<Tensor<D>> = Vec::new();
    for direction in sketch {
        let image = product(direction.clone()).1;
        let whole = inner_product(image.clone(), image.clone());
        let image = without(without(image, &basis), &basis);
        let square = inner_product(image.clone(), image.clone());
        // An image that the others span adds nothing. What is left of it is rounding, which must not become a direction.
        let spanned = square.clone().lower_equal(whole.mul_scalar(SPANNED * SPANNED));
        let scale = square.mask_fill(spanned.clone(), 1.0).sqrt().recip().mask_fill(spanned, 0.0);
        basis.push(image * broadcast(scale));
    }
    let mut field = None;
    let mut divergence: Option<Tensor<1>> = None;
    for direction in &basis {
        let (value, image) = product(direction.clone());
        field.get_or_insert(value);
        let part = inner_product(image, direction.clone());
        divergence = Some(divergence.map_or(part.clone(), |sum| sum + part));
    }
    let mut rest = Vec::new();
    for probe in probes {
        let probe = without(probe.clone(), &basis);
        let (value, image) = product(probe.clone());
        field.get_or_insert(value);
        rest.push(inner_product(image, probe));
    }
    let divergence = match (divergence, rest.is_empty()) {
        (Some(divergence), false) => divergence + mean(rest),
        (Some(divergence), true) => divergence,
        (None, _) => mean(rest),
    };
    (field.expect("there is a probe"), divergence)
}

/// `v` less its parts along an orthonormal basis.
fn without<const D: usize>(v: Tensor<D>, basis: &[Tensor<D>]) -> Tensor<D> {
    basis.iter().fold(v, |v, direction| {
        let part = broadcast(inner_product(v.clone(), direction.clone()));
        v - direction.clone() * part
    })
}

fn mean(values: Vec<Tensor<1>>) -> Tensor<1> {
    let count = values.len() as f64;
    values.into_iter().reduce(|sum, value| sum + value).expect("there is a probe").div_scalar(count)
}

/// `⟨x, y⟩` of each example, `[batch]`.
pub fn inner_product<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<1> {
    let shape = x.dims();
    let each: usize = shape[1..].iter().product();
    (x * y).reshape([shape[0], each]).sum_dim(1).reshape([shape[0]])
}

/// A number for each example, as `[batch, 1, …]`.
pub fn broadcast<const D: usize>(values: Tensor<1>) -> Tensor<D> {
    let mut shape = [1; D];
    shape[0] = values.dims()[0];
    values.reshape(shape)
}
