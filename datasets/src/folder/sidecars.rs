//! Files that say something of pictures: tables of a row each, and small files next to them in an archive.
//!
//! | file | what it says | as |
//! |---|---|---|
//! | `metadata.csv`, `labels.csv` | a row for each picture, which the column `file_name` names below the table's folder | Hugging Face's `imagefolder` |
//! | `metadata.jsonl` | an object a line, with the same key | the same |
//! | `000.cls`, next to `000.png` in an archive | a label | WebDataset |
//! | `000.json`, next to `000.png` in an archive | an object | WebDataset |
//!
//! All of it becomes named columns.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use fokker_arrays::Table;
use serde_json::Value;

use super::listing::Item;
use crate::notes::{counted, name};

/// The column that names pictures.
const FILE_NAME: &str = "file_name";
/// The column of WebDataset's labels.
pub(super) const CLS: &str = "cls";
/// The most bytes of a table in an archive.
const LARGEST_TABLE: u64 = 256 << 20;
/// The most bytes of a file for one picture.
const LARGEST_SIDECAR: u64 = 1 << 20;

/// The files that were found, with their contents.
#[derive(Default)]
pub(super) struct Sidecars {
    /// By their paths, below the folder or in the archive.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

/// What is said of pictures: for each column a text for each picture, where there is one.
#[derive(Default)]
pub(super) struct Columns {
    columns: BTreeMap<String, Vec<Option<String>>>,
}

/// Whether a name is that of a table of pictures.
pub(super) fn is_table(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    ["metadata.csv", "metadata.jsonl", "labels.csv"].iter().any(|table| name.eq_ignore_ascii_case(table))
}

/// Up to how many bytes of a file in an archive are read for what it says, if it says something that is wanted.
pub(super) fn most_read(path: &Path, is_wanted: bool) -> Option<u64> {
    match path.extension().and_then(|extension| extension.to_str()) {
        _ if !is_wanted => None,
        _ if is_table(path) => Some(LARGEST_TABLE),
        Some(CLS | "json") => Some(LARGEST_SIDECAR),
        _ => None,
    }
}

impl Sidecars {
    pub fn add(&mut self, path: PathBuf, contents: Vec<u8>) {
        self.files.insert(path, contents);
    }

    /// The tables and, in short, the other files: for messages.
    pub fn name(&self) -> String {
        let tables: Vec<&PathBuf> = self.files.keys().filter(|path| is_table(path)).collect();
        match tables.is_empty() {
            true => ".cls and .json".into(),
            false => crate::notes::names(&tables, 5),
        }
    }

    pub fn has_tables(&self) -> bool {
        self.files.keys().any(|path| is_table(path))
    }

    pub fn has_labels(&self) -> bool {
        self.files.keys().any(|path| path.extension().is_some_and(|extension| extension == CLS))
    }

    /// What they say of these pictures, and what is wrong with them, a clause each.
    pub fn columns(&self, items: &[Item]) -> (Columns, Vec<String>) {
        let numbers: HashMap<String, usize> =
            items.iter().zip(0..).map(|(item, number)| (slashed(&item.path), number)).collect();
        let mut keys: HashMap<PathBuf, Vec<usize>> = HashMap::new();
        if self.files.keys().any(|path| !is_table(path)) {
            items.iter().zip(0..).for_each(|(item, number)| keys.entry(key(&item.path)).or_default().push(number));
        }
        let mut found = Found { columns: Columns::default(), count: items.len(), problems: Vec::new() };
        for (path, contents) in &self.files {
            if is_table(path) {
                let mut rows = Rows { found: &mut found, numbers: &numbers, path };
                match path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
                    true => rows.csv(contents),
                    false => rows.lines(contents),
                }
                continue;
            }
            // A file for no picture says nothing.
            let Some(of) = keys.get(&key(path)) else { continue };
            let cells = match path.extension().is_some_and(|extension| extension == CLS) {
                true => Ok(vec![(CLS.to_string(), String::from_utf8_lossy(contents).trim().to_string())]),
                false => object(contents).map(|object| object.into_iter().filter_map(cell).collect()),
            };
            match cells {
                Ok(cells) => of.iter().for_each(|&number| found.put(number, &cells, || name(path))),
                Err(problem) => found.problems.push(format!("{}: {problem}", name(path))),
            }
        }
        (found.columns, found.problems)
    }
}

impl Columns {
    /// The names of the columns.
    pub fn names(&self) -> Vec<&str> {
        self.columns.keys().map(String::as_str).collect()
    }

    /// A text for each picture, where there is one.
    pub fn get(&self, name: &str) -> Option<&[Option<String>]> {
        self.columns.get(name).map(Vec::as_slice)
    }
}

