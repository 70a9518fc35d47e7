//! What is known of the samples beforehand: pixels of a picture, or the picture in small.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use fokker_datasets::Preprocessing;
use fokker_model::Score;
use fokker_sampling::inverse::{AveragePool, LinearOperator, Mask, PosteriorGradient, Replacement};
use fokker_sampling::{Kind, Pictures, SamplerConfig, Shared};

use crate::error::Error;

/// How what is known enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// A picture of which every pixel is the mean of `factor × factor` pixels.
    Small {
        /// The small picture's values, as the network sees them.
        picture: Vec<f32>,
        /// How much smaller it is.
        factor: usize,
    },
}

/// What is known, and how it enters.
#[derive(Clone, Debug)]
pub struct Condition {
    /// What is known.
    pub measured: Measured,
    /// How it enters.
    pub technique: Technique,
}

/// The deviation of what is measured from the picture, for gradients: a level of 8 bits in [−1, 1].
const NOISE_STD: f64 = 2.0 / 255.0;
/// The deviation of pixels in [−1, 1], for gradients.
const DATA_STD: f64 = 0.5;

impl Condition {
    /// A picture of which the pixels are known where the mask is bright.
    ///
    /// # Errors
    /// Pictures that cannot be read or have another size than the samples; samples that are no images.
    pub fn pixels(
        picture: &Path,
        mask: &Path,
        shape: &[usize],
        preprocessing: &Preprocessing,
        technique: Technique,
    ) -> Result<Self, Error> {
        let [channels, height, width] = image_shape(shape)?;
        let picture = values(picture, [channels, height, width], preprocessing)?;
        let mask = load(mask, [1, height, width])?;
        let one: Vec<f32> = mask.pixels.iter().map(|&pixel| f32::from(pixel > 127)).collect();
        let mask = one.iter().copied().cycle().take(channels * height * width).collect();
        Ok(Self { measured: Measured::Pixels { picture, mask }, technique })
    }

    /// A small picture of which the samples are the large ones.
    ///
    /// # Errors
    /// As [`Condition::pixels`]; a factor that does not divide the size.
    pub fn small(
        picture: &Path,
        factor: usize,
        shape: &[usize],
        preprocessing: &Preprocessing,
        technique: Technique,
    ) -> Result<Self, Error> {
        let [channels, height, width] = image_shape(shape)?;
        if factor == 0 || height % factor != 0 || width % factor != 0 {
            return Err(Error::Usage(format!("--factor {factor}: does not divide the size {width}×{height}")));
        }
        let picture = values(picture, [channels, height / factor, width / factor], preprocessing)?;
        Ok(Self { measured: Measured::Small { picture, factor }, technique })
    }

    /// Checks that the sampler can use it.
    ///
    /// # Errors
    /// Langevin dynamics with replacement: what is corrected there is no score of any density.
    pub fn validate(&self, sampler: &SamplerConfig) -> Result<(), Error> {
        if self.technique == Technique::Replacement && sampler.kind.info().kind == Kind::Langevin {
            let name = sampler.kind.name();
            return Err(Error::Usage(format!(
                "--technique replacement: {name} needs the score of a density, and corrected data are none; use \
                 --technique gradient"
            )));
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
        let score = Shared(score);
        match self.technique {
            Technique::Replacement => Box::new(Replacement { score, operator, measured }),
            Technique::Gradient => {
                Box::new(PosteriorGradient { score, operator, measured, noise_std: NOISE_STD, data_std: DATA_STD })
            }
        }
    }
}

fn image_shape(shape: &[usize]) -> Result<[usize; 3], Error> {
    shape.try_into().map_err(|_| Error::Usage("--measured: the run's samples are points, not images".into()))
}

fn load(path: &Path, shape: [usize; 3]) -> Result<Pictures, Error> {
    let pictures = Pictures::load(path, shape[0])?;
    if pictures.shape == shape {
        return Ok(pictures);
    }
    let message =
        format!("is {}×{} pixels, but must be {}×{}", pictures.shape[2], pictures.shape[1], shape[2], shape[1]);
    Err(Error::File { path: path.into(), message })
}

/// The values of a picture as the network sees them.
fn values(path: &Path, shape: [usize; 3], preprocessing: &Preprocessing) -> Result<Vec<f32>, Error> {
    let (scale, offset) = (preprocessing.data_scale(), preprocessing.data_offset());
    let value = |pixel: u8| (f64::from(pixel) * scale + offset) as f32;
    Ok(load(path, shape)?.pixels.into_iter().map(value).collect())
}
