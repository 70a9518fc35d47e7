//! The fields of diffusers' `UNet2DModel`, their defaults, and what is refused.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::calculus::Conv2dShape;
use crate::error::{ModelError, require};
use crate::initializer::Initializer;
use crate::kind::NetworkKind;
use crate::layers::Conv2d;

/// One level of the U-Net. Names are diffusers', for both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BlockType {
    /// Residual blocks on the way down.
    DownBlock2D,
    /// Residual blocks, each followed by self-attention, on the way down.
    AttnDownBlock2D,
    /// Residual blocks on the way down, and a residual block that halves the sides.
    ResnetDownsampleBlock2D,
    /// Residual blocks on the way up.
    UpBlock2D,
    /// Residual blocks, each followed by self-attention, on the way up.
    AttnUpBlock2D,
    /// Residual blocks on the way up, and a residual block that doubles the sides.
    ResnetUpsampleBlock2D,
}

/// The block at the coarsest resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MidBlockType {
    /// Two residual blocks around attention.
    UNetMidBlock2D,
    /// Nothing.
    None,
}

impl BlockType {
    /// Whether the level has attention.
    pub fn has_attention(self) -> bool {
        matches!(self, Self::AttnDownBlock2D | Self::AttnUpBlock2D)
    }

    pub(super) fn is_down(self) -> bool {
        matches!(self, Self::DownBlock2D | Self::AttnDownBlock2D | Self::ResnetDownsampleBlock2D)
    }
}

/// How the noise level becomes a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimeEmbedding {
    /// Sines and cosines of geometric frequencies.
    Positional,
    /// Random Fourier features of the logarithm; the network's output is divided by the noise level.
    Fourier,
}

/// How the time vector enters a residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeShift {
    /// Added to the features before the second normalisation.
    Default,
    /// Scales and shifts them after it (Dhariwal & Nichol 2021).
    ScaleShift,
}

/// How a level with attention changes the resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resampling {
    /// A convolution with stride 2, or after repeating pixels.
    Conv,
    /// A residual block around average pooling, or around repeating pixels.
    Resnet,
}

/// Configuration of a [`UNet`](crate::unet::UNet): the fields of diffusers' `UNet2DModel`, with its defaults, and some of our own that
/// are absent by default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UNetConfig {
    /// 2 for images, 1 for signals `[channels, length]`. In one dimension every kernel, stride and change of resolution acts along the
    /// length alone, and the blocks keep their names. Not a field of diffusers.
    #[serde(skip_serializing_if = "is_two")]
    pub dimensions: usize,
    /// Channels of the image that goes in.
    pub in_channels: usize,
    /// Channels of the image that comes out.
    pub out_channels: usize,
    /// Map the input from [0, 1] to [−1, 1] first.
    pub center_input_sample: bool,
    /// How the noise level becomes a vector.
    pub time_embedding_type: TimeEmbedding,
    /// Width of the time vector; 4 × the first of `block_out_channels` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_embedding_dim: Option<usize>,
    /// Shift of the positional embedding's frequencies.
    pub freq_shift: f64,
    /// Cosines before sines in the positional embedding.
    pub flip_sin_to_cos: bool,
    /// Levels on the way down, finest first.
    pub down_block_types: Vec<BlockType>,
    /// The middle.
    pub mid_block_type: MidBlockType,
    /// Levels on the way up, coarsest first.
    pub up_block_types: Vec<BlockType>,
    /// Channels of each level, finest first.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks of a level on the way down; one more on the way up.
    pub layers_per_block: usize,
    /// Divisor of the middle block's residual sums.
    pub mid_block_scale_factor: f64,
    /// Padding of the convolutions with stride 2: 1 on every side, or 0 for one row and column at the end.
    pub downsample_padding: usize,
    /// How levels with attention go down.
    pub downsample_type: Resampling,
    /// How levels with attention go up.
    pub upsample_type: Resampling,
    /// Probability of dropping a feature in a residual block while training.
    pub dropout: f64,
    /// Channels of an attention head; one head if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention_head_dim: Option<usize>,
    /// Groups of every normalisation.
    pub norm_num_groups: usize,
    /// Groups of the normalisation in the middle block's attention, if other than `norm_num_groups`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attn_norm_num_groups: Option<usize>,
    /// Added to every variance.
    pub norm_eps: f64,
    /// How the time vector enters.
    pub resnet_time_scale_shift: TimeShift,
    /// Attention in the middle block.
    pub add_attention: bool,
    /// Rows of the class table; none without classes. Classifier-free guidance takes the last row as "no class", unless
    /// `null_class` says that it is a class like the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_class_embeds: Option<usize>,
    /// The number of classes, in the place of `num_class_embeds`: one less. Not a field of diffusers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_classes: Option<usize>,
    /// How many numbers the vector of a [condition](crate::Condition) has; absent without one. Not a field of diffusers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_size: Option<usize>,
    /// How many channels a condition's array has; absent without one. They are joined to those of the image, with one more that
    /// says where the array is given. Not a field of diffusers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_channels: Option<usize>,
    /// How many numbers say how a training picture was moved, for `preprocessing.augmentation`, whose pictures have 9; absent without
    /// augmentation. Not a field of diffusers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augmentation_size: Option<usize>,
    /// Whether the last row of the class table stands for "no class". Not a field of diffusers, whose rows are all classes.
    #[serde(skip_serializing_if = "is_true")]
    pub null_class: bool,
    /// Fourier features of the network's input x (`ImageWaves`): for each exponent `n`, sin 2ⁿπx and cos 2ⁿπx are
    /// concatenated to its channels (Kingma et al. 2021, Appx. C). Not a field of diffusers. Improves likelihoods
    /// (docs/RESULTS.md).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_frequencies: Vec<u32>,
}

