//! The U-Net as a kind of network, and what is refused.

use super::config::{BlockType, TimeEmbedding, UNetConfig};
use super::unet::UNet;
use crate::error::{MOST_FEATURES, MOST_LAYERS, MOST_LEVELS, ModelError, require, require_size};
use crate::initializer::Initializer;
use crate::kind::{BuiltNetwork, NetworkKind};
use crate::layers::{ImageWaves, check_class_rows, class_rows};
use crate::parameterization::{Conditioning, Parameterization};
use crate::register_network;

impl NetworkKind for UNetConfig {
    fn build(&self, initializer: &mut Initializer) -> Result<BuiltNetwork, ModelError> {
        Ok(BuiltNetwork::images(UNet::with(self, initializer)?))
    }

    fn validate(&self) -> Result<(), ModelError> {
        let levels = self.block_out_channels.len();
        let some = (1..=MOST_LEVELS).contains(&levels);
        require(some, "block_out_channels", format!("{levels} levels are not in 1..={MOST_LEVELS}"))?;
        for (key, types, down) in
            [("down_block_types", &self.down_block_types, true), ("up_block_types", &self.up_block_types, false)]
        {
            let count = types.len();
            require(count == levels, key, format!("has {count} levels, block_out_channels has {levels}"))?;
            for block in types {
                let direction = if down { "down" } else { "up" };
                require(block.is_down() == down, key, format!("{block:?} is no block of the way {direction}"))?;
            }
        }
        let groups = self.norm_num_groups;
        require_size("norm_num_groups", groups, MOST_FEATURES)?;
        for &channels in &self.block_out_channels {
            require_size("block_out_channels", channels, MOST_FEATURES)?;
            let divides = channels % groups == 0;
            require(divides, "block_out_channels", format!("{channels} is no multiple of norm_num_groups = {groups}"))?;
        }
        require(self.block_out_channels[0].is_multiple_of(2), "block_out_channels", "the first must be even")?;
        let shift_fits = self.freq_shift.is_finite() && self.freq_shift < (self.block_out_channels[0] / 2) as f64;
        require(shift_fits, "freq_shift", "must be finite and below half of the first of block_out_channels")?;
        let head = self.attention_head_dim.unwrap_or(1);
        let on_the_way = |types: &[BlockType], channels: &mut dyn Iterator<Item = &usize>| {
            types.iter().zip(channels).filter(|(block, _)| block.has_attention()).map(|(_, &width)| width).min()
        };
        let narrowest = on_the_way(&self.down_block_types, &mut self.block_out_channels.iter())
            .into_iter()
            .chain(on_the_way(&self.up_block_types, &mut self.block_out_channels.iter().rev()))
            .chain(self.has_mid_attention().then(|| self.block_out_channels[levels - 1]))
            .min();
        if let Some(narrowest) = narrowest {
            let message = format!("{head} is not in 1..={narrowest}, the narrowest level with attention");
            require((1..=narrowest).contains(&head), "attention_head_dim", message)?;
        }
        let attn_groups = self.attn_norm_num_groups.unwrap_or(groups);
        let middle = self.block_out_channels[levels - 1];
        let fits = attn_groups > 0 && middle.is_multiple_of(attn_groups);
        require(fits, "attn_norm_num_groups", format!("{attn_groups} does not divide {middle}"))?;
        require_size("layers_per_block", self.layers_per_block, MOST_LAYERS)?;
        ImageWaves::validate(&self.input_frequencies)?;
        require_size("in_channels", self.in_channels, MOST_FEATURES)?;
        require_size("out_channels", self.out_channels, MOST_FEATURES)?;
        require_size("time_embedding_dim", self.time_width(), 4 * MOST_FEATURES)?;
        require(self.downsample_padding <= 1, "downsample_padding", "must be 0 or 1")?;
        require((0.0..1.0).contains(&self.dropout), "dropout", format!("{} is not in [0, 1)", self.dropout))?;
        for (key, value) in [("norm_eps", self.norm_eps), ("mid_block_scale_factor", self.mid_block_scale_factor)] {
            require(value.is_finite() && value > 0.0, key, format!("{value} is not a positive number"))?;
        }
        let without = self.null_class || self.num_classes.is_none();
        require(
            without,
            "num_classes",
            "counts a row of no class as well, and null_class = false; use num_class_embeds",
        )?;
        check_class_rows(self.num_class_embeds, self.num_classes)
    }

    fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
        let &[channels, height, width] = shape else {
            return require(false, "kind", "a U-Net needs images; for vectors use kind = \"mlp\"");
        };
        let images = format!("the data are images with {channels} channels");
        for (key, own) in [("in_channels", self.in_channels), ("out_channels", self.out_channels)] {
            require(own == channels, key, format!("is {own}, but {images}"))?;
        }
        let (stride, levels) = (self.stride(), self.block_out_channels.len());
        let fits = height.is_multiple_of(stride) && width.is_multiple_of(stride);
        let message = format!("{levels} levels need sides divisible by {stride}, not {height}×{width}");
        require(fits, "block_out_channels", message)
    }

    fn validate_reading(&self, parameterization: &Parameterization) -> Result<(), ModelError> {
        let fits =
            self.time_embedding_type != TimeEmbedding::Fourier || parameterization.conditioning == Conditioning::Sigma;
        if fits {
            return Ok(());
        }
        let message = "Fourier features take the logarithm of the noise level, so they need conditioning = \"sigma\"";
        Err(ModelError::config("parameterization.conditioning", message))
    }

    fn num_class_embeds(&self) -> Option<usize> {
        class_rows(self.num_class_embeds, self.num_classes)
    }

    fn has_null_class(&self) -> bool {
        self.null_class
    }
}

register_network!(UNetConfig as "unet");
