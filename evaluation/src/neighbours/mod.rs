//! Precision, recall, density and coverage: what the balls around vectors hold.

mod balls;
mod radii;

use serde::{Deserialize, Serialize};

use crate::{EvaluationError, MetricKind, MetricQuantity, Pair, Replicates, Series, Watch, register_metric};

/// Precision and recall (Kynkäänniemi et al. 2019, eq. 2).
///
/// Around every vector is a ball that reaches to its `k`-th nearest neighbour in its own cloud. Precision is the share of
/// samples in a ball of the reference, recall the share of reference vectors in a ball of the samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrecisionRecall {
    /// The neighbour that a ball reaches to; 3 in the paper.
    pub k: usize,
    /// The most vectors of each cloud; all pairs of them are looked at.
    pub limit: usize,
}

impl Default for PrecisionRecall {
    fn default() -> Self {
        Self { k: 3, limit: 10_000 }
    }
}

register_metric!(PrecisionRecall as "precision_recall");

impl MetricKind for PrecisionRecall {
    fn check(&self) -> Result<(), EvaluationError> {
        check(self.k, self.limit)
    }

    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        _: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError> {
        self.check()?;
        let found = balls::measure(pair, replicates, self.k, true, watch)?;
        Ok(vec![Series::new("precision", found.precision), Series::new("recall", found.recall)])
    }

    fn limit(&self) -> Option<usize> {
        Some(self.limit)
    }

    fn quantities(&self) -> &'static [MetricQuantity] {
        const { &[MetricQuantity::higher("precision"), MetricQuantity::higher("recall")] }
    }

    fn source(&self) -> &'static str {
        "Kynkäänniemi et al. 2019, eq. 2"
    }
}

/// Density and coverage (Naeem et al. 2020, eqs. 4 and 5).
///
/// Density is the mean number of balls of the reference that a sample is in, divided by `k`; it may exceed 1. Coverage is the
/// share of balls of the reference that hold a sample. For equal laws and sizes the mean of the density is 1, and that of the
/// coverage nearly `1 − 2⁻ᵏ`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DensityCoverage {
    /// The neighbour that a ball reaches to; 5 in the paper.
    pub k: usize,
    /// The most vectors of each cloud; all pairs of them are looked at.
    pub limit: usize,
}

impl Default for DensityCoverage {
    fn default() -> Self {
        Self { k: 5, limit: 10_000 }
    }
}

register_metric!(DensityCoverage as "density_coverage");

impl MetricKind for DensityCoverage {
    fn check(&self) -> Result<(), EvaluationError> {
        check(self.k, self.limit)
    }

    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        _: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError> {
        self.check()?;
        let found = balls::measure(pair, replicates, self.k, false, watch)?;
        Ok(vec![Series::new("density", found.density), Series::new("coverage", found.coverage)])
    }

    fn limit(&self) -> Option<usize> {
        Some(self.limit)
    }

    fn quantities(&self) -> &'static [MetricQuantity] {
        const { &[MetricQuantity::higher("density"), MetricQuantity::higher("coverage")] }
    }

    fn source(&self) -> &'static str {
        "Naeem et al. 2020, eqs. 4 and 5"
    }
}

fn check(k: usize, limit: usize) -> Result<(), EvaluationError> {
    if k == 0 {
        return Err(EvaluationError::value("k", k, "at least 1"));
    }
    let right = limit > k;
    if right { Ok(()) } else { Err(EvaluationError::value("limit", limit, format!("larger than k, which is {k}"))) }
}
