//! Parquet's tables: columns of numbers, of texts, and of lists of numbers that are equally long.

use std::any::Any;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

use crate::{Array, ArrayError, Number};

/// What is in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Missing,
    /// A whole number, or 0 or 1 for false or true.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// A table whose first row was read. A list of numbers counts as so many columns: `signal[0]`, `signal[1]`, …
pub struct ParquetTable {
    rows: RowIter<'static>,
    /// The columns of the file, and how many there are of each here.
    columns: Vec<(String, usize)>,
    names: Vec<String>,
    first: Option<Vec<Cell>>,
    row: u64,
}

impl ParquetTable {
    /// Opens a file. Only the `wanted` columns are read, if some are named.
    ///
    /// # Errors
    /// What is no Parquet file, or a damaged one; a column that is not there; a column compressed by Brotli or LZO; a table
    /// without rows; a column that is neither of numbers, texts nor lists of numbers.
    pub fn open(file: File, wanted: Option<&[&str]>) -> Result<Self, ArrayError> {
        guarded(|| Self::open_unguarded(file, wanted))
    }

    fn open_unguarded(file: File, wanted: Option<&[&str]>) -> Result<Self, ArrayError> {
        let reader = SerializedFileReader::new(file).map_err(unread)?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let fields = schema.root_schema().get_fields();
        // A list may be wanted in parts.
        let is_of = |name: &str, field: &str| {
            name.strip_prefix(field)
                .is_some_and(|rest| rest.is_empty() || (rest.starts_with('[') && rest.ends_with(']')))
        };
        let mut unknown =
            wanted.unwrap_or_default().iter().filter(|name| !fields.iter().any(|field| is_of(name, field.name())));
        if let Some(name) = unknown.next() {
            let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
            return Err(ArrayError::new(format!("there is no column {name}; there are {}", names.join(", "))));
        }
        let is_wanted = |field: &str| wanted.is_none_or(|wanted| wanted.iter().any(|name| is_of(name, field)));
        for group in reader.metadata().row_groups() {
            for column in group.columns() {
                let is_foreign = matches!(column.compression(), Compression::BROTLI(_) | Compression::LZO);
                if is_foreign && column.column_path().parts().first().is_some_and(|name| is_wanted(name)) {
                    let name = column.compression().to_string();
                    let name = name.split('(').next().unwrap_or_default();
                    let remedy = "write it with Zstandard, Snappy, LZ4, gzip or without compression";
                    return Err(ArrayError::new(format!("is compressed by {name}, which is not read; {remedy}")));
                }
            }
        }
        let chosen: Vec<Arc<Type>> = fields.iter().filter(|field| is_wanted(field.name())).cloned().collect();
        let projection =
            Type::group_type_builder(schema.root_schema().name()).with_fields(chosen).build().map_err(unread)?;
        let mut rows = RowIter::from_file_into(Box::new(reader)).project(Some(projection)).map_err(unread)?;
        let Some(row) = rows.next() else { return Err(ArrayError::new("there are no rows in it")) };
        let (mut columns, mut names, mut first) = (Vec::new(), Vec::new(), Vec::new());
        for (name, field) in row.map_err(unread)?.into_columns() {
            let (start, is_list) = (first.len(), matches!(field, Field::ListInternal(_)));
            flatten(&field, &mut first).map_err(|error| error.at(0, &name))?;
            let count = first.len() - start;
            names.extend((0..count).map(|number| if is_list { format!("{name}[{number}]") } else { name.clone() }));
            columns.push((name, count));
        }
        Ok(Self { rows, columns, names, first: Some(first), row: 0 })
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The numbers of the columns of a name: one, or all of a list.
    ///
    /// # Errors
    /// No such column, with those that there are.
    pub fn columns(&self, name: &str) -> Result<Vec<usize>, ArrayError> {
        let mut start = 0;
        for (column, count) in &self.columns {
            if column == name {
                return Ok((start..start + count).collect());
            }
            start += count;
        }
        match self.names.iter().position(|column| column == name) {
            Some(place) => Ok(vec![place]),
            None => Err(ArrayError::new(format!("there is no column {name}; there are {}", self.names.join(", ")))),
        }
    }

    /// The number of the next row, from 0 on, and its cells.
    ///
    /// # Errors
    /// A damaged file; a list of another length than that of the first row.
    pub fn next_row(&mut self) -> Result<Option<(u64, Vec<Cell>)>, ArrayError> {
        let row = self.row;
        self.row += 1;
        if let Some(first) = self.first.take() {
            return Ok(Some((row, first)));
        }
        let found = guarded(|| self.rows.next().transpose().map_err(unread))?;
        found.map(|found| Ok((row, self.cells(row, found)?))).transpose()
    }

    fn cells(&self, number: u64, row: Row) -> Result<Vec<Cell>, ArrayError> {
        let mut cells = Vec::with_capacity(self.names.len());
        for ((name, field), (_, count)) in row.into_columns().into_iter().zip(&self.columns) {
            let start = cells.len();
            flatten(&field, &mut cells).map_err(|error| error.at(number, &name))?;
            if cells.len() - start != *count {
                let message =
                    format!("row {number}, column {name}: {} numbers; the first row has {count}", cells.len() - start);
                return Err(ArrayError::new(message));
            }
        }
        Ok(cells)
    }
}

impl<T: Number> Array<T> {
    /// All rows of a Parquet file of numbers.
    ///
    /// # Errors
    /// A cell that is no number, by its row and column; what [`ParquetTable::open`] refuses.
    pub fn of_parquet(file: File) -> Result<Self, ArrayError> {
        let mut table = ParquetTable::open(file, None)?;
        let mut values = Vec::new();
        while let Some((row, cells)) = table.next_row()? {
            for (name, cell) in table.names().iter().zip(cells) {
                values.push(match cell {
                    Cell::Integer(number) => T::nearest(number as f64),
                    Cell::Number(number) => T::nearest(number),
                    Cell::Missing => {
                        return Err(ArrayError::new(format!("row {row}, column {name}: there is no number")));
                    }
                    Cell::Text(text) => {
                        return Err(ArrayError::new(format!("row {row}, column {name}: \"{text}\" is no number")));
                    }
                });
            }
        }
        Ok(Self::new([values.len() / table.names().len().max(1), table.names().len()], values))
    }
}

/// What cannot be in a cell.
struct Unknown(&'static str);

impl Unknown {
    fn at(&self, row: u64, column: &str) -> ArrayError {
        ArrayError::new(format!(
            "row {row}, column {column}: {}; numbers, texts and lists of numbers are read. Name the columns that are wanted",
            self.0
        ))
    }
}

/// Appends what is in a field: a cell, or those of a list.
fn flatten(field: &Field, cells: &mut Vec<Cell>) -> Result<(), Unknown> {
    cells.push(match field {
        Field::Null => Cell::Missing,
        Field::Bool(value) => Cell::Integer((*value).into()),
        Field::Byte(value) => Cell::Integer((*value).into()),
        Field::Short(value) => Cell::Integer((*value).into()),
        Field::Int(value) => Cell::Integer((*value).into()),
        Field::Long(value) => Cell::Integer(*value),
        Field::UByte(value) => Cell::Integer((*value).into()),
        Field::UShort(value) => Cell::Integer((*value).into()),
        Field::UInt(value) => Cell::Integer((*value).into()),
        Field::ULong(value) => i64::try_from(*value).map_or(Cell::Number(*value as f64), Cell::Integer),
        Field::Float16(value) => Cell::Number((*value).into()),
        Field::Float(value) => Cell::Number((*value).into()),
        Field::Double(value) => Cell::Number(*value),
        Field::Decimal(_) => {
            Cell::Number(field.to_string().parse().map_err(|_| Unknown("a decimal number that is none"))?)
        }
        Field::Str(text) => Cell::Text(text.clone()),
        Field::ListInternal(list) => {
            for element in list.elements() {
                flatten(element, cells)?;
            }
            return Ok(());
        }
        Field::Bytes(_) => return Err(Unknown("bytes")),
        Field::Date(_) | Field::TimeMillis(_) | Field::TimeMicros(_) => return Err(Unknown("a date or a time")),
        Field::TimestampMillis(_) | Field::TimestampMicros(_) => return Err(Unknown("a date and time")),
        Field::Group(_) | Field::MapInternal(_) => return Err(Unknown("several values under names")),
    });
    Ok(())
}

fn unread(error: ParquetError) -> ArrayError {
    ArrayError::new(format!("is no whole Parquet file: {error}"))
}

/// The reader may panic at what it did not expect.
fn guarded<T>(work: impl FnOnce() -> Result<T, ArrayError>) -> Result<T, ArrayError> {
    let failed = |_: Box<dyn Any + Send>| Err(ArrayError::new("is no whole Parquet file"));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(failed)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::*;

    /// Of reference/parquet_files.py.
    fn open(name: &str, wanted: Option<&[&str]>) -> Result<ParquetTable, ArrayError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference/golden");
        ParquetTable::open(File::open(folder.join(name)).unwrap(), wanted)
    }

    fn rows(mut table: ParquetTable) -> Result<Vec<Vec<Cell>>, ArrayError> {
        let mut rows = Vec::new();
        while let Some((number, row)) = table.next_row()? {
            assert_eq!(number, rows.len() as u64);
            rows.push(row);
        }
        Ok(rows)
    }

    #[test]
    fn numbers_texts_and_lists_are_as_they_were_written() {
        let wanted = ["x", "half", "count", "large", "flag", "label", "signal", "price"];
        let table = open("table.parquet", Some(&wanted)).unwrap();
        assert_eq!(table.names(), ["x", "half", "count", "large", "flag", "label", "signal[0]", "signal[1]", "price"]);
        assert_eq!((table.columns("signal").unwrap(), table.columns("signal[1]").unwrap()), (vec![6, 7], vec![7]));
        assert_eq!(table.columns("price").unwrap(), [8]);
        assert_eq!(open("table.parquet", Some(&["signal[1]"])).unwrap().names(), ["signal[0]", "signal[1]"]);
        let rows = rows(table).unwrap();
        let text = |text: &str| Cell::Text(text.into());
        let (one, minus) = (Cell::Integer(1), Cell::Integer(-2));
        use Cell::{Integer, Missing, Number};
        assert_eq!(
            rows[0],
            [
                Number(0.1),
                Number(0.5),
                one.clone(),
                one.clone(),
                one.clone(),
                text("cat"),
                Number(1.0),
                Number(2.0),
                one
            ]
        );
        assert_eq!(
            rows[1],
            [Number(-2.5), Number(1.0), minus, Integer(2), Integer(0), text("dog"), Number(3.0), Number(4.0), Missing]
        );
        assert_eq!(rows[2][2..4], [Integer(1 << 62), Number(2f64.powi(63))]);
        assert_eq!(rows.len(), 3);
        for name in ["table_gzip.parquet", "table_lz4.parquet", "table_zstd.parquet"] {
            assert_eq!(self::rows(open(name, None).unwrap()).unwrap()[1], [Number(-2.5)], "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let refusal = |name, wanted: &[&str]| match open(name, Some(wanted)).and_then(rows) {
            Ok(rows) => format!("{rows:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(
            refusal("table.parquet", &["y"]),
            "there is no column y; there are x, half, count, large, flag, label, signal, price, ragged, picture"
        );
        assert_eq!(refusal("table.parquet", &["ragged"]), "row 1, column ragged: 2 numbers; the first row has 1");
        assert!(refusal("table.parquet", &["picture"]).starts_with("row 0, column picture: bytes; numbers, texts"));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference/golden");
        let numbers = |name: &str| Array::<f32>::of_parquet(File::open(folder.join(name)).unwrap());
        assert_eq!(numbers("table_gzip.parquet").unwrap(), Array::new([3, 1], vec![0.1, -2.5, 3.0]));
        assert!(numbers("table.parquet").unwrap_err().to_string().contains("column picture"));
        assert!(refusal("table_brotli.parquet", &["x"]).starts_with("is compressed by BROTLI"));
        assert!(refusal("pytorch_file.bin", &["x"]).starts_with("is no whole Parquet file"));
    }

    #[test]
    fn damaged_files_are_refused_and_never_panic() {
        let whole = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference/golden/table_gzip.parquet"))
            .unwrap();
        let read = |bytes: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            ParquetTable::open(file, None).and_then(rows)
        };
        assert_eq!(read(&whole).unwrap().len(), 3);
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} bytes");
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x55;
            // What is not in the checksums may be read as something else.
            drop(read(&bytes));
        }
    }
}
