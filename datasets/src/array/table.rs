//! Tables: a row for each example.

use std::path::Path;

use fokker_arrays::{Array, Header, ParquetTable, Table};

use super::file::{Examples, FileKind, open, wrong};
use super::row::{AnyRow, AnyTable};
use crate::{DatasetError, Rows};

/// How many columns are data. The rows are not read, so there is no number of examples.
///
/// # Errors
/// A first row that cannot be used: then all rows that cannot be are named.
pub(super) fn header(file: &Path, chosen: &Chosen) -> Result<Header, DatasetError> {
    let (mut table, places) = begin(file, chosen)?;
    let first = table.next_row().map_err(|error| wrong(file, error.to_string()))?;
    if first.is_some_and(|row| places.data.iter().any(|&column| row.number(column).is_err())) {
        read(file, chosen)?;
    }
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
    let (mut values, mut vectors, mut rows, mut unused) = (Vec::new(), Vec::new(), 0, Unused::default());
    let mut found = label.map(|_| Vec::new());
    while let Some(row) = table.next_row().map_err(|error| wrong(file, error.to_string()))? {
        for (columns, into) in [(&data, &mut values), (&vector, &mut vectors)] {
            for &column in columns {
                into.push(row.number(column).unwrap_or_else(|what| {
                    unused.add(&row, &names[column], &what);
                    f32::NAN
                }));
            }
        }
        if let (Some(found), Some(column)) = (&mut found, label) {
            found.push(row.label(column).unwrap_or_else(|| {
                unused.add(&row, &names[column], "there is no label");
                String::new()
            }));
        }
        rows += 1;
    }
    unused.refuse(file, rows)?;
    let array = Array { shape: vec![rows, data.len()], values, are_bytes: false };
    let vectors = (!vector.is_empty()).then(|| Rows::new(vector.len(), vectors));
    let columns = data.into_iter().map(|column| names[column].clone()).collect();
    Ok(Examples { array, columns: Some(columns), labels: found, vectors })
}

/// Cells that hold no number or no label.
#[derive(Default)]
struct Unused {
    cells: usize,
    /// The first of them.
    shown: Vec<String>,
    /// Their columns, and how many of them are in each.
    columns: Vec<(String, usize)>,
}

impl Unused {
    /// How many cells a message shows.
    const MOST: usize = 8;

    fn add(&mut self, row: &AnyRow, column: &str, what: &str) {
        self.cells += 1;
        if self.shown.len() < Self::MOST {
            self.shown.push(format!("{}, column {column}: {what}", row.place()));
        }
        match self.columns.iter_mut().find(|(name, _)| name == column) {
            Some((_, cells)) => *cells += 1,
            None => self.columns.push((column.into(), 1)),
        }
    }

    fn refuse(self, file: &Path, rows: usize) -> Result<(), DatasetError> {
        if self.cells == 0 {
            return Ok(());
        }
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|(name, cells)| match *cells == rows {
                true => format!("{name} (all rows)"),
                false => format!("{name} ({cells} of {rows})"),
            })
            .collect();
        let more = self.cells - self.shown.len();
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        let problem = format!(
            "{} cannot be used:\n  {}{more}\nRemedy: fill these cells, take their rows out, or choose other columns by data.columns; \
             texts may be data.labels. Columns: {}",
            if self.cells == 1 { "a cell".into() } else { format!("{} cells", self.cells) },
            self.shown.join("\n  "),
            columns.join(", ")
        );
        Err(wrong(file, problem))
    }
}

/// Which columns are what, by their names.
pub(super) struct Chosen<'a> {
    /// The data; all others if absent.
    pub columns: Option<&'a [String]>,
    /// The labels.
    pub labels: Option<&'a str>,
    /// The vector of the condition.
    pub vector: Option<&'a [String]>,
    /// Whether the first row of a text holds names; found out if absent.
    pub header: Option<bool>,
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
        _ => match chosen.header {
            None => Table::new(input),
            Some(true) => Table::with_names(input),
            Some(false) => Table::without_names(input),
        }
        .map(AnyTable::Text),
    };
    table.map_err(|error| wrong(file, error.to_string()))
}
