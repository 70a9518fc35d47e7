//! Tables (CSV, TSV): rows of cells, with or without the names of the columns in the first row.
//!
//! | what | how |
//! |---|---|
//! | separator | a tab, a comma or a semicolon: the first of these that the first line has outside of quotes |
//! | quotes | as RFC 4180 has them; a cell may hold separators, quotes and line ends |
//! | line ends, byte-order mark | those of any system; a mark at the beginning is passed over |
//! | space around a cell | taken off |
//! | empty lines | passed over |
//! | rows of different lengths | an error that names the line |

use std::io::{BufRead, BufReader, Read};

use crate::{Array, ArrayError, Number};

/// A table whose first row was looked at.
///
/// ```
/// let mut table = fokker_arrays::Table::new("file;label\r\n\"a;b.png\"; cat\r\n".as_bytes())?;
/// assert_eq!(table.names(), ["file", "label"]);
/// let row = table.next_row()?.unwrap();
/// assert_eq!((row.line(), row.cell(0), row.cell(1)), (2, "a;b.png", "cat"));
/// assert!(table.next_row()?.is_none());
/// # Ok::<(), fokker_arrays::ArrayError>(())
/// ```
pub struct Table<R> {
    reader: csv::Reader<BufReader<R>>,
    names: Vec<String>,
    record: csv::StringRecord,
    /// Whether `record` is the first row and holds numbers.
    first_waits: bool,
    /// Whether lines end with two characters: the reader counts the second one as the beginning of the next row.
    ends_in_two: bool,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    record: &'a csv::StringRecord,
    line: u64,
}

impl<R: Read> Table<R> {
    /// A table that may begin with names: it does if a cell of the first row is neither a number nor empty. Columns without names
    /// are called by their numbers, from 0 on.
    ///
    /// # Errors
    /// No row at all; a first row that cannot be read.
    pub fn new(input: R) -> Result<Self, ArrayError> {
        Self::open(input, false)
    }

    /// A table that begins with names.
    ///
    /// # Errors
    /// No row at all; a first row that cannot be read.
    pub fn with_names(input: R) -> Result<Self, ArrayError> {
        Self::open(input, true)
    }

    fn open(input: R, has_names: bool) -> Result<Self, ArrayError> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let unread = |error: std::io::Error| ArrayError::new(format!("cannot be read: {error}"));
        if input.fill_buf().map_err(unread)?.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let start = input.fill_buf().map_err(unread)?;
        let separator = separator(start);
        let ends_in_two = start.split(|&byte| byte == b'\n').next().is_some_and(|line| line.ends_with(b"\r"));
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).delimiter(separator).trim(csv::Trim::All).from_reader(input);
        let mut record = csv::StringRecord::new();
        if !reader.read_record(&mut record).map_err(|error| problem(&error, false))? {
            return Err(ArrayError::new("there are no rows in it"));
        }
        let are_names = has_names || record.iter().any(|cell| !cell.is_empty() && cell.parse::<f64>().is_err());
        let names = match are_names {
            true => record.iter().map(String::from).collect(),
            false => (0..record.len()).map(|number| number.to_string()).collect(),
        };
        Ok(Self { reader, names, record, first_waits: !are_names, ends_in_two })
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of the column of a name.
    ///
    /// # Errors
    /// No such column, with those that there are.
    pub fn column(&self, name: &str) -> Result<usize, ArrayError> {
        let place = self.names.iter().position(|column| column == name);
        place.ok_or_else(|| ArrayError::new(format!("there is no column {name}; there are {}", self.names.join(", "))))
    }

    /// The next row, if there is one more.
    ///
    /// # Errors
    /// A row of another length, or one that is no text.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, ArrayError> {
        if std::mem::take(&mut self.first_waits) {
            return Ok(Some(Row { record: &self.record, line: 1 }));
        }
        let there = self.reader.read_record(&mut self.record).map_err(|error| problem(&error, self.ends_in_two))?;
        let line = self.record.position().map_or(0, csv::Position::line) + u64::from(self.ends_in_two);
        Ok(there.then_some(Row { record: &self.record, line }))
    }
}

impl<'a> Row<'a> {
    /// The number of its line, from 1 on.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The text of a cell.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn cell(&self, column: usize) -> &'a str {
        &self.record[column]
    }
}

