//! Tiles in memory: what the processor's are compared with.

use super::{COLUMNS, ROWS, SIDE, Tiles};

/// Eight tiles in memory.
pub(in crate::simd) struct Emulated([[[f32; SIDE]; SIDE]; 8]);

impl Emulated {
    /// Tiles of zeros.
    pub(in crate::simd) fn new() -> Self {
        Self([[[0.0; SIDE]; SIDE]; 8])
    }
}

impl Tiles for Emulated {
    unsafe fn load<const TILE: usize>(&mut self, from: *const f32, stride: usize) {
        for (row, numbers) in self.0[TILE].iter_mut().enumerate() {
            // SAFETY: the caller promises that the row is readable.
            *numbers = unsafe { from.add(row * stride).cast::<[f32; SIDE]>().read_unaligned() };
        }
    }

    unsafe fn store<const TILE: usize>(&self, to: *mut f32, stride: usize) {
        for (row, numbers) in self.0[TILE].iter().enumerate() {
            // SAFETY: the caller promises that the row is writable.
            unsafe { to.add(row * stride).cast::<[f32; SIDE]>().write_unaligned(*numbers) };
        }
    }

    fn add_product<const SUM: usize>(&mut self) {
        let (rows, columns) = (self.0[ROWS[SUM / 2]], self.0[COLUMNS[SUM % 2]]);
        let halves = |pair: f32| [f32::from_bits(pair.to_bits() << 16), f32::from_bits(pair.to_bits() & 0xffff_0000)];
        for (sums, row) in self.0[SUM].iter_mut().zip(rows) {
            for (entry, columns) in row.into_iter().map(halves).zip(columns) {
                for (sum, column) in sums.iter_mut().zip(columns.map(halves)) {
                    *sum += entry[0] * column[0];
                    *sum += entry[1] * column[1];
                }
            }
        }
    }
}
