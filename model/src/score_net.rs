//! The small convolutional score network of Yang Song's tutorial, taken for MNIST by [Lai 2023, Appx. C, footnote 1].
//!
//! Convolutions without padding on the way down, transposed convolutions on the way up, and the features of every level
//! joined to those of the way back. The time enters every level by random Fourier features. Two things differ from the
//! tutorial: the output is not divided by σ here, which is [`Output::Epsilon`](crate::Output) up to the sign of the
//! weights, and the number of levels and the size of the images are free.

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::calculus::{Calculus, Conv2dShape};
use crate::error::{MOST_FEATURES, MOST_LEVELS, ModelError, require, require_size};
use crate::initializer::Initializer;
use crate::kind::{BuiltNetwork, NetworkKind};
use crate::layers::{Conv2d, ConvTranspose2d, FourierEmbedding, GroupNorm, ImageWaves, Linear};
use crate::network::{Context, Network};
use crate::register_network;

/// Configuration of a [`ScoreNet`]; the defaults are the tutorial's, 1.1 million parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoreNetConfig {
    /// Channels of the images that go in and come out.
    pub in_channels: usize,
    /// Channels of each level, finest first.
    pub channels: Vec<usize>,
    /// Exponents `n` of the sines and cosines of `2ⁿ π x` that join the image: with them the network can tell values
    /// that differ by far less than the image's range (Kingma et al. 2021, "Variational diffusion models", Appx. C).
    /// None in the tutorial.
    pub input_frequencies: Vec<u32>,
    /// Width of the time vector, even.
    pub embedding_width: usize,
    /// Standard deviation of the frequencies of the conditioning number.
    pub fourier_scale: f64,
    /// Groups of the first normalisation.
    pub first_norm_num_groups: usize,
    /// Groups of the others.
    pub norm_num_groups: usize,
}

impl Default for ScoreNetConfig {
    fn default() -> Self {
        Self {
            in_channels: 1,
            channels: vec![32, 64, 128, 256],
            input_frequencies: Vec::new(),
            embedding_width: 256,
            fourier_scale: 30.0,
            first_norm_num_groups: 4,
            norm_num_groups: 32,
        }
    }
}

impl ScoreNetConfig {
    /// The tutorial's network for images of so many channels.
    pub fn new(in_channels: usize) -> Self {
        Self { in_channels, ..Self::default() }
    }

    /// A network with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn init(&self, seed: u64, device: &Device) -> Result<ScoreNet, ModelError> {
        ScoreNet::new(self, seed, device)
    }

    /// The least side of an image. One pixel of such an image is left at the coarsest level.
    fn least_side(&self) -> usize {
        (1..self.channels.len()).fold(1, |side, _| 2 * (side - 1) + KERNEL) + KERNEL - 1
    }
}

impl NetworkKind for ScoreNetConfig {
    fn build(&self, initializer: &mut Initializer) -> Result<BuiltNetwork, ModelError> {
        Ok(BuiltNetwork::images(ScoreNet::with(self, initializer)?))
    }

    fn validate(&self) -> Result<(), ModelError> {
        require_size("in_channels", self.in_channels, MOST_FEATURES)?;
        let levels = self.channels.len();
        require(
            (2..=MOST_LEVELS).contains(&levels),
            "channels",
            format!("{levels} levels are not in 2..={MOST_LEVELS}"),
        )?;
        self.channels.iter().try_for_each(|&channels| require_size("channels", channels, MOST_FEATURES))?;
        ImageWaves::validate(&self.input_frequencies)?;
        let width = self.embedding_width;
        require_size("embedding_width", width, MOST_FEATURES)?;
        require(width.is_multiple_of(2), "embedding_width", format!("{width} is not even"))?;
        let scale = self.fourier_scale;
        require(scale.is_finite() && scale > 0.0, "fourier_scale", format!("{scale} is not positive"))?;
        for (key, groups) in
            [("first_norm_num_groups", self.first_norm_num_groups), ("norm_num_groups", self.norm_num_groups)]
        {
            require_size(key, groups, MOST_FEATURES)?;
        }
        let first = (self.channels[0], self.first_norm_num_groups, "first_norm_num_groups");
        let others = self.channels.iter().map(|&channels| (channels, self.norm_num_groups, "norm_num_groups"));
        for (channels, groups, key) in std::iter::once(first).chain(others) {
            let divides = channels.is_multiple_of(groups);
            require(divides, "channels", format!("{channels} is no multiple of {key} = {groups}"))?;
        }
        Ok(())
    }

    fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
        let &[channels, height, width] = shape else {
            return require(false, "kind", "a score_net needs images; for vectors use kind = \"mlp\"");
        };
        let inputs = self.in_channels;
        require(
            inputs == channels,
            "in_channels",
            format!("is {inputs}, but the data are images with {channels} channels"),
        )?;
        let (levels, least) = (self.channels.len(), self.least_side());
        let fits = height.min(width) >= least;
        require(fits, "channels", format!("{levels} levels need sides of at least {least}, not {height}×{width}"))
    }
}

register_network!(ScoreNetConfig as "score_net");

const KERNEL: usize = 3;

/// PyTorch's default.
const NORM_EPS: f64 = 1e-5;

/// A convolutional network with skips, for images.
#[derive(Module, Debug)]
pub struct ScoreNet {
    fourier: FourierEmbedding,
    embedding: Linear,
    waves: ImageWaves,
    down: Vec<DownLevel>,
    up: Vec<UpLevel>,
    output: ConvTranspose2d,
}

#[derive(Module, Debug)]
struct DownLevel {
    conv: Conv2d,
    time: Linear,
    norm: GroupNorm,
}

