//! Between Burn's tensors and the buffers of a GPU.
//!
//! Burn's feature `fusion`, which is off here, would put a tensor that is still to be computed in the place of the buffer;
//! operations of one's own are then declared to it with `#[backend_extension(Cube, Fusion)]`.

use std::ops::Range;

use burn::backend::{Autodiff, Cube, DispatchAutodiffContext, DispatchTensor, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{DType, Tensor};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::client::Client;
use cubecl::prelude::*;
use cubecl::zspace::metadata::Metadata;

use crate::tensors::dispatch::{context, is_on, of_plain, of_tracked, primitive, tracked};

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
        if !tensors.iter().all(is_on::<Cube>) {
            return None;
        }
        Some(match context(&tensors) {
            DispatchAutodiffContext::Disabled => Self::Plain(tensors.into_iter().map(primitive::<Cube>).collect()),
            context @ DispatchAutodiffContext::Enabled(_) => {
                Self::Tracked(tensors.into_iter().map(tracked::<Cube>).collect(), context)
            }
        })
    }
}

/// A result that is not differentiated, as Burn's tensor.
pub(crate) fn from_plain<const D: usize>(tensor: Primitive) -> Tensor<D> {
    Tensor::from_dispatch(of_plain::<Cube>(tensor))
}

/// A result under automatic differentiation, as Burn's tensor.
pub(crate) fn from_tracked<const D: usize>(tensor: Tracked, autodiff: DispatchAutodiffContext) -> Tensor<D> {
    Tensor::from_dispatch(of_tracked::<Cube>(tensor, autodiff))
}

/// An operation on one array of the precisions that kernels take; none for tensors that are on no GPU.
pub(crate) fn unary<const D: usize>(
    x: &Tensor<D>,
    plain: impl FnOnce(Primitive) -> Primitive,
    tracked: impl FnOnce(Tracked) -> Tracked,
) -> Option<Tensor<D>> {
    let taken = matches!(x.dtype(), DType::F32 | DType::F16 | DType::BF16) && !x.dims().contains(&0);
    Some(match taken.then(|| Inputs::of(vec![x.clone().into_dispatch()])).flatten()? {
        Inputs::Plain(mut inputs) => from_plain(plain(inputs.remove(0))),
        Inputs::Tracked(mut inputs, context) => from_tracked(tracked(inputs.remove(0)), context),
    })
}

/// How a kernel is launched that has one unit for each of `count` things.
pub(crate) fn one_each(client: &Client, count: usize) -> (CubeCount, CubeDim) {
    let units = CubeDim::new(client, count);
    (calculate_cube_count_elemwise(client, count, units), units)
}

/// The tensor in a buffer that nothing else refers to.
pub(crate) fn own(tensor: Primitive) -> Primitive {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() && tensor.is_contiguous_buffer() { tensor } else { tensor.copy() }
}

/// Where a view of a buffer may begin and end: every device takes multiples of so many numbers in single precision.
pub(crate) const STEP: usize = 64;

/// A part of a buffer in single precision as a tensor of its own. The part begins and ends at multiples of [`STEP`] numbers.
pub(crate) fn view(buffer: &Primitive, part: Range<usize>, metadata: Metadata) -> Primitive {
    let bytes = |numbers: usize| (numbers * size_of::<f32>()) as u64;
    let rest = buffer.shape().num_elements() - part.end;
    let handle = buffer.handle.clone().offset_start(bytes(part.start)).offset_end(bytes(rest));
    CubeTensor::new(buffer.client.clone(), handle, metadata, buffer.device.clone(), buffer.dtype)
}

/// A buffer of these sizes on the device of another, with whatever was in its memory.
pub(crate) fn empty<const D: usize>(like: &Primitive, shape: [usize; D], dtype: DType) -> Primitive {
    empty_device_contiguous_dtype(like.client.clone(), like.device(), shape.into(), dtype)
}
