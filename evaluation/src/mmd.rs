//! The maximum mean discrepancy with a Gaussian kernel.

use fokker_registry::Settings;
use serde::{Deserialize, Serialize};

use crate::kernel::mmd;
use crate::pairs::Distances;
use crate::{EvaluationError, Features, MetricKind, MetricQuantity, Pair, Replicates, Series, Watch, register_metric};

/// The unbiased MMD² with the kernel `exp(−‖x − y‖²/(2h²))` (Gretton et al. 2012, eq. 3). It is 0 for equal laws, and may be
/// negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mmd {
    /// The width `h` of the kernel. Without it, the median of the distances within the reference (Gretton et al. 2012, section 8):
    /// it does not depend on the samples, so that different models are measured by one kernel.
    pub bandwidth: Option<f64>,
    /// The most vectors of each cloud; all pairs of them are looked at.
    pub limit: usize,
}

impl Default for Mmd {
    fn default() -> Self {
        Self { bandwidth: None, limit: 10_000 }
    }
}

register_metric!(Mmd as "mmd");

impl MetricKind for Mmd {
    fn check(&self) -> Result<(), EvaluationError> {
        if let Some(bandwidth) = self.bandwidth.filter(|h| !(*h > 0.0 && h.is_finite())) {
            return Err(EvaluationError::value("bandwidth", bandwidth, "positive and finite"));
        }
        let right = self.limit >= 2;
        if right { Ok(()) } else { Err(EvaluationError::value("limit", self.limit, "at least 2")) }
    }

    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        _: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError> {
        self.check()?;
        let (samples, reference) = (pair.samples(), pair.reference());
        let bandwidth = self.bandwidth.map_or_else(|| median_distance(reference), Ok)?;
        let rate = 0.5 / (bandwidth * bandwidth);
        let kernel = |dot: f64, x: f64, y: f64| (-rate * (x + y - 2.0 * dot).max(0.0)).exp();
        let values = mmd((samples, reference), replicates, &reference.mean(), kernel, watch)?;
        Ok(vec![Series::new(self.kind(), values), Series::new("mmd_bandwidth", vec![bandwidth])])
    }

    fn limit(&self) -> Option<usize> {
        Some(self.limit)
    }

    fn quantities(&self) -> &'static [MetricQuantity] {
        const { &[MetricQuantity::lower("mmd")] }
    }

    fn source(&self) -> &'static str {
        "Gretton et al. 2012, eq. 3"
    }
}

/// The most vectors that the median is taken over: its error is far below what the kernel's width matters.
const MEDIAN_OVER: usize = 1000;

/// The median of the distances between different vectors among the first thousand.
///
/// # Errors
/// A median of 0: more than half of the pairs are equal.
pub fn median_distance(features: &Features) -> Result<f64, EvaluationError> {
    let first: Vec<usize> = (0..features.count().min(MEDIAN_OVER)).collect();
    let first = features.select(features.name(), &first)?;
    let rows = Distances::new(&first, &first).map_rows(&(), |i, row| row[i + 1..].to_vec())?;
    let mut squared: Vec<f64> = rows.into_iter().flatten().collect();
    squared.sort_unstable_by(f64::total_cmp);
    // As NumPy: the mean of the two in the middle of an even count.
    let middle = squared.len() / 2;
    let median = match squared.len() % 2 {
        0 => 0.5 * (squared[middle - 1].sqrt() + squared[middle].sqrt()),
        _ => squared[middle].sqrt(),
    };
    if median > 0.0 {
        return Ok(median);
    }
    let problem = "the median distance is 0, as most vectors are equal; give the width of the kernel as `bandwidth`";
    Err(EvaluationError::input(features.name(), problem))
}
