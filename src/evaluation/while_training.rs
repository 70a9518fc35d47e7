//! How good the samples of a network are while it is trained.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::{Conditions, Dataset};
use fokker_evaluation::{Features, Protocol, evaluate_features};
use fokker_model::Network;
use fokker_random::Index;
use fokker_ranks::{Ranks, RanksError};
use fokker_training::{Callback, Metrics, Moment, RunFolder, TrainingError, TrainingPlan, Wants, lacks_evaluation};

use super::collection::{Collection, are_digits};
use super::config::EvaluationConfig;
use super::request::usual_extractor;
use super::watching::Watching;
use crate::config::RunConfig;
use crate::draw::{DrawRequest, ScoreSpec, draw};
use crate::error::Error;
use crate::monitor::Monitor;

/// Draws from the averaged weights every `evaluation.every` steps and at the last one, and measures the samples. Nothing of the training
/// depends on it: the samples are those of the run's seed, whatever was drawn before. An evaluation that is interrupted is made when
/// the run goes on.
pub(crate) struct Evaluations<'a> {
    /// What is measured, and how.
    pub settings: &'a EvaluationConfig,
    /// The run's configuration.
    pub config: &'a RunConfig,
    /// Where it is.
    pub folder: &'a RunFolder,
    /// What the samples are compared with.
    pub data: Arc<dyn Dataset>,
    /// What turns the network into a score.
    pub reading: ScoreSpec,
    /// The conditions of the samples, if the network needs more than classes.
    pub condition: Option<Conditions>,
    /// Where they are drawn.
    pub device: Device,
    /// The ranks that draw together. Rank 0 measures.
    pub ranks: &'a Ranks,
    /// Who hears of it.
    pub monitor: &'a dyn Monitor,
    /// The features of the data, once they are made.
    pub reference: Option<Features>,
}

/// Whether an evaluation is made at a step.
fn is_due(settings: &EvaluationConfig, step: u64, steps: u64) -> bool {
    settings.every > 0 && step > 0 && (step.is_multiple_of(settings.every) || step == steps)
}

/// Whether a run that is at a step was interrupted before it had evaluated it.
pub(crate) fn is_owed(config: &RunConfig, folder: &RunFolder, step: u64) -> Result<bool, Error> {
    let is_due = |settings| is_due(settings, step, config.training.steps);
    Ok(config.evaluation.as_ref().is_some_and(is_due) && lacks_evaluation(&folder.metrics(), step)?)
}

impl Evaluations<'_> {
    /// Draws with the other ranks. Rank 0 gets the samples.
    fn draw<N: Network<D>, const D: usize>(&self, at: &Moment<'_, N, D>) -> Result<Vec<f32>, Error> {
        let (settings, config) = (self.settings, self.config);
        let mut request = DrawRequest::new(settings.sampler(&config.sampler), settings.count);
        (request.batch_size, request.seed) = (settings.batch_size, config.seed);
        request.condition.clone_from(&self.condition);
        request.ranks.clone_from(self.ranks);
        draw::<N, D>(at.trainer.ema(), &self.reading, &request, self.data.shape(), &self.device, self.monitor)
    }

    /// Measures samples.
    fn evaluate<N: Network<D>, const D: usize>(
        &mut self,
        at: &mut Moment<'_, N, D>,
        values: Vec<f32>,
    ) -> Result<BTreeMap<String, f64>, Error> {
        let (settings, config) = (self.settings, self.config);
        let digits = are_digits(config);
        let extractor = settings.extractor.clone().map_or_else(|| usual_extractor(digits), Ok)?;
        let reference = match self.reference.take() {
            Some(reference) => reference,
            None => {
                let count = self.data.len().min(settings.examples);
                let order = Index::evaluation_choice(1, 1).permutation(config.seed, self.data.len());
                let name = format!("{} examples of {}", count, self.data.name());
                let examples = Collection::of_examples(&*self.data, order[..count].iter().copied(), name, digits);
                examples.features(&extractor, None, self.monitor)?.features
            }
        };
        let reference = self.reference.insert(reference);
        let samples = Collection::of_samples("samples".into(), values, self.data.shape().to_vec(), config)?;
        let samples = samples.features(&extractor, None, self.monitor)?.features;
        let (metrics, quantities) = (settings.metrics()?, settings.quantities()?);
        let protocol = Protocol { metrics, halves: settings.halves, floor: false, seed: config.seed };
        let found = evaluate_features(&samples, reference, &protocol, &Watching::new(self.monitor, "measuring"))?;
        let mut numbers = BTreeMap::new();
        for quantity in quantities.iter().filter_map(|quantity| found.get(quantity.name)) {
            numbers.insert(quantity.name.clone(), quantity.value.value);
            numbers.extend(quantity.value.standard_error.map(|error| (format!("{}_error", quantity.name), error)));
        }
        numbers.retain(|_, number| number.is_finite());
        for (metric, reason) in found.refused {
            at.warn(format!("step {}: {metric} is not measured: {reason}", at.step()));
        }
        Ok(numbers)
    }

    fn fill<N: Network<D>, const D: usize>(
        &mut self,
        at: &mut Moment<'_, N, D>,
        line: &mut Metrics,
    ) -> Result<(), TrainingError> {
        let step = at.step();
        let _phase = tracing::debug_span!("evaluation", step).entered();
        let evaluated = match self.draw(at) {
            // A rank that draws no longer, while the others go on, would make them wait for ever.
            Err(error) if self.ranks.size() > 1 && !matches!(error, Error::Interrupted) => {
                let message = format!("step {step}: the samples are not drawn: {error}");
                return Err(RanksError::Failed { rank: self.ranks.rank(), message }.into());
            }
            Ok(_) if !self.ranks.is_first() => return Ok(()),
            drawn => drawn.and_then(|values| self.evaluate(at, values)),
        };
        match evaluated {
            Ok(numbers) => line.evaluation = numbers,
            Err(Error::Interrupted) => {
                self.monitor
                    .say(&format!("step {step}: the evaluation is interrupted; it is made when the run goes on"));
            }
            Err(error) => at.warn(format!("step {step}: the samples are not evaluated: {error}")),
        }
        Ok(())
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for Evaluations<'_> {
    fn make_up(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) -> Result<(), TrainingError> {
        if !is_due(self.settings, at.step(), at.trainer.plan().training.steps) {
            return Ok(());
        }
        // Rank 0 alone has the folder.
        let is_owed = self.ranks.is_first() && lacks_evaluation(&self.folder.metrics(), at.step())?;
        let [is_owed] = self.ranks.any([is_owed])?;
        if is_owed { self.fill(at, line) } else { Ok(()) }
    }

    fn wants(&self, plan: &TrainingPlan, step: u64) -> Wants {
        Wants { line: is_due(self.settings, step, plan.training.steps), save: false }
    }

    fn measure(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) -> Result<(), TrainingError> {
        let is_due = is_due(self.settings, at.step(), at.trainer.plan().training.steps);
        if is_due { self.fill(at, line) } else { Ok(()) }
    }
}
