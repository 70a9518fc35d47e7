//! Tables (CSV, TSV): rows of cells, with or without the names of the columns in the first row.
//!
//! | what | how |
//! |---|---|
//! | separator | a tab, a semicolon, a comma or a bar: the first of these that the first line has outside of quotes |
//! | names | the first row, unless it looks like those below it: see [`Table::new`] |
//! | quotes | as RFC 4180 has them; a cell may hold separators, quotes and line ends |
//! | line ends, byte-order mark | those of any system; a mark at the beginning is passed over |
//! | space around a cell | taken off |
//! | numbers | `1`, `-0.5`, `2e3`, `true` as 1 and `false` as 0; `0,5` where the separator is not a comma |
//! | lines without anything but space | passed over |
//! | rows of different lengths | an error that names the line |
//! | two columns of one name | an error that names both |
//! | text in UTF-16, Latin-1, … | an error; UTF-8 is read |

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

use crate::{Array, ArrayError, Number};

/// A table whose first rows were looked at.
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
    rows: Rows<R>,
    names: Vec<String>,
    /// Rows that were looked at and are still to come.
    waiting: VecDeque<Line>,
    current: Line,
}

/// A row, and the number of its line.
type Line = (csv::StringRecord, u64);

/// The rows as they stand.
struct Rows<R> {
    reader: csv::Reader<BufReader<R>>,
    separator: u8,
    /// Whether lines end with two characters: the reader counts the second one as the beginning of the next row.
    ends_in_two: bool,
    /// How many cells a row has, once one was read.
    width: Option<usize>,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    record: &'a csv::StringRecord,
    line: u64,
    separator: u8,
}

impl<R: Read> Table<R> {
    /// A table that may begin with names. Columns without names are called by their numbers, from 0 on.
    ///
    /// The first row holds names if it holds no number; or if a column has a text there and a number in the second row; or if its
    /// numbers are whole and rise from column to column, as `0,1,2,label` and `country,1990,2000` do. A cell that is empty or says that
    /// something is missing (`NA`, `?`, …) counts neither as a text nor as a number.
    ///
    /// # Errors
    /// No row at all; a first row that cannot be read; two columns of one name.
    pub fn new(input: R) -> Result<Self, ArrayError> {
        Self::open(input, None)
    }

    /// A table that begins with names.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn with_names(input: R) -> Result<Self, ArrayError> {
        Self::open(input, Some(true))
    }

    /// A table without names.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn without_names(input: R) -> Result<Self, ArrayError> {
        Self::open(input, Some(false))
    }

    fn open(input: R, has_names: Option<bool>) -> Result<Self, ArrayError> {
        let mut rows = Rows::open(input)?;
        let Some(first) = rows.next()? else { return Err(ArrayError::new("there are no rows in it")) };
        let mut waiting = VecDeque::new();
        waiting.extend(rows.next()?);
        let second = waiting.front().map(|second| rows.kinds(second));
        let has_names = has_names.unwrap_or_else(|| are_names(&rows.kinds(&first), second));
        let named = |(number, cell): (usize, &str)| match has_names && !cell.is_empty() {
            true => cell.to_string(),
            false => number.to_string(),
        };
        let names: Vec<String> = first.0.iter().enumerate().map(named).collect();
        for (number, name) in names.iter().enumerate() {
            if let Some(other) = names[..number].iter().position(|other| other == name) {
                let problem =
                    format!("columns {other} and {number} are both called {name}; give each a name of its own");
                return Err(ArrayError::new(problem));
            }
        }
        if !has_names {
            waiting.push_front(first);
        }
        Ok(Self { rows, names, waiting, current: Line::default() })
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
        let next = match self.waiting.pop_front() {
            Some(waiting) => {
                self.current = waiting;
                true
            }
            None => self.rows.read(&mut self.current)?,
        };
        let (record, line) = &self.current;
        Ok(next.then_some(Row { record, line: *line, separator: self.rows.separator }))
    }
}

