//! The registry of networks: what `network` in a run's configuration may be.

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::mlp::MlpConfig;
use crate::unet::UNetConfig;

/// A network, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NetworkConfig {
    /// For images.
    #[serde(rename = "unet")]
    UNet(UNetConfig),
    /// For vectors.
    Mlp(MlpConfig),
}

impl NetworkConfig {
    /// Checks the network's own fields.
    ///
    /// # Errors
    /// The first field that does not fit, with what would be right.
    pub fn validate(&self) -> Result<(), ModelError> {
        match self {
            Self::UNet(config) => config.validate(),
            Self::Mlp(config) => config.validate(),
        }
    }

    /// Rows of the class table, the null class included.
    pub fn num_class_embeds(&self) -> Option<usize> {
        match self {
            Self::UNet(config) => config.num_class_embeds,
            Self::Mlp(config) => config.num_class_embeds,
        }
    }

    /// Checks that the network fits data of a shape (`[channels, height, width]` or `[dimension]`).
    ///
    /// # Errors
    /// The field that does not fit the data.
    pub fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
        let require = |ok: bool, key: &str, message: String| {
            if ok { Ok(()) } else { Err(ModelError::config(key, message)) }
        };
        match (self, shape) {
            (Self::UNet(config), &[channels, height, width]) => {
                let (inputs, outputs) = (config.in_channels, config.out_channels);
                let images = format!("the data are images with {channels} channels");
                require(inputs == channels, "in_channels", format!("is {inputs}, but {images}"))?;
                require(outputs == channels, "out_channels", format!("is {outputs}, but {images}"))?;
                let stride = config.stride();
                let fits = height.is_multiple_of(stride) && width.is_multiple_of(stride);
                let levels = config.block_out_channels.len();
                let message = format!("{levels} levels need sides divisible by {stride}, not {height}×{width}");
                require(fits, "block_out_channels", message)
            }
            (Self::Mlp(config), &[dimension]) => {
                let message = format!("is {}, but the data are vectors of length {dimension}", config.dimension);
                require(config.dimension == dimension, "dimension", message)
            }
            (Self::UNet(_), _) => {
                Err(ModelError::config("kind", "a U-Net needs images; for vectors use kind = \"mlp\""))
            }
            (Self::Mlp(_), _) => {
                Err(ModelError::config("kind", "an MLP needs vectors; for images use kind = \"unet\""))
            }
        }
    }
}