/// What was read so far.
struct Found {
    columns: Columns,
    /// The number of pictures.
    count: usize,
    problems: Vec<String>,
}

impl Found {
    /// Cells for a picture. One that was said before must say the same.
    fn put(&mut self, number: usize, cells: &[(String, String)], place: impl Fn() -> String) {
        for (column, text) in cells.iter().filter(|(_, text)| !text.is_empty()) {
            let column_of_all = self.columns.columns.entry(column.clone()).or_insert_with(|| vec![None; self.count]);
            match &column_of_all[number] {
                Some(before) if before != text => {
                    self.problems.push(format!("{}: {column} is {text}, and {before} was said before", place()));
                }
                _ => column_of_all[number] = Some(text.clone()),
            }
        }
    }
}

/// The rows of a table.
struct Rows<'a> {
    found: &'a mut Found,
    numbers: &'a HashMap<String, usize>,
    path: &'a Path,
}

impl Rows<'_> {
    fn csv(&mut self, contents: &[u8]) {
        if let Err(error) = self.try_csv(contents) {
            self.found.problems.push(format!("{}: {error}", name(self.path)));
        }
    }

    fn try_csv(&mut self, contents: &[u8]) -> Result<(), fokker_arrays::ArrayError> {
        let mut table = Table::with_names(contents)?;
        let file = table.column(FILE_NAME)?;
        let names = table.names().to_vec();
        // A column without texts is one all the same.
        for name in names.iter().filter(|name| *name != FILE_NAME) {
            self.found.columns.columns.entry(name.clone()).or_insert_with(|| vec![None; self.found.count]);
        }
        while let Some(row) = table.next_row()? {
            let cells = names.iter().enumerate().filter(|(column, _)| *column != file);
            let cells = cells.map(|(column, name)| (name.clone(), row.cell(column).to_string())).collect();
            self.row(row.line(), row.cell(file), cells);
        }
        Ok(())
    }

    fn lines(&mut self, contents: &[u8]) {
        let contents = contents.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents);
        for (line, number) in
            contents.split(|&byte| byte == b'\n').zip(1..).filter(|(line, _)| !line.trim_ascii().is_empty())
        {
            let mut refuse =
                |problem: String| self.found.problems.push(format!("{}: line {number}: {problem}", name(self.path)));
            match object(line) {
                Err(problem) => refuse(problem),
                Ok(mut object) => match object.remove(FILE_NAME) {
                    Some(Value::String(file)) => {
                        let cells = object.into_iter().filter_map(cell).collect();
                        self.row(number, &file, cells);
                    }
                    _ => refuse(format!("there is no text {FILE_NAME}")),
                },
            }
        }
    }

    fn row(&mut self, line: u64, file: &str, cells: Vec<(String, String)>) {
        let place = || format!("{}: line {line}", name(self.path));
        let number = below(self.path.parent().unwrap_or(Path::new("")), file).and_then(|path| {
            self.numbers.get(&path).copied().ok_or_else(|| format!("there is no picture {}", name(Path::new(file))))
        });
        match number {
            Ok(number) => self.found.put(number, &cells, place),
            Err(problem) => self.found.problems.push(format!("{}: {problem}", place())),
        }
    }
}

/// A path below the table's folder.
fn below(folder: &Path, file: &str) -> Result<String, String> {
    let mut path = folder.to_path_buf();
    for part in Path::new(&file.replace('\\', "/")).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return Err(format!("{} leads out of the table's folder", name(Path::new(file)))),
        }
    }
    match file.is_empty() {
        true => Err(format!("there is no {FILE_NAME}")),
        false => Ok(slashed(&path)),
    }
}

fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What the files of one example have in common: the name up to its first dot.
fn key(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(name.split('.').next().unwrap_or_default())
}

fn object(text: &[u8]) -> Result<serde_json::Map<String, Value>, String> {
    serde_json::from_slice(text).map_err(|error| format!("it is no JSON object: {error}"))
}

/// A name and a text, if the value is one that has a text.
fn cell((name, value): (String, Value)) -> Option<(String, String)> {
    match value {
        Value::String(text) => Some((name, text.trim().to_string())),
        Value::Number(number) => Some((name, number.to_string())),
        Value::Bool(is) => Some((name, is.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Problems as one text: how many, and the first of them.
pub(super) fn listed(problems: &[String]) -> String {
    const MOST: usize = 20;
    let mut lines = vec![format!("{}:", counted(problems.len(), "problem"))];
    lines.extend(problems.iter().take(MOST).map(|problem| format!("  {problem}")));
    if problems.len() > MOST {
        lines.push(format!("  and {} more", problems.len() - MOST));
    }
    lines.join("\n")
}