impl<R: Read> Rows<R> {
    fn open(input: R) -> Result<Self, ArrayError> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let unread = |error: std::io::Error| ArrayError::new(format!("cannot be read: {error}"));
        let start = input.fill_buf().map_err(unread)?;
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(ArrayError::new("is text in UTF-16; save it in UTF-8"));
        }
        if start.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let start = input.fill_buf().map_err(unread)?;
        let separator = separator(start);
        let ends_in_two = start.split(|&byte| byte == b'\n').next().is_some_and(|line| line.ends_with(b"\r"));
        let mut reader = csv::ReaderBuilder::new();
        reader.has_headers(false).flexible(true).delimiter(separator).trim(csv::Trim::All);
        Ok(Self { reader: reader.from_reader(input), separator, ends_in_two, width: None })
    }

    fn next(&mut self) -> Result<Option<Line>, ArrayError> {
        let mut line = Line::default();
        Ok(self.read(&mut line)?.then_some(line))
    }

    /// Reads the next row that holds anything; false at the end.
    fn read(&mut self, line: &mut Line) -> Result<bool, ArrayError> {
        let (record, number) = line;
        loop {
            let read = self.reader.read_record(record);
            if !read.map_err(|error| problem(&error, self.ends_in_two && self.width.is_some()))? {
                return Ok(false);
            }
            if record.len() == 1 && record[0].is_empty() {
                continue;
            }
            let first = self.width.is_none();
            *number = record.position().map_or(0, csv::Position::line) + u64::from(self.ends_in_two && !first);
            let (cells, width) = (record.len(), *self.width.get_or_insert(record.len()));
            if cells != width {
                let problem = format!("line {number} has {cells} cells, and the first row has {width}");
                return Err(ArrayError::new(problem));
            }
            return Ok(true);
        }
    }

    fn kinds(&self, (record, line): &Line) -> Vec<CellKind> {
        let row = Row { record, line: *line, separator: self.separator };
        let kind = |(column, cell): (usize, &str)| match row.number::<f64>(column) {
            _ if is_missing(cell) => CellKind::Missing,
            Some(_) => CellKind::Number(cell.parse().ok()),
            None => CellKind::Text,
        };
        record.iter().enumerate().map(kind).collect()
    }
}

/// What a cell of a first row may be.
enum CellKind {
    Missing,
    Text,
    /// A number, and the whole number that it is.
    Number(Option<u64>),
}

/// Whether a first row holds the names of the columns.
fn are_names(first: &[CellKind], second: Option<Vec<CellKind>>) -> bool {
    let is_text = |cell: &CellKind| matches!(cell, CellKind::Text);
    let is_number = |cell: &CellKind| matches!(cell, CellKind::Number(_));
    if !first.iter().any(is_text) || !first.iter().any(is_number) {
        return first.iter().any(is_text);
    }
    let Some(second) = second else { return true };
    let whole: Option<Vec<u64>> =
        first.iter().filter_map(|cell| if let CellKind::Number(whole) = cell { Some(*whole) } else { None }).collect();
    let rise = whole.is_some_and(|whole| whole.len() > 1 && whole.is_sorted_by(|a, b| a < b));
    rise || first.iter().zip(&second).any(|(above, below)| is_text(above) && is_number(below))
}

