//! The rows of a table, whatever its format.

use std::fs::File;

use fokker_arrays::{ArrayError, Cell, ParquetTable, Row, Table};

/// A table of any format.
pub(super) enum AnyTable {
    Text(Table<File>),
    Parquet(ParquetTable),
}

/// A row of it.
pub(super) enum AnyRow<'a> {
    Text(Row<'a>),
    Parquet { number: u64, cells: Vec<Cell> },
}

impl AnyTable {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::Text(table) => table.names(),
            Self::Parquet(table) => table.names(),
        }
    }

    /// The numbers of the columns of a name: one, or those of a list.
    pub(super) fn columns(&self, name: &str) -> Result<Vec<usize>, ArrayError> {
        match self {
            Self::Text(table) => table.column(name).map(|column| vec![column]),
            Self::Parquet(table) => table.columns(name),
        }
    }

    pub(super) fn next_row(&mut self) -> Result<Option<AnyRow<'_>>, ArrayError> {
        Ok(match self {
            Self::Text(table) => table.next_row()?.map(AnyRow::Text),
            Self::Parquet(table) => table.next_row()?.map(|(number, cells)| AnyRow::Parquet { number, cells }),
        })
    }
}

impl AnyRow<'_> {
    /// Where it is, for messages.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Text(row) => format!("line {}", row.line()),
            Self::Parquet { number, .. } => format!("row {number}"),
        }
    }

    /// The number in a cell, or what is wrong with it.
    pub(super) fn number(&self, column: usize) -> Result<f32, String> {
        let (number, shown) = match self {
            Self::Text(row) => (row.number(column), row.cell(column).to_string()),
            Self::Parquet { cells, .. } => match &cells[column] {
                Cell::Missing => (None, String::new()),
                Cell::Integer(number) => (Some(*number as f32), number.to_string()),
                Cell::Number(number) => (Some(*number as f32), number.to_string()),
                Cell::Text(text) => (None, text.clone()),
            },
        };
        match number {
            Some(number) if number.is_finite() => Ok(number),
            Some(_) => Err(format!("{shown} is not finite in single precision")),
            None if shown.is_empty() => Err("there is no number".into()),
            None => Err(format!("\"{shown}\" is no number")),
        }
    }

    /// The label in a cell, if there is one.
    pub(super) fn label(&self, column: usize) -> Option<String> {
        let label = match self {
            Self::Text(row) => row.cell(column).to_string(),
            Self::Parquet { cells, .. } => match &cells[column] {
                Cell::Missing => String::new(),
                Cell::Integer(number) => number.to_string(),
                Cell::Number(number) => number.to_string(),
                Cell::Text(text) => text.trim().to_string(),
            },
        };
        (!label.is_empty()).then_some(label)
    }
}
