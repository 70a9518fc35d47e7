//! The registry of networks: what `network` in a run's configuration may be.
//!
//! A new kind is a variant of [`NetworkConfig`] and an arm of `of_each!`, both in this file; its configuration has the
//! methods that are called here.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::error::ModelError;
use crate::mlp::MlpConfig;
use crate::network::Network;
use crate::score_net::ScoreNetConfig;
use crate::unet::UNetConfig;

/// A network, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NetworkConfig {
    /// For images.
    #[serde(rename = "unet")]
    UNet(UNetConfig),
    /// For images: small, and without attention.
    ScoreNet(ScoreNetConfig),
    /// For vectors.
    Mlp(MlpConfig),
}

/// The same expression for the configuration of whichever kind.
macro_rules! of_each {
    ($network:expr, $config:ident => $body:expr) => {
        match $network {
            NetworkConfig::UNet($config) => $body,
            NetworkConfig::ScoreNet($config) => $body,
            NetworkConfig::Mlp($config) => $body,
        }
    };
}

/// What is done with a network of whichever kind.
pub trait NetworkVisitor {
    /// What comes of it.
    type Output;

    /// Takes the network.
    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Self::Output;
}

impl NetworkConfig {
    /// Checks the network's own fields.
    ///
    /// # Errors
    /// The first field that does not fit, with what would be right.
    pub fn validate(&self) -> Result<(), ModelError> {
        of_each!(self, config => config.validate())
    }

    /// Rows of the class table, the null class included.
    pub fn num_class_embeds(&self) -> Option<usize> {
        of_each!(self, config => config.num_class_embeds())
    }

    /// Checks that the network fits data of a shape (`[channels, height, width]` or `[dimension]`).
    ///
    /// # Errors
    /// The field that does not fit the data.
    pub fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
        of_each!(self, config => config.validate_for(shape))
    }

    /// What the network costs for an example of a shape, in numbers: of its parameters, kept for a backward pass, held at
    /// once, and multiplied. Nothing is computed, whatever the size.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together, or do not fit the shape.
    pub fn cost(&self, shape: &[usize], recompute_blocks: bool) -> Result<Cost, ModelError> {
        self.validate_for(shape)?;
        of_each!(self, config => config.cost(shape, recompute_blocks))
    }

    /// Builds the network, with initial weights from `seed`, and hands it on.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn build<V: NetworkVisitor>(&self, seed: u64, device: &Device, visitor: V) -> Result<V::Output, ModelError> {
        of_each!(self, config => Ok(visitor.visit(config.init(seed, device)?)))
    }
}
