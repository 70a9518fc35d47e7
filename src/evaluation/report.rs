//! What was found.

use fokker_evaluation::{Classes, Copying, Evaluation, Extracted, Pair, Replicates};
use serde::{Deserialize, Serialize};

use super::request::EvaluationRequest;
use crate::error::Error;

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// What was judged.
    pub samples: String,
    /// What it was compared with.
    pub against: String,
    /// What made the features; `values` where vectors are their own.
    pub extractor: String,
    /// The SHA-256 of the extractor's weights, if it has some.
    pub weights: Option<String>,
    /// The number of features.
    pub dimension: usize,
    /// The seed.
    pub seed: u64,
    /// Half-samples behind the error bars.
    pub halves: usize,
    /// The metrics.
    pub evaluation: Evaluation,
    /// How often each class occurs and how sure the classifier is, where the extractor is one.
    pub classes: Option<Classes>,
    /// Whether samples are copies of training examples, where the training data are known.
    pub copying: Option<Copying>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The classes of samples and data that a classifier found.
pub(super) fn classes(
    samples: &Extracted,
    reference: &Extracted,
    request: &EvaluationRequest,
) -> Result<Option<Classes>, Error> {
    let (Some(own), Some(other)) = (&samples.classes, &reference.classes) else { return Ok(None) };
    let pair = Pair::new(&samples.features, &reference.features)?;
    let replicates = Replicates::new(request.seed, request.halves, &pair);
    Ok(Some(fokker_evaluation::classes(own, other, &replicates)?))
}
