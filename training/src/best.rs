//! Which checkpoint of a run is the best.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::checkpoint;
use crate::error::TrainingError;
use crate::metrics::recorded;
use crate::run::RunFolder;

/// By what the checkpoints of a run are compared: a number of its lines of metrics. Which of them is the best follows from
/// `metrics.jsonl` alone, so it is the same after an interruption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Best {
    /// `validation_loss`, or a quantity of the evaluations such as `frechet`.
    pub metric: String,
    /// Whether more of it is better.
    pub larger_is_better: bool,
    /// Steps between two measurements. A checkpoint is written after each.
    pub every: u64,
}

impl Best {
    /// The loss on held-out data.
    pub const VALIDATION_LOSS: &str = "validation_loss";

    /// By the loss on held-out data, which is measured every so many steps.
    pub fn by_validation_loss(every: u64) -> Self {
        Self { metric: Self::VALIDATION_LOSS.into(), larger_is_better: false, every }
    }

    /// The best checkpoint among those that are there and whose step was measured; of equal ones the first. None if no such
    /// step was measured.
    ///
    /// # Errors
    /// Metrics that cannot be read.
    pub fn checkpoint(&self, run: &RunFolder) -> Result<Option<PathBuf>, TrainingError> {
        let measured: BTreeMap<u64, f64> = recorded(&run.metrics(), &self.metric)?.into_iter().collect();
        let mut best: Option<(f64, PathBuf)> = None;
        for path in checkpoint::list(&run.checkpoints()).into_iter().rev() {
            let value = checkpoint::step_of(&path).and_then(|step| measured.get(&step)).copied();
            let is_better = |value: &f64| match &best {
                Some((best, _)) if self.larger_is_better => value > best,
                Some((best, _)) => value < best,
                None => true,
            };
            if let Some(value) = value.filter(is_better) {
                best = Some((value, path));
            }
        }
        Ok(best.map(|(_, path)| path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_best_is_the_first_of_the_best_that_are_there() {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::new(root.path());
        let lines = [(2, 0.5, 0.1), (4, 0.25, 0.9), (6, 0.25, 0.5), (8, 0.125, 0.2)];
        let line = |(step, loss, coverage)| {
            format!("{{\"step\":{step},\"validation_loss\":{loss},\"evaluation\":{{\"coverage\":{coverage}}}}}\n")
        };
        let best = |best: Best| best.checkpoint(&run).unwrap().and_then(|path| checkpoint::step_of(&path));
        let coverage = Best { metric: "coverage".into(), larger_is_better: true, every: 2 };
        assert_eq!(best(coverage.clone()), None, "there are no metrics");
        fs::write(run.metrics(), lines.map(line).concat() + "{\"step\":10,\"loss\":0.1}\n{\"st").unwrap();
        assert_eq!(best(coverage.clone()), None, "there are no checkpoints");
        // Step 8 has no checkpoint any more, and step 10 was not measured.
        for step in [2, 4, 6, 10] {
            fs::create_dir_all(run.checkpoints().join(checkpoint::folder_name(step))).unwrap();
        }
        assert_eq!((best(Best::by_validation_loss(2)), best(coverage)), (Some(4), Some(4)));
        assert_eq!(best(Best { metric: "frechet".into(), larger_is_better: false, every: 2 }), None);
    }
}
