//! Between Burn's tensors and slices of numbers.
//!
//! Burn chooses the backend at run time: a tensor carries its kind. Single precision on flex is taken apart here, and
//! everything else is handed back as it came.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{Device, FloatTensor};
use burn::backend::{
    Autodiff, AutodiffBackend, BackendTensor, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind, Flex,
    GradientCheckpointingStrategy, TensorMetadata,
};
use burn::tensor::{DType, Tensor, TensorData};

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
        if !tensors.iter().all(is_single_precision_on_flex) {
            return Self::Other(tensors);
        }
        let context = tensors.iter().fold(DispatchAutodiffContext::Disabled, |all, tensor| all.merge(tensor.autodiff));
        match context {
            DispatchAutodiffContext::Disabled => Self::Plain(tensors.map(primitive)),
            DispatchAutodiffContext::Enabled(_) => Self::Tracked(tensors.map(tracked), context),
        }
    }
}

fn is_single_precision_on_flex(tensor: &DispatchTensor) -> bool {
    let on_flex = match &tensor.kind {
        DispatchTensorKind::Flex(BackendTensor::Float(_)) => true,
        DispatchTensorKind::Autodiff(inner) => matches!(**inner, DispatchTensorKind::Flex(BackendTensor::Autodiff(_))),
        _ => false,
    };
    on_flex && tensor.dtype() == DType::F32
}

fn primitive(tensor: DispatchTensor) -> Primitive {
    match tensor.kind {
        DispatchTensorKind::Flex(tensor) => tensor.float(),
        _ => unreachable!("only tensors of flex get here"),
    }
}

fn tracked(tensor: DispatchTensor) -> Tracked {
    match tensor.kind {
        DispatchTensorKind::Autodiff(inner) => match *inner {
            DispatchTensorKind::Flex(tensor) => tensor.autodiff(),
            _ => unreachable!("only tensors of flex get here"),
        },
        kind => Autodiff::<Flex>::from_inner(primitive(DispatchTensor { kind, autodiff: tensor.autodiff })),
    }
}

/// Whether results of differentiated operations are to be computed again rather than kept.
pub(crate) fn recomputes(context: DispatchAutodiffContext) -> bool {
    context == DispatchAutodiffContext::Enabled(GradientCheckpointingStrategy::Balanced)
}

/// A result that is not differentiated, as Burn's tensor.
pub(crate) fn from_plain<const D: usize>(tensor: Primitive) -> Tensor<D> {
    let kind = DispatchTensorKind::Flex(BackendTensor::Float(tensor));
    Tensor::from_dispatch(DispatchTensor { kind, autodiff: DispatchAutodiffContext::Disabled })
}

/// A result under automatic differentiation, as Burn's tensor.
pub(crate) fn from_tracked<const D: usize>(tensor: Tracked, autodiff: DispatchAutodiffContext) -> Tensor<D> {
    let kind = DispatchTensorKind::Autodiff(Box::new(DispatchTensorKind::Flex(BackendTensor::Autodiff(tensor))));
    Tensor::from_dispatch(DispatchTensor { kind, autodiff })
}

/// The same numbers in the order of their indices, without gaps.
pub(crate) fn contiguous(tensor: Primitive) -> Primitive {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// The numbers of a contiguous tensor.
pub(crate) fn numbers(tensor: &Primitive) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor in single precision")
}

/// A tensor of these numbers.
pub(crate) fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D], device: &Device<Flex>) -> Primitive {
    Flex::float_from_data(TensorData::new(numbers, shape), device)
}
