//! The parameters of a network as a list of tensors of any rank, for kernels that go over all of them.

use std::collections::{HashMap, HashSet};

use burn::backend::DispatchTensor;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use fokker_kernels::Arena;

/// The arena for tensors: the one that is there if they fit it, else a new one. Nothing if a GPU cannot hold them in one.
pub(crate) fn arena_for<'a>(arena: &'a mut Option<Arena>, tensors: &[DispatchTensor]) -> Option<&'a Arena> {
    if !arena.as_ref().is_some_and(|arena| arena.fits(tensors)) {
        *arena = Arena::new(tensors);
    }
    arena.as_ref()
}

/// Takes what `arrays` has for the parameters of a network, in the network's order.
pub(crate) fn take<M: Module>(network: &M, arrays: &mut GradientsParams) -> (Vec<ParamId>, Vec<DispatchTensor>) {
    struct Take<'a> {
        arrays: &'a mut GradientsParams,
        taken: (Vec<ParamId>, Vec<DispatchTensor>),
    }
    impl ModuleVisitor for Take<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(array) = self.arrays.remove::<D>(param.id) {
                self.taken.0.push(param.id);
                self.taken.1.push(array.into_dispatch());
            }
        }
    }
    let mut take = Take { arrays, taken: Default::default() };
    network.visit(&mut take);
    take.taken
}

/// Takes what `arrays` has for some parameters of a network, in the order of `ids`, which is the network's.
pub(crate) fn take_some<M: Module>(network: &M, ids: &[ParamId], arrays: &mut GradientsParams) -> Vec<DispatchTensor> {
    struct Take<'a> {
        ids: HashSet<ParamId>,
        arrays: &'a mut GradientsParams,
        taken: Vec<DispatchTensor>,
    }
    impl ModuleVisitor for Take<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.ids.contains(&param.id) {
                self.taken.extend(self.arrays.remove::<D>(param.id).map(Tensor::into_dispatch));
            }
        }
    }
    let mut take = Take { ids: ids.iter().copied().collect(), arrays, taken: Vec::new() };
    network.visit(&mut take);
    take.taken
}

/// Registers zeros for those of some parameters that `arrays` has nothing for.
pub(crate) fn fill_with_zeros<M: Module>(network: &M, ids: &[ParamId], arrays: &mut GradientsParams) {
    struct Fill<'a> {
        ids: HashSet<ParamId>,
        arrays: &'a mut GradientsParams,
    }
    impl ModuleVisitor for Fill<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.ids.contains(&param.id) && self.arrays.get::<D>(param.id).is_none() {
                self.arrays.register(param.id, param.val().inner().zeros_like());
            }
        }
    }
    network.visit(&mut Fill { ids: ids.iter().copied().collect(), arrays });
}

/// Puts tensors into `arrays`, under the parameters of a network that [`take`] named.
pub(crate) fn put<M: Module>(network: &M, ids: &[ParamId], tensors: Vec<DispatchTensor>, arrays: &mut GradientsParams) {
    struct Put<'a> {
        arrays: &'a mut GradientsParams,
        tensors: HashMap<ParamId, DispatchTensor>,
    }
    impl ModuleVisitor for Put<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(tensor) = self.tensors.remove(&param.id) {
                self.arrays.register(param.id, Tensor::<D>::from_dispatch(tensor));
            }
        }
    }
    network.visit(&mut Put { arrays, tensors: ids.iter().copied().zip(tensors).collect() });
}

/// Takes some parameters out of a network, without their graph. In their places stays a number, so that nothing but the list
/// refers to them, until they are [put back](put_parameters).
pub(crate) fn take_parameters<M: Module>(network: M, ids: &[ParamId], number: &Tensor<1>) -> (M, Vec<DispatchTensor>) {
    struct Take<'a> {
        number: &'a Tensor<1>,
        taken: HashMap<ParamId, Option<DispatchTensor>>,
    }
    impl ModuleMapper for Take<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let Some(taken) = self.taken.get_mut(&param.id) else { return param };
            let (id, tensor, mapper) = param.consume();
            *taken = Some(tensor.inner().into_dispatch());
            Param::from_mapped_value(id, self.number.clone().reshape([1; D]), mapper)
        }
    }
    let mut take = Take { number, taken: ids.iter().map(|id| (*id, None)).collect() };
    let network = network.map(&mut take);
    let tensors = ids.iter().map(|id| take.taken.remove(id).flatten().expect("a parameter of the network"));
    (network, tensors.collect())
}

/// Puts parameters in their places, to be differentiated by.
pub(crate) fn put_parameters<M: Module>(network: M, ids: &[ParamId], tensors: Vec<DispatchTensor>) -> M {
    struct Put(HashMap<ParamId, DispatchTensor>);
    impl ModuleMapper for Put {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let Some(tensor) = self.0.remove(&param.id) else { return param };
            let (id, _, mapper) = param.consume();
            Param::from_mapped_value(id, Tensor::from_inner(Tensor::from_dispatch(tensor)).require_grad(), mapper)
        }
    }
    network.map(&mut Put(ids.iter().copied().zip(tensors).collect()))
}
