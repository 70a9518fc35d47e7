//! Where the tensors of an arena are.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::tensor::CubeTensor;
use cubecl::zspace::metadata::Metadata;

use super::BLOCK;
use crate::tensors::cube::Primitive;

/// The bytes of a block.
const BLOCK_BYTES: u64 = (BLOCK * size_of::<f32>()) as u64;

/// One buffer of an arena.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) places: Vec<Place>,
    /// Blocks of the buffer.
    pub(crate) blocks: usize,
    /// `[blocks, 3]` whole numbers on the device: for each block the first block of its tensor, and the tensor's
    /// [`Place::order`].
    pub(crate) rows: Primitive,
}

/// One tensor of an arena.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) shape: Shape,
    /// The strides in numbers.
    strides: Vec<usize>,
    /// The first block, and how many there are.
    pub(crate) first: usize,
    pub(crate) blocks: usize,
}

/// The dimensions in the order of memory, the slowest first.
pub(super) fn memory_order(rank: usize) -> &'static [usize] {
    match rank {
        0 => &[],
        1 => &[0],
        2 => &[0, 1],
        3 => &[0, 1, 2],
        _ => &[0, 2, 3, 1],
    }
}

impl Place {
    fn new(shape: Shape, first: usize) -> Self {
        let mut strides = vec![0; shape.num_dims()];
        let mut stride = 1;
        for &dim in memory_order(shape.num_dims()).iter().rev() {
            strides[dim] = stride;
            stride *= shape[dim];
        }
        Self { strides, first, blocks: stride.div_ceil(BLOCK), shape }
    }

    pub(super) fn metadata(&self) -> Metadata {
        Metadata::new(self.shape.clone(), self.strides.clone())
    }

    /// What takes a number's place in memory, counted from its tensor's first, to its place in the order of indices: neighbours in
    /// memory, and how far they are apart in that order. Both are 1 where the two orders are the same.
    fn order(&self) -> [usize; 2] {
        match self.shape.num_dims() {
            4 => [self.shape[1], self.shape[2] * self.shape[3]],
            _ => [1, 1],
        }
    }
}

impl Part {
    fn new(places: Vec<Place>, like: &Primitive) -> Self {
        let rows = places.iter().flat_map(|place| {
            let [neighbours, apart] = place.order();
            std::iter::repeat_n([place.first, neighbours, apart], place.blocks).flatten()
        });
        let bytes: Vec<u8> = rows.flat_map(|number| (number as u32).to_ne_bytes()).collect();
        let blocks = places.iter().map(|place| place.blocks).sum();
        let handle = like.client.create_from_slice(&bytes);
        let (client, device) = (like.client.clone(), like.device.clone());
        let rows = CubeTensor::new_contiguous(client, device, [blocks, 3].into(), handle, DType::U32);
        Self { places, blocks, rows }
    }

    /// Where a tensor begins in its buffer, and how far from the buffer's end it ends, in bytes.
    pub(super) fn bounds(&self, place: &Place) -> [u64; 2] {
        let start = place.first as u64 * BLOCK_BYTES;
        let length = (place.shape.num_elements() * size_of::<f32>()) as u64;
        [start, self.blocks as u64 * BLOCK_BYTES - start - length]
    }

    /// The buffer that the tensors are in, if they are in one at their places.
    pub(super) fn buffer_of(&self, tensors: &[Primitive]) -> Option<Primitive> {
        let first = tensors.first()?;
        let memory = |tensor: &Primitive| tensor.handle.clone().binding().memory.id();
        let (buffer, length) = (memory(first), self.blocks as u64 * BLOCK_BYTES);
        let in_place = |(tensor, place): (&Primitive, &Place)| {
            let handle = &tensor.handle;
            let bounds = [handle.offset_start, handle.offset_end].map(Option::unwrap_or_default);
            handle.size() == length
                && bounds == self.bounds(place)
                && **tensor.meta.strides() == *place.strides
                && memory(tensor) == buffer
        };
        if !tensors.iter().zip(&self.places).all(in_place) {
            return None;
        }
        let mut handle = first.handle.clone();
        (handle.offset_start, handle.offset_end) = (None, None);
        let (client, device) = (first.client.clone(), first.device.clone());
        Some(CubeTensor::new_contiguous(client, device, [self.blocks * BLOCK].into(), handle, DType::F32))
    }
}

/// The parts that tensors are put into, one after the other.
pub(super) fn parts(tensors: &[Primitive]) -> Option<Vec<Part>> {
    let like = tensors.first()?;
    // Places are counted in 32 bits.
    let most = (like.client.properties().memory.max_page_size / BLOCK_BYTES).min(u64::from(u32::MAX) / BLOCK as u64);
    let (mut parts, mut places, mut blocks) = (Vec::new(), Vec::new(), 0);
    for tensor in tensors {
        let shape = tensor.shape();
        if shape.num_elements() == 0 || shape.num_dims() > 4 {
            return None;
        }
        let place = Place::new(shape.clone(), blocks);
        if place.blocks as u64 > most {
            return None;
        }
        let place = if (blocks + place.blocks) as u64 > most {
            parts.push(Part::new(std::mem::take(&mut places), like));
            Place::new(shape, 0)
        } else {
            place
        };
        blocks = place.first + place.blocks;
        places.push(place);
    }
    parts.push(Part::new(places, like));
    Some(parts)
}
