//! The order of indices, found again from that of memory.

use cubecl::prelude::*;

use super::BLOCK;

/// The place of a unit's number among those of its tensor, in the order of their indices; `rows` are those of a [`Part`](super::layout::Part).
#[cube]
pub(crate) fn place_in_order(rows: &Tensor<u32>, block: usize) -> u32 {
    let row = block * 3;
    let at = (u32::cast_from(block) - rows[row]) * BLOCK as u32 + UNIT_POS;
    let neighbours = rows[row + 1];
    let apart = rows[row + 2];
    let line = at / neighbours;
    (line / apart * neighbours + at % neighbours) * apart + line % apart
}
