//! Which settings go together: refused by name, with the reason, before any work starts.

use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::grid::MOST_STEPS;
use crate::method::{Equation, Method, Processes, Schedule};
use crate::registry;
use crate::solvers::BackwardNoise;

impl SamplerConfig {
    /// Checks the numbers, and that method, options and process go together.
    ///
    /// # Errors
    /// The field that does not fit, with the reason.
    pub fn validate(&self, process: &dyn Process) -> Result<(), SamplingError> {
        let kind = registry::kind(self.kind)?;
        self.validate_keys()?;
        self.validate_steps()?;
        self.grid().validate(process, self.steps_or_points())?;
        self.validate_options()?;
        self.validate_parameters()?;
        kind.validate(self, process)?;
        let info = self.kind.info();
        if !info.processes.include(process) {
            let (name, process) = (info.name, process.name());
            let message = match info.processes {
                Processes::Any => format!(
                    "{name} is for processes without velocities, and {process} has some; use sscs, phase_reverse or \
                     phase_flow"
                ),
                Processes::Chains => format!(
                    "{name} updates exist for variance-preserving and variance-exploding chains, which {process} is \
                     not; use reverse_sde or probability_flow"
                ),
                Processes::PhaseSpace => format!(
                    "{name} is for processes of positions and velocities, and {process} has no velocities; use \
                     reverse_sde or probability_flow"
                ),
            };
            return fail("kind", message);
        }
        if self.threshold.is_some() && process.phase_space().is_some() {
            return fail("threshold", format!("there are no predicted data on the way of {}", info.name));
        }
        Ok(())
    }

    /// Options that the method does not take.
    fn validate_keys(&self) -> Result<(), SamplingError> {
        let Some(option) = self.given().find(|&option| !self.kind.takes(option)) else { return Ok(()) };
        let takers: Vec<&str> = Method::all().filter(|method| method.takes(option)).map(Method::name).collect();
        let message = format!("{} does not take it; those that do: {}", self.kind.name(), takers.join(", "));
        fail(option.key(), message)
    }

    fn validate_steps(&self) -> Result<(), SamplingError> {
        match self.steps {
            Some(_) if self.kind.info().schedule == Schedule::Adaptive => {
                fail("steps", format!("{} chooses its steps by the tolerance", self.kind.name()))
            }
            Some(steps) if !(1..=MOST_STEPS).contains(&steps) => {
                fail("steps", format!("{steps} is not in 1..={MOST_STEPS}"))
            }
            _ => Ok(()),
        }
    }

    /// Numbers of options, whatever the method.
    fn validate_options(&self) -> Result<(), SamplingError> {
        if let Some(threshold) = self.threshold {
            threshold.validate()?;
            if self.kind.info().equation == Equation::Langevin {
                return fail("threshold", "Langevin dynamics follow the score and predict no data".into());
            }
        }
        self.backward_noise.as_ref().map_or(Ok(()), BackwardNoise::validate)?;
        self.variance.unwrap_or_default().validate()?;
        if !(0.0..=1.0).contains(&self.eta()) {
            let message = format!("{} does not lie between 0 (no noise) and 1 (the ancestral chain's)", self.eta());
            return fail("eta", message);
        }
        if !(1..=3).contains(&self.order()) {
            return fail("order", format!("{} is not 1, 2 or 3", self.order()));
        }
        self.corrector().validate()?;
        self.churn().validate()?;
        self.langevin().validate()?;
        self.tolerance().validate()
    }

    /// Numbers that only samplers of a program's own have.
    fn validate_parameters(&self) -> Result<(), SamplingError> {
        let info = self.kind.info();
        let is_known = |name: &str| info.parameters.iter().any(|(known, _)| *known == name);
        if let Some(name) = self.parameters.keys().find(|name| !is_known(name)) {
            let known: Vec<&str> = info.parameters.iter().map(|(name, _)| *name).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            return fail("parameters", format!("{} has no number '{name}'; there are {known}", info.name));
        }
        match self.parameters.iter().find(|(_, value)| !value.is_finite()) {
            Some((name, value)) => fail("parameters", format!("{name} = {value} is not finite")),
            None => Ok(()),
        }
    }
}

fn fail(key: &str, message: String) -> Result<(), SamplingError> {
    Err(SamplingError::sampler(key, message))
}
