//! The data as a likelihood sees them, and what its nats are in bits per dimension.
//!
//! A model has a density; pixels are integers. Two ways lead from one to the other:
//!
//! - **Uniform dequantisation.** The density at `raw + u`, `u` uniform on [0, 1), bounds the probability of the integers
//!   (Theis et al. 2016, section 3.1). Raw values are mapped as the run maps dequantised ones, `2 (raw + u)/256 − 1` and
//!   so on, also if it was trained without `u`: a cell is a 256th of the range. The bits that this map adds to each number
//!   are `−log₂` of its slope, 7 for the range [−1, 1].
//! - **Levels.** A discrete bound gives each integer a probability of its own. Then pixels are the very numbers that the
//!   run was trained with, or the middle of their cells if it was trained on dequantised ones.
//!
//! Slope and levels come from the preprocessing and from nowhere else. Vectors are left as they are, or standardised, which adds
//! the logarithm of their deviations.

use fokker_random::Index;

use crate::{Dataset, Preprocessing};

/// How the examples of a data set are read for their likelihood.
#[derive(Clone, Debug, PartialEq)]
pub struct Dequantization {
    preprocessing: Preprocessing,
    is_image: bool,
}

/// The numbers that pixels can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// The model's value of pixel 0.
    pub lowest: f64,
    /// The model's value of pixel 255.
    pub highest: f64,
    /// Half of the distance between two.
    pub half_width: f64,
}

impl Dequantization {
    /// For data that a run with this preprocessing learned from.
    pub fn new(preprocessing: Preprocessing, is_image: bool) -> Self {
        Self { preprocessing: preprocessing.without_augmentation(), is_image }
    }

    /// The preprocessing with `u` for images, without for vectors.
    fn uniform(&self) -> Preprocessing {
        Preprocessing { dequantize: self.is_image, ..self.preprocessing.clone() }
    }

    /// Reads example `index` with the `u` of (seed, [`Index::dequantization`]). `out` has the length
    /// [`Dataset::size`]; returns the label.
    pub fn example(&self, dataset: &dyn Dataset, index: usize, seed: u64, draw: u64, out: &mut [f32]) -> Option<usize> {
        let label = dataset.example(index, out);
        let preprocessing = self.uniform();
        preprocessing.dequantize(&mut Index::dequantization(index as u64, draw).rng(seed), out);
        preprocessing.map(out);
        label
    }

    /// Bits per dimension of an example with `size` numbers, from the logarithm of its density in the model's units: for
    /// images of the raw integers, for vectors of the vectors themselves.
    ///
    /// ```
    /// use fokker_datasets::{Dequantization, Preprocessing};
    ///
    /// // The uniform density on [−1, 1] gives each of 256 integers the same probability: 8 bits.
    /// let pixels = Dequantization::new(Preprocessing::default(), true);
    /// let log_density = -(784.0 * 2f64.ln());
    /// assert!((pixels.bits_per_dimension(log_density, 784) - 8.0).abs() < 1e-12);
    /// ```
    pub fn bits_per_dimension(&self, log_density: f64, size: usize) -> f64 {
        -log_density / (size as f64 * std::f64::consts::LN_2) + self.offset_bits()
    }

    /// The bits that the scaling adds to each number: 7 for pixels in [−1, 1].
    pub fn offset_bits(&self) -> f64 {
        self.uniform().offset_bits()
    }

    /// The levels of the pixels; none for vectors.
    pub fn levels(&self) -> Option<Levels> {
        let half_width = 0.5 * self.preprocessing.data_scale();
        self.is_image.then(|| Levels { lowest: self.level(0), highest: self.level(255), half_width })
    }

    /// The model's value of a pixel on its level.
    pub fn level(&self, pixel: u8) -> f64 {
        let middle = if self.preprocessing.dequantize { 0.5 } else { 0.0 };
        self.preprocessing.data_scale() * (f64::from(pixel) + middle) + self.preprocessing.data_offset()
    }

    /// Reads example `index` with every pixel on its level.
    pub fn level_example(&self, dataset: &dyn Dataset, index: usize, out: &mut [f32]) -> Option<usize> {
        let label = dataset.example(index, out);
        if self.preprocessing.dequantize {
            out.iter_mut().for_each(|value| *value += 0.5);
        }
        self.preprocessing.map(out);
        label
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scale;

    /// One image that has every level.
    struct Ramp;

    impl Dataset for Ramp {
        fn name(&self) -> &str {
            "ramp"
        }
        fn len(&self) -> usize {
            1
        }
        fn shape(&self) -> &[usize] {
            &[1, 16, 16]
        }
        fn classes(&self) -> Option<usize> {
            None
        }
        fn is_image(&self) -> bool {
            true
        }
        fn example(&self, _: usize, out: &mut [f32]) -> Option<usize> {
            out.iter_mut().enumerate().for_each(|(k, value)| *value = k as f32);
            None
        }
    }

    /// A model that knows nothing has the uniform density on the range: 8 bits for each pixel, whatever the scaling.
    #[test]
    fn the_uniform_density_has_eight_bits_per_pixel() {
        for (scale, range) in [(Scale::MinusOneOne, 2.0f64), (Scale::ZeroOne, 1.0), (Scale::None, 256.0)] {
            for dequantize in [false, true] {
                let units =
                    Dequantization::new(Preprocessing { scale, dequantize, flip: true, ..Preprocessing::RAW }, true);
                let log_density = -256.0 * range.ln();
                assert!((units.bits_per_dimension(log_density, 256) - 8.0).abs() < 1e-12, "{scale:?}");
            }
        }
        // A vector's density is its own: the standard normal at 0 has log₂ √(2π) bits.
        let vectors = Dequantization::new(Preprocessing::RAW, false);
        let bits = vectors.bits_per_dimension(-1.5 * std::f64::consts::TAU.ln(), 3);
        assert!((bits - std::f64::consts::TAU.sqrt().log2()).abs() < 1e-15);
        assert_eq!(vectors.levels(), None);
    }

    #[test]
    fn cells_fill_the_range_and_every_pixel_is_in_its_own() {
        for scale in [Scale::MinusOneOne, Scale::ZeroOne, Scale::None] {
            for dequantize in [false, true] {
                let units = Dequantization::new(Preprocessing { scale, dequantize, ..Preprocessing::RAW }, true);
                let (mut first, mut second, mut level) = (vec![0.0; 256], vec![0.0; 256], vec![0.0; 256]);
                units.example(&Ramp, 0, 7, 0, &mut first);
                units.example(&Ramp, 0, 7, 1, &mut second);
                assert_ne!(first, second, "another draw");
                let slope = 2f64.powf(-units.offset_bits());
                let floor = units.uniform().data_offset();
                for values in [&first, &second] {
                    for (k, &value) in values.iter().enumerate() {
                        assert_eq!(((f64::from(value) - floor) / slope).floor(), k as f64);
                    }
                }
                units.level_example(&Ramp, 0, &mut level);
                let levels = units.levels().unwrap();
                assert!((f64::from(level[0]) - levels.lowest).abs() < 1e-6);
                assert!((f64::from(level[255]) / levels.highest - 1.0).abs() < 1e-6);
                assert!((0..=255u8).all(|k| (f64::from(level[usize::from(k)]) - units.level(k)).abs() < 1e-5));
                let apart = (levels.highest - levels.lowest) / 255.0;
                assert!((apart / (2.0 * levels.half_width) - 1.0).abs() < 1e-12);
            }
        }
    }
}
