//! Blocks of a network that keep only their inputs for the backward pass (Chen et al. 2016, "Training deep nets with
//! sublinear memory cost").
//!
//! ```text
//! forward:   inputs ──▶ block ──▶ result        Burn sees one node; it keeps the inputs and the closure.
//! backward:  inputs ──▶ block ──▶ result'       The block is evaluated again, on a graph of its own,
//!                ◀── gradients ◀── gradient     which is differentiated at once and dropped.
//! ```

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Cube, DispatchAutodiffContext, DispatchTensor, Flex, GradientCheckpointingStrategy,
    TensorMetadata,
};

use crate::tensors::dispatch::{Bridge, context, is_on, of_plain, of_tracked, primitive, tracked};

/// A function of tensors of any rank.
pub type TensorFn = Arc<dyn Fn(Vec<DispatchTensor>) -> DispatchTensor + Send + Sync>;

/// The most inputs of a block that is computed again: their number is part of the operation's type.
const MOST: usize = 32;

/// `body(inputs)`. Under automatic differentiation nothing but the inputs is kept, and the backward pass computes `body`
/// again.
///
/// `body` must depend on nothing that is differentiated except its inputs, and return the same when it is called twice.
///
/// Everything is kept as usual, and nothing is computed again, on backends other than flex and those of GPUs, and for a
/// block without inputs or with more than 32.
pub fn recomputed(inputs: Vec<DispatchTensor>, body: TensorFn) -> DispatchTensor {
    if !(1..=MOST).contains(&inputs.len()) {
        return body(inputs);
    }
    match context(&inputs) {
        DispatchAutodiffContext::Enabled(_) if inputs.iter().all(is_on::<Flex>) => tracked_block::<Flex>(inputs, body),
        DispatchAutodiffContext::Enabled(_) if inputs.iter().all(is_on::<Cube>) => tracked_block::<Cube>(inputs, body),
        _ => body(inputs),
    }
}

fn tracked_block<B: Bridge>(inputs: Vec<DispatchTensor>, body: TensorFn) -> DispatchTensor {
    let context = context(&inputs);
    let inputs: Vec<FloatTensor<Autodiff<B>>> = inputs.into_iter().map(tracked::<B>).collect();
    // Places without an input are filled with constants.
    let guards = std::array::from_fn(|index| match inputs.get(index) {
        Some(input) => input.node(),
        None => Autodiff::<B>::from_inner(inputs[0].primitive().clone()).node(),
    });
    let inputs: Vec<FloatTensor<B>> = inputs.into_iter().map(|input| input.into_primitive()).collect();
    let out = primitive::<B>(body(inputs.iter().cloned().map(of_plain::<B>).collect()));
    let out = match RecomputeNode.prepare::<NoCheckpointing>(guards).compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish(Block::<B> { inputs, body }, out),
        OpsKind::UnTracked(step) => step.finish(out),
    };
    of_tracked::<B>(out, context)
}

#[derive(Clone)]
struct Block<B: Bridge> {
    inputs: Vec<FloatTensor<B>>,
    body: TensorFn,
}

impl<B: Bridge> fmt::Debug for Block<B> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.debug_struct("Block").field("inputs", &self.inputs.len()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct RecomputeNode;

impl<B: Bridge> Backward<B, MOST> for RecomputeNode {
    type State = Block<B>;

    fn backward(self, ops: Ops<Block<B>, MOST>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let given = gradients.consume::<B>(&ops.node);
        let Block { inputs, body } = ops.state;
        let leaves: Vec<FloatTensor<Autodiff<B>>> = inputs
            .into_iter()
            .zip(&ops.parents)
            .map(|(input, parent)| {
                Autodiff::<B>::float_set_require_grad(Autodiff::<B>::from_inner(input), parent.is_some())
            })
            .collect();
        let context = DispatchAutodiffContext::Enabled(GradientCheckpointingStrategy::default());
        let out = tracked::<B>(body(leaves.iter().cloned().map(|leaf| of_tracked::<B>(leaf, context)).collect()));
        // The gradient of ⟨out, given⟩ is that of `out` along `given`.
        let product = Autodiff::<B>::float_mul(out, Autodiff::<B>::from_inner(given));
        let mut own = Autodiff::<B>::backward(Autodiff::<B>::float_sum(product));
        for (leaf, parent) in leaves.iter().zip(&ops.parents) {
            let Some(node) = parent else { continue };
            let gradient = Autodiff::<B>::grad_remove(leaf, &mut own).unwrap_or_else(|| {
                let primitive = leaf.primitive();
                B::float_zeros(primitive.shape(), &primitive.device(), primitive.dtype().into())
            });
            gradients.register::<B>(node.id, gradient);
        }
    }
}
