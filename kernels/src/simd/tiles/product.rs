//! A product of pairs by tiles.

use std::mem::MaybeUninit;

use super::{SIDE, TILE, Tiles};
use crate::buffer::with_scratch;
use crate::simd::gather_matmul::{GatherMatmul, Start};

/// Where the 16 rows by 16 entries of a tile begin, and how far apart its rows are.
#[derive(Clone, Copy)]
struct Place {
    from: *const f32,
    stride: usize,
}

/// The product, in blocks of up to 32 rows and 32 columns.
///
/// # Safety
/// Every entry lies in the image, every row of the result in `out`, and the matrix has a row for each step; what the sums start from is
/// initialised.
pub(in crate::simd) unsafe fn product(
    tiles: &mut impl Tiles,
    of: &GatherMatmul,
    start: Start,
    out: &mut [MaybeUninit<f32>],
) {
    let depth = of.steps.len().div_ceil(SIDE);
    let room = [2 * depth * TILE, SIDE * of.columns, 4 * TILE];
    with_scratch(room.iter().sum(), |scratch| {
        let (rows, rest) = scratch.split_at_mut(room[0]);
        let (last_steps, sums) = rest.split_at_mut(room[1]);
        fill_last_steps(of, last_steps);
        let whole = of.steps.chunks_exact(SIDE).all(are_neighbours) && of.steps.len().is_multiple_of(SIDE);
        let both = rows.split_at_mut(depth * TILE);
        let mut packed = [both.0, both.1];
        for row in (0..of.rows.len()).step_by(2 * SIDE) {
            let two_rows = of.rows.len() - row > SIDE;
            let strides = [row, row + SIDE].map(|row| if whole { stride(of.rows, row) } else { None });
            for (index, packed) in packed.iter_mut().enumerate().take(if two_rows { 2 } else { 1 }) {
                if strides[index].is_none() {
                    // SAFETY: the caller promises that entries lie in the image.
                    unsafe { pack(of, row + index * SIDE, packed) };
                }
            }
            let place = |index: usize, depth: usize| match strides[index] {
                Some(stride) => {
                    Place { from: &raw const of.image[of.rows[row + index * SIDE] + of.steps[depth * SIDE]], stride }
                }
                None => Place { from: &raw const packed[index][depth * TILE], stride: SIDE },
            };
            for column in (0..of.columns).step_by(2 * SIDE) {
                let two_columns = of.columns - column > SIDE;
                let block = Block { of, row, column, last_steps };
                // SAFETY: rows and columns of the block are there; the caller promises the rest.
                unsafe {
                    match (two_rows, two_columns) {
                        (true, true) => block.compute::<2, 2>(tiles, place, start, sums, out),
                        (true, false) => block.compute::<2, 1>(tiles, place, start, sums, out),
                        (false, true) => block.compute::<1, 2>(tiles, place, start, sums, out),
                        (false, false) => block.compute::<1, 1>(tiles, place, start, sums, out),
                    }
                }
            }
        }
    });
}

/// Up to 32 rows and columns of the result.
#[derive(Clone, Copy)]
struct Block<'a> {
    of: &'a GatherMatmul<'a>,
    row: usize,
    column: usize,
    /// The last steps of the matrix and zeros after them, 16 in all.
    last_steps: &'a [f32],
}

