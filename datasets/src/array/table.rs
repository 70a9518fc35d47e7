//! Tables: a row for each example, with or without the names of the columns in the first row.

use std::fs::File;
use std::path::Path;

use fokker_arrays::{Array, Header, Table};

use super::file::{Examples, open, wrong};
use crate::DatasetError;

/// How many columns are data. The rows are not read, so there is no number of examples.
pub(super) fn header(file: &Path, columns: Option<&[String]>, labels: Option<&str>) -> Result<Header, DatasetError> {
    let (_, chosen) = begin(file, columns, labels)?;
    Ok(Header { shape: vec![0, chosen.data.len()], are_bytes: false })
}

/// Reads all rows.
pub(super) fn read(file: &Path, columns: Option<&[String]>, labels: Option<&str>) -> Result<Examples, DatasetError> {
    let (mut table, Chosen { data, label }) = begin(file, columns, labels)?;
    let names = table.names().to_vec();
    let (mut values, mut rows) = (Vec::new(), 0);
    let mut found = label.map(|_| Vec::new());
    while let Some(row) = table.next_row().map_err(|error| wrong(file, error.to_string()))? {
        let refuse = |column: usize, what: &str| {
            Err(wrong(file, format!("line {}, column {}: {what}", row.line(), names[column])))
        };
        for &column in &data {
            let cell = row.cell(column);
            match cell.parse::<f32>() {
                Ok(value) if value.is_finite() => values.push(value),
                Ok(_) => return refuse(column, &format!("{cell} is not finite in single precision")),
                Err(_) if cell.is_empty() => return refuse(column, "there is no number"),
                Err(_) => return refuse(column, &format!("\"{cell}\" is no number")),
            }
        }
        if let (Some(found), Some(column)) = (&mut found, label) {
            match row.cell(column) {
                "" => return refuse(column, "there is no label"),
                label => found.push(label.to_string()),
            }
        }
        rows += 1;
    }
    let array = Array { shape: vec![rows, data.len()], values, are_bytes: false };
    let columns = data.into_iter().map(|column| names[column].clone()).collect();
    Ok(Examples { array, columns: Some(columns), labels: found })
}

/// The numbers of the columns that are meant.
struct Chosen {
    data: Vec<usize>,
    label: Option<usize>,
}

fn begin(file: &Path, columns: Option<&[String]>, labels: Option<&str>) -> Result<(Table<File>, Chosen), DatasetError> {
    let table = Table::new(open(file)?).map_err(|error| wrong(file, error.to_string()))?;
    let number_of = |name: &str, key: &str| {
        table.column(name).map_err(|error| DatasetError::config(key, format!("{}: {error}", file.display())))
    };
    let label = labels.map(|name| number_of(name, "data.labels")).transpose()?;
    let data: Vec<usize> = match columns {
        Some(columns) => columns.iter().map(|name| number_of(name, "data.columns")).collect::<Result<_, _>>()?,
        None => (0..table.names().len()).filter(|&column| Some(column) != label).collect(),
    };
    if data.is_empty() {
        return Err(wrong(file, "no column is left for data"));
    }
    Ok((table, Chosen { data, label }))
}
