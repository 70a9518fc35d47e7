//! Tables: a row for each example, with or without the names of the columns in the first row.

use std::io::Read;
use std::path::Path;

use fokker_arrays::{Array, Header};

use super::file::{Examples, open, wrong};
use crate::{DatasetError, Rows};

/// How many columns are data. The rows are not read, so there is no number of examples.
pub(super) fn header(file: &Path, chosen: &Chosen) -> Result<Header, DatasetError> {
    let table = Table::open(file, chosen)?;
    Ok(Header { shape: vec![0, table.data.len()], are_bytes: false })
}

/// Reads all rows.
pub(super) fn read(file: &Path, chosen: &Chosen) -> Result<Examples, DatasetError> {
    let mut table = Table::open(file, chosen)?;
    let (mut values, mut vectors) = (Vec::new(), Vec::new());
    let mut found = table.label.map(|_| Vec::new());
    let mut rows = 0;
    let mut record = csv::StringRecord::new();
    let mut first = table.first.take();
    loop {
        match first.take() {
            Some(row) => record = row,
            None => match table.reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(wrong(file, error.to_string())),
            },
        }
        let line = record.position().map_or(0, csv::Position::line);
        let data = table.data.iter().map(|&column| (column, true));
        for (column, is_data) in data.chain(table.vector.iter().map(|&column| (column, false))) {
            let cell = record.get(column).unwrap_or("");
            let refuse = |what: &str| wrong(file, format!("line {line}, column {}: {what}", table.names[column]));
            match cell.parse::<f32>() {
                Ok(value) if value.is_finite() => if is_data { &mut values } else { &mut vectors }.push(value),
                Ok(_) => return Err(refuse(&format!("{cell} is not finite in single precision"))),
                Err(_) if cell.is_empty() => return Err(refuse("there is no number")),
                Err(_) => return Err(refuse(&format!("\"{cell}\" is no number"))),
            }
        }
        if let (Some(found), Some(column)) = (&mut found, table.label) {
            match record.get(column) {
                Some(label) if !label.is_empty() => found.push(label.to_string()),
                _ => {
                    return Err(wrong(file, format!("line {line}, column {}: there is no label", table.names[column])));
                }
            }
        }
        rows += 1;
    }
    let names = table.data.iter().map(|&column| table.names[column].clone()).collect();
    let array = Array { shape: vec![rows, table.data.len()], values, are_bytes: false };
    let vectors = (!table.vector.is_empty()).then(|| Rows::new(table.vector.len(), vectors));
    Ok(Examples { array, columns: Some(names), labels: found, vectors })
}

/// A table whose first row was looked at.
struct Table {
    reader: csv::Reader<Box<dyn Read>>,
    /// The first row, if it holds numbers and not names.
    first: Option<csv::StringRecord>,
    names: Vec<String>,
    /// The numbers of the columns that are data.
    data: Vec<usize>,
    /// The number of the column of labels.
    label: Option<usize>,
    /// The numbers of the columns that are the vector of a condition.
    vector: Vec<usize>,
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

impl Table {
    fn open(file: &Path, chosen: &Chosen) -> Result<Self, DatasetError> {
        let separator = separator(file)?;
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).delimiter(separator).trim(csv::Trim::All);
        let mut reader = builder.from_reader(Box::new(open(file)?) as Box<dyn Read>);
        let mut row = csv::StringRecord::new();
        if !reader.read_record(&mut row).map_err(|error| wrong(file, error.to_string()))? {
            return Err(wrong(file, "there are no rows in it"));
        }
        // Names are there if a cell of the first row is neither a number nor empty.
        let are_names = row.iter().any(|cell| !cell.is_empty() && cell.parse::<f64>().is_err());
        let names: Vec<String> = match are_names {
            true => row.iter().map(|name| name.trim_start_matches('\u{feff}').to_string()).collect(),
            false => (0..row.len()).map(|number| number.to_string()).collect(),
        };
        let number_of = |name: &str, key: &str| {
            let known = || format!("there is no column {name} in {}; it has {}", file.display(), names.join(", "));
            let found = names.iter().position(|column| column == name);
            found.ok_or_else(|| DatasetError::config(key, known()))
        };
        let label = chosen.labels.map(|name| number_of(name, "data.labels")).transpose()?;
        let numbers_of = |columns: &[String], key: &str| -> Result<Vec<usize>, DatasetError> {
            columns.iter().map(|name| number_of(name, key)).collect()
        };
        let vector = numbers_of(chosen.vector.unwrap_or_default(), "data.vector")?;
        let data = match chosen.columns {
            Some(columns) => numbers_of(columns, "data.columns")?,
            None => (0..names.len()).filter(|column| Some(*column) != label && !vector.contains(column)).collect(),
        };
        if data.is_empty() {
            return Err(wrong(file, "no column is left for data"));
        }
        Ok(Self { reader, first: (!are_names).then_some(row), names, data, label, vector })
    }
}

/// What separates the cells: a tab in `.tsv`; else the comma, or what the first line has instead of it.
fn separator(file: &Path) -> Result<u8, DatasetError> {
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv")) {
        return Ok(b'\t');
    }
    let mut line = [0; 4096];
    let mut reader = open(file)?;
    let count = reader.read(&mut line).map_err(|source| DatasetError::Read { file: file.into(), source })?;
    let line = line[..count].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let has = |separator: u8| line.contains(&separator);
    Ok([b',', b';', b'\t'].into_iter().find(|&separator| has(separator)).unwrap_or(b','))
}
