//! The steps of one call of [`Trainer::train`].

use std::time::Instant;

use fokker_datasets::Prefetch;
use fokker_model::Network;

use super::Trainer;
use super::interval::Interval;
use crate::breakdown::Lap;
use crate::callbacks::Callbacks;
use crate::error::TrainingError;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::resident::resident_bytes;

/// What a session keeps between its steps.
struct Session {
    batches: Prefetch,
    start: Instant,
    /// Seconds of the sessions before.
    seconds_before: f64,
    /// The steps since the last line of metrics, and when they began.
    interval: Interval,
    since: Instant,
    /// The newest loss that was read: NaN before the first.
    loss: f64,
    learning_rate: f64,
    lap: Lap,
}

impl<N: Network<D>, const D: usize> Trainer<N, D> {
    /// Trains to the last step, or until a callback asks to stop.
    ///
    /// On the CPU the work is done by the threads that operations are divided among, and so the callbacks are called by one of
    /// them.
    ///
    /// # Errors
    /// Numbers that are not finite, data that cannot be read, and those of the callbacks.
    pub fn train(&mut self, callbacks: &mut Callbacks<'_, N, D>) -> Result<Outcome, TrainingError> {
        let outcome = fokker_kernels::with_cpu_runtime(|| self.session(callbacks));
        outcome.map_err(|error| callbacks.failed(error))
    }

    /// Takes steps until all are done or a callback asks to stop.
    fn session(&mut self, callbacks: &mut Callbacks<'_, N, D>) -> Result<Outcome, TrainingError> {
        callbacks.start(self)?;
        if self.state.step > 0 {
            callbacks.make_up(self)?;
        }
        let mut session = self.begin()?;
        let mut end = self.end_requested(callbacks)?;
        while !self.is_done() {
            if let Some(outcome) = end {
                self.gather_moments()?;
                return callbacks.end(self, session.loss, outcome);
            }
            end = self.next_step(&mut session, callbacks)?;
        }
        self.gather_moments()?;
        callbacks.end(self, session.loss, Outcome::Finished)
    }

    fn is_done(&self) -> bool {
        self.state.step >= self.plan.training.steps
    }

    fn begin(&self) -> Result<Session, TrainingError> {
        Ok(Session {
            batches: self.own_batches()?,
            start: Instant::now(),
            seconds_before: self.state.seconds,
            interval: Interval::default(),
            since: Instant::now(),
            loss: f64::NAN,
            learning_rate: 0.0,
            lap: Lap::start(),
        })
    }

    /// The micro-batches of this rank: those of a step are the parts that are its own.
    fn own_batches(&self) -> Result<Prefetch, TrainingError> {
        let first = self.state.step * self.plan.training.accumulation + self.ranks.rank() as u64;
        Ok(self.batches.clone().prefetch_every(first, self.ranks.size(), 4)?)
    }

    /// How training ends here, if a callback of any rank asks for it.
    fn end_requested(&self, callbacks: &Callbacks<'_, N, D>) -> Result<Option<Outcome>, TrainingError> {
        let own = callbacks.end_requested();
        let outcomes = [Outcome::EndedEarly, Outcome::Interrupted];
        let asked = self.ranks.any(outcomes.map(|outcome| own == Some(outcome)))?;
        Ok(outcomes.into_iter().zip(asked).find_map(|(outcome, asked)| asked.then_some(outcome)))
    }

    /// Takes a step and calls the callbacks after it. Returns how training ends here, if a callback asks for it.
    fn next_step(
        &mut self,
        session: &mut Session,
        callbacks: &mut Callbacks<'_, N, D>,
    ) -> Result<Option<Outcome>, TrainingError> {
        let own_parts = self.plan.training.accumulation as usize / self.ranks.size();
        let micro_batches = session.batches.by_ref().take(own_parts).collect();
        session.lap.add_to(&mut self.breakdown.data);
        let (learning_rate, mut readings) = self.one_step(micro_batches, &mut session.lap)?;
        session.learning_rate = learning_rate;
        self.breakdown.steps += 1;
        self.state.step += 1;
        self.state.seconds = session.seconds_before + session.start.elapsed().as_secs_f64();
        let step = self.state.step;
        let wants = self.agreed(callbacks.wants(&self.plan, step))?;
        session.lap.add_to(&mut self.breakdown.exchange);
        let line_is_due = wants.line || self.plan.is_due(self.plan.training.log_every, step);
        if line_is_due || wants.save {
            readings.extend(self.read()?);
            session.lap.add_to(&mut self.breakdown.gradient);
        }
        for reading in readings {
            session.loss = reading.loss;
            session.interval.add(&reading);
        }
        callbacks.step(self, session.loss)?;
        session.lap.add_to(&mut self.breakdown.observer);
        if line_is_due {
            self.line(session, callbacks)?;
        }
        // Whoever asks to stop while a preview is drawn waits for no further step.
        let end = self.end_requested(callbacks)?;
        session.lap.add_to(&mut self.breakdown.exchange);
        if wants.save || end.is_some() {
            self.read()?;
            self.agree_on_weights()?;
            self.gather_moments()?;
            callbacks.save(self, session.loss, end.is_some() || self.is_done())?;
            session.lap.add_to(&mut self.breakdown.checkpoints);
        }
        Ok(end)
    }

    /// Makes a line of metrics.
    fn line(&mut self, session: &mut Session, callbacks: &mut Callbacks<'_, N, D>) -> Result<(), TrainingError> {
        let (settings, interval) = (&self.plan.training, session.interval);
        let examples = interval.steps as f64 * settings.batch_size as f64 * settings.accumulation as f64;
        let examples_per_second = examples / session.since.elapsed().as_secs_f64();
        let mut line = Metrics {
            step: self.state.step,
            epoch: self.batches.epochs(self.state.step * settings.accumulation),
            loss: interval.loss(),
            not_finite: interval.not_finite,
            gradient_norm: interval.gradient_norm,
            learning_rate: session.learning_rate,
            examples_per_second: Some(examples_per_second).filter(|rate| rate.is_finite()),
            seconds: self.state.seconds,
            memory: resident_bytes(),
            skipped: self.state.skipped,
            ..Metrics::default()
        };
        callbacks.measure(self, session.loss, &mut line)?;
        session.lap.add_to(&mut self.breakdown.validation);
        callbacks.line(self, session.loss, &line)?;
        session.lap.add_to(&mut self.breakdown.records);
        (session.interval, session.since) = (Interval::default(), Instant::now());
        Ok(())
    }
}
