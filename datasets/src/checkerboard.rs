//! A checkerboard: the uniform law on every second cell of a square board, labels = the cell.
//!
//! The board [−extent, extent]² has `cells`×`cells` cells; cell (column i, row j) is filled if i + j is even. Filled
//! cells are numbered row by row. A density with jumps and holes, which a smooth score can only approach.

use fokker_random::Rng;
use serde::{Deserialize, Serialize};

use crate::synthetic::{Counts, Law, choice, uniform};
use crate::{DatasetError, LawKind, register_dataset};

/// `kind = "checkerboard"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckerboardConfig {
    /// Cells along a side: even, 2 to 64. Default 4.
    pub cells: usize,
    /// Half the side of the board, positive. Default 2.
    pub extent: f64,
    /// Examples of the training split. Default 65 536.
    pub examples: usize,
    /// Examples of the validation split. Default 8192.
    pub validation_examples: usize,
}

impl Default for CheckerboardConfig {
    fn default() -> Self {
        Self { cells: 4, extent: 2.0, examples: 65_536, validation_examples: 8192 }
    }
}

impl LawKind for CheckerboardConfig {
    type Law = Checkerboard;

    fn law(&self) -> Result<Checkerboard, DatasetError> {
        if !(2..=64).contains(&self.cells) || !self.cells.is_multiple_of(2) {
            return Err(DatasetError::config(
                "data.cells",
                format!("{}; expected an even number from 2 to 64", self.cells),
            ));
        }
        if !(self.extent.is_finite() && self.extent > 0.0) {
            return Err(DatasetError::config("data.extent", format!("{}; expected a positive number", self.extent)));
        }
        Ok(Checkerboard { cells: self.cells, extent: self.extent })
    }

    fn counts(&self) -> Counts {
        Counts { examples: self.examples, validation_examples: self.validation_examples }
    }
}

register_dataset!(CheckerboardConfig as "checkerboard");

/// The law of the checkerboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkerboard {
    cells: usize,
    extent: f64,
}

impl Law for Checkerboard {
    fn name(&self) -> &str {
        "checkerboard"
    }

    fn dimension(&self) -> usize {
        2
    }

    fn classes(&self) -> Option<usize> {
        Some(self.cells * self.cells / 2)
    }

    fn draw(&self, rng: &mut Rng, out: &mut [f32]) -> Option<usize> {
        let cell = choice(rng, self.cells * self.cells / 2);
        let row = cell / (self.cells / 2);
        let column = 2 * (cell % (self.cells / 2)) + row % 2;
        let side = 2.0 * self.extent / self.cells as f64;
        for (value, cell) in out.iter_mut().zip([column, row]) {
            *value = (side * (cell as f64 + uniform(rng)) - self.extent) as f32;
        }
        Some(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::moments;

    #[test]
    fn moments_are_those_of_the_formula() {
        // Each coordinate alone is uniform; the product's mean is what the pattern adds: ¼ of a cell's side, squared.
        let law = CheckerboardConfig { extent: 3.0, ..Default::default() }.law().unwrap();
        moments::check(&law, |x| f64::from(x[0]), 0.0, 36.0 / 12.0);
        moments::check(&law, |x| f64::from(x[1]), 0.0, 36.0 / 12.0);
        moments::check(&law, |x| f64::from(x[0]) * f64::from(x[1]), 0.75 * 0.75, 9.0 - 0.75f64.powi(4));
        assert!(moments::frequencies(&law).iter().all(|&f| (f - 0.125).abs() < 0.012));
    }

    #[test]
    fn only_even_cells_are_filled() {
        let law = CheckerboardConfig { cells: 6, extent: 3.0, ..Default::default() }.law().unwrap();
        let mut out = [0.0; 2];
        for i in 0..500 {
            law.draw(&mut fokker_random::rng(1, fokker_random::Stream::Test, i), &mut out);
            let cell = |v: f32| (v + 3.0).floor() as i32;
            assert!((cell(out[0]) + cell(out[1])) % 2 == 0 && (0..6).contains(&cell(out[0])), "{out:?}");
        }
        for cells in [0, 3, 66] {
            let error = CheckerboardConfig { cells, ..Default::default() }.law().unwrap_err();
            assert!(error.to_string().contains("`data.cells`"));
        }
    }
}
