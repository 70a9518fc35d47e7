//! From raw values to a model's values, and back.
//!
//! Everything is one affine map of each number, `model = scale · (raw + u) + offset`, applied after an optional flip.
//! Raw values of images are 0, 1, …, 255.
//!
//! | `scale` | without dequantisation, u = 0 | with it, u uniform on [0, 1) |
//! | --- | --- | --- |
//! | `minus_one_one` | 2·raw/255 − 1, in [−1, 1] | 2·(raw + u)/256 − 1, in [−1, 1) |
//! | `zero_one` | raw/255, in [0, 1] | (raw + u)/256, in [0, 1) |
//! | `none` | raw | raw + u, in [0, 256) |
//! | `standardize` | (raw − mean)/deviation, of each column or channel of the training part | – |
//!
//! **Dequantisation.** A density of continuous images that is fitted to integers can grow without bound; adding uniform
//! noise makes its mean log-likelihood a lower bound of the discrete one's (Theis, van den Oord, Bethge, "A note on the
//! evaluation of generative models", arXiv:1511.01844, section 3.1). With D numbers per image,
//! log p(raw + u) = log p(model) + D·log [`Preprocessing::data_scale`], and bits/dim = −log₂ p(raw + u) / D.
//! u is a multiple of 2⁻¹⁶, so that raw + u and its images under the maps are exact in `f32`: none is ever rounded up
//! to the next integer.
//!
//! **Randomness.** Training example number p of the endless stream takes everything from the generator of
//! (seed, [`Index::augmentation`]`(p)`): first the flips and the turn, from bits of one word, then u, pixel after pixel.
//! Validation example i takes u from number 2⁶³ + i. What is switched on or off changes nothing else. A geometric
//! [augmentation](crate::Augmentation) has numbers of its own; it comes after flips and turns, and before u.

use fokker_random::{Index, Rng};
use rand::Rng as _;
use serde::{Deserialize, Serialize};

use crate::standardization::Standardization;
use crate::{Augmentation, AugmentationConfig, Dataset, DatasetError, Depth, Orientation};

/// The key of the numbers that a run finds.
const STANDARDIZATION: &str = "preprocessing.standardization";

/// The range that raw values are brought to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// [−1, 1], for images.
    #[default]
    MinusOneOne,
    /// [0, 1], for images.
    ZeroOne,
    /// As they are: for vectors.
    None,
    /// Mean 0 and deviation 1 over the training part, for each column of vectors or channel of signals.
    Standardize,
}

/// What happens to an example between the data set and the model.
///
/// ```
/// use fokker_datasets::Preprocessing;
///
/// let preprocessing = Preprocessing::default();
/// assert_eq!(preprocessing.data_range(), (-1.0, 1.0));
/// assert_eq!((preprocessing.to_u8(-1.0), preprocessing.to_u8(1.0)), (0, 255));
/// // Vectors are neither scaled nor flipped.
/// assert!(preprocessing.check(false).is_err() && Preprocessing::RAW.check(false).is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preprocessing {
    /// The range. Default `minus_one_one`; vectors need `none`.
    pub scale: Scale,
    /// Whether uniform noise is added to the integers of images. Default false.
    pub dequantize: bool,
    /// Whether every second training image, by chance, is mirrored left to right. Default false.
    pub flip: bool,
    /// Whether every second training image, by chance, is mirrored top to bottom: for pictures without an up, such as those of a
    /// microscope. Default false.
    #[serde(skip_serializing_if = "is_off")]
    pub flip_vertical: bool,
    /// Whether training images are turned by 0, 1, 2 or 3 quarters, by chance. They must be square. Default false.
    #[serde(skip_serializing_if = "is_off")]
    pub rotate: bool,
    /// How training images are scaled, turned, stretched and moved by chance, for a network that sees how
    /// (`network.augmentation_size`). Absent by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augmentation: Option<AugmentationConfig>,
    /// What `scale = "standardize"` subtracts and divides by. A run fills it in when it starts
    /// ([`Preprocessing::fitted`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standardization: Option<Standardization>,
}

