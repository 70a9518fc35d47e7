//! The residual block of the U-Net.

use burn::module::Module;

use super::config::{TimeShift, UNetConfig};
use super::resample::{double, halve};
use crate::calculus::{Calculus, Conv2dShape};
use crate::initializer::Initializer;
use crate::layers::{Conv2d, Dropout, DropoutKey, GroupNorm, Linear};

/// What a residual block does to the resolution, on its main and its residual path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resize {
    None,
    Down,
    Up,
}

/// `(x + conv₂(silu(norm₂(conv₁(silu(norm₁(x))) + time)))) / scale` (diffusers' `ResnetBlock2D`).
#[derive(Module, Debug)]
pub(super) struct ResnetBlock {
    norm1: GroupNorm,
    conv1: Conv2d,
    time_emb_proj: Linear,
    norm2: GroupNorm,
    dropout: Dropout,
    conv2: Conv2d,
    conv_shortcut: Option<Conv2d>,
    #[module(skip)]
    time_shift: TimeShift,
    #[module(skip)]
    resize: Resize,
    output_scale: f64,
}

impl ResnetBlock {
    pub(super) fn new(config: &UNetConfig, inputs: usize, outputs: usize, init: &mut Initializer) -> Self {
        let (groups, eps) = (config.norm_num_groups, config.norm_eps);
        let time_outputs = match config.resnet_time_scale_shift {
            TimeShift::Default => outputs,
            TimeShift::ScaleShift => 2 * outputs,
        };
        Self {
            norm1: GroupNorm::new(groups, inputs, eps, init),
            conv1: config.convolution(inputs, outputs, Conv2dShape::same(3), init),
            time_emb_proj: Linear::new(config.time_width(), time_outputs, init),
            norm2: GroupNorm::new(groups, outputs, eps, init),
            dropout: Dropout::new(config.dropout, init),
            conv2: config.convolution(outputs, outputs, Conv2dShape::same(3), init),
            conv_shortcut: (inputs != outputs).then(|| Conv2d::same(inputs, outputs, 1, init)),
            time_shift: config.resnet_time_scale_shift,
            resize: Resize::None,
            output_scale: 1.0,
        }
    }

    pub(super) fn with_output_scale(mut self, output_scale: f64) -> Self {
        self.output_scale = output_scale;
        self
    }

    pub(super) fn with_resize(mut self, resize: Resize) -> Self {
        self.resize = resize;
        self
    }

    /// `time` is the time vector after its activation, `[batch, time width]`.
    pub(super) fn forward<C: Calculus>(
        &self,
        x: C::Array<4>,
        time: C::Array<2>,
        dropout: Option<&DropoutKey>,
    ) -> C::Array<4> {
        let resize = |x: C::Array<4>| match self.resize {
            Resize::None => x,
            Resize::Down => halve::<C>(x, self.conv1.is_along_rows()),
            Resize::Up => double::<C>(x, self.conv1.is_along_rows()),
        };
        let hidden = resize(self.norm1.forward_silu::<C>(x.clone(), None));
        let residual = resize(x);
        let hidden = self.conv1.forward::<C>(hidden);
        let [batch, .., channels] = C::dims(&hidden);
        let time = self.time_emb_proj.forward::<C, 2>(time);
        let per_channel = |part: C::Array<2>| C::reshape(part, [batch, 1, 1, channels]);
        let hidden = match self.time_shift {
            TimeShift::Default => self.norm2.forward_silu::<C>(hidden, Some(time)),
            TimeShift::ScaleShift => {
                let scale = per_channel(C::affine(C::narrow(time.clone(), 1, 0, channels), 1.0, 1.0));
                let shift = per_channel(C::narrow(time, 1, channels, channels));
                C::silu(C::add(C::mul(self.norm2.forward::<C>(hidden), scale), shift))
            }
        };
        let residual = match &self.conv_shortcut {
            Some(conv) => conv.forward::<C>(residual),
            None => residual,
        };
        let hidden = self.dropout.forward::<C, 4>(hidden, dropout);
        C::affine(self.conv2.forward_add::<C>(hidden, residual), 1.0 / self.output_scale, 0.0)
    }
}
