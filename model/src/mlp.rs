//! A residual multilayer perceptron for vectors.

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::calculus::Calculus;
use crate::condition::ConditionShape;
use crate::error::{MOST_FEATURES, MOST_LAYERS, ModelError, require, require_size};
use crate::initializer::Initializer;
use crate::kind::{BuiltNetwork, NetworkKind};
use crate::layers::{
    Dropout, DropoutKey, Embedding, Linear, PositionalEmbedding, VectorEmbedding, check_class_rows, check_condition,
    class_rows,
};
use crate::network::{Context, Network};
use crate::register_network;

/// Configuration of an [`Mlp`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// Length of the data vectors.
    pub dimension: usize,
    /// Width of the hidden vectors.
    #[serde(default = "default_width")]
    pub width: usize,
    /// Number of residual blocks.
    #[serde(default = "default_blocks")]
    pub blocks: usize,
    /// Width of the sines and cosines of the noise level, even.
    #[serde(default = "default_embedding_width")]
    pub embedding_width: usize,
    /// Probability of dropping a hidden feature while training.
    #[serde(default)]
    pub dropout: f64,
    /// Rows of the class table; none without classes. The last row is "no class".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_class_embeds: Option<usize>,
    /// The number of classes, in the place of `num_class_embeds`: one less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_classes: Option<usize>,
    /// How many numbers the vector of a [condition](crate::Condition) has; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_size: Option<usize>,
}

fn default_width() -> usize {
    128
}

fn default_blocks() -> usize {
    3
}

fn default_embedding_width() -> usize {
    64
}

impl MlpConfig {
    /// Three residual blocks of 128 features for vectors of a length, without dropout and without classes.
    ///
    /// ```
    /// use fokker_model::{MlpConfig, NetworkKind};
    ///
    /// let config = MlpConfig { width: 64, ..MlpConfig::new(2) };
    /// assert!(config.validate_for(&[2]).is_ok());
    /// ```
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            width: default_width(),
            blocks: default_blocks(),
            embedding_width: default_embedding_width(),
            dropout: 0.0,
            num_class_embeds: None,
            num_classes: None,
            condition_size: None,
        }
    }

    /// A network with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn init(&self, seed: u64, device: &Device) -> Result<Mlp, ModelError> {
        Mlp::new(self, seed, device)
    }
}

impl NetworkKind for MlpConfig {
    fn build(&self, initializer: &mut Initializer) -> Result<BuiltNetwork, ModelError> {
        Ok(BuiltNetwork::vectors(Mlp::with(self, initializer)?))
    }

    fn validate(&self) -> Result<(), ModelError> {
        require_size("dimension", self.dimension, MOST_FEATURES)?;
        require_size("width", self.width, MOST_FEATURES)?;
        require_size("blocks", self.blocks, MOST_LAYERS)?;
        require_size("embedding_width", self.embedding_width, MOST_FEATURES)?;
        check_class_rows(self.num_class_embeds, self.num_classes)?;
        check_condition(self.condition())?;
        require(self.embedding_width.is_multiple_of(2), "embedding_width", "must be even")?;
        require((0.0..1.0).contains(&self.dropout), "dropout", format!("{} is not in [0, 1)", self.dropout))
    }

    fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
        let &[dimension] = shape else {
            let message = "an MLP needs vectors; for images use kind = \"unet\" or \"score_net\", for signals \"unet\" with dimensions = 1";
            return require(false, "kind", message);
        };
        let message = format!("is {}, but the data are vectors of length {dimension}", self.dimension);
        require(self.dimension == dimension, "dimension", message)
    }

    fn num_class_embeds(&self) -> Option<usize> {
        class_rows(self.num_class_embeds, self.num_classes)
    }

    fn condition(&self) -> ConditionShape {
        let classes = self.num_class_embeds().map(|rows| rows.saturating_sub(1));
        ConditionShape { classes, vector: self.condition_size, array: None }
    }
}

register_network!(MlpConfig as "mlp");

/// `h ← h + W₂ silu(W₁ silu(h) + time)`, a few times, between two affine maps.
#[derive(Module, Debug)]
pub struct Mlp {
    input: Linear,
    #[module(skip)]
    waves: PositionalEmbedding,
    time: Linear,
    class_embedding: Option<Embedding>,
    condition_embedding: Option<VectorEmbedding>,
    blocks: Vec<MlpBlock>,
    output: Linear,
    #[module(skip)]
    condition: ConditionShape,
}

#[derive(Module, Debug)]
struct MlpBlock {
    inner: Linear,
    time: Linear,
    dropout: Dropout,
    outer: Linear,
}

impl Mlp {
    /// A network with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn new(config: &MlpConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        Self::with(config, &mut Initializer::new(seed, device))
    }

    /// A network with the parameters that an initialiser hands out.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn with(config: &MlpConfig, init: &mut Initializer) -> Result<Self, ModelError> {
        config.validate()?;
        let width = config.width;
        Ok(Self {
            input: Linear::new(config.dimension, width, init),
            waves: PositionalEmbedding::new(config.embedding_width, true, 0.0),
            time: Linear::new(config.embedding_width, width, init),
            class_embedding: config.num_class_embeds().map(|rows| Embedding::new(rows, width, init)),
            condition_embedding: config.condition_size.map(|size| VectorEmbedding::new(size, width, init)),
            blocks: (0..config.blocks)
                .map(|_| MlpBlock {
                    inner: Linear::new(width, width, init),
                    time: Linear::new(width, width, init),
                    dropout: Dropout::new(config.dropout, init),
                    outer: Linear::new(width, width, init),
                })
                .collect(),
            output: Linear::new(width, config.dimension, init),
            condition: config.condition(),
        })
    }
}

impl MlpBlock {
    fn forward<C: Calculus>(&self, x: C::Array<2>, time: C::Array<2>, dropout: Option<&DropoutKey>) -> C::Array<2> {
        let hidden = self.inner.forward::<C, 2>(C::silu(x.clone()));
        let hidden = C::silu(C::add(hidden, self.time.forward::<C, 2>(time)));
        C::add(x, self.outer.forward::<C, 2>(self.dropout.forward::<C, 2>(hidden, dropout)))
    }
}

impl Network<2> for Mlp {
    fn forward<C: Calculus>(&self, x: C::Array<2>, noise: C::Array<1>, context: &Context) -> C::Array<2> {
        let time = self.time.forward::<C, 2>(self.waves.forward::<C>(noise));
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
        let time = C::silu(time);
        let mut hidden = self.input.forward::<C, 2>(x);
        for block in &self.blocks {
            hidden = block.forward::<C>(hidden, time.clone(), context.dropout.as_ref());
        }
        self.output.forward::<C, 2>(C::silu(hidden))
    }

    fn condition(&self) -> ConditionShape {
        self.condition
    }
}
