//! The U-Net of diffusers' `UNet2DModel` (Ho et al. 2020; Song et al. 2021): same fields, same weights, same numbers.

mod blocks;
mod config;
mod kind;
mod resample;
mod resnet;
#[allow(clippy::module_inception)]
mod unet;

pub use config::{BlockType, MidBlockType, Resampling, TimeEmbedding, TimeShift, UNetConfig};
pub use unet::UNet;
