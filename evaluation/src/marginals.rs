//! The laws of the columns, one by one.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::line::{Sorted, kolmogorov_smirnov, wasserstein};
use crate::{EvaluationError, MetricKind, MetricQuantity, Pair, Replicates, Series, Watch, register_metric};

/// For every column, the Wasserstein distance `W₁ = ∫ |F − G|` and the statistic `sup |F − G|` of Kolmogorov and Smirnov;
/// and their means over the columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marginals {}

register_metric!(Marginals as "marginals");

impl MetricKind for Marginals {
    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        _: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError> {
        let columns = pair.samples().dimension();
        let done = std::sync::atomic::AtomicUsize::new(0);
        let found: Vec<[Vec<f64>; 2]> = (0..columns)
            .into_par_iter()
            .map(|column| {
                watch.advance(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) as f64 / columns as f64)?;
                let [samples, reference] =
                    [pair.samples(), pair.reference()].map(|features| Sorted::new(&features.column(column)));
                let of = |masks: &crate::Replicate| {
                    let (one, other) = (samples.within(masks.samples()), reference.within(masks.reference()));
                    (wasserstein(&one, &other, 1), kolmogorov_smirnov(&one, &other))
                };
                let (transport, supremum) = replicates.iter().map(of).unzip();
                Ok([transport, supremum])
            })
            .collect::<Result<_, EvaluationError>>()?;
        let mean = |which: usize| {
            let mean = |number: usize| found.iter().map(|each| each[which][number]).sum::<f64>() / columns as f64;
            (0..replicates.count()).map(mean).collect::<Vec<f64>>()
        };
        let mut series = vec![Series::new("marginal_wasserstein", mean(0)), Series::new("marginal_ks", mean(1))];
        for (column, [transport, supremum]) in found.into_iter().enumerate() {
            series.push(Series::new(format!("marginal_wasserstein[{column}]"), transport));
            series.push(Series::new(format!("marginal_ks[{column}]"), supremum));
        }
        Ok(series)
    }

    fn quantities(&self) -> &'static [MetricQuantity] {
        const { &[MetricQuantity::lower("marginal_wasserstein"), MetricQuantity::lower("marginal_ks")] }
    }

    fn source(&self) -> &'static str {
        "Kolmogorov 1933"
    }
}
