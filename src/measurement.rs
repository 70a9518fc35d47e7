//! What is known of the samples beforehand: pixels of a picture, or the picture in small.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use fokker_datasets::{Background, Channels, Dequantization, Picture};
use fokker_model::Score;
use fokker_process::Process;
use fokker_sampling::inverse::{AveragePool, LinearOperator, Mask, PosteriorGradient, Replacement};
use fokker_sampling::{Equation, SamplerConfig};

use crate::config::RunConfig;
use crate::error::Error;

/// How what is known enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Technique {
    /// The predicted data are corrected where they are known.
    Replacement,
    /// The gradient of the likelihood is added to the score, for three network calls instead of one.
    Gradient,
}

/// What was measured of the data.
#[derive(Clone, Debug)]
pub enum Measured {
    /// A picture, and 1 where it is known.
    Pixels {
        /// The picture's values, as the network sees them.
        picture: Vec<f32>,
        /// 1 where they are known, 0 elsewhere.
        mask: Vec<f32>,
    },
    /// A small picture: each pixel is the mean of `factor × factor` pixels of a sample.
    Small {
        /// The small picture's values, as the network sees them.
        picture: Vec<f32>,
        /// How much smaller it is.
        factor: usize,
    },
}

/// What is known, and how it enters.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// What is known.
    pub measured: Measured,
    /// How it enters.
    pub technique: Technique,
    /// The deviation of what is measured from the picture, in the network's units, for gradients: one level of 8 bits.
    pub noise_std: f64,
    /// The deviation of the data in the network's units, for gradients
    /// ([`pixel_deviation`](fokker_datasets::DatasetKind::pixel_deviation)).
    pub data_std: f64,
}

impl Measurement {
    /// A picture of which the pixels are known where the mask is bright. What is transparent in the mask is not known.
    ///
    /// # Errors
    /// Pictures that cannot be read or have another size than the samples; samples that are no images.
    pub fn pixels(picture: &Path, mask: &Path, config: &RunConfig, technique: Technique) -> Result<Self, Error> {
        let [channels, height, width] = image_shape(config)?;
        let picture = values(picture, [channels, height, width], config)?;
        let mask = load(mask, [1, height, width], Background::BLACK)?;
        let one: Vec<f32> = mask.pixels.iter().map(|&pixel| f32::from(pixel > 127)).collect();
        let mask = one.iter().copied().cycle().take(channels * height * width).collect();
        Ok(Self::new(Measured::Pixels { picture, mask }, config, technique))
    }

    /// A picture that every sample equals when it is shrunk.
    ///
    /// # Errors
    /// As [`Measurement::pixels`]; a factor that does not divide the size.
    pub fn small(picture: &Path, factor: usize, config: &RunConfig, technique: Technique) -> Result<Self, Error> {
        let [channels, height, width] = image_shape(config)?;
        if factor == 0 || height % factor != 0 || width % factor != 0 {
            return Err(Error::field("factor", factor, format!("does not divide the size {width}×{height}")));
        }
        let picture = values(picture, [channels, height / factor, width / factor], config)?;
        Ok(Self::new(Measured::Small { picture, factor }, config, technique))
    }

    fn new(measured: Measured, config: &RunConfig, technique: Technique) -> Self {
        let level = config.preprocessing.data_scale();
        Self { measured, technique, noise_std: level, data_std: config.data.pixel_deviation() * level }
    }

    /// Checks that the sampler can use it.
    ///
    /// # Errors
    /// Langevin dynamics with replacement: what is corrected there is no score of any density. Gradients under a process that reaches
    /// pure noise: the data given the state say nothing of it there, and have no derivative in it.
    pub fn validate(&self, sampler: &SamplerConfig, process: &dyn Process) -> Result<(), Error> {
        if self.technique == Technique::Gradient && process.reaches_pure_noise() {
            let message =
                format!("{} begins in pure noise, which no gradient leads out of; take replacement", process.name());
            return Err(Error::field("technique", "gradient", message));
        }
        if self.technique == Technique::Replacement && sampler.kind.info().equation == Equation::Langevin {
            let name = sampler.kind.name();
            let message = format!("{name} needs the score of a density, and corrected data are none; take gradient");
            return Err(Error::field("technique", "replacement", message));
        }
        Ok(())
    }