fn is_two(dimensions: &usize) -> bool {
    *dimensions == 2
}

fn is_true(value: &bool) -> bool {
    *value
}

impl Default for UNetConfig {
    fn default() -> Self {
        use BlockType::*;
        Self {
            dimensions: 2,
            in_channels: 3,
            out_channels: 3,
            center_input_sample: false,
            time_embedding_type: TimeEmbedding::Positional,
            time_embedding_dim: None,
            freq_shift: 0.0,
            flip_sin_to_cos: true,
            down_block_types: vec![DownBlock2D, AttnDownBlock2D, AttnDownBlock2D, AttnDownBlock2D],
            mid_block_type: MidBlockType::UNetMidBlock2D,
            up_block_types: vec![AttnUpBlock2D, AttnUpBlock2D, AttnUpBlock2D, UpBlock2D],
            block_out_channels: vec![224, 448, 672, 896],
            layers_per_block: 2,
            mid_block_scale_factor: 1.0,
            downsample_padding: 1,
            downsample_type: Resampling::Conv,
            upsample_type: Resampling::Conv,
            dropout: 0.0,
            attention_head_dim: Some(8),
            norm_num_groups: 32,
            attn_norm_num_groups: None,
            norm_eps: 1e-5,
            resnet_time_scale_shift: TimeShift::Default,
            add_attention: true,
            num_class_embeds: None,
            num_classes: None,
            condition_size: None,
            condition_channels: None,
            augmentation_size: None,
            null_class: true,
            input_frequencies: Vec::new(),
        }
    }
}

impl UNetConfig {
    /// A U-Net for images of some channels. For each level, finest first: its features, and whether it has attention. All
    /// other fields are diffusers' defaults.
    ///
    /// ```
    /// use fokker_model::{NetworkKind, UNetConfig};
    ///
    /// // Grey images, and attention at half the resolution.
    /// let config = UNetConfig { norm_num_groups: 8, ..UNetConfig::with_levels(1, &[(32, false), (64, true)]) };
    /// assert!(config.validate_for(&[1, 28, 28]).is_ok());
    /// ```
    pub fn with_levels(channels: usize, levels: &[(usize, bool)]) -> Self {
        use BlockType::*;
        let block = |attention: bool, [with, without]: [BlockType; 2]| if attention { with } else { without };
        let down = |&(_, attention): &(usize, bool)| block(attention, [AttnDownBlock2D, DownBlock2D]);
        let up = |&(_, attention): &(usize, bool)| block(attention, [AttnUpBlock2D, UpBlock2D]);
        Self {
            in_channels: channels,
            out_channels: channels,
            block_out_channels: levels.iter().map(|(features, _)| *features).collect(),
            down_block_types: levels.iter().map(down).collect(),
            up_block_types: levels.iter().rev().map(up).collect(),
            ..Self::default()
        }
    }

    /// Reads the `config.json` that diffusers writes next to the weights of a `UNet2DModel`. Every row of its class table is a
    /// class: set [`null_class`](Self::null_class) if the last one is not.
    ///
    /// # Errors
    /// Every field that asks for something this U-Net does not have, by name.
    pub fn from_diffusers(json: &str) -> Result<Self, ModelError> {
        let refuse = |message: String| ModelError::config("config.json", message);
        let mut fields: Map<String, Value> = serde_json::from_str(json).map_err(|error| refuse(error.to_string()))?;
        let class = fields.get("_class_name").and_then(Value::as_str).unwrap_or("UNet2DModel");
        if class != "UNet2DModel" {
            return Err(refuse(format!("_class_name = \"{class}\": only a UNet2DModel is this U-Net")));
        }
        // What an average of weights says of itself.
        let of_average =
            ["decay", "inv_gamma", "min_decay", "optimization_step", "power", "update_after_step", "use_ema_warmup"];
        fields.retain(|key, _| !key.starts_with('_') && key != "sample_size" && !of_average.contains(&key.as_str()));
        let mut wrong = Vec::new();
        // Fields that only restate what this U-Net always does are accepted with exactly that value.
        let fixed = [
            ("act_fn", vec!["\"silu\"", "\"swish\""]),
            ("class_embed_type", vec!["null"]),
            ("num_train_timesteps", vec!["null"]),
        ];
        for (key, allowed) in fixed {
            if let Some(value) = fields.remove(key)
                && !allowed.contains(&value.to_string().as_str())
            {
                wrong.push(format!("{key} = {value} is not supported, only {}", allowed.join(" or ")));
            }
        }
        if fields.get("mid_block_type").is_some_and(Value::is_null) {
            fields.insert("mid_block_type".into(), "None".into());
        }
        fields.entry("null_class").or_insert(false.into());
        // Each field by itself, so that all that are wrong are named.
        for (key, value) in &fields {
            let one = Value::Object(Map::from_iter([(key.clone(), value.clone())]));
            if let Err(error) = serde_json::from_value::<Self>(one) {
                wrong.push(format!("{key}: {error}"));
            }
        }
        if !wrong.is_empty() {
            return Err(refuse(wrong.join("\n")));
        }
        let mut config: Self = serde_json::from_value(fields.into()).map_err(|error| refuse(error.to_string()))?;
        // Without classes there is no row that could be one.
        config.null_class |= config.num_class_embeds.is_none();
        config.validate()?;
        Ok(config)
    }

