//! Sums of squares over a buffer, in an order that is always the same.

use burn::tensor::DType;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::BLOCK;
use super::layout::Part;
use crate::tensors::cube::{Primitive, empty};

/// Numbers that a unit adds up.
const EACH: usize = 16;

/// The squares of a buffer's numbers, added up in pieces.
pub(super) fn squares(part: &Part, buffer: Primitive) -> Primitive {
    let (client, pieces) = (buffer.client.clone(), part.blocks.div_ceil(EACH));
    let sums = empty(&buffer, [pieces], DType::F32);
    let units = CubeDim::new_1d(BLOCK as u32);
    let cubes = calculate_cube_count_elemwise(&client, pieces * BLOCK, units);
    let (buffer, out) = (buffer.into_tensor_arg(), sums.clone().into_tensor_arg());
    add_squares::launch(&client, cubes, units, buffer, out, part.blocks * BLOCK, pieces);
    sums
}

#[cube(launch)]
fn add_squares(buffer: &Tensor<f32>, sums: &mut Tensor<f32>, length: usize, pieces: usize) {
    let mut shared = Shared::<[f32]>::new_slice(BLOCK);
    let piece = CUBE_POS;
    let unit = UNIT_POS as usize;
    let mut sum = 0.0f32;
    for row in 0..EACH {
        let at = (piece * EACH + row) * BLOCK + unit;
        if at < length {
            sum += buffer[at] * buffer[at];
        }
    }
    shared[unit] = sum;
    sync_cube();
    let mut half = comptime!(BLOCK / 2).runtime();
    while half > 0 {
        if unit < half {
            let other = shared[unit + half];
            shared[unit] += other;
        }
        sync_cube();
        half /= 2;
    }
    if unit == 0 && piece < pieces {
        sums[piece] = shared[0];
    }
}
