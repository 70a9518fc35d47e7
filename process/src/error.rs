//! What is wrong with a process's parameters, and what would be right.

use thiserror::Error;

/// A parameter that no process can have.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("process.{key} = {value}: must be {expected} (process.kind = \"{process}\")")]
pub struct ProcessError {
    /// The `kind` of the process.
    pub process: &'static str,
    /// The key of the config; list entries are written `key[index]`.
    pub key: String,
    /// The value found.
    pub value: String,
    /// What would be right.
    pub expected: String,
}

impl ProcessError {
    /// A parameter of the `kind` that a configuration names a process by; `expected` completes "must be …".
    pub fn new(process: &'static str, key: &str, value: impl ToString, expected: impl Into<String>) -> Self {
        Self { process, key: key.into(), value: value.to_string(), expected: expected.into() }
    }
}

/// Checks parameters of one kind of process.
#[derive(Clone, Copy)]
pub(crate) struct Check(pub &'static str);

impl Check {
    pub fn fail<T>(self, key: &str, value: impl ToString, expected: impl Into<String>) -> Result<T, ProcessError> {
        Err(ProcessError::new(self.0, key, value, expected))
    }

    pub fn finite(self, key: &str, value: f64) -> Result<(), ProcessError> {
        if value.is_finite() { Ok(()) } else { self.fail(key, value, "a finite number") }
    }

    pub fn positive(self, key: &str, value: f64) -> Result<(), ProcessError> {
        if value > 0.0 && value.is_finite() { Ok(()) } else { self.fail(key, value, "a finite number above 0") }
    }

    pub fn non_negative(self, key: &str, value: f64) -> Result<(), ProcessError> {
        if value >= 0.0 && value.is_finite() { Ok(()) } else { self.fail(key, value, "a finite number, 0 or above") }
    }

    /// `value < bound`, where the bound is the value of another key.
    pub fn below(self, key: &str, value: f64, bound_key: &str, bound: f64) -> Result<(), ProcessError> {
        if value < bound { Ok(()) } else { self.fail(key, value, format!("below {bound_key} = {bound}")) }
    }

    /// `0 < min_time < horizon`, both finite.
    pub fn times(self, min_time: f64, horizon: f64) -> Result<(), ProcessError> {
        self.positive("horizon", horizon)?;
        self.positive("min_time", min_time)?;
        self.below("min_time", min_time, "horizon", horizon)
    }

    /// `0 < sigma_min < sigma_max`, both finite.
    pub fn sigmas(self, sigma_min: f64, sigma_max: f64) -> Result<(), ProcessError> {
        self.positive("sigma_min", sigma_min)?;
        self.positive("sigma_max", sigma_max)?;
        self.below("sigma_min", sigma_min, "sigma_max", sigma_max)
    }
}
