//! Transposition, between images (a row for each channel) and matrices (a row for each pixel).

use std::mem::MaybeUninit;

use super::instruction_set::InstructionSet;
use crate::buffer::{WORTH, as_uninit, each_part};

/// Writes `rows` × `columns` numbers, whose rows begin every `from_stride` entries, as columns: entry `(row, column)`
/// goes to `to[column · stride + row]`.
///
/// Rows up to `padded` that `from` does not have are zero. The first `padded` of every `stride` entries of `to` are
/// written, for each column.
pub(crate) fn transpose(
    from: &[f32],
    from_stride: usize,
    [rows, columns]: [usize; 2],
    to: &mut [MaybeUninit<f32>],
    [stride, padded]: [usize; 2],
) {
    assert!(0 < rows && rows <= padded && padded <= stride && 0 < columns, "rows fit");
    assert!((rows - 1) * from_stride + columns <= from.len(), "the source holds the matrix");
    assert!((columns - 1) * stride + padded <= to.len(), "the destination holds the matrix");
    match InstructionSet::detect() {
        // SAFETY: the processor has the instruction set, and both matrices lie in their slices.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => unsafe {
            let to = to.as_mut_ptr().cast();
            avx512::transpose(from.as_ptr(), from_stride, [rows, columns], to, [stride, padded]);
        },
        _ => blocks(from, from_stride, [rows, columns], to, [stride, padded]),
    }
}

/// The same over numbers that are there already.
pub(crate) fn transpose_over(
    from: &[f32],
    from_stride: usize,
    size: [usize; 2],
    to: &mut [f32],
    [stride, padded]: [usize; 2],
) {
    // SAFETY: a transposition writes numbers.
    transpose(from, from_stride, size, unsafe { as_uninit(to) }, [stride, padded]);
}

/// A new matrix `[columns, padded]` from one of `rows` rows, several of its rows at a time in parallel.
pub(crate) fn transposed(from: &[f32], from_stride: usize, [rows, columns]: [usize; 2], padded: usize) -> Vec<f32> {
    let mut to = Vec::with_capacity(columns * padded);
    transpose_in_parallel(from, from_stride, rows, &mut to.spare_capacity_mut()[..columns * padded], padded);
    // SAFETY: every row was written up to its padding.
    unsafe { to.set_len(columns * padded) };
    to
}

/// The same over numbers that are there already.
pub(crate) fn transpose_over_in_parallel(from: &[f32], from_stride: usize, rows: usize, to: &mut [f32], padded: usize) {
    // SAFETY: a transposition writes numbers.
    transpose_in_parallel(from, from_stride, rows, unsafe { as_uninit(to) }, padded);
}

/// [`transposed`] into `to`, as many rows as it has.
pub(crate) fn transpose_in_parallel(
    from: &[f32],
    from_stride: usize,
    rows: usize,
    to: &mut [MaybeUninit<f32>],
    padded: usize,
) {
    let at_once = WORTH.div_ceil(padded).next_multiple_of(16);
    each_part(to, at_once * padded, |part, to| {
        let size = [rows, to.len() / padded];
        transpose(&from[part * at_once..], from_stride, size, to, [padded, padded]);
    });
}

