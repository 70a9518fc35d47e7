//! Fourier features of an image.

use burn::module::Module;

use crate::calculus::Calculus;
use crate::error::{ModelError, require};

/// The image, followed by sin 2ⁿπx and cos 2ⁿπx of it for some `n`, which tell grey levels apart that differ by far less
/// than the image's range (Kingma et al. 2021, "Variational diffusion models", Appx. C).
#[derive(Module, Debug)]
pub struct ImageWaves {
    #[module(skip)]
    exponents: Vec<u32>,
}

impl ImageWaves {
    /// Of these exponents `n`.
    pub fn new(exponents: &[u32]) -> Self {
        Self { exponents: exponents.to_vec() }
    }

    /// Checks the exponents, which stand in the configuration's field `input_frequencies`.
    ///
    /// # Errors
    /// One that is above 20.
    pub fn validate(exponents: &[u32]) -> Result<(), ModelError> {
        let finest = exponents.iter().copied().max().unwrap_or(0);
        // Finer waves resolve differences below the precision of f32.
        require(finest <= 20, "input_frequencies", format!("{finest} is not in 0..=20"))
    }

    /// Channels of the result for those of an image.
    pub fn channels(&self, channels: usize) -> usize {
        channels * (1 + 2 * self.exponents.len())
    }

    /// # Shapes
    /// `[batch, height, width, channels]` → `[batch, height, width, channels · (1 + 2 · exponents)]`
    pub fn forward<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        let waves = self.exponents.iter().flat_map(|&exponent| {
            let phase = C::affine(x.clone(), std::f64::consts::PI * f64::from(exponent).exp2(), 0.0);
            [C::sin(phase.clone()), C::cos(phase)]
        });
        let mut parts: Vec<C::Array<4>> = std::iter::once(x.clone()).chain(waves).collect();
        if parts.len() == 1 { parts.remove(0) } else { C::cat(parts, 3) }
    }
}
