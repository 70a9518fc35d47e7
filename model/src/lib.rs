//! Networks that guess the score, and what their output means.
//!
//! A network is written once over a [`Calculus`]; [`Plain`] evaluates it on Burn's tensors, [`Dual`] with an exact
//! derivative along. A [`Parameterization`] says how the noisy data goes in and what comes out; a [`NetworkScore`] puts
//! network, process and parameterisation together into a [`Score`], the only thing that solvers know, with the
//! [`Derivatives`] that objectives and likelihoods ask for.

#![forbid(unsafe_code)]

pub mod any_network;
pub mod batch_times;
pub mod calculus;
pub mod condition;
pub mod config;
pub mod cost;
pub mod dense_score_net;
pub mod derivatives;
pub mod divergence;
pub mod error;
pub mod initializer;
mod kind;
pub mod layers;
pub mod mixture_score;
pub mod mlp;
pub mod network;
pub mod parameterization;
pub mod per_example;
pub mod precision;
pub mod pretrained;
mod recompute;
pub mod score;
pub mod score_net;
pub mod state_dict;
pub mod time_dual;
pub mod unet;

#[doc(hidden)]
pub use fokker_registry as registry;

pub use any_network::AnyNetwork;
pub use batch_times::BatchTimes;
pub use calculus::{Arrays, Calculus, Normalization, ProjectsOnto};
pub use calculus::{dual, plain};
pub use condition::{Condition, ConditionPart, ConditionShape};
pub use config::{NetworkConfig, NetworkEntry};
pub use cost::Cost;
pub use dense_score_net::{DenseScoreNet, DenseScoreNetConfig};
pub use derivatives::Derivatives;
pub use divergence::{Divergence, Probe};
pub use dual::{Dual, DualArray};
pub use error::ModelError;
pub use kind::{BuiltNetwork, NetworkKind, NetworkVisitor};
pub use mixture_score::MixtureScore;
pub use mlp::{Mlp, MlpConfig};
pub use network::{Context, Network};
pub use parameterization::{Conditioning, Estimate, Output, Parameterization};
pub use plain::{Detached, Plain, Tensors};
pub use precision::Precision;
pub use score::{NetworkScore, Score, SmoothScore};
pub use score_net::{ScoreNet, ScoreNetConfig};
pub use state_dict::{LoadReport, StateDict, WeightPrecision};
pub use time_dual::TimeDual;
pub use unet::{UNet, UNet1d, UNetConfig};
