//! Sums, norms and scalings of a network's gradients.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Applies a function to the gradient of every parameter of a network.
fn for_each<M: Module>(network: &M, gradients: &mut GradientsParams, visit: &mut impl Visit) {
    struct Walk<'a, V> {
        gradients: &'a mut GradientsParams,
        visit: &'a mut V,
    }
    impl<V: Visit> ModuleVisitor for Walk<'_, V> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.remove::<D>(param.id) {
                let gradient = self.visit.visit(gradient);
                self.gradients.register(param.id, gradient);
            }
        }
    }
    network.visit(&mut Walk { gradients, visit });
}

trait Visit {
    fn visit<const D: usize>(&mut self, gradient: Tensor<D>) -> Tensor<D>;
}

/// The norm `√Σ gᵢ²` over all parameters, `[1]`, still on the device.
pub fn global_norm<M: Module>(network: &M, gradients: &mut GradientsParams) -> Option<Tensor<1>> {
    struct Squares(Vec<Tensor<1>>);
    impl Visit for Squares {
        fn visit<const D: usize>(&mut self, gradient: Tensor<D>) -> Tensor<D> {
            self.0.push(gradient.clone().square().sum());
            gradient
        }
    }
    let mut squares = Squares(Vec::new());
    for_each(network, gradients, &mut squares);
    (!squares.0.is_empty()).then(|| Tensor::cat(squares.0, 0).sum().sqrt())
}

/// Multiplies every gradient by a number.
pub fn scale<M: Module>(network: &M, gradients: &mut GradientsParams, factor: f64) {
    struct Scale(f64);
    impl Visit for Scale {
        fn visit<const D: usize>(&mut self, gradient: Tensor<D>) -> Tensor<D> {
            gradient.mul_scalar(self.0)
        }
    }
    if factor != 1.0 {
        for_each(network, gradients, &mut Scale(factor));
    }
}
