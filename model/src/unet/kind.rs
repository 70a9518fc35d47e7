//! The U-Net as a kind of network, and what is refused.

use super::config::{BlockType, TimeEmbedding, UNetConfig};
use super::unet::UNet;
use super::unet_1d::UNet1d;
use crate::condition::ConditionShape;
use crate::error::{MOST_FEATURES, MOST_LAYERS, MOST_LEVELS, ModelError, require, require_size};
use crate::initializer::Initializer;
use crate::kind::{BuiltNetwork, NetworkKind};
use crate::layers::{ImageWaves, check_class_rows, check_condition, class_rows};
use crate::parameterization::{Conditioning, Parameterization};
use crate::register_network;

impl NetworkKind for UNetConfig {
    fn build(&self, initializer: &mut Initializer) -> Result<BuiltNetwork, ModelError> {
        Ok(match self.dimensions {
            1 => BuiltNetwork::sequences(UNet1d::with(self, initializer)?),
            _ => BuiltNetwork::images(UNet::with(self, initializer)?),
        })
    }

    fn validate(&self) -> Result<(), ModelError> {
        let message = format!("{} is neither 1, for signals, nor 2, for images", self.dimensions);
        require((1..=2).contains(&self.dimensions), "dimensions", message)?;
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
        check_condition(self.condition())?;
        let fits = self.augmentation_size.is_none_or(|size| (1..MOST_FEATURES).contains(&size));
        require(
            fits,
            "augmentation_size",
            format!("must be in 1..{MOST_FEATURES}; leave it out without augmentation"),
        )?;
        let fits = self.augmentation_size.is_none() || self.dimensions == 2;
        require(fits, "augmentation_size", "images are moved, and dimensions = 1 is for signals; leave it out")?;
        let without = self.null_class || self.num_classes.is_none();
        require(
            without,
            "num_classes",
            "counts a row of no class as well, and null_class = false; use num_class_embeds",
        )?;
        check_class_rows(self.num_class_embeds, self.num_classes)
    }

    fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
        let (channels, sides) = match (shape, self.dimensions) {
            ([channels, sides @ ..], dimensions) if sides.len() == dimensions => (*channels, sides),
            ([_, _], _) => return require(false, "dimensions", "the data are signals; set dimensions = 1"),
            ([_, _, _], _) => return require(false, "dimensions", "the data are images; set dimensions = 2"),
            ([_, _, _, _, ..], _) => {
                let message = "the data are volumes, and a U-Net takes images or signals: learn from their slices, [channels, height, width]";
                return require(false, "kind", message);
            }
            _ => {
                let message = "a U-Net needs images, or with dimensions = 1 signals; for vectors use kind = \"mlp\"";
                return require(false, "kind", message);
            }
        };
        let what = if sides.len() == 2 { "images" } else { "signals" };
        let images = format!("the data are {what} with {channels} channels");
        for (key, own) in [("in_channels", self.in_channels), ("out_channels", self.out_channels)] {
            require(own == channels, key, format!("is {own}, but {images}"))?;
        }
        Ok(())
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

    fn condition(&self) -> ConditionShape {
        let classes = self.num_class_embeds().map(|rows| rows.saturating_sub(usize::from(self.null_class)));
        ConditionShape { classes, vector: self.condition_size, array: self.condition_channels }
    }

    fn augmentation_size(&self) -> Option<usize> {
        self.augmentation_size
    }

    fn has_null_class(&self) -> bool {
        self.null_class
    }
}

register_network!(UNetConfig as "unet");
