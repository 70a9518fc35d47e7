//! Products of pairs in bfloat16 by tiles: registers of 16 rows with 16 numbers, or 16 pairs, each (Intel's AMX).
//!
//! One instruction multiplies 16 rows of pairs by 16 steps of the matrix, 8192 multiplications in 16 cycles, where `vdpbf16ps` does 32 in
//! half a cycle. [`product`] goes over a [`GatherMatmul`](super::GatherMatmul) with any [`Tiles`]: the processor's, or [`Emulated`] ones,
//! by which the loops are tested where there are none. The processor's are used only if they agree with the emulated ones when the
//! process starts.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod emulated;
mod product;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(super) use amx::Amx;
#[cfg(test)]
pub(super) use emulated::Emulated;
pub(super) use product::product;

/// Rows of a tile, numbers or pairs in each of its rows, and steps that one instruction multiplies.
pub(super) const SIDE: usize = 16;
/// Numbers or pairs in a tile.
pub(super) const TILE: usize = SIDE * SIDE;

/// Tiles 0 to 3, the sums, are products of tiles 4 and 5, rows of the left factor, with 6 and 7, columns of the matrix: sum `s` is that of
/// `4 + s / 2` and `6 + s % 2`.
pub(super) const ROWS: [usize; 2] = [4, 5];
/// Where columns of the matrix are.
pub(super) const COLUMNS: [usize; 2] = [6, 7];

/// Eight tiles.
pub(super) trait Tiles {
    /// Reads a tile, whose rows begin `stride` numbers apart.
    ///
    /// # Safety
    /// [`SIDE`] numbers are readable at the beginning of each of [`SIDE`] rows.
    unsafe fn load<const TILE: usize>(&mut self, from: *const f32, stride: usize);

    /// Writes a tile, whose rows begin `stride` numbers apart.
    ///
    /// # Safety
    /// [`SIDE`] numbers are writable at the beginning of each of [`SIDE`] rows.
    unsafe fn store<const TILE: usize>(&self, to: *mut f32, stride: usize);

    /// Adds the product of its rows and columns to a sum: `sum[r][c] += Σ_s rows[r][s] · columns[s][c]`, products of pairs.
    fn add_product<const SUM: usize>(&mut self);
}
