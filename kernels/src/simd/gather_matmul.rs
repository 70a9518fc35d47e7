//! A matrix product whose left factor is read in place, entry `(row, step)` at `rows[row] + steps[step]`.
//!
//! All three parts of a convolution are this product. Forward: rows are output pixels, steps are channels and taps of
//! the padded image, the matrix is the weight. In the gradient of the input the image is the output's gradient. In
//! that of the weight, rows are channels and taps and steps are pixels. Nothing is copied into columns first.
//!
//! The entries are single numbers, or pairs of numbers in bfloat16 in the bits of one: see [`factors`](super::factors).

use std::mem::MaybeUninit;

#[cfg(target_arch = "x86_64")]
use super::factors::NativePairs;
use super::factors::{Factors, Pairs, Singles};
use super::instruction_set::InstructionSet;
use super::padding::COLUMNS;
use super::pair_unit::PairUnit;
#[cfg(any(test, all(target_arch = "x86_64", target_os = "linux")))]
use super::tiles;
use super::vector::{Array, Vector};
use crate::buffer::as_uninit;

/// `out[targets[r]..][..columns] = start + Σ_s image[rows[r] + steps[s]] · matrix[s]`.
pub(crate) struct GatherMatmul<'a> {
    /// Where the left factor's entries are.
    pub image: &'a [f32],
    /// First summand of an entry's place, one for each row of the result.
    pub rows: &'a [usize],
    /// Second summand of an entry's place, one for each term of the sum.
    pub steps: &'a [usize],
    /// `[steps, columns]`, in panels.
    pub matrix: &'a [f32],
    /// Columns that lie together for each step: the matrix is one panel after another, the last perhaps narrower. A multiple of
    /// [`PANEL`], or as many as there are columns for a matrix row by row.
    pub panel: usize,
    /// Columns of the matrix and of the result, a multiple of [`COLUMNS`].
    pub columns: usize,
    /// Whether entries of image and matrix are pairs: a step then is two terms of the sum.
    pub pairs: bool,
    /// Where each row of the result begins.
    pub targets: &'a [usize],
}

/// A panel as wide as the widest tile: its steps are neighbours in memory.
pub(crate) const PANEL: usize = 2 * COLUMNS;

/// What the sums start from.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// One row, `[columns]`, for all rows.
    Row(&'a [f32]),
    /// What `out` holds.
    Out,
}

