//! One direction of a grid.

use serde::{Deserialize, Serialize};

use crate::LaboratoryError;

/// An interval cut into cells of equal width.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Left end, in data units.
    pub lower: f64,
    /// Right end, above `lower`.
    pub upper: f64,
    /// Number of cells, at least 2.
    pub cells: usize,
}

impl Axis {
    /// # Errors
    /// Unless lower < upper, both finite, and there are at least two cells.
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
        if !(self.lower.is_finite() && self.upper.is_finite() && self.lower < self.upper) {
            let value = format!("[{}, {}]", self.lower, self.upper);
            return Err(LaboratoryError::value(
                format!("{key}.lower, {key}.upper"),
                value,
                "two finite rising numbers",
            ));
        }
        crate::error::at_least(&format!("{key}.cells"), self.cells, 2)
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
