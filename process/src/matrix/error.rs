//! What is wrong with the matrices of a process.

use thiserror::Error;

/// Matrices that no process can have.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MatrixError {
    /// A matrix of another shape.
    #[error("{what} is {rows} × {columns}, but it must be {expected}")]
    Shape {
        /// The name of the matrix.
        what: &'static str,
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
        /// What would be right.
        expected: String,
    },
    /// A matrix with an entry that is not finite.
    #[error("{what} contains {value}, but all of its entries must be finite")]
    NotFinite {
        /// The name of the matrix.
        what: &'static str,
        /// The entry.
        value: f64,
    },
    /// A parameter out of range.
    #[error("{what} = {value}, but it must be {expected}")]
    Parameter {
        /// The name of the parameter.
        what: &'static str,
        /// The value found.
        value: f64,
        /// What would be right.
        expected: &'static str,
    },
}

/// F is n × n with n ≥ 1, L is n × m with m ≥ 1, and all entries are finite.
pub(super) fn check(drift: &super::DMatrix<f64>, noise: &super::DMatrix<f64>) -> Result<(), MatrixError> {
    let (rows, columns) = drift.shape();
    if rows != columns || rows == 0 {
        return Err(MatrixError::Shape { what: "F", rows, columns, expected: "square, with at least one row".into() });
    }
    let n = rows;
    let (rows, columns) = noise.shape();
    if rows != n || columns == 0 {
        let expected = format!("{n} × m with m of at least 1, as F has {n} rows");
        return Err(MatrixError::Shape { what: "L", rows, columns, expected });
    }
    for (what, matrix) in [("F", drift), ("L", noise)] {
        if let Some(&value) = matrix.iter().find(|value| !value.is_finite()) {
            return Err(MatrixError::NotFinite { what, value });
        }
    }
    Ok(())
}