/// What stands where a number is missing, in the ways in which programs write it.
fn is_missing(cell: &str) -> bool {
    ["", "?", "-", "na", "n/a", "nan", "null", "none", "."].iter().any(|mark| cell.eq_ignore_ascii_case(mark))
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

    /// The number in a cell, if there is one.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn number<T: Number>(&self, column: usize) -> Option<T> {
        let cell = self.cell(column);
        T::parse(cell).or_else(|| match cell {
            _ if cell.eq_ignore_ascii_case("true") => Some(T::nearest(1.0)),
            _ if cell.eq_ignore_ascii_case("false") => Some(T::nearest(0.0)),
            // One comma is a decimal one where it separates no cells.
            _ if self.separator != b',' && cell.matches(',').count() == 1 && !cell.contains('.') => {
                T::parse(&cell.replace(',', "."))
            }
            _ => None,
        })
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
                let (cell, line) = (row.cell(column), row.line());
                values.push(
                    row.number(column).ok_or_else(|| {
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
            b',' | b';' | b'\t' | b'|' if !quoted => found.push(byte),
            _ => {}
        }
    }
    [b'\t', b';', b',', b'|'].into_iter().find(|separator| found.contains(separator)).unwrap_or(b',')
}

/// What is wrong with a row.
fn problem(error: &csv::Error, ends_in_two: bool) -> ArrayError {
    let line =
        |position: &Option<csv::Position>| position.as_ref().map_or(0, csv::Position::line) + u64::from(ends_in_two);
    ArrayError::new(match error.kind() {
        csv::ErrorKind::Utf8 { pos, .. } => format!("line {} is no text in UTF-8; save the file in UTF-8", line(pos)),
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
        // Decimal commas, where they separate nothing; bars.
        let numbers = |text: &str| Array::<f64>::of_table(text.as_bytes()).unwrap().values;
        assert_eq!(numbers("0,5;1\n-2,25;3\n"), [0.5, 1.0, -2.25, 3.0]);
        assert_eq!(numbers("x|y\n0.5|True\n1|FALSE\n"), [0.5, 1.0, 1.0, 0.0]);
        // Lines of nothing but space hold nothing.
        assert_eq!(numbers("x,y\n\n  \n1,2\n \n"), [1.0, 2.0]);
        // A separator within quotes is none.
        assert_eq!(cells("\"a,b\";c\n1;2\n").0, ["a,b", "c"]);
    }

    #[test]
    fn the_first_row_holds_names_unless_it_is_like_the_second() {
        for (text, names, rows) in [
            // Of a pandas table, and of years.
            ("0,1,label\n0.5,2,a\n", &["0", "1", "label"][..], 1),
            ("country,1990,2000\na,1.5,2\n", &["country", "1990", "2000"], 1),
            (",x\n0,1\n", &["0", "x"], 1),
            ("name,7\n1,2\n", &["name", "7"], 1),
            ("name,7\n", &["name", "7"], 0),
            ("a,b\nx,y\n", &["a", "b"], 1),
            // As many public data sets are published.
            ("5.1,3.5,setosa\n4.9,3.0,setosa\n", &["0", "1", "2"], 2),
            ("39, Private, 77516, 13\n28, ?, 338409, 9\n", &["0", "1", "2", "3"], 2),
            ("?,1\n2,3\n", &["0", "1"], 2),
            ("True,1\nFalse,2\n", &["0", "1"], 2),
            ("1;2,5\n", &["0", "1"], 1),
        ] {
            let (found, cells) = cells(text);
            assert_eq!(
                (&found[..], cells.len()),
                (&names.iter().map(|name| name.to_string()).collect::<Vec<_>>()[..], rows),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        let refusal = |text: &[u8]| Array::<f64>::of_table(text).unwrap_err().to_string();
        assert_eq!(refusal(b"a,b\n1,2\n3\n"), "line 3 has 1 cells, and the first row has 2");
        assert_eq!(refusal(b"a,b\r\n1,2\r\n3\r\n"), "line 3 has 1 cells, and the first row has 2");
        assert_eq!(refusal(b"a,b\n1,two\n"), "line 2, column b: \"two\" is no number");
        assert_eq!(refusal(b"a,b\n1,\xff\n"), "line 2 is no text in UTF-8; save the file in UTF-8");
        assert_eq!(refusal(b"\xff\xfea\0"), "is text in UTF-16; save it in UTF-8");
        assert_eq!(refusal(b"x,y,x\n1,2,3\n"), "columns 0 and 2 are both called x; give each a name of its own");
        assert!(refusal(b"").contains("no rows"));
        let table = Table::new(&b"a,b\n"[..]).map(|table| table.column("c").unwrap_err().to_string());
        assert_eq!(table.ok().unwrap(), "there is no column c; there are a, b");
        assert_eq!(Array::<f64>::of_table(&b"a,b\n"[..]).unwrap().shape, [0, 2]);
        let whole = Table::with_names(&b"1,2\n3,4\n"[..]).ok().unwrap();
        assert_eq!(whole.names(), ["1", "2"]);
        let texts = Table::without_names(&b"a,b\n3,4\n"[..]).ok().unwrap();
        assert_eq!(texts.names(), ["0", "1"]);
    }
}