#[derive(Module, Debug)]
struct UpLevel {
    conv: ConvTranspose2d,
    time: Linear,
    norm: GroupNorm,
}

impl ScoreNet {
    /// A network with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn new(config: &ScoreNetConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        Self::with(config, &mut Initializer::new(seed, device))
    }

    /// A network with the parameters that an initialiser hands out.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn with(config: &ScoreNetConfig, init: &mut Initializer) -> Result<Self, ModelError> {
        config.validate()?;
        let (channels, width, groups) = (&config.channels, config.embedding_width, config.norm_num_groups);
        let waves = ImageWaves::new(&config.input_frequencies);
        let features = waves.channels(config.in_channels);
        let fourier = FourierEmbedding::new(width, config.fourier_scale, init);
        let embedding = Linear::new(width, width, init);
        let down = (0..channels.len()).map(|level| {
            let (inputs, stride, groups) = match level {
                0 => (features, 1, config.first_norm_num_groups),
                _ => (channels[level - 1], 2, groups),
            };
            let shape = Conv2dShape { stride, padding_before: 0, padding_after: 0 };
            DownLevel {
                conv: Conv2d::without_bias(inputs, channels[level], KERNEL, shape, init),
                time: Linear::new(width, channels[level], init),
                norm: GroupNorm::new(groups, channels[level], NORM_EPS, init),
            }
        });
        let down = down.collect();
        let up = (0..channels.len() - 1).rev().map(|level| {
            // The coarsest level has no skip.
            let skip = if level + 2 < channels.len() { channels[level + 1] } else { 0 };
            UpLevel {
                conv: ConvTranspose2d::without_bias(channels[level + 1] + skip, channels[level], KERNEL, 2, init),
                time: Linear::new(width, channels[level], init),
                norm: GroupNorm::new(groups, channels[level], NORM_EPS, init),
            }
        });
        let up = up.collect();
        Ok(Self {
            fourier,
            embedding,
            waves,
            down,
            up,
            output: ConvTranspose2d::new(2 * channels[0], config.in_channels, KERNEL, 1, init),
        })
    }
}

impl Network<4> for ScoreNet {
    fn forward<C: Calculus>(&self, x: C::Array<4>, noise: C::Array<1>, _: &Context) -> C::Array<4> {
        let [_, _, height, width] = C::dims(&x);
        let time = C::silu(self.embedding.forward::<C, 2>(self.fourier.forward::<C>(noise)));
        // Inside, channels come last.
        let mut x = self.waves.forward::<C>(C::swap_dims(C::swap_dims(x, 1, 2), 2, 3));
        let mut skips = Vec::new();
        for level in &self.down {
            let shift = level.time.forward::<C, 2>(time.clone());
            x = level.norm.forward_silu::<C>(level.conv.forward::<C>(x), Some(shift));
            skips.push(x.clone());
        }
        // Where the way down ends the way up begins.
        skips.pop();
        for level in &self.up {
            let skip = skips.pop().expect("one level less up than down");
            let [_, height, width, _] = C::dims(&skip);
            let shift = level.time.forward::<C, 2>(time.clone());
            x = level.norm.forward_silu::<C>(level.conv.forward::<C>(x, [height, width]), Some(shift));
            x = C::cat_channels(x, skip);
        }
        let out = self.output.forward::<C>(x, [height, width]);
        C::swap_dims(C::swap_dims(out, 2, 3), 1, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_the_parameters_of_the_tutorial() {
        let network = ScoreNetConfig::default().init(0, &Device::flex()).unwrap();
        // Convolutions, transposed convolutions, shifts, time vector, normalisations, and the fixed frequencies.
        let convolutions = 9 * (32 + 32 * 64 + 64 * 128 + 128 * 256);
        let transposed = 9 * (256 * 128 + 256 * 64 + 128 * 32 + 64) + 1;
        let channels = 32 + 64 + 128 + 256 + 128 + 64 + 32;
        let dense = 257 * channels + 257 * 256;
        assert_eq!(network.num_params(), convolutions + transposed + dense + 2 * channels + 128);
        assert_eq!(network.num_params(), 1_115_425);
    }

    #[test]
    fn the_least_image_leaves_one_pixel() {
        let config = ScoreNetConfig::default();
        // 17 → 15 → 7 → 3 → 1
        assert_eq!(config.least_side(), 17);
        config.validate_for(&[1, 17, 28]).unwrap();
        let message = config.validate_for(&[1, 28, 16]).unwrap_err().to_string();
        assert!(message.contains("at least 17"), "{message}");
    }

    #[test]
    fn fields_that_do_not_fit_are_refused_by_name() {
        let refusal = |json: &str| match serde_json::from_str::<ScoreNetConfig>(json) {
            Ok(config) => config.validate().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        for (json, key) in [
            (r#"{"channels": [32]}"#, "network.channels"),
            (r#"{"channels": [32, 60]}"#, "norm_num_groups"),
            (r#"{"first_norm_num_groups": 5}"#, "first_norm_num_groups"),
            (r#"{"input_frequencies": [30]}"#, "network.input_frequencies"),
            (r#"{"embedding_width": 7}"#, "network.embedding_width"),
            (r#"{"fourier_scale": 0.0}"#, "network.fourier_scale"),
            (r#"{"widht": 7}"#, "widht"),
        ] {
            assert!(refusal(json).contains(key), "{json}: {}", refusal(json));
        }
        let config = ScoreNetConfig::default();
        assert!(config.validate_for(&[2]).unwrap_err().to_string().contains("mlp"));
        assert!(config.validate_for(&[3, 32, 32]).unwrap_err().to_string().contains("in_channels"));
    }
}
