//! Networks that guess the score, and what their output means.
//!
//! A network is written once over a [`Calculus`]; [`Plain`] evaluates it on Burn's tensors. A [`Parameterization`]
//! says how the noisy data goes in and what comes out; a [`NetworkScore`] puts network, process and parameterisation
//! together into a [`Score`], the only thing that solvers know.

pub mod calculus;
pub mod config;
pub mod error;
pub mod initializer;
pub mod layers;
pub mod mlp;
pub mod network;
pub mod parameterization;
pub mod per_example;
pub mod plain;
pub mod pretrained;
pub mod score;
pub mod unet;

pub use calculus::Calculus;
pub use config::NetworkConfig;
pub use error::ModelError;
pub use mlp::{Mlp, MlpConfig};
pub use network::{Context, Network};
pub use parameterization::{Conditioning, Output, Parameterization};
pub use plain::Plain;
pub use score::{MixtureScore, NetworkScore, Score};
pub use unet::{UNet, UNetConfig};
