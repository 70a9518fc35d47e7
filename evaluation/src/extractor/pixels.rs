//! Pixels as they are.

use serde::{Deserialize, Serialize};

use super::{Extracted, ExtractorKind, Images};
use crate::{EvaluationError, Features, Watch, register_extractor};

/// The pixels themselves, from 0 to 1. They know nothing of shifts and shapes, but they need no network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pixels {}

register_extractor!(Pixels as "pixels");

impl ExtractorKind for Pixels {
    fn extract(&self, images: &Images, _: &dyn Watch) -> Result<Extracted, EvaluationError> {
        let values = images.pixels().iter().map(|&pixel| f64::from(pixel) / 255.0).collect();
        let features = Features::new(images.name(), images.shape().iter().product(), values)?;
        Ok(Extracted { features, classes: None })
    }

    fn version(&self) -> Option<String> {
        None
    }
}