impl Block<'_> {
    /// # Safety
    /// `R` tiles of rows and `C` of columns begin in the result; `place(index, depth)` is where the entries of a tile of rows are for the
    /// steps from `16 · depth` on. The rest as [`product`].
    #[inline(always)]
    unsafe fn compute<const R: usize, const C: usize>(
        self,
        tiles: &mut impl Tiles,
        place: impl Fn(usize, usize) -> Place,
        start: Start,
        sums: &mut [f32],
        out: &mut [MaybeUninit<f32>],
    ) {
        let is_used = |sum: usize| sum / 2 < R && sum % 2 < C;
        let mut first = Place { from: sums.as_ptr(), stride: SIDE };
        if let Start::Out = start {
            for sum in (0..4).filter(|&sum| is_used(sum)) {
                // SAFETY: the caller promises that the result is initialised.
                unsafe { self.read(sum, out, &mut sums[sum * TILE..][..TILE]) };
            }
        }
        if let Start::Row(row) = start {
            first = Place { from: row[self.column..].as_ptr(), stride: 0 };
        }
        let apart = |sum: usize| if first.stride == 0 { sum % 2 * SIDE } else { sum * TILE };
        // SAFETY: a sum that is used starts from a part of the first row, the same for all its rows, or from its quarter of `sums`. Entries
        // are where the caller promises, and every tile of the matrix lies in it or in the last steps.
        unsafe {
            tiles.load::<0>(first.from.add(apart(0)), first.stride);
            if C == 2 {
                tiles.load::<1>(first.from.add(apart(1)), first.stride);
            }
            if R == 2 {
                tiles.load::<2>(first.from.add(apart(2)), first.stride);
            }
            if R == 2 && C == 2 {
                tiles.load::<3>(first.from.add(apart(3)), first.stride);
            }
            for depth in 0..self.of.steps.len().div_ceil(SIDE) {
                let (rows, columns) = (place(0, depth), self.matrix(depth));
                tiles.load::<6>(columns.from, columns.stride);
                if C == 2 {
                    tiles.load::<7>(columns.from.add(SIDE), columns.stride);
                }
                tiles.load::<4>(rows.from, rows.stride);
                tiles.add_product::<0>();
                if C == 2 {
                    tiles.add_product::<1>();
                }
                if R == 2 {
                    let rows = place(1, depth);
                    tiles.load::<5>(rows.from, rows.stride);
                    tiles.add_product::<2>();
                    if C == 2 {
                        tiles.add_product::<3>();
                    }
                }
            }
            let sums = sums.as_mut_ptr();
            tiles.store::<0>(sums, SIDE);
            if C == 2 {
                tiles.store::<1>(sums.add(TILE), SIDE);
            }
            if R == 2 {
                tiles.store::<2>(sums.add(2 * TILE), SIDE);
            }
            if R == 2 && C == 2 {
                tiles.store::<3>(sums.add(3 * TILE), SIDE);
            }
        }
        for sum in (0..4).filter(|&sum| is_used(sum)) {
            for (target, numbers) in self.targets(sum).zip(sums[sum * TILE..].chunks_exact(SIDE)) {
                out[target..][..SIDE].write_copy_of_slice(numbers);
            }
        }
    }

    /// Where the steps from `16 · depth` on of the block's first columns are. The next 16 columns, if they are the block's, lie behind
    /// them, for panels are as wide as blocks or wider.
    fn matrix(&self, depth: usize) -> Place {
        let GatherMatmul { steps, matrix, panel, columns, .. } = *self.of;
        if (depth + 1) * SIDE > steps.len() {
            return Place { from: self.last_steps[self.column..].as_ptr(), stride: columns };
        }
        let (before, within) = (self.column / panel * panel, self.column % panel);
        let stride = panel.min(columns - before);
        Place { from: matrix[before * steps.len() + depth * SIDE * stride + within..].as_ptr(), stride }
    }

    /// Where the rows of a sum lie in the result.
    fn targets(&self, sum: usize) -> impl Iterator<Item = usize> {
        let rows = self.of.targets[self.row + sum / 2 * SIDE..].iter().take(SIDE);
        rows.map(move |target| target + self.column + sum % 2 * SIDE)
    }

    /// What a sum starts from, with any numbers for rows beyond the last.
    ///
    /// # Safety
    /// The result is initialised where rows of the sum lie.
    unsafe fn read(&self, sum: usize, out: &[MaybeUninit<f32>], to: &mut [f32]) {
        for (target, to) in self.targets(sum).zip(to.chunks_exact_mut(SIDE)) {
            // SAFETY: the caller promises that the result is initialised.
            to.copy_from_slice(unsafe { out[target..][..SIDE].assume_init_ref() });
        }
    }
}

/// Whether each step is the one behind the step before it.
fn are_neighbours(steps: &[usize]) -> bool {
    steps.windows(2).all(|pair| pair[0] + 1 == pair[1])
}

/// How far apart 16 rows from `row` on are, if there are as many and all are as far apart.
fn stride(rows: &[usize], row: usize) -> Option<usize> {
    let rows = rows.get(row..row + SIDE)?;
    let stride = rows[1].checked_sub(rows[0])?;
    rows.windows(2).all(|pair| pair[0] + stride == pair[1]).then_some(stride)
}

/// Copies the entries of 16 rows from `row` on, the last row again where there are fewer, into tiles, zeros after the last step.
///
/// # Safety
/// The entries lie in the image.
unsafe fn pack(of: &GatherMatmul, row: usize, to: &mut [f32]) {
    for (steps, tile) in of.steps.chunks(SIDE).zip(to.chunks_exact_mut(TILE)) {
        let neighbours = steps.len() == SIDE && are_neighbours(steps);
        for (index, to) in tile.chunks_exact_mut(SIDE).enumerate() {
            let row = of.rows[(row + index).min(of.rows.len() - 1)];
            if neighbours {
                to.copy_from_slice(&of.image[row + steps[0]..][..SIDE]);
                continue;
            }
            for (to, step) in to.iter_mut().zip(steps) {
                // SAFETY: the caller promises that the entry lies in the image.
                *to = unsafe { *of.image.get_unchecked(row + step) };
            }
            to[steps.len()..].fill(0.0);
        }
    }
}

/// The steps of the matrix that do not fill a tile, row by row, and zeros up to 16 of them.
fn fill_last_steps(of: &GatherMatmul, to: &mut [f32]) {
    let GatherMatmul { steps, matrix, panel, columns, .. } = *of;
    let whole = steps.len() / SIDE * SIDE;
    for (step, to) in (whole..whole + SIDE).zip(to.chunks_exact_mut(columns)) {
        if step >= steps.len() {
            to.fill(0.0);
            continue;
        }
        for (index, to) in to.chunks_mut(panel).enumerate() {
            let from = index * panel * steps.len() + step * to.len();
            to.copy_from_slice(&matrix[from..][..to.len()]);
        }
    }
}
