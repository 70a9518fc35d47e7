//! Between Burn's tensors and slices of numbers.
//!
//! Burn chooses the backend at run time: a tensor carries its kind. Single precision on flex is taken apart here, and
//! everything else is handed back as it came.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{Device, FloatTensor};
use burn::backend::{Autodiff, DispatchAutodiffContext, DispatchTensor, Flex, TensorMetadata};
use burn::tensor::{DType, Tensor, TensorData};

use crate::tensors::dispatch::{context, is_on, of_plain, of_tracked, primitive, tracked};

/// A tensor of flex.
pub(crate) type Primitive = FloatTensor<Flex>;
/// The same with its place in the graph of automatic differentiation.
pub(crate) type Tracked = FloatTensor<Autodiff<Flex>>;

/// The tensors that an operation takes.
pub(crate) enum Inputs<const N: usize> {
    /// Single precision on flex, nothing to be differentiated.
    Plain([Primitive; N]),
    /// Single precision on flex, and at least one under automatic differentiation; the others are constants.
    Tracked([Tracked; N], DispatchAutodiffContext),
    /// Anything else.
    Other([DispatchTensor; N]),
}

impl<const N: usize> Inputs<N> {
    pub(crate) fn of(tensors: [DispatchTensor; N]) -> Self {
        if !tensors.iter().all(|tensor| is_on::<Flex>(tensor) && tensor.dtype() == DType::F32) {
            return Self::Other(tensors);
        }
        match context(&tensors) {
            DispatchAutodiffContext::Disabled => Self::Plain(tensors.map(primitive::<Flex>)),
            context @ DispatchAutodiffContext::Enabled(_) => Self::Tracked(tensors.map(tracked::<Flex>), context),
        }
    }
}

/// A result that is not differentiated, as Burn's tensor.
pub(crate) fn from_plain<const D: usize>(tensor: Primitive) -> Tensor<D> {
    Tensor::from_dispatch(of_plain::<Flex>(tensor))
}

/// A result under automatic differentiation, as Burn's tensor.
pub(crate) fn from_tracked<const D: usize>(tensor: Tracked, autodiff: DispatchAutodiffContext) -> Tensor<D> {
    Tensor::from_dispatch(of_tracked::<Flex>(tensor, autodiff))
}

/// The same numbers in the order of their indices, without gaps.
pub(crate) fn contiguous(tensor: Primitive) -> Primitive {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// The numbers of a contiguous tensor.
pub(crate) fn numbers(tensor: &Primitive) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor in single precision")
}

/// The numbers of a contiguous tensor, to be changed; copied first if something else refers to them.
pub(crate) fn numbers_mut(tensor: &mut Primitive) -> &mut [f32] {
    let (start, end) = tensor.layout().contiguous_offsets().expect("a contiguous tensor");
    &mut tensor.storage_mut()[start..end]
}

/// A tensor of these numbers.
pub(crate) fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D], device: &Device<Flex>) -> Primitive {
    Flex::float_from_data(TensorData::new(numbers, shape), device)
}

/// The bits of a contiguous tensor in single precision.
pub(crate) fn bytes(tensor: &Primitive) -> &[u8] {
    let (start, end) = tensor.layout().contiguous_offsets().expect("a contiguous tensor");
    &tensor.bytes()[start * size_of::<f32>()..end * size_of::<f32>()]
}
