//! How good the samples of a network are while it is trained.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::{Conditions, Dataset};
use fokker_evaluation::{Features, Protocol, evaluate_features};
use fokker_model::Network;
use fokker_random::Index;
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
    fn evaluate<N: Network<D>, const D: usize>(
        &mut self,
        at: &mut Moment<'_, N, D>,
    ) -> Result<BTreeMap<String, f64>, Error> {
        let (settings, config) = (self.settings, self.config);
        let shape = self.data.shape();
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
        let mut request = DrawRequest::new(settings.sampler(&config.sampler), settings.count);
        (request.batch_size, request.seed) = (settings.batch_size, config.seed);
        request.condition.clone_from(&self.condition);
        let values = draw::<N, D>(at.trainer.ema(), &self.reading, &request, shape, &self.device, self.monitor)?;
        let samples = Collection::of_samples("samples".into(), values, shape.to_vec(), config)?;
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

    fn fill<N: Network<D>, const D: usize>(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) {
        let step = at.step();
        let _phase = tracing::debug_span!("evaluation", step).entered();
        match self.evaluate(at) {
            Ok(numbers) => line.evaluation = numbers,
            Err(Error::Interrupted) => {
                self.monitor
                    .say(&format!("step {step}: the evaluation is interrupted; it is made when the run goes on"));
            }
            Err(error) => at.warn(format!("step {step}: the samples are not evaluated: {error}")),
        }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for Evaluations<'_> {
    fn make_up(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) -> Result<(), TrainingError> {
        let steps = at.trainer.plan().training.steps;
        if is_due(self.settings, at.step(), steps) && lacks_evaluation(&self.folder.metrics(), at.step())? {
            self.fill(at, line);
        }
        Ok(())
    }

    fn wants(&self, plan: &TrainingPlan, step: u64) -> Wants {
        Wants { line: is_due(self.settings, step, plan.training.steps), save: false }
    }

    fn measure(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) -> Result<(), TrainingError> {
        if is_due(self.settings, at.step(), at.trainer.plan().training.steps) {
            self.fill(at, line);
        }
        Ok(())
    }
}
