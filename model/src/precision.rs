//! The precision of a network's parameters.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{FloatDType, Tensor};

/// The same network with parameters of another precision. Evaluated on arrays of that precision, all of it is computed
/// in it.
pub fn cast<M: Module>(network: M, precision: FloatDType) -> M {
    struct Cast(FloatDType);
    impl ModuleMapper for Cast {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.cast(self.0))
        }
    }
    network.map(&mut Cast(precision))
}
