//! What a network is to the rest of fokker: a function of an array and a number, under a condition if it takes one.

use burn::module::{Module, ModuleDisplay};

use crate::calculus::Calculus;
use crate::condition::{Condition, ConditionShape};
use crate::layers::DropoutKey;

/// What a forward pass knows besides the noisy data and the noise level.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The condition of the examples; what is absent of it is null.
    pub condition: Condition,
    /// The dropout masks, while training.
    pub dropout: Option<DropoutKey>,
    /// Whether automatic differentiation keeps only what the network's blocks take, and computes them again; networks
    /// without blocks keep everything.
    pub recompute_blocks: bool,
}

/// A network on batches of rank `D` (2 for vectors `[batch, dimension]`, 4 for images
/// `[batch, channels, height, width]`), written once over any calculus.
pub trait Network<const D: usize>: Module + ModuleDisplay + Sync + 'static {
    /// The network's output, of the shape of `x`.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`; `noise`: `[batch]`, the conditioning number `c_noise` of the
    /// [parameterisation](crate::Parameterization).
    fn forward<C: Calculus>(&self, x: C::Array<D>, noise: C::Array<1>, context: &Context) -> C::Array<D>;

    /// Whether the network has blocks that can be [computed again](Context::recompute_blocks).
    fn has_blocks(&self) -> bool {
        false
    }

    /// The conditions that the network takes; none unless it says so.
    fn condition(&self) -> ConditionShape {
        ConditionShape::NONE
    }

    /// How many numbers of a training picture's [augmentation](crate::Condition::augmentation) the network sees; none unless it says so.
    fn augmentation_size(&self) -> Option<usize> {
        None
    }

    /// Whether a network with classes has a null class as well, whose number is that of the [classes](ConditionShape::classes). Without
    /// it the network cannot be asked for "no class".
    fn has_null_class(&self) -> bool {
        true
    }
}