impl Preprocessing {
    /// Raw values unchanged: what vectors need.
    pub const RAW: Self = Self {
        scale: Scale::None,
        dequantize: false,
        flip: false,
        flip_vertical: false,
        rotate: false,
        augmentation: None,
        standardization: None,
    };

    /// Refuses what makes no sense for a data set.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key: vectors are neither mapped to the range of pixels, nor dequantised, nor flipped;
    /// pixels are not standardised.
    pub fn check(&self, is_image: bool) -> Result<(), DatasetError> {
        match (&self.standardization, self.scale) {
            (Some(standardization), Scale::Standardize) => standardization.check(STANDARDIZATION)?,
            (Some(_), _) => {
                let problem = "it belongs to scale = \"standardize\"; leave it out";
                return Err(DatasetError::config(STANDARDIZATION, problem));
            }
            (None, _) => {}
        }
        self.augmentation.as_ref().map_or(Ok(()), AugmentationConfig::check)?;
        let images_only =
            |key| Err(DatasetError::config(key, "it is for images, and these are vectors; set it to false"));
        match self {
            Self { scale: Scale::Standardize, .. } if is_image => Err(DatasetError::config(
                "preprocessing.scale",
                "\"standardize\" is for numbers, and these are pixels; set `scale = \"minus_one_one\"`",
            )),
            _ if is_image => Ok(()),
            Self { scale: Scale::MinusOneOne | Scale::ZeroOne, .. } => Err(DatasetError::config(
                "preprocessing.scale",
                "it maps pixels from 0 to 255, and these are vectors; set `scale = \"none\"` or `\"standardize\"`",
            )),
            Self { dequantize: true, .. } => images_only("preprocessing.dequantize"),
            Self { flip: true, .. } => images_only("preprocessing.flip"),
            Self { flip_vertical: true, .. } => images_only("preprocessing.flip_vertical"),
            Self { rotate: true, .. } => images_only("preprocessing.rotate"),
            Self { augmentation: Some(_), .. } => {
                let problem = "it is for images, and these are vectors; leave it out";
                Err(DatasetError::config("preprocessing.augmentation", problem))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what makes no sense for examples of a shape whose values have a depth.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key: quarter turns of what is not square; dequantisation of 16 bits.
    pub fn check_images(&self, shape: &[usize], depth: Depth) -> Result<(), DatasetError> {
        if let [_, height, width] = *shape
            && self.rotate
            && height != width
        {
            let problem = format!(
                "a quarter turn of {height}×{width} pixels is {width}×{height}; make them square, or set it to false"
            );
            return Err(DatasetError::config("preprocessing.rotate", problem));
        }
        if self.dequantize && depth != Depth::Eight {
            let problem = "it adds noise of one level of 8 bits, and data.depth is 16; set one of the two back";
            return Err(DatasetError::config("preprocessing.dequantize", problem));
        }
        Ok(())
    }

    /// The same without what is done to training examples alone.
    pub(crate) fn without_augmentation(self) -> Self {
        Self { flip: false, flip_vertical: false, rotate: false, augmentation: None, ..self }
    }

    /// The same with the mean and the deviation of these examples, if `scale` asks for them and they are not there yet.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: a column or channel that is the same in all examples.
    pub fn fitted(self, train: &dyn Dataset) -> Result<Self, DatasetError> {
        match (self.scale, &self.standardization) {
            (Scale::Standardize, None) => Ok(Self { standardization: Some(Standardization::of(train)?), ..self }),
            _ => Ok(self),
        }
    }

    /// Refuses examples for which `scale` has no numbers, or those of others.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming `preprocessing.standardization`.
    pub fn check_fit(&self, example: &[usize]) -> Result<(), DatasetError> {
        match (self.scale, &self.standardization) {
            (Scale::Standardize, Some(standardization)) => standardization.check_fit(STANDARDIZATION, example),
            (Scale::Standardize, None) => {
                let problem = "the mean and the deviation are missing; Preprocessing::fitted finds them";
                Err(DatasetError::config(STANDARDIZATION, problem))
            }
            _ => Ok(()),
        }
    }

    /// log₂ |d raw / d model|, in the mean over the numbers of an example: what the map adds to the bits of each.
    pub fn offset_bits(&self) -> f64 {
        match &self.standardization {
            Some(standardization) => standardization.offset_bits(),
            None => -self.data_scale().log2(),
        }
    }

    /// d model / d raw of pixels: what a density is multiplied by, once per number, on the way back to raw values.
    pub fn data_scale(&self) -> f64 {
        let levels = if self.dequantize { 256.0 } else { 255.0 };
        match self.scale {
            Scale::MinusOneOne => 2.0 / levels,
            Scale::ZeroOne => 1.0 / levels,
            Scale::None | Scale::Standardize => 1.0,
        }
    }

    /// The model's value of a pixel that is 0 (with u = 0).
    pub fn data_offset(&self) -> f64 {
        match self.scale {
            Scale::MinusOneOne => -1.0,
            Scale::ZeroOne | Scale::None | Scale::Standardize => 0.0,
        }
    }

    /// The lowest and the highest value that pixels have in the model's units.
    pub fn data_range(&self) -> (f64, f64) {
        match self.scale {
            Scale::MinusOneOne => (-1.0, 1.0),
            Scale::ZeroOne => (0.0, 1.0),
            Scale::None | Scale::Standardize => (0.0, if self.dequantize { 256.0 } else { 255.0 }),
        }
    }

    /// The raw values (with u, if dequantised) of whole examples of `size` numbers, as the model has them.
    pub fn to_raw(&self, model: &[f32], size: usize) -> Vec<f32> {
        let mut raw = model.to_vec();
        match &self.standardization {
            Some(standardization) => raw.chunks_mut(size).for_each(|example| standardization.undo(example)),
            None => raw.iter_mut().for_each(|value| {
                *value = ((f64::from(*value) - self.data_offset()) / self.data_scale()) as f32;
            }),
        }
        raw
    }

    /// The model's values of whole examples of `size` numbers in raw values: the inverse of [`Preprocessing::to_raw`], without flips and
    /// without noise.
    ///
    /// ```
    /// use fokker_datasets::Preprocessing;
    ///
    /// let preprocessing = Preprocessing::default();
    /// assert_eq!(preprocessing.from_raw(&[0.0, 255.0], 2), [-1.0, 1.0]);
    /// ```
    pub fn from_raw(&self, raw: &[f32], size: usize) -> Vec<f32> {
        let mut model = raw.to_vec();
        match &self.standardization {
            Some(standardization) => model.chunks_mut(size).for_each(|example| standardization.apply(example)),
            None => model.iter_mut().for_each(|value| {
                *value = (f64::from(*value) * self.data_scale() + self.data_offset()) as f32;
            }),
        }
        model
    }

    /// The pixel 0..=255 of a model's value: the integer below if dequantised, else the nearest one. Values out of
    /// range become 0 or 255, NaN becomes 0.
    pub fn to_u8(&self, model: f32) -> u8 {
        let raw = (f64::from(model) - self.data_offset()) / self.data_scale();
        // A cast from float to integer saturates, and NaN becomes 0.
        (if self.dequantize { raw.floor() } else { raw.round() }) as u8
    }

    /// Reads example `index` of a data set as training example number `position` of the endless stream: flipped, turned,
    /// augmented and dequantised as configured. `out` has the length [`Dataset::size`]; returns the label.
    pub fn train(
        &self,
        dataset: &dyn Dataset,
        index: usize,
        seed: u64,
        position: u64,
        out: &mut [f32],
    ) -> Option<usize> {
        self.training_example(dataset, index, (seed, position), out, |_, _| {}).0
    }

    /// The same with the augmentation, which is none if there is none; `raw` sees the raw values once they are flipped and turned, and how they
    /// are.
    pub(crate) fn training_example(
        &self,
        dataset: &dyn Dataset,
        index: usize,
        (seed, position): (u64, u64),
        out: &mut [f32],
        raw: impl FnOnce(&[f32], Orientation),
    ) -> (Option<usize>, Augmentation) {
        let label = dataset.training_example(index, seed, position, out);
        let is_random = self.flip || self.flip_vertical || self.rotate || self.dequantize;
        let mut rng = is_random.then(|| Index::augmentation(position).rng(seed));
        let word = rng.as_mut().map_or(0, |rng| rng.next_u64());
        let orientation = Orientation {
            mirrored: self.flip && word >> 63 == 1,
            upside_down: self.flip_vertical && word >> 62 & 1 == 1,
            quarter_turns: if self.rotate { (word >> 60 & 3) as u8 } else { 0 },
        };
        orientation.apply(out, dataset.shape());
        raw(out, orientation);
        let augmentation = self.augmentation.map_or(Augmentation::NONE, |config| config.draw(seed, position));
        augmentation.apply(out, dataset.shape());
        if let Some(rng) = &mut rng {
            self.dequantize(rng, out);
        }
        self.map(out);
        (label, augmentation)
    }

    /// Reads example `index` of a data set for validation: neither flipped nor turned, dequantised as configured.
    pub fn validation(&self, dataset: &dyn Dataset, index: usize, seed: u64, out: &mut [f32]) -> Option<usize> {
        self.validation_example(dataset, index, seed, out, |_| {})
    }

    /// The same; `raw` sees the raw values.
    pub(crate) fn validation_example(
        &self,
        dataset: &dyn Dataset,
        index: usize,
        seed: u64,
        out: &mut [f32],
        raw: impl FnOnce(&[f32]),
    ) -> Option<usize> {
        let label = dataset.example(index, out);
        raw(out);
        self.dequantize(&mut Index::held_out_dequantization(index as u64).rng(seed), out);
        self.map(out);
        label
    }

    pub(crate) fn dequantize(&self, rng: &mut Rng, values: &mut [f32]) {
        if !self.dequantize {
            return;
        }
        for values in values.chunks_mut(4) {
            let mut word = rng.next_u64();
            for value in values {
                *value += (word & 0xffff) as f32 / 65_536.0;
                word >>= 16;
            }
        }
    }

    /// Values without noise, each on its level: what the middle of its cell is mapped to, if the data are dequantised.
    pub(crate) fn map_levels(&self, values: &mut [f32]) {
        if self.dequantize {
            values.iter_mut().for_each(|value| *value += 0.5);
        }
        self.map(values);
    }

    pub(crate) fn map(&self, values: &mut [f32]) {
        match (self.scale, self.dequantize) {
            (Scale::MinusOneOne, false) => values.iter_mut().for_each(|v| *v = *v / 127.5 - 1.0),
            (Scale::MinusOneOne, true) => values.iter_mut().for_each(|v| *v = *v / 128.0 - 1.0),
            (Scale::ZeroOne, false) => values.iter_mut().for_each(|v| *v /= 255.0),
            (Scale::ZeroOne, true) => values.iter_mut().for_each(|v| *v /= 256.0),
            (Scale::None, _) => {}
            (Scale::Standardize, _) => {
                let standardization = self.standardization.as_ref().expect("it was checked before examples are read");
                standardization.apply(values);
            }
        }
    }
}

fn is_off(switch: &bool) -> bool {
    !switch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_of_rectangles_and_noise_on_sixteen_bits_are_refused_by_key() {
        let key = |preprocessing: Preprocessing, shape: &[usize], depth| match preprocessing.check_images(shape, depth)
        {
            Err(DatasetError::Config { key, .. }) => key,
            other => panic!("{other:?}"),
        };
        let turned = Preprocessing { rotate: true, ..Preprocessing::default() };
        assert_eq!(key(turned.clone(), &[3, 4, 8], Depth::Eight), "preprocessing.rotate");
        assert!(turned.check_images(&[3, 8, 8], Depth::Sixteen).is_ok());
        let noisy = Preprocessing { dequantize: true, ..Preprocessing::default() };
        assert_eq!(key(noisy, &[3, 8, 8], Depth::Sixteen), "preprocessing.dequantize");
    }
}