    /// The score of samples of `shape` that agree with what is known.
    pub fn apply<const D: usize>(
        &self,
        score: Box<dyn Score<D>>,
        shape: &[usize],
        device: &Device,
    ) -> Box<dyn Score<D>> {
        let tensor = |values: &[f32], divide: usize| {
            let mut full = [1; D];
            full[1..].copy_from_slice(shape);
            full[D - 1] /= divide;
            full[D - 2] /= divide;
            Tensor::<D>::from_data(TensorData::new(values.to_vec(), full), device)
        };
        match &self.measured {
            Measured::Pixels { picture, mask } => {
                let operator = Mask { mask: tensor(mask, 1) };
                let measured = operator.apply(tensor(picture, 1));
                self.combine(score, operator, measured)
            }
            Measured::Small { picture, factor } => {
                self.combine(score, AveragePool { factor: *factor }, tensor(picture, *factor))
            }
        }
    }

    fn combine<const D: usize>(
        &self,
        score: Box<dyn Score<D>>,
        operator: impl LinearOperator<D> + 'static,
        measured: Tensor<D>,
    ) -> Box<dyn Score<D>> {
        match self.technique {
            Technique::Replacement => Box::new(Replacement { score, operator, measured }),
            Technique::Gradient => {
                let (noise_std, data_std) = (self.noise_std, self.data_std);
                Box::new(PosteriorGradient { score, operator, measured, noise_std, data_std })
            }
        }
    }
}

fn image_shape(config: &RunConfig) -> Result<[usize; 3], Error> {
    match <[usize; 3]>::try_from(config.data.shape()?) {
        Ok(shape) if config.data.is_image() => Ok(shape),
        _ => Err(Error::field("measured", "", "the run's samples are no images, and what is measured is one")),
    }
}

/// Reads a picture of this shape; what is transparent in it is laid on `background`.
fn load(path: &Path, shape: [usize; 3], background: Background) -> Result<Picture, Error> {
    let channels = Channels::of(shape[0], background)
        .ok_or_else(|| Error::field("measured", "", format!("samples of {} channels are no pictures", shape[0])))?;
    let picture = Picture::load(path, channels)?;
    if picture.shape == shape {
        return Ok(picture);
    }
    let message = format!("is {}×{} pixels, but must be {}×{}", picture.shape[2], picture.shape[1], shape[2], shape[1]);
    Err(Error::File { path: path.into(), message })
}

/// The values of a picture as the network sees them, each pixel on its level.
fn values(path: &Path, shape: [usize; 3], config: &RunConfig) -> Result<Vec<f32>, Error> {
    let units = Dequantization::new(config.preprocessing.clone(), true);
    let picture = load(path, shape, config.data.background())?;
    Ok(picture.pixels.into_iter().map(|pixel| units.level(pixel) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Pictures;

    /// The constants are one level and the deviation of digits whatever the scale, and known pixels are on their levels.
    #[test]
    fn what_is_measured_follows_the_scale_of_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let [picture, mask] = ["picture.png", "mask.png"].map(|name| folder.path().join(name));
        let save = |path: &Path, value: fn(usize) -> u8| {
            Pictures { shape: [1, 28, 28], pixels: (0..784).map(value).collect() }.save_grid(path, 1).unwrap();
        };
        save(&picture, |k| (k % 256) as u8);
        save(&mask, |k| if k < 392 { 255 } else { 0 });
        for (scale, dequantize, width, lowest) in [
            ("minus_one_one", false, 2.0 / 255.0, -1.0),
            ("zero_one", false, 1.0 / 255.0, 0.0),
            ("zero_one", true, 1.0 / 256.0, 0.5 / 256.0),
            ("minus_one_one", true, 2.0 / 256.0, -1.0 + 1.0 / 256.0),
        ] {
            let changes = [format!("preprocessing.scale={scale}"), format!("preprocessing.dequantize={dequantize}")];
            let config = RunConfig::load(Path::new("configs/mnist_vp_small.toml"), &changes).unwrap();
            let measurement = Measurement::pixels(&picture, &mask, &config, Technique::Gradient).unwrap();
            assert!((measurement.noise_std / width - 1.0).abs() < 1e-12);
            // MNIST's deviation is 0.3081 of the range of 255 levels.
            assert!((measurement.data_std / (255.0 * width) - 0.3081).abs() < 1e-4, "{}", measurement.data_std);
            let Measured::Pixels { picture, mask } = measurement.measured else { panic!("pixels") };
            for (k, &value) in picture.iter().enumerate() {
                let level = lowest + (k % 256) as f64 * width;
                assert!((f64::from(value) - level).abs() < 1e-6, "{scale} {dequantize}: {value} {level}");
                // Drawn again it is the same pixel.
                assert_eq!(usize::from(config.preprocessing.to_u8(value)), k % 256);
            }
            assert_eq!(mask.iter().sum::<f32>(), 392.0);
        }
    }
}
