//! What a classifier of digits sees.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Extracted, ExtractorKind, Images};
use crate::digits::{CLASSES, DigitsNetwork, FEATURES, SIDE, Seen, WEIGHTS};
use crate::{EvaluationError, Features, Labels, Watch, register_extractor, sha256};

/// The features before the last layer of the classifier of [`crate::digits`], and its classes. For grey images of 28×28, or of
/// 32×32 with a border of two pixels, which is cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digits {}

register_extractor!(Digits as "digits");

/// The side of digits with a border.
const BORDERED: usize = SIDE + 4;

impl ExtractorKind for Digits {
    fn check(&self, images: &Images) -> Result<(), EvaluationError> {
        if [[1, SIDE, SIDE], [1, BORDERED, BORDERED]].contains(&images.shape()) {
            return Ok(());
        }
        let [channels, height, width] = images.shape();
        let problem = format!(
            "images of {channels} × {height} × {width} are no digits of MNIST, which are 1 × 28 × 28 or 1 × 32 × 32; use the \
             extractor `pixels`"
        );
        Err(EvaluationError::input(images.name(), problem))
    }

    fn extract(&self, images: &Images, watch: &dyn Watch) -> Result<Extracted, EvaluationError> {
        self.check(images)?;
        let network = DigitsNetwork::shipped();
        let (count, done) = (images.count(), AtomicUsize::new(0));
        let all: Vec<&[f32]> = images.iter().collect();
        let seen = all.into_par_iter().map(|pixels| {
            watch.advance(done.fetch_add(1, Ordering::Relaxed) as f64 / count as f64)?;
            Ok(network.see(&cut(pixels)))
        });
        let seen: Vec<_> = seen.collect::<Result<_, EvaluationError>>()?;
        let values = seen.iter().flat_map(|seen| seen.features.iter().map(|&x| f64::from(x))).collect();
        let classes: Vec<usize> = seen.iter().map(|seen| seen.class()).collect();
        let of = |(seen, &class): (&Seen, &usize)| f64::from(seen.probabilities[class]);
        let confidences = seen.iter().zip(&classes).map(of).collect();
        let features = Features::new(images.name(), FEATURES, values)?;
        Ok(Extracted { features, classes: Some(Labels { classes, confidences, count: CLASSES }) })
    }

    fn version(&self) -> Option<String> {
        Some(sha256(WEIGHTS))
    }
}

/// Pixels from 0 to 1, without the border.
fn cut(pixels: &[f32]) -> Vec<f32> {
    let side = if pixels.len() == SIDE * SIDE { SIDE } else { BORDERED };
    let border = (side - SIDE) / 2;
    let row = |y: usize| &pixels[(y + border) * side + border..][..SIDE];
    (0..SIDE).flat_map(row).map(|pixel| pixel / 255.0).collect()
}
