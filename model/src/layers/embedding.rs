//! Vectors for a number (the noise level or the time) and for a class.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};

use crate::error::{MOST_FEATURES, ModelError, require};
use crate::{calculus::Calculus, initializer::Initializer};

/// Sines and cosines of `noise · 10000^{−k/(half − shift)}` (Vaswani et al. 2017; Ho et al. 2020).
#[derive(Module, Debug)]
pub struct PositionalEmbedding {
    width: usize,
    cosine_first: bool,
    frequency_shift: f64,
}

impl PositionalEmbedding {
    /// `width` is even; `cosine_first` puts the cosines in front (`flip_sin_to_cos` in diffusers).
    pub fn new(width: usize, cosine_first: bool, frequency_shift: f64) -> Self {
        Self { width, cosine_first, frequency_shift }
    }

    /// # Shapes
    /// `[batch]` → `[batch, width]`
    pub fn forward<C: Calculus>(&self, noise: C::Array<1>) -> C::Array<2> {
        let half = self.width / 2;
        let rate = -(10_000f64.ln()) / (half as f64 - self.frequency_shift);
        let frequencies: Vec<f64> = (0..half).map(|k| (rate * k as f64).exp()).collect();
        let (device, dtype) = C::place(&noise);
        let frequencies = Tensor::from_data(TensorData::new(frequencies, [1, half]), (&device, dtype));
        waves::<C>(noise, frequencies, self.cosine_first)
    }
}

/// Sines and cosines of `2π w noise` with fixed `w ~ N(0, scale²)` (Tancik et al. 2020).
#[derive(Module, Debug)]
pub struct FourierEmbedding {
    /// The frequencies `w`, `[width / 2]`, never trained.
    pub weight: Param<Tensor<1>>,
}

impl FourierEmbedding {
    /// `width` is even.
    pub fn new(width: usize, scale: f64, init: &mut Initializer) -> Self {
        Self { weight: init.normal([width / 2], scale).set_require_grad(false) }
    }

    /// # Shapes
    /// `[batch]` → `[batch, width]`
    pub fn forward<C: Calculus>(&self, noise: C::Array<1>) -> C::Array<2> {
        let weight = self.weight.val().mul_scalar(2.0 * std::f64::consts::PI).unsqueeze::<2>();
        waves::<C>(noise, weight, false)
    }
}

fn waves<C: Calculus>(noise: C::Array<1>, frequencies: Tensor<2>, cosine_first: bool) -> C::Array<2> {
    let [batch] = C::dims(&noise);
    let phase = C::mul(C::reshape(noise, [batch, 1]), C::constant(frequencies));
    let (sin, cos) = (C::sin(phase.clone()), C::cos(phase));
    C::cat(if cosine_first { vec![cos, sin] } else { vec![sin, cos] }, 1)
}

/// A table with one vector for each class.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[classes, width]`
    pub weight: Param<Tensor<2>>,
}

impl Embedding {
    /// Rows drawn from N(0, 1).
    pub fn new(classes: usize, width: usize, init: &mut Initializer) -> Self {
        Self { weight: init.normal([classes, width], 1.0) }
    }

    /// # Shapes
    /// `[batch]` → `[batch, width]`
    pub fn forward(&self, classes: Tensor<1, Int>) -> Tensor<2> {
        self.weight.val().select(0, classes)
    }

    /// The vectors of a batch: those of the classes, or, without any, the last row for all examples, which stands for "no
    /// class".
    ///
    /// # Shapes
    /// `batch` classes → `[batch, width]`
    pub fn forward_or_null(&self, classes: Option<&[usize]>, batch: usize) -> Tensor<2> {
        let weight = self.weight.val();
        if let Some(classes) = classes {
            let numbers: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
            return self.forward(Tensor::from_data(TensorData::new(numbers, [classes.len()]), &weight.device()));
        }
        let [rows, width] = weight.dims();
        weight.narrow(0, rows - 1, 1).expand([batch, width])
    }
}

/// Rows of a class table, the null class included, of a configuration's `num_class_embeds` or `num_classes`.
pub fn class_rows(num_class_embeds: Option<usize>, num_classes: Option<usize>) -> Option<usize> {
    num_class_embeds.or(num_classes.map(|classes| classes.saturating_add(1)))
}

/// Checks the number of rows of a class table, as [`class_rows`] gives it.
///
/// # Errors
/// Less than one class and the null class; both keys at once.
pub fn check_class_rows(num_class_embeds: Option<usize>, num_classes: Option<usize>) -> Result<(), ModelError> {
    let both = num_class_embeds.is_some() && num_classes.is_some();
    let message = "num_class_embeds says the same, the row of no class included; leave one of them out";
    require(!both, "num_classes", message)?;
    let fits_classes = num_classes.is_none_or(|classes| (1..MOST_FEATURES).contains(&classes));
    require(fits_classes, "num_classes", format!("must be in 1..{MOST_FEATURES}"))?;
    let rows = num_class_embeds;
    let fits = rows.is_none_or(|rows| (2..=MOST_FEATURES).contains(&rows));
    let message = format!("must be in 2..={MOST_FEATURES}: a row for each class, and the last for no class");
    require(fits, "num_class_embeds", message)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn no_class_is_the_last_row() {
        let device = Device::flex();
        let table = Embedding::new(4, 3, &mut Initializer::new(1, &device));
        let values = |tensor: Tensor<2>| tensor.into_data_as::<f32>().as_slice::<f32>().unwrap().to_vec();
        let last = Tensor::<1, Int>::from_ints([3, 3], &device);
        assert_eq!(values(table.forward_or_null(None, 2)), values(table.forward(last)));
        let some = Tensor::<1, Int>::from_ints([0, 2], &device);
        assert_eq!(values(table.forward_or_null(Some(&[0, 2]), 2)), values(table.forward(some)));
    }
}
