//! The `evaluation` section of a run's configuration.

use fokker_evaluation::{Extractor, Images, Metric, MetricQuantity};
use fokker_process::Process;
use fokker_sampling::SamplerConfig;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::draw::DrawRequest;
use crate::error::Error;

/// How good the samples of the averaged weights are, measured while they are trained. They are compared with the examples that are
/// held out for validation, or with those that are learnt from if none are.
///
/// ```
/// let changes = ["evaluation={ every = 500, metrics = ['frechet', 'precision_recall'], steps = 10 }".to_string()];
/// let config = fokker::RunConfig::recipe("moons_2d", &changes)?;
/// let evaluation = config.evaluation.unwrap();
/// assert_eq!((evaluation.every, evaluation.count, evaluation.examples), (500, 500, 2000));
/// # Ok::<(), fokker::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Steps between two evaluations; one is made at the last step as well. 0 for none.
    pub every: u64,
    /// Samples that are drawn.
    #[serde(default = "five_hundred")]
    pub count: usize,
    /// Samples drawn at once.
    #[serde(default = "hundred")]
    pub batch_size: usize,
    /// The most examples that they are compared with, always the same.
    #[serde(default = "two_thousand")]
    pub examples: usize,
    /// The metrics by their names.
    #[serde(default = "frechet")]
    pub metrics: Vec<String>,
    /// Half-samples for the error bars; 0 for none.
    #[serde(default = "ten")]
    pub halves: usize,
    /// Number of steps of the run's sampler, if it is to be another than for the previews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// What makes features of images; `digits` for MNIST and `pixels` for all else if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extractor: Option<Extractor>,
    /// The sampler; the run's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerConfig>,
}

fn five_hundred() -> usize {
    500
}

fn hundred() -> usize {
    100
}

fn two_thousand() -> usize {
    2000
}

fn ten() -> usize {
    10
}

fn frechet() -> Vec<String> {
    vec!["frechet".into()]
}

/// The most samples or examples.
const MOST: usize = 1 << 20;
/// The most half-samples.
const MOST_HALVES: usize = 1000;

impl EvaluationConfig {
    /// The sampler of a run whose `sampler` section is `run`.
    pub fn sampler(&self, run: &SamplerConfig) -> SamplerConfig {
        let own = self.sampler.as_ref().unwrap_or(run);
        SamplerConfig { range: run.range, steps: self.steps.or(own.steps), ..own.clone() }
    }

    /// The metrics.
    ///
    /// # Errors
    /// A name that no metric has, with those that there are.
    pub fn metrics(&self) -> Result<Vec<Metric>, Error> {
        let named = |(index, name): (usize, &String)| {
            Metric::named(name).map_err(|problem| Error::Usage(format!("evaluation.metrics[{index}]: {problem}")))
        };
        self.metrics.iter().enumerate().map(named).collect()
    }

    /// What is recorded.
    ///
    /// # Errors
    /// A name that no metric has.
    pub fn quantities(&self) -> Result<Vec<MetricQuantity>, Error> {
        Ok(self.metrics()?.iter().flat_map(|metric| metric.quantities()).copied().collect())
    }

    /// Checks the section of a run.
    ///
    /// # Errors
    /// The first value that does not work, by its key.
    pub fn validate(&self, config: &RunConfig, process: &dyn Process) -> Result<(), Error> {
        let refuse = |key: &str, message: String| Err(Error::Usage(format!("evaluation.{key}: {message}")));
        for (key, value) in [("count", self.count), ("examples", self.examples)] {
            if !(2..=MOST).contains(&value) {
                return refuse(key, format!("{value} is not in 2..={MOST}"));
            }
        }
        if self.halves > MOST_HALVES {
            return refuse("halves", format!("{} is not in 0..={MOST_HALVES}", self.halves));
        }
        if self.metrics()?.is_empty() {
            return refuse("metrics", format!("is empty; there are {}", Metric::kinds().join(", ")));
        }
        let shape = config.data.shape()?;
        let request =
            DrawRequest { batch_size: self.batch_size, ..DrawRequest::new(config.sampler.clone(), self.count) };
        if self.batch_size == 0 {
            return refuse("batch_size", "must be at least 1".into());
        }
        request.validate(&shape).map_err(|error| Error::Usage(format!("evaluation: {error}")))?;
        if let (Some(_), Some(SamplerConfig { steps: Some(steps), .. })) = (self.steps, &self.sampler) {
            return refuse("steps", format!("evaluation.sampler has {steps} steps of its own; leave one of them out"));
        }
        let sampler = self.sampler(&config.sampler);
        let checked = sampler.validate(process).map_err(Error::from).and_then(|()| config.check_coupling(&sampler));
        if let Err(error) = checked {
            // Without a sampler of its own the section has no more than the number of steps.
            let message = error.to_string();
            return match (&self.sampler, message.strip_prefix("sampler.")) {
                (None, Some(rest)) if self.steps.is_some() => Err(Error::Usage(format!("evaluation.{rest}"))),
                _ => Err(Error::Usage(format!("evaluation.{message}"))),
            };
        }
        self.validate_extractor(&shape, config.data.is_image())
    }

    fn validate_extractor(&self, shape: &[usize], are_images: bool) -> Result<(), Error> {
        let Some(extractor) = &self.extractor else { return Ok(()) };
        let refuse = |message: String| Err(Error::Usage(format!("evaluation.extractor: {message}")));
        match *shape {
            [channels, height, width] if are_images => {
                let shape = [channels, height, width];
                let black = Images::new("the data", shape, vec![0.0; shape.iter().product()])?;
                extractor.check(&black).or_else(|error| refuse(error.to_string()))
            }
            _ => refuse("the data are vectors, which are their own features".into()),
        }
    }
}
