//! Tables: a row for each example.

use std::path::Path;

use fokker_arrays::{Array, Header, ParquetTable, Table};

use super::file::{Examples, FileKind, open, wrong};
use super::row::AnyTable;
use crate::{DatasetError, Rows};

/// How many columns are data. The rows are not read, so there is no number of examples.
pub(super) fn header(file: &Path, chosen: &Chosen) -> Result<Header, DatasetError> {
    let (_, places) = begin(file, chosen)?;
    Ok(Header { shape: vec![0, places.data.len()], are_bytes: false })
}

/// How many numbers the vector of the condition has.
pub(super) fn vector_size(file: &Path, chosen: &Chosen) -> Result<usize, DatasetError> {
    Ok(begin(file, chosen)?.1.vector.len())
}

/// Reads all rows.
pub(super) fn read(file: &Path, chosen: &Chosen) -> Result<Examples, DatasetError> {
    let (mut table, Places { data, label, vector }) = begin(file, chosen)?;
    let names = table.names().to_vec();
    let (mut values, mut vectors, mut rows) = (Vec::new(), Vec::new(), 0);
    let mut found = label.map(|_| Vec::new());
    while let Some(row) = table.next_row().map_err(|error| wrong(file, error.to_string()))? {
        let refusal =
            |column: usize, what: &str| wrong(file, format!("{}, column {}: {what}", row.place(), names[column]));
        for (columns, into) in [(&data, &mut values), (&vector, &mut vectors)] {
            for &column in columns {
                into.push(row.number(column).map_err(|what| refusal(column, &what))?);
            }
        }
        if let (Some(found), Some(column)) = (&mut found, label) {
            found.push(row.label(column).ok_or_else(|| refusal(column, "there is no label"))?);
        }
        rows += 1;
    }
    let array = Array { shape: vec![rows, data.len()], values, are_bytes: false };
    let vectors = (!vector.is_empty()).then(|| Rows::new(vector.len(), vectors));
    let columns = data.into_iter().map(|column| names[column].clone()).collect();
    Ok(Examples { array, columns: Some(columns), labels: found, vectors })
}

/// Which columns are what, by their names.
pub(super) struct Chosen<'a> {
    /// The data; all others if absent.
    pub columns: Option<&'a [String]>,
    /// The labels.
    pub labels: Option<&'a str>,
    /// The vector of the condition.
    pub vector: Option<&'a [String]>,
}

/// The numbers of those columns.
struct Places {
    data: Vec<usize>,
    label: Option<usize>,
    vector: Vec<usize>,
}

fn begin(file: &Path, chosen: &Chosen) -> Result<(AnyTable, Places), DatasetError> {
    let table = any_table(file, chosen)?;
    let numbers_of = |columns: &[String], key: &str| -> Result<Vec<usize>, DatasetError> {
        let mut numbers = Vec::new();
        for name in columns {
            let found = table.columns(name);
            numbers.extend(found.map_err(|error| DatasetError::config(key, format!("{}: {error}", file.display())))?);
        }
        Ok(numbers)
    };
    let label = match chosen.labels.map(|name| numbers_of(&[name.into()], "data.labels")).transpose()?.as_deref() {
        None => None,
        Some(&[label]) => Some(label),
        Some(_) => {
            return Err(DatasetError::config("data.labels", "the column holds lists; expected one label in a row"));
        }
    };
    let vector = numbers_of(chosen.vector.unwrap_or_default(), "data.vector")?;
    let data = match chosen.columns {
        Some(columns) => numbers_of(columns, "data.columns")?,
        None => {
            let is_left = |column: &usize| Some(*column) != label && !vector.contains(column);
            (0..table.names().len()).filter(is_left).collect()
        }
    };
    if data.is_empty() {
        return Err(wrong(file, "no column is left for data"));
    }
    Ok((table, Places { data, label, vector }))
}

/// Opens a table. Of a Parquet file only the columns that are named are read, if they are.
fn any_table(file: &Path, chosen: &Chosen) -> Result<AnyTable, DatasetError> {
    let input = open(file)?;
    let table = match FileKind::of(file) {
        Some(FileKind::Parquet) => {
            let wanted: Option<Vec<&str>> = chosen.columns.map(|columns| {
                let others = chosen.vector.into_iter().flatten().map(String::as_str).chain(chosen.labels);
                columns.iter().map(String::as_str).chain(others).collect()
            });
            ParquetTable::open(input, wanted.as_deref()).map(AnyTable::Parquet)
        }
        _ => Table::new(input).map(AnyTable::Text),
    };
    table.map_err(|error| wrong(file, error.to_string()))
}
