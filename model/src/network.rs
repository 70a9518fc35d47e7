//! What a network is to the rest of fokker: a function of an array and a number, with optional classes.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Int, Tensor};

use crate::{calculus::Calculus, layers::DropoutKey};

/// What a forward pass knows besides the noisy data and the noise level.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// One class for each example, if the network is conditional; without them it is asked for "no class", the null class.
    pub classes: Option<Tensor<1, Int>>,
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

    /// Number of classes the network can be asked for, the null class not counted; `None` if it has none.
    fn classes(&self) -> Option<usize> {
        None
    }

    /// Whether a network with classes has a null class as well, whose number is that of the [classes](Self::classes). Without
    /// it the network cannot be asked for "no class".
    fn has_null_class(&self) -> bool {
        true
    }
}
