//! The family of processes: a configuration names one by its `kind`.
//!
//! The file of a process registers its parameters under their name, and a program registers those of its own by the same
//! line. A key that the kind does not have is an error that names the key; so is a value of a wrong type or out of range.
//!
//! ```
//! use fokker_process::ProcessConfig;
//!
//! let config: ProcessConfig = toml::from_str("kind = 've'\nsigma_max = 90")?;
//! assert_eq!(config.build()?.name(), "ve");
//!
//! let error = toml::from_str::<ProcessConfig>("kind = 've'\nsigma_maxx = 90").unwrap_err();
//! assert!(error.to_string().contains("unknown field `sigma_maxx`"));
//!
//! let config: ProcessConfig = toml::from_str("kind = 've'\nsigma_max = 0.001")?;
//! let error = config.build().unwrap_err().to_string();
//! assert_eq!(error, "process.sigma_min = 0.01: must be below sigma_max = 0.001 (process.kind = \"ve\")");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use fokker_registry::{Settings, family};

use crate::{Process, ProcessError};

/// Parameters of a process of some kind.
pub trait ProcessKind: Settings {
    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of range; the error names the key, its value and what would be right.
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError>;
}

family! {
    /// The parameters of any process, as they stand in a configuration under `[process]`.
    pub struct ProcessConfig, ProcessEntry of dyn ProcessKind, "process"
}

/// Registers the parameters of a process under the `kind` that configurations name them by.
///
/// ```
/// use std::sync::Arc;
///
/// use fokker_process::{FunctionRates, Linear, Process, ProcessConfig, ProcessError, ProcessKind, register_process};
/// use serde::{Deserialize, Serialize};
///
/// /// Noise that comes in waves.
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Waves {
///     height: f64,
/// }
///
/// impl ProcessKind for Waves {
///     fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
///         let height = self.height;
///         let rates = FunctionRates { alpha: |_| 0.0, beta: move |t: f64| 1.0 + height * t.sin() };
///         Ok(Arc::new(Linear::with_rates(rates, 20.0, 1e-3)?))
///     }
/// }
///
/// register_process!(Waves as "waves");
///
/// let config: ProcessConfig = toml::from_str("kind = 'waves'\nheight = 0.5")?;
/// fokker_process::check(&*config.build()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! register_process {
    ($Config:ty as $kind:literal) => {
        $crate::registry::register!($crate::ProcessEntry, $Config, $kind);
    };
}