    /// The `config.json` by which diffusers makes this U-Net, for images of some height and width.
    ///
    /// # Errors
    /// What diffusers does not have, by its key.
    pub fn to_diffusers(&self, [height, width]: [usize; 2]) -> Result<Map<String, Value>, ModelError> {
        require(
            self.input_frequencies.is_empty(),
            "input_frequencies",
            "diffusers has no Fourier features of the image; train a network without them",
        )?;
        require(self.dimensions == 2, "dimensions", "diffusers' UNet2DModel is for images alone")?;
        let stride = 1 << (self.block_out_channels.len() - 1);
        let fits = [height, width].iter().all(|side| side.is_multiple_of(stride));
        let message = format!(
            "diffusers' UNet2DModel of {} levels needs sides divisible by {stride}, not {height}×{width}, around which this network puts zeros",
            self.block_out_channels.len()
        );
        require(fits, "block_out_channels", message)?;
        let without = "diffusers' UNet2DModel takes no condition but a class; train a network without it";
        require(self.condition_size.is_none(), "condition_size", without)?;
        require(self.condition_channels.is_none(), "condition_channels", without)?;
        require(self.augmentation_size.is_none(), "augmentation_size", "diffusers' UNet2DModel sees no augmentation")?;
        let whole = Self { num_class_embeds: NetworkKind::num_class_embeds(self), ..self.clone() };
        let fields = serde_json::to_value(whole).map_err(|error| ModelError::config("network", error.to_string()))?;
        let Value::Object(mut fields) = fields else { return Err(ModelError::config("network", "is no table")) };
        for key in ["num_classes", "null_class", "input_frequencies"] {
            fields.remove(key);
        }
        // What is absent here is null there.
        let optional = ["time_embedding_dim", "attention_head_dim", "attn_norm_num_groups", "num_class_embeds"];
        for key in optional.into_iter().chain(["class_embed_type", "num_train_timesteps"]) {
            fields.entry(key).or_insert(Value::Null);
        }
        if self.mid_block_type == MidBlockType::None {
            fields.insert("mid_block_type".into(), Value::Null);
        }
        fields.insert("_class_name".into(), "UNet2DModel".into());
        fields.insert("act_fn".into(), "silu".into());
        let size = if height == width { height.into() } else { Value::from(vec![height, width]) };
        fields.insert("sample_size".into(), size);
        Ok(fields)
    }

    /// How a level changes the resolution, given its type.
    pub(super) fn resampling(&self, block: BlockType) -> Resampling {
        match block {
            BlockType::DownBlock2D | BlockType::UpBlock2D => Resampling::Conv,
            BlockType::AttnDownBlock2D => self.downsample_type,
            BlockType::AttnUpBlock2D => self.upsample_type,
            BlockType::ResnetDownsampleBlock2D | BlockType::ResnetUpsampleBlock2D => Resampling::Resnet,
        }
    }

    /// Whether there is attention at the coarsest resolution.
    pub(super) fn has_mid_attention(&self) -> bool {
        self.mid_block_type == MidBlockType::UNetMidBlock2D && self.add_attention
    }

    /// A convolution of 3 pixels in each dimension.
    pub(super) fn convolution(
        &self,
        inputs: usize,
        outputs: usize,
        shape: Conv2dShape,
        init: &mut Initializer,
    ) -> Conv2d {
        match self.dimensions {
            1 => Conv2d::along_rows(inputs, outputs, 3, shape, init),
            _ => Conv2d::new(inputs, outputs, 3, shape, init),
        }
    }

    /// Width of the time vector.
    pub fn time_width(&self) -> usize {
        self.time_embedding_dim.filter(|&width| width > 0).unwrap_or(4 * self.block_out_channels[0])
    }
}
