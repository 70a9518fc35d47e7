//! One level of the U-Net, and its middle.

use burn::module::Module;

use super::config::{TimeShift, UNetConfig};
use super::resample::Resample;
use super::resnet::ResnetBlock;
use crate::calculus::Calculus;
use crate::initializer::Initializer;
use crate::layers::Attention;
use crate::network::Context;

/// A level on the way down: it hands every intermediate result to the level's counterpart on the way up.
#[derive(Module, Debug)]
pub(super) struct DownBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
    downsamplers: Vec<Resample>,
}

impl DownBlock {
    pub(super) fn new(config: &UNetConfig, level: usize, init: &mut Initializer) -> Self {
        let channels = &config.block_out_channels;
        let (inputs, outputs) = (channels[level.saturating_sub(1)], channels[level]);
        let attention = config.down_block_types[level].has_attention();
        let last = level + 1 == channels.len();
        let resnets = (0..config.layers_per_block)
            .map(|layer| ResnetBlock::new(config, if layer == 0 { inputs } else { outputs }, outputs, init))
            .collect();
        Self {
            resnets,
            attentions: level_attentions(config, attention, config.layers_per_block, outputs, init),
            downsamplers: (!last).then(|| Resample::down(config, level, init)).into_iter().collect(),
        }
    }

    pub(super) fn forward<C: Calculus>(
        &self,
        mut x: C::Array<4>,
        time: C::Array<2>,
        skips: &mut Vec<C::Array<4>>,
        context: &Context,
    ) -> C::Array<4> {
        for (layer, resnet) in self.resnets.iter().enumerate() {
            x = residual::<C>(resnet, vec![x], time.clone(), context);
            if let Some(attention) = self.attentions.get(layer) {
                x = attend::<C>(attention, x, time.clone(), context);
            }
            skips.push(x.clone());
        }
        for downsampler in &self.downsamplers {
            x = downsampler.forward::<C>(x, time.clone(), context.dropout.as_ref());
            skips.push(x.clone());
        }
        x
    }
}

/// A level on the way up: every residual block reads its input and one result of the way down.
#[derive(Module, Debug)]
pub(super) struct UpBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
    upsamplers: Vec<Resample>,
}

impl UpBlock {
    /// `step` counts the levels of the way up from the coarsest.
    pub(super) fn new(config: &UNetConfig, step: usize, init: &mut Initializer) -> Self {
        let levels = config.block_out_channels.len();
        let channels = |step: usize| config.block_out_channels[levels - 1 - step.min(levels - 1)];
        let (previous, outputs, last_skip) = (channels(step.saturating_sub(1)), channels(step), channels(step + 1));
        let attention = config.up_block_types[step].has_attention();
        let count = config.layers_per_block + 1;
        let resnets = (0..count)
            .map(|layer| {
                let skip = if layer + 1 == count { last_skip } else { outputs };
                let inputs = if layer == 0 { previous } else { outputs };
                ResnetBlock::new(config, inputs + skip, outputs, init)
            })
            .collect();
        let last = step + 1 == levels;
        Self {
            resnets,
            attentions: level_attentions(config, attention, count, outputs, init),
            upsamplers: (!last).then(|| Resample::up(config, outputs, step, init)).into_iter().collect(),
        }
    }

    pub(super) fn forward<C: Calculus>(
        &self,
        mut x: C::Array<4>,
        time: C::Array<2>,
        skips: &mut Vec<C::Array<4>>,
        context: &Context,
    ) -> C::Array<4> {
        for (layer, resnet) in self.resnets.iter().enumerate() {
            let skip = skips.pop().expect("the way down left one result for each residual block of the way up");
            x = residual::<C>(resnet, vec![x, skip], time.clone(), context);
            if let Some(attention) = self.attentions.get(layer) {
                x = attend::<C>(attention, x, time.clone(), context);
            }
        }
        for upsampler in &self.upsamplers {
            x = upsampler.forward::<C>(x, time.clone(), context.dropout.as_ref());
        }
        x
    }
}

/// The coarsest resolution: two residual blocks around attention.
#[derive(Module, Debug)]
pub(super) struct MidBlock {
    resnets: Vec<ResnetBlock>,
    attentions: Vec<Attention>,
}

impl MidBlock {
    pub(super) fn new(config: &UNetConfig, init: &mut Initializer) -> Self {
        let channels = config.block_out_channels[config.block_out_channels.len() - 1];
        let scale = config.mid_block_scale_factor;
        // The middle attention normalises its input unless the time vector scales and shifts (diffusers' rule).
        let groups = config
            .attn_norm_num_groups
            .or_else(|| (config.resnet_time_scale_shift == TimeShift::Default).then_some(config.norm_num_groups));
        let norm = groups.map(|groups| (groups, config.norm_eps));
        let head = config.attention_head_dim.unwrap_or(channels);
        let mut resnet = || ResnetBlock::new(config, channels, channels, init).with_output_scale(scale);
        let resnets = vec![resnet(), resnet()];
        let attentions =
            config.add_attention.then(|| Attention::new(channels, head, norm, scale, init)).into_iter().collect();
        Self { resnets, attentions }
    }

    pub(super) fn forward<C: Calculus>(&self, x: C::Array<4>, time: C::Array<2>, context: &Context) -> C::Array<4> {
        let mut x = residual::<C>(&self.resnets[0], vec![x], time.clone(), context);
        for attention in &self.attentions {
            x = attend::<C>(attention, x, time.clone(), context);
        }
        residual::<C>(&self.resnets[1], vec![x], time, context)
    }
}

/// A residual block on the channels of one image, or of two.
fn residual<C: Calculus>(
    resnet: &ResnetBlock,
    images: Vec<C::Array<4>>,
    time: C::Array<2>,
    context: &Context,
) -> C::Array<4> {
    let dropout = context.dropout.clone();
    C::block(resnet, images, time, context.recompute_blocks, move |resnet, images, time| {
        let x = images.into_iter().reduce(C::cat_channels).expect("a block has an image");
        resnet.forward::<C>(x, time, dropout.as_ref())
    })
}

fn attend<C: Calculus>(attention: &Attention, x: C::Array<4>, time: C::Array<2>, context: &Context) -> C::Array<4> {
    C::block(attention, vec![x], time, context.recompute_blocks, |attention, images, _| {
        attention.forward::<C>(images.into_iter().next().expect("a block has an image"))
    })
}

fn level_attentions(
    config: &UNetConfig,
    attention: bool,
    count: usize,
    channels: usize,
    init: &mut Initializer,
) -> Vec<Attention> {
    let head = config.attention_head_dim.unwrap_or(channels);
    let norm = Some((config.norm_num_groups, config.norm_eps));
    (0..if attention { count } else { 0 }).map(|_| Attention::new(channels, head, norm, 1.0, init)).collect()
}
