//! Between Burn's tensors and slices of numbers.
//!
//! Burn chooses the backend at run time: a tensor carries its kind. Single precision on flex is taken apart here, and images in
//! bfloat16 with parameters in single precision; everything else is handed back as it came.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{Device, FloatTensor};
use burn::backend::{Autodiff, DispatchAutodiffContext, DispatchTensor, Flex, TensorMetadata};
use burn::tensor::{DType, Tensor, TensorData};

use crate::number::{Number, is_read};
use crate::tensors::dispatch::{context, is_on, of_plain, of_tracked, primitive, tracked};

/// A tensor of flex.
pub(crate) type Primitive = FloatTensor<Flex>;
/// The same with its place in the graph of automatic differentiation.
pub(crate) type Tracked = FloatTensor<Autodiff<Flex>>;

/// The tensors that an operation takes.
pub(crate) enum Inputs<const N: usize> {
    /// On flex, nothing to be differentiated.
    Plain([Primitive; N]),
    /// On flex, and at least one under automatic differentiation; the others are constants.
    Tracked([Tracked; N], DispatchAutodiffContext),
    /// Anything else.
    Other([DispatchTensor; N]),
}

impl<const N: usize> Inputs<N> {
    /// Tensors in single precision.
    pub(crate) fn of(tensors: [DispatchTensor; N]) -> Self {
        Self::of_images(tensors, |_| false)
    }

    /// Tensors in single precision. Those with `is_image(index)` may all be in bfloat16 instead. The first
    /// of all is one of them, if there are any.
    pub(crate) fn of_images(tensors: [DispatchTensor; N], is_image: impl Fn(usize) -> bool) -> Self {
        let precision = tensors[0].dtype();
        let expected = |index: usize| if is_image(index) { precision } else { DType::F32 };
        let fits =
            |(index, tensor): (usize, &DispatchTensor)| is_on::<Flex>(tensor) && tensor.dtype() == expected(index);
        if !is_read(precision) || !tensors.iter().enumerate().all(fits) {
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

/// The numbers of a contiguous tensor in single precision.
pub(crate) fn numbers(tensor: &Primitive) -> &[f32] {
    f32::of(tensor)
}

/// The numbers of a contiguous tensor, to be changed; copied first if something else refers to them.
pub(crate) fn numbers_mut(tensor: &mut Primitive) -> &mut [f32] {
    let (start, end) = tensor.layout().contiguous_offsets().expect("a contiguous tensor");
    &mut tensor.storage_mut()[start..end]
}

/// A tensor of these numbers.
pub(crate) fn tensor<S: Number, const D: usize>(
    numbers: Vec<S>,
    shape: [usize; D],
    device: &Device<Flex>,
) -> Primitive {
    Flex::float_from_data(TensorData::new(numbers, shape), device)
}

/// The bits of a contiguous tensor.
pub(crate) fn bytes(tensor: &Primitive) -> &[u8] {
    let (start, end) = tensor.layout().contiguous_offsets().expect("a contiguous tensor");
    let size = tensor.dtype().size();
    &tensor.bytes()[start * size..end * size]
}
