//! The Fréchet distance, and what it would be of infinitely many samples.

mod distance;
mod extrapolated;

use fokker_registry::Settings;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

pub use distance::{Frechet, frechet_distance};
pub use extrapolated::FrechetInfinity;

use crate::replicate::{Replicate, numbers};
use crate::{
    EvaluationError, Features, MetricKind, MetricQuantity, Pair, Replicates, Series, Statistics, Watch, register_metric,
};

/// The squared Fréchet distance (Heusel et al. 2017, eq. 6) as pytorch-fid, clean-fid and torch-fidelity compute it: FID where the
/// features are those of InceptionV3. Its bias falls as `1/n`, and depends on the model: compare only equal counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrechetDistance {}

register_metric!(FrechetDistance as "frechet");

impl MetricKind for FrechetDistance {
    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        _: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError> {
        let mut values = Vec::with_capacity(replicates.count());
        for (number, replicate) in replicates.iter().enumerate() {
            watch.advance(number as f64 / replicates.count() as f64)?;
            let (reference, samples) = (reference(pair, replicate), columns(pair.samples(), replicate.samples()));
            values.push(reference.to(&Statistics::of_columns(&samples))?);
        }
        Ok(vec![Series::new(self.kind(), values)])
    }

    fn quantities(&self) -> &'static [MetricQuantity] {
        const { &[MetricQuantity::lower("frechet")] }
    }

    fn source(&self) -> &'static str {
        "Heusel et al. 2017, eq. 6"
    }
}

/// The reference of a replicate.
fn reference(pair: &Pair, replicate: &Replicate) -> Frechet {
    Frechet::from(Statistics::of_columns(&columns(pair.reference(), replicate.reference())))
}

/// The vectors that are in a mask, as columns.
fn columns(features: &Features, mask: &[bool]) -> DMatrix<f64> {
    features.matrix().select_columns(&numbers(mask))
}
