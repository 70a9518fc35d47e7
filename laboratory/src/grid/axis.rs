//! One direction of a grid.

use serde::{Deserialize, Serialize};

use crate::{LaboratoryError, check};

/// An interval cut into cells of equal width.
///
/// ```
/// use fokker_laboratory::grid::Axis;
///
/// let axis = Axis::new(-1.0, 1.0, 4)?;
/// assert_eq!((axis.width(), axis.centres()), (0.5, vec![-0.75, -0.25, 0.25, 0.75]));
/// assert_eq!((axis.cell(0.1), axis.cell(2.0)), (Some(2), None));
/// # Ok::<(), fokker_laboratory::LaboratoryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Left end, in data units.
    pub lower: f64,
    /// Right end, above `lower`.
    pub upper: f64,
    /// Number of cells, from 2 to 10 000.
    pub cells: usize,
}

impl Axis {
    /// # Errors
    /// Unless lower < upper, both finite, and there are 2 to 10 000 cells.
    pub fn new(lower: f64, upper: f64, cells: usize) -> Result<Self, LaboratoryError> {
        let axis = Self { lower, upper, cells };
        axis.check("axis")?;
        Ok(axis)
    }

    /// Checks what came from a config under `key`.
    ///
    /// # Errors
    /// As [`Axis::new`].
    pub fn check(&self, key: &str) -> Result<(), LaboratoryError> {
        self.check_named(&format!("{key}.lower"), &format!("{key}.upper"), &format!("{key}.cells"))
    }

    /// Checks what came under three names of its own, such as options of a command.
    ///
    /// # Errors
    /// As [`Axis::new`].
    pub fn check_named(&self, lower: &str, upper: &str, cells: &str) -> Result<(), LaboratoryError> {
        check::finite(lower, self.lower)?;
        check::finite(upper, self.upper)?;
        // A cell must be wider than the rounding of the numbers at its ends.
        let least = 1e-6 * self.lower.abs().max(self.upper.abs());
        if self.upper - self.lower < least.max(check::SMALLEST) {
            let expected = format!("above {lower} = {}, by more than rounding", self.lower);
            return Err(LaboratoryError::value(upper, self.upper, expected));
        }
        check::count(cells, self.cells, 2..=check::MOST_CELLS)
    }

    /// Width of a cell.
    pub fn width(&self) -> f64 {
        (self.upper - self.lower) / self.cells as f64
    }

    /// Centre of cell `i`.
    pub fn centre(&self, i: usize) -> f64 {
        self.lower + (i as f64 + 0.5) * self.width()
    }

    /// Left face of cell `i`; face `cells` is the right end.
    pub fn face(&self, i: usize) -> f64 {
        self.lower + i as f64 * self.width()
    }

    /// All centres.
    pub fn centres(&self) -> Vec<f64> {
        (0..self.cells).map(|i| self.centre(i)).collect()
    }

    /// The cell that contains `x`; none outside.
    pub fn cell(&self, x: f64) -> Option<usize> {
        let place = (x - self.lower) / self.width();
        (place >= 0.0 && place < self.cells as f64).then_some(place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_that_cannot_be_are_refused_by_key() {
        for (lower, upper, cells, key) in [
            (f64::NAN, 1.0, 10, "figure.axis.lower"),
            (0.0, 1e308, 10, "figure.axis.upper"),
            (1.0, 1.0, 10, "figure.axis.upper"),
            (1.0, -1.0, 10, "figure.axis.upper"),
            (1e9, 1e9 + 1.0, 10, "figure.axis.upper"),
            (0.0, 1.0, 0, "figure.axis.cells"),
            (0.0, 1.0, usize::MAX, "figure.axis.cells"),
        ] {
            let message = Axis { lower, upper, cells }.check("figure.axis").unwrap_err().to_string();
            assert!(message.starts_with(&format!("{key} = ")), "{message}");
        }
        assert!(Axis::new(-1e-3, 1e-3, 2).is_ok());
    }
}
