//! What is to be measured.

use std::path::{Path, PathBuf};

use fokker_datasets::Split;
use fokker_evaluation::{Extractor, Metric, Protocol};

use super::collection::Collection;
use crate::error::Error;

/// What is to be measured, and against what.
#[derive(Clone, Debug)]
pub struct EvaluationRequest {
    /// The samples: a run or a checkpoint, which is drawn from; a folder of pictures; an array (`.npy`, `.npz`, `.safetensors`,
    /// `.csv`), in the units of the data.
    pub samples: PathBuf,
    /// The data: a run or a configuration, whose data set is meant, or a recipe by its name; a folder of pictures; an array;
    /// a `.npz` of pytorch-fid with `mu` and `sigma`. None: the data of the run that is drawn from.
    pub against: Option<PathBuf>,
    /// The part of a data set that samples are compared with; its held-out part if absent.
    pub split: Option<Split>,
    /// The most samples: so many are drawn from a run.
    pub count: usize,
    /// Samples drawn at once.
    pub batch_size: usize,
    /// Seed of the samples, of half-samples, choices and directions.
    pub seed: u64,
    /// The extractor of images; `digits` for MNIST and `pixels` for all else if absent.
    pub extractor: Option<Extractor>,
    /// The metrics by their names; all if empty.
    pub metrics: Vec<String>,
    /// Half-samples for the error bars.
    pub halves: usize,
    /// Whether the metrics are computed of two halves of the data as well.
    pub floor: bool,
    /// How many of the samples that are nearest to training examples are listed; 0: no search for copies.
    pub nearest: usize,
    /// Where features are kept; none: nowhere.
    pub cache: Option<PathBuf>,
    /// Where the statistics of the data are written, as pytorch-fid reads them.
    pub statistics: Option<PathBuf>,
    /// Changes of the run's configuration.
    pub changes: Vec<String>,
}

impl EvaluationRequest {
    /// 1000 samples, all metrics, with floors and a search for copies.
    pub fn new(samples: impl AsRef<Path>, against: impl AsRef<Path>) -> Self {
        Self { against: Some(against.as_ref().into()), ..Self::of_run(samples) }
    }

    /// The same against the run's own data.
    pub fn of_run(run: impl AsRef<Path>) -> Self {
        Self {
            samples: run.as_ref().into(),
            against: None,
            split: None,
            count: 1000,
            batch_size: 100,
            seed: 0,
            extractor: None,
            metrics: Vec::new(),
            halves: 20,
            floor: true,
            nearest: 10,
            cache: None,
            statistics: None,
            changes: Vec::new(),
        }
    }

    /// The metrics and their repetitions.
    pub(super) fn protocol(&self) -> Result<Protocol, Error> {
        if self.count < 2 {
            return Err(Error::field("count", self.count, "a metric needs at least 2 samples"));
        }
        let unknown = |problem: String| Error::Usage(format!("metric: {problem}"));
        let mut metrics = Protocol::default().metrics;
        if !self.metrics.is_empty() {
            metrics = self.metrics.iter().map(|name| Metric::named(name).map_err(unknown)).collect::<Result<_, _>>()?;
        }
        for path in self.statistics.iter() {
            fokker_files::check_writable(path)?;
        }
        Ok(Protocol { metrics, halves: self.halves, floor: self.floor, seed: self.seed })
    }

    /// The extractor.
    pub(super) fn extractor(&self, samples: &Collection) -> Result<Extractor, Error> {
        let Some(extractor) = &self.extractor else { return usual_extractor(samples.are_digits) };
        if !samples.is_image() {
            let message = "the samples are vectors, which are their own features";
            return Err(Error::field("extractor", extractor.kind(), message));
        }
        Ok(extractor.clone())
    }
}

/// What makes features of images unless something else is named.
pub(super) fn usual_extractor(are_digits: bool) -> Result<Extractor, Error> {
    let name = if are_digits { "digits" } else { "pixels" };
    Extractor::named(name).map_err(|problem| Error::Usage(format!("extractor: {problem}")))
}