/// The same in blocks of 8 × 8.
fn blocks(
    from: &[f32],
    from_stride: usize,
    [rows, columns]: [usize; 2],
    to: &mut [MaybeUninit<f32>],
    [stride, padded]: [usize; 2],
) {
    for row in (0..padded).step_by(8) {
        for column in (0..columns).step_by(8) {
            for c in column..(column + 8).min(columns) {
                for r in row..(row + 8).min(padded) {
                    to[c * stride + r].write(if r < rows { from[r * from_stride + c] } else { 0.0 });
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        __m512, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4,
        _mm512_shuffle_ps, _mm512_unpackhi_ps, _mm512_unpacklo_ps,
    };

    /// See [`super::transpose`].
    ///
    /// # Safety
    /// Both matrices lie in memory that may be read and written.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn transpose(
        from: *const f32,
        from_stride: usize,
        [rows, columns]: [usize; 2],
        to: *mut f32,
        [stride, padded]: [usize; 2],
    ) {
        let mask = |count: usize| if count >= 16 { u16::MAX } else { (1u16 << count) - 1 };
        for row in (0..padded).step_by(16) {
            for column in (0..columns).step_by(16) {
                let columns_here = (columns - column).min(16);
                let mut block = [_mm512_setzero_ps(); 16];
                for (r, register) in block.iter_mut().enumerate().take(rows.saturating_sub(row)) {
                    // SAFETY: masked to the columns that exist, in a row that exists.
                    *register = unsafe {
                        _mm512_maskz_loadu_ps(mask(columns_here), from.add((row + r) * from_stride + column))
                    };
                }
                let block = square(block);
                for (c, register) in block.into_iter().enumerate().take(columns_here) {
                    // SAFETY: masked to the padded rows, in a column that exists.
                    unsafe { _mm512_mask_storeu_ps(to.add((column + c) * stride + row), mask(padded - row), register) };
                }
            }
        }
    }

    /// Transposes 16 × 16 numbers: 4 × 4 within quarters of registers, then the quarters.
    #[target_feature(enable = "avx512f")]
    fn square(rows: [__m512; 16]) -> [__m512; 16] {
        let mut pairs = rows;
        for i in (0..16).step_by(2) {
            pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
            pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
        }
        // Quarter l of fours[4i + j] holds column 4l + j of rows 4i .. 4i + 3.
        let mut fours = pairs;
        for i in (0..16).step_by(4) {
            fours[i] = _mm512_shuffle_ps::<0x44>(pairs[i], pairs[i + 2]);
            fours[i + 1] = _mm512_shuffle_ps::<0xEE>(pairs[i], pairs[i + 2]);
            fours[i + 2] = _mm512_shuffle_ps::<0x44>(pairs[i + 1], pairs[i + 3]);
            fours[i + 3] = _mm512_shuffle_ps::<0xEE>(pairs[i + 1], pairs[i + 3]);
        }
        let mut columns = fours;
        for j in 0..4 {
            let even = _mm512_shuffle_f32x4::<0x88>(fours[j], fours[4 + j]);
            let even_below = _mm512_shuffle_f32x4::<0x88>(fours[8 + j], fours[12 + j]);
            let odd = _mm512_shuffle_f32x4::<0xDD>(fours[j], fours[4 + j]);
            let odd_below = _mm512_shuffle_f32x4::<0xDD>(fours[8 + j], fours[12 + j]);
            columns[j] = _mm512_shuffle_f32x4::<0x88>(even, even_below);
            columns[8 + j] = _mm512_shuffle_f32x4::<0xDD>(even, even_below);
            columns[4 + j] = _mm512_shuffle_f32x4::<0x88>(odd, odd_below);
            columns[12 + j] = _mm512_shuffle_f32x4::<0xDD>(odd, odd_below);
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_change_rows_and_columns() {
        for ([rows, columns], padded, stride) in
            [([1, 1], 1, 1), ([5, 37], 16, 20), ([33, 16], 33, 33), ([49, 64], 64, 70)]
        {
            let from_stride = columns + 3;
            let from: Vec<f32> = (0..rows * from_stride).map(|i| i as f32).collect();
            let mut fast = vec![-1.0; columns * stride];
            transpose_over(&from, from_stride, [rows, columns], &mut fast, [stride, padded]);
            let mut portable = vec![-1.0; columns * stride];
            // SAFETY: a transposition writes numbers.
            let to = unsafe { as_uninit(&mut portable) };
            blocks(&from, from_stride, [rows, columns], to, [stride, padded]);
            for column in 0..columns {
                for row in 0..stride {
                    let expected = match row {
                        row if row < rows => from[row * from_stride + column],
                        row if row < padded => 0.0,
                        _ => -1.0,
                    };
                    assert_eq!(fast[column * stride + row], expected);
                    assert_eq!(portable[column * stride + row], expected);
                }
            }
        }
    }
}
