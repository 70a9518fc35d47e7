//! The convolution as a node of Burn's graph.

use burn::backend::Cube;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn_cubecl::kernel::into_contiguous;

use super::{forward, input_gradient, weight_and_bias_gradient};
use crate::conv2d::geometry::Geometry;
use crate::tensors::cube::{Primitive, Tracked};

/// The convolution of `N` tensors: image, weight and perhaps bias.
#[derive(Debug)]
struct Convolution<const N: usize>;

impl<const N: usize> Backward<Cube, N> for Convolution<N> {
    /// The nodes of image and weight.
    type State = ([NodeId; 2], Geometry);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = into_contiguous(gradients.consume::<Cube>(&ops.node));
        let (nodes, geometry) = ops.state;
        let [x, weight] = nodes.map(|node| checkpointer.retrieve_node_output::<Primitive>(node));
        let [of_x, of_weight, of_bias] = [0, 1, 2].map(|index| ops.parents.get(index).and_then(Option::as_ref));
        if let Some(node) = of_x {
            let numbers = input_gradient(&geometry, x.clone(), weight.clone(), gradient.clone());
            gradients.register::<Cube>(node.id, numbers);
        }
        if of_weight.is_some() || of_bias.is_some() {
            let numbers = weight_and_bias_gradient(&geometry, x, weight, gradient, of_bias.is_some());
            if let Some(node) = of_weight {
                gradients.register::<Cube>(node.id, numbers.0);
            }
            if let Some((node, numbers)) = of_bias.zip(numbers.1) {
                gradients.register::<Cube>(node.id, numbers);
            }
        }
    }
}

/// The convolution with its node in the graph.
pub(super) fn conv2d(geometry: Geometry, inputs: Vec<Tracked>) -> Tracked {
    match <[Tracked; 3]>::try_from(inputs) {
        Ok(inputs) => tracked(geometry, inputs),
        Err(inputs) => tracked(geometry, <[Tracked; 2]>::try_from(inputs).expect("image and weight")),
    }
}

fn tracked<const N: usize>(geometry: Geometry, inputs: [Tracked; N]) -> Tracked {
    let guards = inputs.each_ref().map(Tracked::node);
    let primitives = |inputs: [Tracked; N]| inputs.map(Tracked::into_primitive).into();
    // Computed once: without checkpoints of its own the strategy has no say in it.
    match Convolution.prepare::<NoCheckpointing>(guards).compute_bound().stateful() {
        OpsKind::Tracked(mut step) => {
            let nodes = [step.checkpoint(&inputs[0]), step.checkpoint(&inputs[1])];
            step.finish((nodes, geometry), forward(&geometry, primitives(inputs)))
        }
        OpsKind::UnTracked(step) => step.finish(forward(&geometry, primitives(inputs))),
    }
}