impl GatherMatmul<'_> {
    /// Writes the product to `out`, the row `first` added to each of its rows.
    pub(crate) fn write(&self, first: &[f32], out: &mut [MaybeUninit<f32>]) {
        // SAFETY: the sums start from the row, and `out` is not read.
        unsafe { self.run(InstructionSet::detect(), self.unit(), Start::Row(first), out) }
    }

    /// The same over numbers that are there already.
    pub(crate) fn write_over(&self, first: &[f32], out: &mut [f32]) {
        // SAFETY: a product writes numbers.
        self.write(first, unsafe { as_uninit(out) });
    }

    /// Adds the product to `out`.
    pub(crate) fn add_to(&self, out: &mut [f32]) {
        // SAFETY: a product writes numbers.
        let out = unsafe { as_uninit(out) };
        // SAFETY: the sums start from numbers.
        unsafe { self.run(InstructionSet::detect(), self.unit(), Start::Out, out) }
    }

    /// Whether there is anything to compute, in a result of so many numbers.
    ///
    /// # Panics
    /// If an entry is not in the image, a row not in the result, or the matrix has another shape.
    fn is_sound(&self, start: Start, length: usize) -> bool {
        let last = |places: &[usize]| places.iter().max().copied();
        let (Some(row), Some(target)) = (last(self.rows), last(self.targets)) else { return false };
        assert_eq!(self.columns % COLUMNS, 0, "columns come padded");
        assert!(self.panel > 0 && self.panel.is_multiple_of(PANEL) || self.panel == self.columns, "panels hold tiles");
        assert_eq!(self.rows.len(), self.targets.len(), "one target for each row");
        assert_eq!(self.matrix.len(), self.steps.len() * self.columns, "one row of the matrix for each step");
        assert!(last(self.steps).is_none_or(|step| row + step < self.image.len()), "entries lie in the image");
        assert!(target + self.columns <= length, "rows lie in the result");
        if let Start::Row(row) = start {
            assert_eq!(row.len(), self.columns, "the first row is a row");
        }
        true
    }

    /// What multiplies the entries, if they are pairs.
    fn unit(&self) -> Option<PairUnit> {
        self.pairs.then(PairUnit::detect)
    }

    /// Computes the product with one of the instruction sets that the processor has, and of pairs by one of its units.
    ///
    /// # Safety
    /// For [`Start::Out`], `out` is initialised wherever a row of the result lies.
    unsafe fn run(
        &self,
        instructions: InstructionSet,
        pairs: Option<PairUnit>,
        start: Start,
        out: &mut [MaybeUninit<f32>],
    ) {
        if !self.is_sound(start, out.len()) {
            return;
        }
        assert!(instructions.is_present() && pairs.is_none_or(PairUnit::is_present));
        assert_eq!(pairs.is_some(), self.pairs, "only pairs are multiplied by units of pairs");
        // SAFETY: the processor has the instruction set, the assertions above are what `sweep` asks for of the places, and
        // the caller promises that what the sums start from is initialised.
        unsafe {
            match (instructions, pairs) {
                #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
                (_, Some(PairUnit::Tiles)) => tiles::product(&mut tiles::Amx::new(), self, start, out),
                #[cfg(target_arch = "x86_64")]
                (_, Some(PairUnit::Registers)) => self.avx512_bf16(start, out),
                #[cfg(target_arch = "x86_64")]
                (InstructionSet::Avx512, Some(PairUnit::Widened)) => self.avx512::<Pairs>(start, out),
                #[cfg(target_arch = "x86_64")]
                (InstructionSet::Avx512, None) => self.avx512::<Singles>(start, out),
                #[cfg(target_arch = "x86_64")]
                (InstructionSet::Avx2, Some(PairUnit::Widened)) => self.avx2::<Pairs>(start, out),
                #[cfg(target_arch = "x86_64")]
                (InstructionSet::Avx2, None) => self.avx2::<Singles>(start, out),
                (InstructionSet::Portable, Some(PairUnit::Widened)) => self.sweep::<Array, Pairs, 4, 2>(start, out),
                (InstructionSet::Portable, None) => self.sweep::<Array, Singles, 4, 2>(start, out),
            }
        }
    }

    /// [`GatherMatmul::avx512`] of pairs by the instruction that multiplies and adds them.
    ///
    /// # Safety
    /// As `sweep`.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bf16,avx2,fma")]
    unsafe fn avx512_bf16(&self, start: Start, out: &mut [MaybeUninit<f32>]) {
        // SAFETY: the caller promises what `sweep` asks for, and this function is compiled for the instruction set.
        unsafe { self.sweep::<std::arch::x86_64::__m512, NativePairs, 14, 8>(start, out) }
    }

    /// [`GatherMatmul::sweep`] with 32 registers: 14 × 2 sums, two columns and an entry.
    ///
    /// # Safety
    /// As `sweep`.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx2,fma")]
    unsafe fn avx512<F: Factors<std::arch::x86_64::__m512>>(&self, start: Start, out: &mut [MaybeUninit<f32>]) {
        // SAFETY: the caller promises what `sweep` asks for, and this function is compiled for the instruction set.
        unsafe { self.sweep::<std::arch::x86_64::__m512, F, 14, 8>(start, out) }
    }

    /// [`GatherMatmul::sweep`] with 16 registers: 6 × 2 sums.
    ///
    /// # Safety
    /// As `sweep`.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<F: Factors<std::arch::x86_64::__m256>>(&self, start: Start, out: &mut [MaybeUninit<f32>]) {
        // SAFETY: the caller promises what `sweep` asks for, and this function is compiled for the instruction set.
        unsafe { self.sweep::<std::arch::x86_64::__m256, F, 6, 3>(start, out) }
    }

    /// Goes over the result in tiles of `LARGE` rows, and of `SMALL` where they suffice for the rest.
    ///
    /// # Safety
    /// Every entry lies in the image, every row of the result in `out`, and the matrix has a row for each step; what the
    /// sums start from is initialised; the processor has `V`'s instruction set.
    #[inline(always)]
    unsafe fn sweep<V: Vector, F: Factors<V>, const LARGE: usize, const SMALL: usize>(
        &self,
        start: Start,
        out: &mut [MaybeUninit<f32>],
    ) {
        let mut row = 0;
        while row < self.rows.len() {
            let left = self.rows.len() - row;
            // Two small tiles rather than a large one that leaves almost nothing.
            let large = left > SMALL && !(LARGE < left && left <= 2 * SMALL);
            let mut column = 0;
            while column < self.columns {
                let pair = self.columns - column >= 2 * V::LANES;
                // SAFETY: `column` plus the tile's width is at most `columns`, a multiple of the lanes; the caller promises
                // the rest.
                unsafe {
                    match (large, pair) {
                        (true, true) => self.tile::<V, F, LARGE, 2>(row, column, start, out),
                        (true, false) => self.tile::<V, F, LARGE, 1>(row, column, start, out),
                        (false, true) => self.tile::<V, F, SMALL, 2>(row, column, start, out),
                        (false, false) => self.tile::<V, F, SMALL, 1>(row, column, start, out),
                    }
                }
                column += if pair { 2 * V::LANES } else { V::LANES };
            }
            row += if large { LARGE } else { SMALL };
        }
    }

    /// `R` rows from `row` on (the last one again where there are fewer), `C` registers of columns from `column` on.
    ///
    /// # Safety
    /// As `sweep`, and `column + C · LANES ≤ columns`.
    #[inline(always)]
    unsafe fn tile<V: Vector, F: Factors<V>, const R: usize, const C: usize>(
        &self,
        row: usize,
        column: usize,
        start: Start,
        out: &mut [MaybeUninit<f32>],
    ) {
        let last = self.rows.len() - 1;
        // SAFETY: rows are taken up to the last one, and the caller promises that their entries lie in the image, their
        // results in `out`, and the columns in the matrix: so every pointer below stays in its slice.
        unsafe {
            let entries: [*const f32; R] =
                std::array::from_fn(|r| self.image.as_ptr().add(*self.rows.get_unchecked((row + r).min(last))));
            let results: [*mut f32; R] = std::array::from_fn(|r| {
                out.as_mut_ptr().cast::<f32>().add(*self.targets.get_unchecked((row + r).min(last)) + column)
            });
            let mut sums = [[V::splat(0.0); C]; R];
            for (sums, result) in sums.iter_mut().zip(results) {
                let first = match start {
                    Start::Row(first) => first.as_ptr().add(column),
                    Start::Out => result.cast_const(),
                };
                for (c, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(first.add(c * V::LANES));
                }
            }
            let (panel, within) = (column / self.panel * self.panel, column % self.panel);
            let width = self.panel.min(self.columns - panel);
            let mut matrix = self.matrix.as_ptr().add(panel * self.steps.len() + within);
            for &step in self.steps {
                let mut factors = [V::splat(0.0); C];
                for (c, factor) in factors.iter_mut().enumerate() {
                    *factor = V::load(matrix.add(c * V::LANES));
                }
                for (sums, entry) in sums.iter_mut().zip(entries) {
                    let entry = V::splat(*entry.add(step));
                    for (sum, factor) in sums.iter_mut().zip(factors) {
                        *sum = F::add_product(*sum, entry, factor).pinned();
                    }
                }
                matrix = matrix.add(width);
            }
            for (sums, result) in sums.into_iter().zip(results) {
                for (c, sum) in sums.into_iter().enumerate() {
                    sum.store(result.add(c * V::LANES));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::bf16;

    use super::*;
    use crate::number::pair_channels;

    #[test]
    fn every_instruction_set_computes_the_product() {
        let image: Vec<f32> = (0..500).map(|i| (i as f32 * 0.7).sin()).collect();
        let steps: Vec<usize> = (0..23).map(|step| step * 19).collect();
        for instructions in InstructionSet::present() {
            for (count, columns) in [(1, 16), (5, 32), (14, 48), (37, 64), (60, 16)] {
                let rows: Vec<usize> = (0..count).map(|row| row * 17 % 61).collect();
                let targets: Vec<usize> = (0..count).rev().map(|row| row * columns).collect();
                let matrix: Vec<f32> = (0..23 * columns).map(|i| (i as f32 * 1.3).cos()).collect();
                let mut packed = Vec::new();
                for panel in (0..columns).step_by(PANEL) {
                    for row in matrix.chunks_exact(columns) {
                        packed.extend(&row[panel..columns.min(panel + PANEL)]);
                    }
                }
                let first: Vec<f32> = (0..columns).map(|column| column as f32).collect();
                let run = |matrix: &[f32], panel: usize| {
                    let (image, rows, steps, targets) = (&image, &rows, &steps, &targets);
                    let product = GatherMatmul { image, rows, steps, matrix, panel, columns, pairs: false, targets };
                    let mut out = vec![MaybeUninit::uninit(); count * columns];
                    // SAFETY: the first writes every row of the result, from which the second starts.
                    unsafe {
                        product.run(instructions, None, Start::Row(&first), &mut out);
                        product.run(instructions, None, Start::Out, &mut out);
                    }
                    // SAFETY: the targets are all rows.
                    out.into_iter().map(|value| unsafe { value.assume_init() }).collect::<Vec<f32>>()
                };
                let out = run(&matrix, columns);
                assert_eq!(out, run(&packed, PANEL));
                for (&row, &target) in rows.iter().zip(&targets) {
                    for column in 0..columns {
                        let term = |s: usize| image[row + steps[s]] * matrix[s * columns + column];
                        let expected = first[column] + 2.0 * (0..23).map(term).sum::<f32>();
                        let actual = out[target + column];
                        assert!((actual - expected).abs() < 1e-4, "{instructions:?}: {actual} against {expected}");
                    }
                }
            }
        }
    }

    /// Against the same sums in double precision: products of two numbers in bfloat16 are exact in single precision, so that
    /// only the additions round, each by 2⁻²⁴ of a sum that is no larger than that of the absolute values.
    ///
    /// `run` computes the product twice: once from the row, once from what is there.
    fn assert_products_of_pairs(what: &str, run: impl Fn(&GatherMatmul, Start, &mut [MaybeUninit<f32>])) {
        let number = |i: usize, step: f32| bf16::from_f32((i as f32 * step).sin());
        let entries = |count: usize, step: f32| -> (Vec<f64>, Vec<f32>) {
            let numbers: Vec<bf16> = (0..2 * count).map(|i| number(i, step)).collect();
            let mut pairs = vec![0.0; count];
            pair_channels(&numbers, 2 * count, &mut pairs);
            (numbers.iter().map(|number| number.to_f64()).collect(), pairs)
        };
        let (image_numbers, image) = entries(2600, 0.7);
        // Scattered steps, neighbours that fill tiles, and some that do not; rows as far apart, and not.
        for (depth, step_apart, row_apart, rows_turn) in
            [(23, 19, 17, 61), (32, 1, 41, 10_000), (45, 1, 41, 10_000), (16, 1, 17, 61)]
        {
            let steps: Vec<usize> = (0..depth).map(|step| step * step_apart).collect();
            for (count, columns) in [(1, 16), (14, 48), (37, 64), (52, 32)] {
                let rows: Vec<usize> = (0..count).map(|row| row * row_apart % rows_turn).collect();
                let targets: Vec<usize> = (0..count).rev().map(|row| row * columns).collect();
                let (matrix_numbers, matrix) = entries(depth * columns, 1.3);
                let mut packed = Vec::new();
                for panel in (0..columns).step_by(PANEL) {
                    for row in matrix.chunks_exact(columns) {
                        packed.extend(&row[panel..columns.min(panel + PANEL)]);
                    }
                }
                let first: Vec<f32> = (0..columns).map(|column| column as f32).collect();
                let compute = |matrix: &[f32], panel: usize| {
                    let (image, rows, steps, targets) = (&image, &rows, &steps, &targets);
                    let product = GatherMatmul { image, rows, steps, matrix, panel, columns, pairs: true, targets };
                    let mut out = vec![0.0; count * columns];
                    // SAFETY: the product writes numbers.
                    let room = unsafe { as_uninit(&mut out) };
                    run(&product, Start::Row(&first), room);
                    run(&product, Start::Out, room);
                    out
                };
                let out = compute(&matrix, columns);
                assert_eq!(out, compute(&packed, PANEL), "{what}: panels");
                for (&row, &target) in rows.iter().zip(&targets) {
                    for column in 0..columns {
                        let term = |s: usize, of: usize| {
                            image_numbers[2 * (row + steps[s]) + of] * matrix_numbers[2 * (s * columns + column) + of]
                        };
                        let terms: Vec<f64> = (0..depth).flat_map(|s| [term(s, 0), term(s, 1)]).collect();
                        let sizes = f64::from(first[column]) + 2.0 * terms.iter().map(|term| term.abs()).sum::<f64>();
                        let bound = (4 * depth + 1) as f64 * 2f64.powi(-24) * sizes;
                        let expected = f64::from(first[column]) + 2.0 * terms.iter().sum::<f64>();
                        let actual = f64::from(out[target + column]);
                        assert!((actual - expected).abs() <= bound, "{what}: {actual} against {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_unit_computes_products_of_pairs() {
        let all = InstructionSet::present().map(|instructions| (instructions, PairUnit::Widened));
        let best = InstructionSet::detect();
        for (instructions, unit) in all.chain(PairUnit::present().map(|unit| (best, unit))) {
            assert_products_of_pairs(&format!("{instructions:?}, {unit:?}"), |product, start, out| {
                // SAFETY: `assert_products_of_pairs` starts from a row, or from numbers.
                unsafe { product.run(instructions, Some(unit), start, out) };
            });
        }
    }

    #[test]
    fn emulated_tiles_compute_products_of_pairs() {
        assert_products_of_pairs("emulated tiles", |product, start, out| {
            assert!(product.is_sound(start, out.len()));
            // SAFETY: the product is sound, and starts from a row, or from numbers.
            unsafe { tiles::product(&mut tiles::Emulated::new(), product, start, out) };
        });
    }
}