impl<T: Number> Array<T> {
    /// All rows of a table of numbers.
    ///
    /// ```
    /// let table = fokker_arrays::Array::<f64>::of_table("x,y\n1,2\n3,4\n".as_bytes())?;
    /// assert_eq!((&table.shape[..], &table.values[..]), (&[2, 2][..], &[1.0, 2.0, 3.0, 4.0][..]));
    /// # Ok::<(), fokker_arrays::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// A cell that is no number, by its line and column; what [`Table::new`] refuses.
    pub fn of_table(input: impl Read) -> Result<Self, ArrayError> {
        let mut table = Table::new(input)?;
        let (names, mut values) = (table.names().to_vec(), Vec::new());
        while let Some(row) = table.next_row()? {
            for (column, name) in names.iter().enumerate() {
                let cell = row.cell(column);
                let line = row.line();
                values.push(
                    T::parse(cell).ok_or_else(|| {
                        ArrayError::new(format!("line {line}, column {name}: \"{cell}\" is no number"))
                    })?,
                );
            }
        }
        Ok(Self::new([values.len() / names.len().max(1), names.len()], values))
    }
}

/// What the first line has between its cells, outside of quotes.
fn separator(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut found = Vec::new();
    for &byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            b',' | b';' | b'\t' if !quoted => found.push(byte),
            _ => {}
        }
    }
    [b'\t', b',', b';'].into_iter().find(|separator| found.contains(separator)).unwrap_or(b',')
}

/// What is wrong with a row.
fn problem(error: &csv::Error, ends_in_two: bool) -> ArrayError {
    let line =
        |position: &Option<csv::Position>| position.as_ref().map_or(0, csv::Position::line) + u64::from(ends_in_two);
    ArrayError::new(match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            format!("line {} has {len} cells, and the first row has {expected_len}", line(pos))
        }
        csv::ErrorKind::Utf8 { pos, .. } => format!("line {} is no text in UTF-8", line(pos)),
        _ => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let mut table = Table::new(text.as_bytes()).unwrap();
        let names = table.names().to_vec();
        let mut rows = Vec::new();
        while let Some(row) = table.next_row().unwrap() {
            rows.push((0..names.len()).map(|column| row.cell(column).to_string()).collect());
        }
        (names, rows)
    }

    #[test]
    fn marks_quotes_separators_and_line_ends_are_understood() {
        let expected = (vec!["a".to_string(), "b".into()], vec![vec!["1".to_string(), "x, \"y\"".into()]]);
        for text in [
            "a,b\n1,\"x, \"\"y\"\"\"\n",
            "\u{feff}\"a\",b\r\n1,\"x, \"\"y\"\"\"",
            "a;b\n\n1;\"x, \"\"y\"\"\"\n",
            "\"a\"\tb\n 1 \t\"x, \"\"y\"\"\"\n",
        ] {
            assert_eq!(cells(text), expected, "{text:?}");
        }
        // Rows of numbers have no names, also where some are missing.
        assert_eq!(cells("1,,3\n").0, ["0", "1", "2"]);
        assert_eq!(cells("1,,3\n").1, [["1", "", "3"]]);
        // A separator within quotes is none.
        assert_eq!(cells("\"a,b\";c\n1;2\n").0, ["a,b", "c"]);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        let refusal = |text: &[u8]| Array::<f64>::of_table(text).unwrap_err().to_string();
        assert_eq!(refusal(b"a,b\n1,2\n3\n"), "line 3 has 1 cells, and the first row has 2");
        assert_eq!(refusal(b"a,b\r\n1,2\r\n3\r\n"), "line 3 has 1 cells, and the first row has 2");
        assert_eq!(refusal(b"a,b\n1,two\n"), "line 2, column b: \"two\" is no number");
        assert_eq!(refusal(b"a,b\n1,\xff\n"), "line 2 is no text in UTF-8");
        assert!(refusal(b"").contains("no rows"));
        let table = Table::new(&b"a,b\n"[..]).map(|table| table.column("c").unwrap_err().to_string());
        assert_eq!(table.ok().unwrap(), "there is no column c; there are a, b");
        assert_eq!(Array::<f64>::of_table(&b"a,b\n"[..]).unwrap().shape, [0, 2]);
        let whole = Table::with_names(&b"1,2\n3,4\n"[..]).ok().unwrap();
        assert_eq!(whole.names(), ["1", "2"]);
    }
}
