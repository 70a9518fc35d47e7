//! Members of families of solvers.

use serde::{Deserialize, Serialize};

use crate::error::SamplingError;

/// The member of a family of solvers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SolverType {
    /// Second-order multistep: half of the first weight.
    Midpoint,
    /// Second-order multistep: the weight of the exact integral.
    Heun,
    /// Third-order multistep: the weights of the exact integral.
    Exact,
    /// Third-order multistep: with half of the last weight, as published; of second order.
    Published,
    /// UniPC with `B(h) = h`.
    Bh1,
    /// UniPC with `B(h) = e^h − 1`.
    Bh2,
}

impl SolverType {
    /// Checks that a method has this member.
    ///
    /// # Errors
    /// Another member, with those that the method has.
    pub fn validate(self, method: &str, members: &[Self]) -> Result<(), SamplingError> {
        match members.contains(&self) {
            true => Ok(()),
            false => {
                let message = format!("{method} has the types {members:?}").to_lowercase();
                Err(SamplingError::sampler("solver_type", message))
            }
        }
    }
}
