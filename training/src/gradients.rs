//! What a network's gradients are made with, and sums over them.

use burn::backend::GradientCheckpointingStrategy;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The network with parameters that meet tensors of this strategy.
pub fn with_strategy<M: Module>(network: M, strategy: GradientCheckpointingStrategy) -> M {
    struct Strategy(GradientCheckpointingStrategy);
    impl ModuleMapper for Strategy {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.with_gradient_checkpointing_strategy(self.0))
        }
    }
    network.map(&mut Strategy(strategy))
}

/// The norm `√Σ gᵢ²` over all parameters, `[1]`, still on the device.
pub fn global_norm<M: Module>(network: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    struct Squares<'a> {
        gradients: &'a GradientsParams,
        sums: Vec<Tensor<1>>,
    }
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.sums.extend(self.gradients.get::<D>(param.id).map(|gradient| gradient.square().sum()));
        }
    }
    let mut squares = Squares { gradients, sums: Vec::new() };
    network.visit(&mut squares);
    (!squares.sums.is_empty()).then(|| Tensor::cat(squares.sums, 0).sum().sqrt())
}
