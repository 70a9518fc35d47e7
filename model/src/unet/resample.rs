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
        Self::Conv(ConvResample { conv: config.convolution(channels, channels, shape, init), up: false })
    }

    pub(super) fn up(config: &UNetConfig, channels: usize, step: usize, init: &mut Initializer) -> Self {
        if config.resampling(config.up_block_types[step]) == Resampling::Resnet {
            return Self::Resnet(ResnetBlock::new(config, channels, channels, init).with_resize(Resize::Up));
        }
        Self::Conv(ConvResample { conv: config.convolution(channels, channels, Conv2dShape::same(3), init), up: true })
    }

    pub(super) fn forward<C: Calculus>(
        &self,
        x: C::Array<4>,
        time: C::Array<2>,
        dropout: Option<&DropoutKey>,
    ) -> C::Array<4> {
        match self {
            Self::Conv(layer) if layer.up => layer.conv.forward::<C>(double::<C>(x, layer.conv.is_along_rows())),
            Self::Conv(layer) => layer.conv.forward::<C>(x),
            Self::Resnet(block) => block.forward::<C>(x, time, dropout),
        }
    }
}

/// Repeats every pixel, in both directions or, of signals, along the only row.
pub(super) fn double<C: Calculus>(x: C::Array<4>, is_signal: bool) -> C::Array<4> {
    if !is_signal {
        return C::upsample_nearest(x);
    }
    let [batch, _, width, channels] = C::dims(&x);
    let pairs = C::expand(C::reshape(x, [batch, width, 1, channels]), [batch, width, 2, channels]);
    C::reshape(pairs, [batch, 1, 2 * width, channels])
}

/// Means of 2 × 2 pixels, or, of signals, of 2 along the only row.
pub(super) fn halve<C: Calculus>(x: C::Array<4>, is_signal: bool) -> C::Array<4> {
    if !is_signal {
        return C::average_pool(x);
    }
    let [batch, _, width, channels] = C::dims(&x);
    let pairs = C::reshape(x, [batch, width / 2, 2, channels]);
    let [first, second] = [0, 1].map(|place| C::narrow(pairs.clone(), 2, place, 1));
    C::reshape(C::affine(C::add(first, second), 0.5, 0.0), [batch, 1, width / 2, channels])
}
