//! The network of [Lai 2023, Appx. C] for points in the plane: the [score network](crate::score_net) of MNIST with fully connected
//! layers in the place of its convolutions.
//!
//! ```text
//! x → 32 → 64 → 128 → 256        each level: linear, + time, normalised in groups, SiLU
//!      │    │     │     │
//! s ← 32 ← 64 ← 128 ←───┘        the features of every level on the way down join those of the way back
//! ```
//!
//! One thing cannot be replaced as it is. The tutorial's 32 groups of 32 features have one feature each. A convolution normalises it
//! over the pixels; without pixels a single number is normalised to 0. Here every level has `norm_num_groups` groups, 4 unless
//! another number is named.

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::calculus::Calculus;
use crate::error::{MOST_FEATURES, MOST_LEVELS, ModelError, require, require_size};
use crate::initializer::Initializer;
use crate::kind::{BuiltNetwork, NetworkKind};
use crate::layers::{FourierEmbedding, GroupNorm, Linear};
use crate::network::{Context, Network};
use crate::register_network;

/// Configuration of a [`DenseScoreNet`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseScoreNetConfig {
    /// Length of the data vectors.
    pub dimension: usize,
    /// Features of each level.
    #[serde(default = "default_features")]
    pub features: Vec<usize>,
    /// Width of the time vector, even.
    #[serde(default = "default_embedding_width")]
    pub embedding_width: usize,
    /// Standard deviation of the frequencies of the conditioning number.
    #[serde(default = "default_fourier_scale")]
    pub fourier_scale: f64,
    /// Groups of every normalisation, of at least two features each.
    #[serde(default = "default_groups")]
    pub norm_num_groups: usize,
}

fn default_features() -> Vec<usize> {
    vec![32, 64, 128, 256]
}

fn default_embedding_width() -> usize {
    256
}

fn default_fourier_scale() -> f64 {
    30.0
}

fn default_groups() -> usize {
    4
}

impl DenseScoreNetConfig {
    /// The network for vectors of a length.
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            features: default_features(),
            embedding_width: default_embedding_width(),
            fourier_scale: default_fourier_scale(),
            norm_num_groups: default_groups(),
        }
    }

    /// A network with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn init(&self, seed: u64, device: &Device) -> Result<DenseScoreNet, ModelError> {
        DenseScoreNet::with(self, &mut Initializer::new(seed, device))
    }
}

impl NetworkKind for DenseScoreNetConfig {
    fn build(&self, initializer: &mut Initializer) -> Result<BuiltNetwork, ModelError> {
        Ok(BuiltNetwork::vectors(DenseScoreNet::with(self, initializer)?))
    }

    fn validate(&self) -> Result<(), ModelError> {
        require_size("dimension", self.dimension, MOST_FEATURES)?;
        let (levels, groups) = (self.features.len(), self.norm_num_groups);
        let few = (2..=MOST_LEVELS).contains(&levels);
        require(few, "features", format!("{levels} levels are not in 2..={MOST_LEVELS}"))?;
        require_size("norm_num_groups", groups, MOST_FEATURES)?;
        for &features in &self.features {
            require_size("features", features, MOST_FEATURES)?;
            let fits = features.is_multiple_of(groups) && features >= 2 * groups;
            let message = format!("{features} is not a multiple of norm_num_groups = {groups} and at least twice it");
            require(fits, "features", message)?;
        }
        let (width, scale) = (self.embedding_width, self.fourier_scale);
        require_size("embedding_width", width, MOST_FEATURES)?;
        require(width.is_multiple_of(2), "embedding_width", format!("{width} is not even"))?;
        require(scale.is_finite() && scale > 0.0, "fourier_scale", format!("{scale} is not positive"))
    }

    fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
        let &[dimension] = shape else {
            return require(false, "kind", "a dense_score_net needs vectors; for images use kind = \"score_net\"");
        };
        let message = format!("is {}, but the data are vectors of length {dimension}", self.dimension);
        require(self.dimension == dimension, "dimension", message)
    }
}

register_network!(DenseScoreNetConfig as "dense_score_net");

/// PyTorch's default.
const NORM_EPS: f64 = 1e-5;

/// A fully connected network with skips, for vectors.
#[derive(Module, Debug)]
pub struct DenseScoreNet {
    fourier: FourierEmbedding,
    embedding: Linear,
    down: Vec<DenseLevel>,
    up: Vec<DenseLevel>,
    output: Linear,
}

#[derive(Module, Debug)]
struct DenseLevel {
    linear: Linear,
    time: Linear,
    norm: GroupNorm,
}

impl DenseLevel {
    fn new(inputs: usize, features: usize, config: &DenseScoreNetConfig, init: &mut Initializer) -> Self {
        Self {
            linear: Linear::new(inputs, features, init),
            time: Linear::new(config.embedding_width, features, init),
            norm: GroupNorm::new(config.norm_num_groups, features, NORM_EPS, init),
        }
    }

