//! The U-Net of diffusers' `UNet2DModel` (Ho et al. 2020; Song et al. 2021): same fields, same weights, same numbers.
//!
//! The same code is a network on signals: they are images of one row, and `dimensions = 1` makes every kernel and stride one of rows.
//! Volumes are not there: their arrays have one dimension more than the operations on images take.

mod blocks;
mod config;
mod kind;
mod margin;
mod resample;
mod resnet;
#[allow(clippy::module_inception)]
mod unet;
mod unet_1d;

pub use config::{BlockType, MidBlockType, Resampling, TimeEmbedding, TimeShift, UNetConfig};
pub use unet::UNet;
pub use unet_1d::UNet1d;
