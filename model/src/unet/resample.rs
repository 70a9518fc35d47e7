//! Changes of resolution between the levels.

use burn::module::Module;

use super::config::{Resampling, UNetConfig};
use super::resnet::{Resize, ResnetBlock};
use crate::calculus::{Calculus, Conv2dShape};
use crate::initializer::Initializer;
use crate::layers::{Conv2d, DropoutKey};

/// Halves or doubles the sides of the image.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for each level, and it never moves")]
pub(super) enum Resample {
    Conv(ConvResample),
    Resnet(ResnetBlock),
}

/// A convolution with stride 2, or one after repeating every pixel.
#[derive(Module, Debug)]
pub(super) struct ConvResample {
    conv: Conv2d,
    up: bool,
}

impl Resample {
    pub(super) fn down(config: &UNetConfig, level: usize, init: &mut Initializer) -> Self {
        let channels = config.block_out_channels[level];
        if config.resampling(config.down_block_types[level]) == Resampling::Resnet {
            return Self::Resnet(ResnetBlock::new(config, channels, channels, init).with_resize(Resize::Down));
        }
        let shape = Conv2dShape { stride: 2, padding_before: config.downsample_padding, padding_after: 1 };
        Self::Conv(ConvResample { conv: Conv2d::new(channels, channels, 3, shape, init), up: false })
    }

    pub(super) fn up(config: &UNetConfig, channels: usize, step: usize, init: &mut Initializer) -> Self {
        if config.resampling(config.up_block_types[step]) == Resampling::Resnet {
            return Self::Resnet(ResnetBlock::new(config, channels, channels, init).with_resize(Resize::Up));
        }
        Self::Conv(ConvResample { conv: Conv2d::same(channels, channels, 3, init), up: true })
    }

    pub(super) fn forward<C: Calculus>(
        &self,
        x: C::Array<4>,
        time: C::Array<2>,
        dropout: Option<&DropoutKey>,
    ) -> C::Array<4> {
        match self {
            Self::Conv(layer) if layer.up => layer.conv.forward::<C>(C::upsample_nearest(x)),
            Self::Conv(layer) => layer.conv.forward::<C>(x),
            Self::Resnet(block) => block.forward::<C>(x, time, dropout),
        }
    }
}
