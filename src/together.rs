//! Work that several ranks share.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use fokker_datasets::Dataset;
use fokker_ranks::Ranks;

use crate::config::RunConfig;
use crate::continuation::ResumeRequest;
use crate::error::Error;
use crate::evaluation::{self, EvaluationReport, EvaluationRequest};
use crate::initial_weights::InitialWeights;
use crate::likelihood::{self, LikelihoodReport, LikelihoodRequest};
use crate::monitor::Monitor;
use crate::train::Trained;
use crate::{resume, train};

/// The same work as [`crate::train()`], [`crate::fine_tune()`], [`crate::resume()`], [`crate::likelihood()`] and [`crate::evaluate()`], shared by
/// ranks. All of them make the same call.
///
/// The parts of a step, `training.accumulation` of them, are divided among the ranks, and the run is the same, bit for bit, whatever their
/// number. Rank 0 alone touches the run's folder and its monitor hears of the progress. The monitor of any rank may stop the training.
///
/// After an error, a rank tells the others with [`Ranks::leave`].
#[derive(Clone, Copy, Debug)]
pub struct Together<'a> {
    /// The ranks.
    pub ranks: &'a Ranks,
    /// Who hears of the work of this rank, and may stop it.
    pub monitor: &'a dyn Monitor,
}

impl Together<'_> {
    /// Trains a new run.
    ///
    /// # Errors
    /// Those of [`crate::train()`]; ranks that fail, do not answer, or were started with another configuration or other data.
    pub fn train(&self, config: &RunConfig) -> Result<Trained, Error> {
        self.ranks.agree("configuration", &config.to_toml()?)?;
        train::start(config, None, self)
    }

    /// Trains a new run from the weights of another one, which rank 0 reads.
    ///
    /// # Errors
    /// Those of [`Self::train`] and of [`crate::fine_tune()`].
    pub fn fine_tune(&self, config: &RunConfig, initial: &InitialWeights) -> Result<Trained, Error> {
        self.ranks.agree("configuration", &config.to_toml()?)?;
        train::start(config, Some(initial), self)
    }

    /// Goes on with a run, which rank 0 reads. The number of ranks may be another one than before.
    ///
    /// # Errors
    /// Those of [`Self::train`] and of [`crate::resume()`].
    pub fn resume(&self, path: &Path, changes: &[String], request: &ResumeRequest) -> Result<Trained, Error> {
        if !self.ranks.is_first() {
            return train::follow(self);
        }
        let (config, folder, request) = resume::request_of(path, changes, request)?;
        train::go_on(&config, folder, &request, self)
    }

    /// The likelihood of data, as [`crate::likelihood()`] computes it: of W ranks, rank r has the batches r, r + W, … Every rank gets the report.
    ///
    /// # Errors
    /// Those of [`crate::likelihood()`]; ranks that fail or do not answer, or have other data.
    pub fn likelihood(
        &self,
        run: &Path,
        changes: &[String],
        request: &LikelihoodRequest,
    ) -> Result<LikelihoodReport, Error> {
        likelihood::shared(run, changes, request, self)
    }

    /// Measures samples against data, as [`crate::evaluate()`] does. The ranks draw the samples of a run together, and rank 0 measures them: it gets
    /// the report, the others none.
    ///
    /// # Errors
    /// Those of [`crate::evaluate()`]; ranks that fail or do not answer.
    pub fn evaluate(&self, request: &EvaluationRequest) -> Result<Option<EvaluationReport>, Error> {
        evaluation::shared(request, self)
    }

    /// Makes sure that all ranks have the same data: by name, size and some of the examples.
    pub(crate) fn agree_on_data(&self, config: &RunConfig, data: &dyn Dataset) -> Result<(), Error> {
        const EXAMPLES: usize = 64;
        if self.ranks.size() == 1 {
            return Ok(());
        }
        let mut example = vec![0.0; data.size()];
        let mut hash = DefaultHasher::new();
        for number in 0..EXAMPLES.min(data.len()) {
            let index = number * data.len() / EXAMPLES.min(data.len());
            let label = config.preprocessing.validation(data, index, config.seed, &mut example);
            label.hash(&mut hash);
            example.iter().for_each(|value| value.to_bits().hash(&mut hash));
        }
        let (name, count, shape, hash) = (data.name(), data.len(), data.shape(), hash.finish());
        let text = format!("{name}, {count} examples, {shape:?}, hash {hash:016x}\n{}", config.to_toml()?);
        Ok(self.ranks.agree("data set", &text)?)
    }
}
