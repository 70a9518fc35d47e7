//! What a metric is, and the registry of metrics.

use fokker_registry::{Settings, family};

use crate::{EvaluationError, Pair, Replicates, Watch};

/// A quantity in all replicates.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name, such as `precision`.
    pub name: String,
    /// The value of the whole, then those of the half-samples.
    pub values: Vec<f64>,
}

impl Series {
    /// A quantity and its values.
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values }
    }
}

/// A quantity that a metric always has, and which way it is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricQuantity {
    /// Its name, such as `precision`.
    pub name: &'static str,
    /// Whether more of it is better.
    pub larger_is_better: bool,
}

impl MetricQuantity {
    /// A distance.
    pub const fn lower(name: &'static str) -> Self {
        Self { name, larger_is_better: false }
    }

    /// A share.
    pub const fn higher(name: &'static str) -> Self {
        Self { name, larger_is_better: true }
    }
}

/// The settings of a metric of some kind: a comparison of two clouds of features.
pub trait MetricKind: Settings {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// [`EvaluationError::Value`].
    fn check(&self) -> Result<(), EvaluationError> {
        Ok(())
    }

    /// Computes its quantities in every replicate. `seed` decides what else is drawn, such as directions.
    ///
    /// # Errors
    /// Clouds that are too small for the metric; a watch that stops it.
    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError>;

    /// The quantities that say how good samples are, and that it has whatever the clouds are: what is recorded while a network is
    /// trained, and what checkpoints can be compared by.
    fn quantities(&self) -> &'static [MetricQuantity];

    /// The most vectors of each cloud that are used; none for all. Metrics of all pairs have a limit.
    fn limit(&self) -> Option<usize> {
        None
    }

    /// The source of the definition, with keys of the bibliography.
    fn source(&self) -> &'static str;
}

family! {
    /// A metric by its `kind`.
    pub struct Metric, MetricEntry of dyn MetricKind, "metric"
}

/// Registers the settings of a metric under the `kind` that it is named by.
#[macro_export]
macro_rules! register_metric {
    ($Settings:ty as $kind:literal) => {
        $crate::registry::register!($crate::MetricEntry, $Settings, $kind);
    };
}
