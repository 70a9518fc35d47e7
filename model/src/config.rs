//! The family of networks: what `network` in a run's configuration may be.
//!
//! The file of a network registers its configuration under its name, and a program registers those of its own by the same
//! line ([`register_network!`](crate::register_network)).

use burn::tensor::Device;
use fokker_registry::family;

use crate::cost::Cost;
use crate::error::ModelError;
use crate::initializer::Initializer;
use crate::kind::{BuiltNetwork, NetworkKind, NetworkVisitor};

family! {
    /// A network, by kind.
    pub struct NetworkConfig, NetworkEntry of dyn NetworkKind, "network"
}

impl NetworkConfig {
    /// The network, with initial weights from `seed`.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn init(&self, seed: u64, device: &Device) -> Result<BuiltNetwork, ModelError> {
        self.0.build(&mut Initializer::new(seed, device))
    }

    /// Builds the network, with initial weights from `seed`, and hands it on.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together.
    pub fn build<V: NetworkVisitor>(&self, seed: u64, device: &Device, visitor: V) -> Result<V::Output, ModelError> {
        Ok(self.init(seed, device)?.visit(visitor))
    }

    /// What the network costs for an example of a shape, in numbers: of its parameters, kept for a backward pass, held at
    /// once, and multiplied. Nothing is computed, whatever the size.
    ///
    /// # Errors
    /// A configuration whose fields do not fit together, or do not fit the shape.
    pub fn cost(&self, shape: &[usize], recompute_blocks: bool) -> Result<Cost, ModelError> {
        self.validate_for(shape)?;
        Ok(self.0.build(&mut Initializer::hollow())?.cost(shape, recompute_blocks))
    }
}

/// Registers the configuration of a network under the `kind` that configurations name it by.
///
/// ```
/// use burn::module::Module;
/// use fokker_model::layers::Linear;
/// use fokker_model::{BuiltNetwork, Calculus, Context, ModelError, Network, NetworkConfig, NetworkKind};
/// use fokker_model::{initializer::Initializer, register_network};
/// use serde::{Deserialize, Serialize};
///
/// /// One affine map of the data, whatever the noise.
/// #[derive(Module, Debug)]
/// struct Affine {
///     map: Linear,
/// }
///
/// impl Network<2> for Affine {
///     fn forward<C: Calculus>(&self, x: C::Array<2>, _noise: C::Array<1>, _: &Context) -> C::Array<2> {
///         self.map.forward::<C, 2>(x)
///     }
/// }
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct AffineConfig {
///     dimension: usize,
/// }
///
/// impl NetworkKind for AffineConfig {
///     fn build(&self, initializer: &mut Initializer) -> Result<BuiltNetwork, ModelError> {
///         let map = Linear::new(self.dimension, self.dimension, initializer);
///         Ok(BuiltNetwork::vectors(Affine { map }))
///     }
///
///     fn validate_for(&self, shape: &[usize]) -> Result<(), ModelError> {
///         match shape == [self.dimension] {
///             true => Ok(()),
///             false => Err(ModelError::config("network.dimension", format!("the data are of shape {shape:?}"))),
///         }
///     }
/// }
///
/// register_network!(AffineConfig as "affine");
///
/// let config: NetworkConfig = serde_json::from_str(r#"{ "kind": "affine", "dimension": 3 }"#).unwrap();
/// assert_eq!(config.cost(&[3], false).unwrap().parameters, 12.0);
/// ```
#[macro_export]
macro_rules! register_network {
    ($Config:ty as $kind:literal) => {
        $crate::registry::register!($crate::NetworkEntry, $Config, $kind);
    };
}
