//! The kernel distance.

use fokker_random::Index;
use fokker_registry::Settings;
use serde::{Deserialize, Serialize};

use crate::kernel::mmd;
use crate::watch::Part;
use crate::{EvaluationError, Features, MetricKind, MetricQuantity, Pair, Replicates, Series, Watch, register_metric};

/// The unbiased MMD² with the kernel `(xᵀy/d + 1)³` (Bińkowski et al. 2018, section 4): KID where the features are those of
/// InceptionV3.
///
/// The value is that of all pairs, which has the smallest variance. Published values are means over random subsets, with
/// their deviation: [`kid_of_subsets`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kid {
    /// The most vectors of each cloud; all pairs of them are looked at.
    pub limit: usize,
    /// Subsets for the value as it is published; 0 for none. There are none either where a cloud is no larger than a subset.
    pub subsets: usize,
    /// Vectors in a subset, of each cloud.
    pub subset_size: usize,
}

impl Default for Kid {
    fn default() -> Self {
        Self { limit: 10_000, subsets: 100, subset_size: 1000 }
    }
}

register_metric!(Kid as "kid");

impl MetricKind for Kid {
    fn check(&self) -> Result<(), EvaluationError> {
        if self.limit < 2 {
            return Err(EvaluationError::value("limit", self.limit, "at least 2"));
        }
        if self.subsets > 0 && self.subset_size < 2 {
            return Err(EvaluationError::value("subset_size", self.subset_size, "at least 2"));
        }
        Ok(())
    }

    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError> {
        self.check()?;
        let (samples, reference) = (pair.samples(), pair.reference());
        let origin = vec![0.0; samples.dimension()];
        let kernel = polynomial(samples.dimension());
        let whole = Part { watch, from: 0.0, to: 0.5 };
        let mut series =
            vec![Series::new(self.kind(), mmd((samples, reference), replicates, &origin, kernel, &whole)?)];
        // Subsets as large as a cloud do not differ, and their deviation says nothing.
        if self.subsets > 0 && self.subset_size < samples.count().min(reference.count()) {
            let subsets = (0..self.subsets as u64).map(|number| {
                [(0, samples), (1, reference)].map(|(side, features)| {
                    let order = Index::evaluation_subset(number, side).permutation(seed, features.count());
                    order[..self.subset_size].to_vec()
                })
            });
            let rest = Part { watch, from: 0.5, to: 1.0 };
            let values = kid_of_subsets(pair, &subsets.collect::<Vec<_>>(), &rest)?;
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
            series.push(Series::new("kid_subsets_mean", vec![mean]));
            series.push(Series::new("kid_subsets_std", vec![variance.sqrt()]));
        }
        Ok(series)
    }

    fn limit(&self) -> Option<usize> {
        Some(self.limit)
    }

    fn quantities(&self) -> &'static [MetricQuantity] {
        const { &[MetricQuantity::lower("kid")] }
    }

    fn source(&self) -> &'static str {
        "Bińkowski et al. 2018, section 4"
    }
}

/// The kernel `(xᵀy/d + 1)³`.
fn polynomial(dimension: usize) -> impl Fn(f64, f64, f64) -> f64 + Sync {
    move |dot, _, _| (dot / dimension as f64 + 1.0).powi(3)
}

/// The unbiased estimate for every subset, `[samples, reference]`, as torch-fidelity computes it; their mean and deviation
/// is what is published.
///
/// # Errors
/// A subset of fewer than two vectors, or of equal ones; a watch that stops it.
pub fn kid_of_subsets(
    pair: &Pair,
    subsets: &[[Vec<usize>; 2]],
    watch: &dyn Watch,
) -> Result<Vec<f64>, EvaluationError> {
    let origin = vec![0.0; pair.samples().dimension()];
    let kernel = polynomial(pair.samples().dimension());
    let chosen = |features: &Features, numbers: &[usize]| features.select(features.name(), numbers);
    let mut values = Vec::with_capacity(subsets.len());
    for (number, [samples, reference]) in subsets.iter().enumerate() {
        let part = |k: usize| k as f64 / subsets.len() as f64;
        let (samples, reference) = (chosen(pair.samples(), samples)?, chosen(pair.reference(), reference)?);
        let whole = Replicates::new(0, 0, &Pair::new(&samples, &reference)?);
        let part = Part { watch, from: part(number), to: part(number + 1) };
        values.extend(mmd((&samples, &reference), &whole, &origin, &kernel, &part)?);
    }
    Ok(values)
}
