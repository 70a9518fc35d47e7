//! What a kind of network says of itself before it is built, and how it is built.

use fokker_registry::Settings;

use crate::any_network::AnyNetwork;
use crate::condition::ConditionShape;
use crate::cost::Cost;
use crate::error::{ModelError, require};
use crate::initializer::Initializer;
use crate::network::Network;
use crate::parameterization::Parameterization;

/// The configuration of a network of some kind.
pub trait NetworkKind: Settings {
    /// The network, with the parameters that an initialiser hands out.
    ///
    /// # Errors
    /// Fields that do not fit together.
    fn build(&self, initializer: &mut Initializer) -> Result<BuiltNetwork, ModelError>;

    /// Checks the network's own fields.
    ///
    /// # Errors
    /// The first field that does not fit, with what would be right ([`ModelError::config`], key `network.…`).
    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    /// Checks that the network fits data of a shape (`[channels, height, width]` or `[dimension]`). Unless it is
    /// overridden, the number of dimensions alone is compared.
    ///
    /// # Errors
    /// The field that does not fit the data.
    fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
        let rank = self.build(&mut Initializer::hollow())?.rank();
        let message =
            format!("takes batches of rank {rank}, but the data have the shape {shape:?}, and one more for the batch");
        require(shape.len() + 1 == rank, "kind", message)
    }

    /// Checks that the network can be read through a parameterisation.
    ///
    /// # Errors
    /// The field of the parameterisation that does not fit.
    fn validate_reading(&self, _parameterization: &Parameterization) -> Result<(), ModelError> {
        Ok(())
    }

    /// Rows of the class table, the null class included if there is one; none without classes.
    fn num_class_embeds(&self) -> Option<usize> {
        None
    }

    /// Whether the last row of the class table is the null class.
    fn has_null_class(&self) -> bool {
        true
    }

    /// How many numbers of a training picture's [augmentation](crate::Condition::augmentation) the network sees; none if it sees none.
    fn augmentation_size(&self) -> Option<usize> {
        None
    }

    /// The conditions that the network takes.
    fn condition(&self) -> ConditionShape {
        let classes = self.num_class_embeds().map(|rows| rows.saturating_sub(usize::from(self.has_null_class())));
        ConditionShape { classes, ..ConditionShape::NONE }
    }
}

/// What is done with a network of whichever kind.
pub trait NetworkVisitor {
    /// What comes of it.
    type Output;

    /// Takes the network; from a [`NetworkConfig`](crate::NetworkConfig) it is an [`AnyNetwork`].
    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Self::Output;
}

/// A network whose type is forgotten, by the rank of its batches.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BuiltNetwork {
    /// On vectors, `[batch, dimension]`.
    Vectors(AnyNetwork<2>),
    /// On sequences of vectors, `[batch, channels, length]`.
    Sequences(AnyNetwork<3>),
    /// On images, `[batch, channels, height, width]`.
    Images(AnyNetwork<4>),
}

impl BuiltNetwork {
    /// A network on vectors.
    pub fn vectors(network: impl Network<2>) -> Self {
        Self::Vectors(AnyNetwork::new(network))
    }

    /// A network on sequences.
    pub fn sequences(network: impl Network<3>) -> Self {
        Self::Sequences(AnyNetwork::new(network))
    }

    /// A network on images.
    pub fn images(network: impl Network<4>) -> Self {
        Self::Images(AnyNetwork::new(network))
    }

    /// The rank of batches.
    pub fn rank(&self) -> usize {
        match self {
            Self::Vectors(_) => 2,
            Self::Sequences(_) => 3,
            Self::Images(_) => 4,
        }
    }

    /// Hands the network on.
    pub fn visit<V: NetworkVisitor>(self, visitor: V) -> V::Output {
        match self {
            Self::Vectors(network) => visitor.visit(network),
            Self::Sequences(network) => visitor.visit(network),
            Self::Images(network) => visitor.visit(network),
        }
    }

    /// What the network costs for an example of a shape ([`Cost::of`]).
    pub(crate) fn cost(self, shape: &[usize], recompute_blocks: bool) -> Cost {
        match self {
            Self::Vectors(network) => Cost::of(network, shape, recompute_blocks),
            Self::Sequences(network) => Cost::of(network, shape, recompute_blocks),
            Self::Images(network) => Cost::of(network, shape, recompute_blocks),
        }
    }
}
