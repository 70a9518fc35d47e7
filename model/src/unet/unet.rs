//! The network itself.

use burn::module::Module;
use burn::tensor::Device;

use super::blocks::{DownBlock, MidBlock, UpBlock};
use super::config::{MidBlockType, TimeEmbedding, UNetConfig};
use super::margin::Margin;
use crate::calculus::{Calculus, Conv2dShape};
use crate::condition::ConditionShape;
use crate::error::ModelError;
use crate::initializer::Initializer;
use crate::kind::NetworkKind;
use crate::layers::{
    AugmentationEmbedding, Conv2d, Embedding, FourierEmbedding, GroupNorm, ImageWaves, Linear, PositionalEmbedding,
    VectorEmbedding, join_array,
};
use crate::network::{Context, Network};

/// The U-Net of diffusers' `UNet2DModel`. Field names are those of its weights.
#[derive(Module, Debug)]
pub struct UNet {
    waves: ImageWaves,
    conv_in: Conv2d,
    #[module(skip)]
    positional: Option<PositionalEmbedding>,
    time_proj: Option<FourierEmbedding>,
    time_embedding: TimeMlp,
    class_embedding: Option<Embedding>,
    condition_embedding: Option<VectorEmbedding>,
    augmentation_embedding: Option<AugmentationEmbedding>,
    down_blocks: Vec<DownBlock>,
    mid_block: Option<MidBlock>,
    up_blocks: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    center_input: bool,
    #[module(skip)]
    condition: ConditionShape,
    null_class: bool,
    augmentation_size: Option<usize>,
}

/// Two affine maps around an activation.
#[derive(Module, Debug)]
struct TimeMlp {
    linear_1: Linear,
    linear_2: Linear,
}

impl UNetConfig {
    /// A network with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn init(&self, seed: u64, device: &Device) -> Result<UNet, ModelError> {
        UNet::new(self, seed, device)
    }
}

impl UNet {
    /// A network with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn new(config: &UNetConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        Self::with(config, &mut Initializer::new(seed, device))
    }

    /// A network with the parameters that an initialiser hands out.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn with(config: &UNetConfig, init: &mut Initializer) -> Result<Self, ModelError> {
        config.validate()?;
        let channels = &config.block_out_channels;
        let (first, time_width) = (channels[0], config.time_width());
        let positional = config.time_embedding_type == TimeEmbedding::Positional;
        let wave_width = if positional { first } else { 2 * first };
        let waves = ImageWaves::new(&config.input_frequencies);
        // One more channel says where the others are given.
        let joined = config.condition_channels.map_or(0, |channels| channels + 1);
        Ok(Self {
            conv_in: config.convolution(waves.channels(config.in_channels + joined), first, Conv2dShape::same(3), init),
            waves,
            positional: positional
                .then(|| PositionalEmbedding::new(wave_width, config.flip_sin_to_cos, config.freq_shift)),
            time_proj: (!positional).then(|| FourierEmbedding::new(wave_width, 16.0, init)),
            time_embedding: TimeMlp {
                linear_1: Linear::new(wave_width, time_width, init),
                linear_2: Linear::new(time_width, time_width, init),
            },
            class_embedding: config.num_class_embeds().map(|rows| Embedding::new(rows, time_width, init)),
            condition_embedding: config.condition_size.map(|size| VectorEmbedding::new(size, time_width, init)),
            down_blocks: (0..channels.len()).map(|level| DownBlock::new(config, level, init)).collect(),
            mid_block: (config.mid_block_type != MidBlockType::None).then(|| MidBlock::new(config, init)),
            up_blocks: (0..channels.len()).map(|step| UpBlock::new(config, step, init)).collect(),
            conv_norm_out: GroupNorm::new(config.norm_num_groups, first, config.norm_eps, init),
            conv_out: config.convolution(first, config.out_channels, Conv2dShape::same(3), init),
            center_input: config.center_input_sample,
            condition: config.condition(),
            null_class: config.null_class,
            augmentation_size: config.augmentation_size,
            // The last, so that the others have the same numbers with and without it.
            augmentation_embedding: config
                .augmentation_size
                .map(|size| AugmentationEmbedding::new(size, time_width, init)),
        })
    }

    /// What an image `[batch, height, width, channels]` lacks to be halved at every level but the last.
    fn margin(&self, [_, height, width, _]: [usize; 4]) -> Margin {
        let stride = 1 << (self.down_blocks.len() - 1);
        let rows = if self.conv_in.is_along_rows() { 1 } else { stride };
        Margin::new([height, width], [rows, stride])
    }

    fn time_vector<C: Calculus>(&self, noise: C::Array<1>, context: &Context) -> C::Array<2> {
        let waves = match (&self.positional, &self.time_proj) {
            (Some(positional), _) => positional.forward::<C>(noise),
            (None, Some(fourier)) => fourier.forward::<C>(C::ln(noise)),
            (None, None) => unreachable!("one of the two embeddings is always built"),
        };
        let hidden = C::silu(self.time_embedding.linear_1.forward::<C, 2>(waves));
        let time = self.time_embedding.linear_2.forward::<C, 2>(hidden);
        let [batch, _] = C::dims(&time);
        let time = match &self.class_embedding {
            Some(table) => {
                C::add(time, C::constant(table.forward_or_null(context.condition.classes.as_deref(), batch)))
            }
            None => time,
        };
        let time = match &self.condition_embedding {
            Some(embedding) => embedding.add_to::<C>(time, &context.condition),
            None => time,
        };
        match &self.augmentation_embedding {
            Some(embedding) => embedding.add_to::<C>(time, &context.condition),
            None => time,
        }
    }
}

impl Network<4> for UNet {
    fn forward<C: Calculus>(&self, x: C::Array<4>, noise: C::Array<1>, context: &Context) -> C::Array<4> {
        let [batch, ..] = C::dims(&x);
        // Every residual block applies the activation to the time vector: once is enough.
        let time = C::silu(self.time_vector::<C>(noise.clone(), context));
        let x = if self.center_input { C::affine(x, 2.0, -1.0) } else { x };
        let x = match self.condition.array {
            Some(channels) => join_array::<C, 4>(x, &context.condition, channels),
            None => x,
        };
        // Inside, channels come last.
        let x = C::swap_dims(C::swap_dims(x, 1, 2), 2, 3);
        let margin = self.margin(C::dims(&x));
        let mut x = self.conv_in.forward::<C>(margin.add::<C>(self.waves.forward::<C>(x)));
        let mut skips = vec![x.clone()];
        for block in &self.down_blocks {
            x = block.forward::<C>(x, time.clone(), &mut skips, context);
        }
        if let Some(block) = &self.mid_block {
            x = block.forward::<C>(x, time.clone(), context);
        }
        for block in &self.up_blocks {
            x = block.forward::<C>(x, time.clone(), &mut skips, context);
        }
        let out = self.conv_out.forward::<C>(self.conv_norm_out.forward_silu::<C>(x, None));
        let out = margin.remove::<C>(out);
        let out = C::swap_dims(C::swap_dims(out, 2, 3), 1, 2);
        match &self.time_proj {
            Some(_) => C::mul(out, C::reshape(C::recip(noise), [batch, 1, 1, 1])),
            None => out,
        }
    }

    fn has_blocks(&self) -> bool {
        true
    }

    fn condition(&self) -> ConditionShape {
        self.condition
    }

    fn augmentation_size(&self) -> Option<usize> {
        self.augmentation_size
    }

    fn has_null_class(&self) -> bool {
        self.null_class
    }
}
