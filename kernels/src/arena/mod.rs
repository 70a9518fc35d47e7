//! Many tensors in one buffer of a GPU, so that one kernel goes over all of them.
//!
//! ```text
//! buffer   │ weight 1 ─────── 0 0 │ bias 1 0 0 0 │ weight 2 ──────────── │ …     a tensor begins with a block of numbers
//! tensors       a view                 a view            a view
//! ```
//!
//! A tensor in an arena is a view: its shape, a place in the buffer, and strides. Burn computes with it as with any other. The
//! gaps hold zeros. Tensors of rank four are weights of convolutions: their second dimension, the channels that are summed over, is
//! the last in memory, as the convolutions of GPUs read them. All other tensors lie in the order of their indices.
//!
//! An arena says where the tensors are. It holds none of them: [`Arena::gather`] looks whether they are in one buffer already, and
//! copies them into a new one if not. A buffer that no other tensor refers to is changed in place.

mod gather;
mod layout;
mod norm;
mod order;

use burn::backend::{Cube, DispatchAutodiffContext, DispatchTensor, TensorMetadata};
use burn::tensor::{DType, Tensor};
use burn_cubecl::tensor::CubeTensor;

use crate::tensors::cube::{Primitive, from_plain};
use crate::tensors::dispatch::{context, is_on, of_plain, primitive};
use layout::{Part, Place};
pub(crate) use order::place_in_order;

/// Numbers of a block. A multiple of every alignment that a GPU asks of an offset, and the units of a cube.
pub(crate) const BLOCK: usize = 256;

/// Where tensors of certain shapes are in buffers of a GPU: in one, unless it would be larger than the GPU allows.
#[derive(Clone, Debug)]
pub struct Arena {
    parts: Vec<Part>,
}

impl Arena {
    /// An arena for tensors of these shapes. Nothing if there are none, if they are not all in single precision on one GPU, if
    /// one of them is under automatic differentiation, is empty or has more than four dimensions, or if one alone is too large for
    /// a buffer.
    pub fn new(tensors: &[DispatchTensor]) -> Option<Self> {
        if !takes(tensors) {
            return None;
        }
        let tensors: Vec<Primitive> = tensors.iter().cloned().map(primitive::<Cube>).collect();
        let first = tensors.first()?;
        if tensors.iter().any(|tensor| tensor.device != first.device) {
            return None;
        }
        Some(Self { parts: layout::parts(&tensors)? })
    }

    /// Whether the arena is for these tensors: in their shapes, in single precision, and not under automatic differentiation.
    pub fn fits(&self, tensors: &[DispatchTensor]) -> bool {
        let places = self.parts.iter().flat_map(|part| &part.places);
        takes(tensors)
            && places.clone().count() == tensors.len()
            && places.zip(tensors).all(|(place, tensor)| place.shape == tensor.shape())
    }

    /// The tensors as views of one buffer. Those that are already stay what they are.
    ///
    /// # Panics
    /// If the arena does not [fit](Self::fits) them.
    pub fn gather(&self, tensors: Vec<DispatchTensor>) -> Vec<DispatchTensor> {
        self.views(&self.buffers(tensors))
    }

    /// `√Σ xᵢ²` over the numbers of all tensors, `[1]`.
    ///
    /// # Panics
    /// If the arena does not [fit](Self::fits) the tensors.
    pub fn norm(&self, tensors: Vec<DispatchTensor>) -> Tensor<1> {
        let squares = self.parts.iter().zip(self.buffers(tensors));
        let squares = squares.map(|(part, buffer)| from_plain::<1>(norm::squares(part, buffer)));
        Tensor::cat(squares.collect(), 0).sum().sqrt()
    }

    /// The parts of the arena.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The buffers that the tensors are in, or new ones with copies of them: one for each part.
    pub(crate) fn buffers(&self, tensors: Vec<DispatchTensor>) -> Vec<Primitive> {
        assert!(self.fits(&tensors), "an arena is for tensors of certain shapes");
        let mut tensors = tensors.into_iter().map(primitive::<Cube>);
        let of_part = |part: &Part| {
            let tensors: Vec<Primitive> = tensors.by_ref().take(part.places.len()).collect();
            part.buffer_of(&tensors).unwrap_or_else(|| gather::gather(part, &tensors))
        };
        self.parts.iter().map(of_part).collect()
    }

    /// The tensors in these buffers.
    pub(crate) fn views(&self, buffers: &[Primitive]) -> Vec<DispatchTensor> {
        let parts = self.parts.iter().zip(buffers);
        let views = parts.flat_map(|(part, buffer)| part.places.iter().map(|place| view(part, place, buffer)));
        views.map(of_plain::<Cube>).collect()
    }
}

/// Whether these are tensors in single precision on a GPU, not under automatic differentiation.
fn takes(tensors: &[DispatchTensor]) -> bool {
    let single = |tensor: &DispatchTensor| is_on::<Cube>(tensor) && tensor.dtype() == DType::F32;
    tensors.iter().all(single) && context(tensors) == DispatchAutodiffContext::Disabled
}

/// The tensor at a place of a buffer.
fn view(part: &Part, place: &Place, buffer: &Primitive) -> Primitive {
    let [start, end] = part.bounds(place);
    let handle = buffer.handle.clone().offset_start(start).offset_end(end);
    CubeTensor::new(buffer.client.clone(), handle, place.metadata(), buffer.device.clone(), buffer.dtype)
}
