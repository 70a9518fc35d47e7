//! What makes features of images, and the registry of it.

mod cache;
mod digits;
#[cfg(feature = "onnx")]
mod onnx;
mod pixels;
mod read_once;

use fokker_registry::{Settings, family};

pub use cache::cached;
pub use digits::Digits;
#[cfg(feature = "onnx")]
pub use onnx::Onnx;
pub use pixels::Pixels;
pub use read_once::ReadOnce;

use crate::{EvaluationError, Features, Labels, Watch};

/// Images of one shape, with pixels from 0 to 255, channels first.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    name: String,
    shape: [usize; 3],
    pixels: Vec<f32>,
}

impl Images {
    /// Images of `[channels, height, width]`; `name` is for messages. Pixels beyond 0 and 255 are cut off, as they are where
    /// a picture is shown.
    ///
    /// # Errors
    /// Pixels that do not fill the shape, or are not finite.
    pub fn new(name: impl Into<String>, shape: [usize; 3], mut pixels: Vec<f32>) -> Result<Self, EvaluationError> {
        let name = name.into();
        let size = shape.iter().product::<usize>();
        if size == 0 || !pixels.len().is_multiple_of(size) {
            let problem = format!("{} pixels do not fill images of the shape {shape:?}", pixels.len());
            return Err(EvaluationError::input(name, problem));
        }
        if let Some(place) = pixels.iter().position(|pixel| !pixel.is_finite()) {
            let problem = format!("image {} has a pixel that is {}; all must be finite", place / size, pixels[place]);
            return Err(EvaluationError::input(name, problem));
        }
        pixels.iter_mut().for_each(|pixel| *pixel = pixel.clamp(0.0, 255.0));
        Ok(Self { name, shape, pixels })
    }

    /// What they are called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `[channels, height, width]`
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The number of images.
    pub fn count(&self) -> usize {
        self.pixels.len() / self.shape.iter().product::<usize>()
    }

    /// All pixels, image after image.
    pub fn pixels(&self) -> &[f32] {
        &self.pixels
    }

    /// Each image's pixels.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.pixels.chunks_exact(self.shape.iter().product())
    }
}

/// What an extractor makes of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Extracted {
    /// The features.
    pub features: Features,
    /// The class of each image, if the extractor is a classifier.
    pub classes: Option<Labels>,
}

/// The settings of an extractor of some kind.
pub trait ExtractorKind: Settings {
    /// Refuses images that it cannot take.
    ///
    /// # Errors
    /// [`EvaluationError::Input`] in the name of the images.
    fn check(&self, _images: &Images) -> Result<(), EvaluationError> {
        Ok(())
    }

    /// Reads what it needs, such as weights, so that what is wrong with them is said before work starts.
    ///
    /// # Errors
    /// Files that cannot be read, or that hold something else.
    fn prepare(&self) -> Result<(), EvaluationError> {
        Ok(())
    }

    /// Makes features of images, which [`check`](Self::check) has let through.
    ///
    /// # Errors
    /// Images that are all the same; a watch that stops it.
    fn extract(&self, images: &Images, watch: &dyn Watch) -> Result<Extracted, EvaluationError>;

    /// All that the features depend on next to the images and the settings, such as a checksum of weights: it is part of the
    /// name under which features are kept. None if it takes less to make features than to read them.
    fn version(&self) -> Option<String>;
}

family! {
    /// An extractor by its `kind`.
    pub struct Extractor, ExtractorEntry of dyn ExtractorKind, "extractor"
}

/// Registers the settings of an extractor under the `kind` that it is named by.
///
/// ```
/// use fokker_evaluation::{
///     EvaluationError, Extracted, Extractor, ExtractorKind, Features, Images, Watch, register_extractor,
/// };
/// use serde::{Deserialize, Serialize};
///
/// /// The mean brightness, and the contrast.
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Brightness {}
///
/// impl ExtractorKind for Brightness {
///     fn extract(&self, images: &Images, _: &dyn Watch) -> Result<Extracted, EvaluationError> {
///         let of = |pixels: &[f32]| {
///             let mean = pixels.iter().sum::<f32>() / pixels.len() as f32;
///             let variance = pixels.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / pixels.len() as f32;
///             [f64::from(mean), f64::from(variance.sqrt())]
///         };
///         let features = Features::new(images.name(), 2, images.iter().flat_map(of).collect())?;
///         Ok(Extracted { features, classes: None })
///     }
///
///     fn version(&self) -> Option<String> {
///         None
///     }
/// }
///
/// register_extractor!(Brightness as "brightness");
///
/// let images = Images::new("two", [1, 1, 2], vec![0.0, 10.0, 20.0, 20.0])?;
/// let found = Extractor::named("brightness").unwrap().extract(&images, &())?;
/// assert_eq!(found.features.values(), [5.0, 5.0, 20.0, 0.0]);
/// # Ok::<(), EvaluationError>(())
/// ```
#[macro_export]
macro_rules! register_extractor {
    ($Settings:ty as $kind:literal) => {
        $crate::registry::register!($crate::ExtractorEntry, $Settings, $kind);
    };
}
