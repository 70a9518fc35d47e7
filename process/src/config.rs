//! The registry of processes: a config names one by its `kind`.
//!
//! A key that the kind does not have is an error that names the key; so is a value of a wrong type or out of range.
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

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::named::{self, Value};
use crate::{
    Cosine, CosineConfig, DdpmChain, DdpmChainConfig, Edm, EdmConfig, Linear, LinearConfig, NcsnChain, NcsnChainConfig,
    OrnsteinUhlenbeck, OrnsteinUhlenbeckConfig, Process, ProcessError, Rve, RveConfig, SubVp, SubVpConfig, Ve,
    VeConfig, Vp, VpConfig,
};

/// The parameters of any process, as they stand in a config under `[process]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProcessConfig {
    /// Variance preserving, linear β(t).
    Vp(VpConfig),
    /// Variance exploding, geometric σ(t).
    Ve(VeConfig),
    /// σ(t) = t.
    Edm(EdmConfig),
    /// The mean of VP with less noise.
    SubVp(SubVpConfig),
    /// Reciprocal variance exploding.
    Rve(RveConfig),
    /// Constant rates.
    OrnsteinUhlenbeck(OrnsteinUhlenbeckConfig),
    /// Polynomial rates.
    Linear(LinearConfig),
    /// Variance preserving, cosine ᾱ(t).
    Cosine(CosineConfig),
    /// Discrete variance preserving.
    DdpmChain(DdpmChainConfig),
    /// Discrete variance exploding.
    NcsnChain(NcsnChainConfig),
}

impl ProcessConfig {
    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of range; the error names the key, its value and what would be right.
    pub fn build(&self) -> Result<Box<dyn Process>, ProcessError> {
        Ok(match self {
            Self::Vp(config) => Box::new(Vp::new(config)?),
            Self::Ve(config) => Box::new(Ve::new(config)?),
            Self::Edm(config) => Box::new(Edm::new(config)?),
            Self::SubVp(config) => Box::new(SubVp::new(config)?),
            Self::Rve(config) => Box::new(Rve::new(config)?),
            Self::OrnsteinUhlenbeck(config) => Box::new(OrnsteinUhlenbeck::new(config)?),
            Self::Linear(config) => Box::new(Linear::new(config)?),
            Self::Cosine(config) => Box::new(Cosine::new(config)?),
            Self::DdpmChain(config) => Box::new(DdpmChain::new(config)?),
            Self::NcsnChain(config) => Box::new(NcsnChain::new(config)?),
        })
    }
}

impl<'de> Deserialize<'de> for ProcessConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const KINDS: &[&str] =
            &["vp", "ve", "edm", "sub_vp", "rve", "ornstein_uhlenbeck", "linear", "cosine", "ddpm_chain", "ncsn_chain"];
        let mut values = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let kind = match values.remove("kind") {
            Some(Value::Text(kind)) => kind,
            Some(_) => return Err(D::Error::custom("kind: expected a string")),
            None => return Err(D::Error::missing_field("kind")),
        };
        let rest = named::table(values);
        match kind.as_str() {
            "vp" => VpConfig::deserialize(rest).map(Self::Vp),
            "ve" => VeConfig::deserialize(rest).map(Self::Ve),
            "edm" => EdmConfig::deserialize(rest).map(Self::Edm),
            "sub_vp" => SubVpConfig::deserialize(rest).map(Self::SubVp),
            "rve" => RveConfig::deserialize(rest).map(Self::Rve),
            "ornstein_uhlenbeck" => OrnsteinUhlenbeckConfig::deserialize(rest).map(Self::OrnsteinUhlenbeck),
            "linear" => LinearConfig::deserialize(rest).map(Self::Linear),
            "cosine" => CosineConfig::deserialize(rest).map(Self::Cosine),
            "ddpm_chain" => DdpmChainConfig::deserialize(rest).map(Self::DdpmChain),
            "ncsn_chain" => NcsnChainConfig::deserialize(rest).map(Self::NcsnChain),
            unknown => Err(D::Error::unknown_variant(unknown, KINDS)),
        }
    }
}

impl Default for ProcessConfig {
    /// VP with the parameters of Song et al. 2021.
    fn default() -> Self {
        Self::Vp(VpConfig::default())
    }
}
