//! Between Burn's tensors and the buffers of a GPU.
//!
//! Burn's feature `fusion`, which is off here, would put a tensor that is still to be computed in the place of the buffer;
//! operations of one's own are then declared to it with `#[backend_extension(Cube, Fusion)]`.

use burn::backend::{
    Autodiff, AutodiffBackend, BackendTensor, Cube, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
    TensorMetadata, tensor::FloatTensor,
};
use burn::tensor::{DType, Tensor};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;

/// A buffer with its shape.
pub(crate) type Primitive = FloatTensor<Cube>;
/// The same with its place in the graph of automatic differentiation.
pub(crate) type Tracked = FloatTensor<Autodiff<Cube>>;

/// The tensors that an operation takes.
pub(crate) enum Inputs {
    /// Nothing to be differentiated.
    Plain(Vec<Primitive>),
    /// At least one under automatic differentiation; the others are constants.
    Tracked(Vec<Tracked>, DispatchAutodiffContext),
}

impl Inputs {
    /// Nothing if one of the tensors is not on a GPU.
    pub(crate) fn of(tensors: Vec<DispatchTensor>) -> Option<Self> {
        if !tensors.iter().all(is_on_gpu) {
            return None;
        }
        let context = tensors.iter().fold(DispatchAutodiffContext::Disabled, |all, tensor| all.merge(tensor.autodiff));
        Some(match context {
            DispatchAutodiffContext::Disabled => Self::Plain(tensors.into_iter().map(primitive).collect()),
            DispatchAutodiffContext::Enabled(_) => Self::Tracked(tensors.into_iter().map(tracked).collect(), context),
        })
    }
}

fn is_on_gpu(tensor: &DispatchTensor) -> bool {
    match &tensor.kind {
        DispatchTensorKind::Cube(BackendTensor::Float(_)) => true,
        DispatchTensorKind::Autodiff(inner) => matches!(**inner, DispatchTensorKind::Cube(BackendTensor::Autodiff(_))),
        _ => false,
    }
}

fn primitive(tensor: DispatchTensor) -> Primitive {
    match tensor.kind {
        DispatchTensorKind::Cube(tensor) => tensor.float(),
        _ => unreachable!("only tensors on a GPU get here"),
    }
}

fn tracked(tensor: DispatchTensor) -> Tracked {
    match tensor.kind {
        DispatchTensorKind::Autodiff(inner) => match *inner {
            DispatchTensorKind::Cube(tensor) => tensor.autodiff(),
            _ => unreachable!("only tensors on a GPU get here"),
        },
        kind => Autodiff::<Cube>::from_inner(primitive(DispatchTensor { kind, autodiff: tensor.autodiff })),
    }
}

/// A result that is not differentiated, as Burn's tensor.
pub(crate) fn from_plain<const D: usize>(tensor: Primitive) -> Tensor<D> {
    let kind = DispatchTensorKind::Cube(BackendTensor::Float(tensor));
    Tensor::from_dispatch(DispatchTensor { kind, autodiff: DispatchAutodiffContext::Disabled })
}

/// A result under automatic differentiation, as Burn's tensor.
pub(crate) fn from_tracked<const D: usize>(tensor: Tracked, autodiff: DispatchAutodiffContext) -> Tensor<D> {
    let kind = DispatchTensorKind::Autodiff(Box::new(DispatchTensorKind::Cube(BackendTensor::Autodiff(tensor))));
    Tensor::from_dispatch(DispatchTensor { kind, autodiff })
}

/// A buffer of these sizes on the device of another, with whatever was in its memory.
pub(crate) fn empty<const D: usize>(like: &Primitive, shape: [usize; D], dtype: DType) -> Primitive {
    empty_device_contiguous_dtype(like.client.clone(), like.device(), shape.into(), dtype)
}
