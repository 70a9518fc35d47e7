//! Blocks of a network that automatic differentiation computes again instead of keeping their intermediate results.

use std::sync::Arc;
use std::vec::IntoIter;

use burn::backend::DispatchTensor;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// `body(block, images, time)`, of which the images, the time vector and the block's parameters alone are kept.
pub(crate) fn recomputed<M: Module + Sync + 'static>(
    block: &M,
    images: Vec<Tensor<4>>,
    time: Tensor<2>,
    body: impl Fn(&M, Vec<Tensor<4>>, Tensor<2>) -> Tensor<4> + Send + Sync + 'static,
) -> Tensor<4> {
    let count = images.len();
    let mut inputs: Vec<DispatchTensor> = images.into_iter().map(Tensor::into_dispatch).collect();
    inputs.push(time.into_dispatch());
    block.visit(&mut Collect(&mut inputs));
    // The parameters come in as inputs: the copy of the block must not hold them in the graph.
    let block = block.valid();
    let body = move |inputs: Vec<DispatchTensor>| {
        let mut inputs = inputs.into_iter();
        let images = inputs.by_ref().take(count).map(Tensor::from_dispatch).collect();
        let time = Tensor::from_dispatch(inputs.next().expect("the time vector follows the images"));
        let block = block.clone().map(&mut Put(inputs));
        body(&block, images, time).into_dispatch()
    };
    Tensor::from_dispatch(fokker_kernels::recomputed(inputs, Arc::new(body)))
}

/// The parameters, in the order in which a module goes through them.
struct Collect<'a>(&'a mut Vec<DispatchTensor>);

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().into_dispatch());
    }
}

/// Tensors in the place of parameters, in the same order.
struct Put(IntoIter<DispatchTensor>);

impl ModuleMapper for Put {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let tensor = self.0.next().expect("a tensor for each parameter");
        param.map(|_| Tensor::from_dispatch(tensor))
    }
}