    fn forward<C: Calculus>(&self, x: C::Array<2>, time: C::Array<2>) -> C::Array<2> {
        let x = self.linear.forward::<C, 2>(x);
        let [batch, features] = C::dims(&x);
        let image = C::reshape(x, [batch, 1, 1, features]);
        C::reshape(self.norm.forward_silu::<C>(image, Some(self.time.forward::<C, 2>(time))), [batch, features])
    }
}

impl DenseScoreNet {
    /// A network with the parameters that an initialiser hands out.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn with(config: &DenseScoreNetConfig, init: &mut Initializer) -> Result<Self, ModelError> {
        config.validate()?;
        let (features, width) = (&config.features, config.embedding_width);
        let fourier = FourierEmbedding::new(width, config.fourier_scale, init);
        let embedding = Linear::new(width, width, init);
        let inputs = std::iter::once(&config.dimension).chain(features);
        let down = inputs.zip(features).map(|(inputs, level)| DenseLevel::new(*inputs, *level, config, init)).collect();
        let up = (0..features.len() - 1).rev().map(|level| {
            // The last level has no skip.
            let skip = if level + 2 < features.len() { features[level + 1] } else { 0 };
            DenseLevel::new(features[level + 1] + skip, features[level], config, init)
        });
        let up = up.collect();
        Ok(Self { fourier, embedding, down, up, output: Linear::new(2 * features[0], config.dimension, init) })
    }
}

impl Network<2> for DenseScoreNet {
    fn forward<C: Calculus>(&self, x: C::Array<2>, noise: C::Array<1>, _: &Context) -> C::Array<2> {
        let time = C::silu(self.embedding.forward::<C, 2>(self.fourier.forward::<C>(noise)));
        let (mut x, mut skips) = (x, Vec::new());
        for level in &self.down {
            x = level.forward::<C>(x, time.clone());
            skips.push(x.clone());
        }
        // Where the way down ends the way up begins.
        skips.pop();
        for level in &self.up {
            let skip = skips.pop().expect("one level less up than down");
            x = C::cat(vec![level.forward::<C>(x, time.clone()), skip], 1);
        }
        self.output.forward::<C, 2>(x)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tensor;

    use super::*;
    use crate::plain::Plain;

    #[test]
    fn the_default_has_the_levels_of_the_network_for_images() {
        let network = DenseScoreNetConfig::new(2).init(0, &Device::flex()).unwrap();
        let down = 3 * 32 + 33 * 64 + 65 * 128 + 129 * 256;
        let up = 257 * 128 + 257 * 64 + 129 * 32;
        let levels = 32 + 64 + 128 + 256 + 128 + 64 + 32;
        // Levels, time vectors, normalisations, the first embedding with its fixed frequencies, and the output.
        assert_eq!(network.num_params(), down + up + 257 * levels + 2 * levels + 257 * 256 + 128 + 65 * 2);
    }

    #[test]
    fn every_input_and_the_time_reach_the_output() {
        let network = DenseScoreNetConfig::new(2).init(0, &Device::flex()).unwrap();
        let at = |x: [f32; 2], noise: f32| {
            let (x, noise) = (Tensor::from_floats([x], &Device::flex()), Tensor::from_floats([noise], &Device::flex()));
            let out = Network::<2>::forward::<Plain>(&network, x, noise, &Context::default());
            out.into_data_as::<f32>().as_slice::<f32>().unwrap().to_vec()
        };
        let here = at([0.3, -0.2], 0.5);
        for other in [at([0.4, -0.2], 0.5), at([0.3, -0.1], 0.5), at([0.3, -0.2], 0.6)] {
            assert!(here.iter().zip(&other).all(|(a, b)| (a - b).abs() > 1e-5), "{here:?} {other:?}");
        }
    }

    #[test]
    fn fields_that_do_not_fit_are_refused_by_name() {
        for (json, key) in [
            (r#"{"dimension": 2, "features": [32]}"#, "network.features"),
            (r#"{"dimension": 2, "features": [32, 4]}"#, "norm_num_groups"),
            (r#"{"dimension": 0}"#, "network.dimension"),
            (r#"{"dimension": 2, "embedding_width": 7}"#, "network.embedding_width"),
        ] {
            let config: DenseScoreNetConfig = serde_json::from_str(json).unwrap();
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(key), "{json}: {message}");
        }
        let config = DenseScoreNetConfig::new(2);
        assert!(config.validate_for(&[3]).unwrap_err().to_string().contains("dimension"));
        assert!(config.validate_for(&[1, 28, 28]).unwrap_err().to_string().contains("score_net"));
    }
}
