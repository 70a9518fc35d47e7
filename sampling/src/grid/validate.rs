//! Which grids fit a process.

use fokker_process::Process;

use super::{MOST_STEPS, TimeGrid};
use crate::error::SamplingError;

impl TimeGrid {
    /// Checks that the grid falls strictly within the process's times.
    ///
    /// # Errors
    /// The key and what is wrong.
    pub fn validate(&self, process: &dyn Process, steps: usize) -> Result<(), SamplingError> {
        if !(1..=MOST_STEPS).contains(&steps) {
            return fail(format!("{steps} steps are not in 1..={MOST_STEPS}"));
        }
        self.validate_numbers(steps)?;
        if *self == Self::LogSnr && process.reaches_pure_noise() {
            return fail(format!(
                "log_snr has no first step: {} begins in pure noise, at a log-SNR of −∞; use uniform, quadratic or karras",
                process.name()
            ));
        }
        match self.counts_points() {
            true => self.validate_points(process, steps),
            false => Ok(()),
        }
    }

    /// The numbers of the grid itself.
    fn validate_numbers(&self, steps: usize) -> Result<(), SamplingError> {
        match self {
            Self::Karras { rho } if !(rho.is_finite() && *rho > 0.0) => fail(format!("rho = {rho} is not positive")),
            Self::Leading { train_steps, .. } | Self::Trailing { train_steps } | Self::Linspace { train_steps, .. }
                if steps > *train_steps || *train_steps > MOST_STEPS =>
            {
                fail(format!("train_steps = {train_steps} is not in {steps}..={MOST_STEPS}, from the steps on"))
            }
            Self::Leading { train_steps, offset, .. } if offset > train_steps => {
                fail(format!("offset = {offset} lies outside of train_steps = {train_steps}"))
            }
            Self::Times { values } | Self::NoiseLevels { values } if values.len() < 2 => {
                fail("values needs at least two numbers".into())
            }
            _ => Ok(()),
        }
    }

    /// The points of a discrete grid, under a process.
    fn validate_points(&self, process: &dyn Process, steps: usize) -> Result<(), SamplingError> {
        if let Self::NoiseLevels { values } = self {
            let largest = (-0.5 * process.log_snr(process.horizon())).exp();
            // What the horizon's own noise level may differ by after rounding.
            if let Some(value) = values.iter().find(|value| !(**value > 0.0 && **value <= largest * (1.0 + 1e-9))) {
                return fail(format!(
                    "the noise level {value} is not above 0 and at most that of the horizon, {largest}"
                ));
            }
        }
        let (times, horizon) = (self.times(process, steps), process.horizon());
        if let Some(time) = times.iter().find(|time| !(**time > 0.0 && **time <= horizon * (1.0 + 1e-12))) {
            return fail(format!("the time {time} is not above 0 and at most the horizon, {horizon}"));
        }
        match times.windows(2).find(|pair| pair[0] <= pair[1]) {
            Some(pair) => fail(format!("the times must fall strictly; {} follows {}", pair[1], pair[0])),
            None => Ok(()),
        }
    }
}

fn fail(message: String) -> Result<(), SamplingError> {
    Err(SamplingError::sampler("grid", message))
}
