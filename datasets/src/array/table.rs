//! Tables: a row for each example, with or without the names of the columns in the first row.

use std::fs::File;
use std::path::Path;

use fokker_arrays::{Array, Header, Table};

use super::file::{Examples, open, wrong};
use crate::{DatasetError, Rows};

/// How many columns are data. The rows are not read, so there is no number of examples.
pub(super) fn header(file: &Path, chosen: &Chosen) -> Result<Header, DatasetError> {
    let (_, places) = begin(file, chosen)?;
    Ok(Header { shape: vec![0, places.data.len()], are_bytes: false })
}

/// Reads all rows.
pub(super) fn read(file: &Path, chosen: &Chosen) -> Result<Examples, DatasetError> {
    let (mut table, Places { data, label, vector }) = begin(file, chosen)?;
    let names = table.names().to_vec();
    let (mut values, mut vectors, mut rows) = (Vec::new(), Vec::new(), 0);
    let mut found = label.map(|_| Vec::new());
    while let Some(row) = table.next_row().map_err(|error| wrong(file, error.to_string()))? {
        let refuse = |column: usize, what: &str| {
            Err(wrong(file, format!("line {}, column {}: {what}", row.line(), names[column])))
        };
        for (columns, into) in [(&data, &mut values), (&vector, &mut vectors)] {
            for &column in columns {
                let cell = row.cell(column);
                match cell.parse::<f32>() {
                    Ok(value) if value.is_finite() => into.push(value),
                    Ok(_) => return refuse(column, &format!("{cell} is not finite in single precision")),
                    Err(_) if cell.is_empty() => return refuse(column, "there is no number"),
                    Err(_) => return refuse(column, &format!("\"{cell}\" is no number")),
                }
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

fn begin(file: &Path, chosen: &Chosen) -> Result<(Table<File>, Places), DatasetError> {
    let table = Table::new(open(file)?).map_err(|error| wrong(file, error.to_string()))?;
    let number_of = |name: &str, key: &str| {
        table.column(name).map_err(|error| DatasetError::config(key, format!("{}: {error}", file.display())))
    };
    let numbers_of = |columns: &[String], key: &str| -> Result<Vec<usize>, DatasetError> {
        columns.iter().map(|name| number_of(name, key)).collect()
    };
    let label = chosen.labels.map(|name| number_of(name, "data.labels")).transpose()?;
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
