//! What a sampler knows of its walk.

use std::fmt::{Display, Formatter, Result};

use crate::solvers::StepStatistics;

/// What a sampler knows of its walk. As text it is one line, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics {
    /// What the error control did, for samplers that choose their steps.
    pub adaptive: Option<StepStatistics>,
    /// The share of proposals that were accepted, for samplers that refuse some.
    pub acceptance: Option<f64>,
}

impl Display for Diagnostics {
    fn fmt(&self, formatter: &mut Formatter) -> Result {
        if let Some(statistics) = &self.adaptive {
            let mean = |counts: &[usize]| counts.iter().sum::<usize>() as f64 / counts.len() as f64;
            let (taken, refused) = (mean(&statistics.accepted), mean(&statistics.rejected));
            let rounds = statistics.rounds;
            write!(formatter, "steps of each sample: {taken:.1} taken, {refused:.1} refused; {rounds} rounds")?;
            if statistics.forced > 0 {
                let forced = statistics.forced;
                write!(formatter, "; {forced} steps missed the tolerance: it is too small for this precision")?;
            }
        }
        if let Some(acceptance) = self.acceptance {
            write!(formatter, "{:.1} % of the proposals accepted", 100.0 * acceptance)?;
        }
        Ok(())
    }
}
