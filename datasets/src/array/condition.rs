//! Conditions that come with the examples: vectors, and arrays of their size.

use std::cell::OnceCell;
use std::path::Path;

use fokker_arrays::{Array, Contents, Format, Header};

use super::ArrayConfig;
use super::file::{FileKind, contents, open, wrong};
use super::layout::Layout;
use crate::{DatasetError, Rows};

/// The arrays that a condition can be made of: those of the file with the examples, or `.npy` files of their own.
pub(super) struct Sources<'a> {
    config: &'a ArrayConfig,
    /// The format of the file with the examples, if its arrays have names.
    named: Option<Format>,
    /// That file, once it is read.
    contents: OnceCell<Contents>,
}

impl<'a> Sources<'a> {
    pub(super) fn open(config: &'a ArrayConfig) -> Result<Self, DatasetError> {
        let named = match config.file_kind()? {
            FileKind::Arrays(format @ (Format::Npz | Format::Safetensors)) => Some(format),
            FileKind::Arrays(Format::Npy) | FileKind::Table | FileKind::Parquet => None,
        };
        Ok(Self { config, named, contents: OnceCell::new() })
    }

    /// What the file with an array, which is in the file of the examples or is one, says before its numbers are read.
    fn header(&self, name: &str) -> Result<Header, DatasetError> {
        let (file, format, name) = match self.named {
            Some(format) => (&*self.config.path, format, Some(name)),
            None => (Path::new(name), Format::Npy, None),
        };
        Header::of(open(file)?, format, name, &[]).map_err(|error| wrong(file, error.to_string()))
    }

    fn read(&self, name: &str) -> Result<Array<f32>, DatasetError> {
        let Some(format) = self.named else {
            let file = Path::new(name);
            return contents(file, Format::Npy)?.read(None, &[]).map_err(|error| wrong(file, error.to_string()));
        };
        let file = &*self.config.path;
        let contents = match self.contents.get() {
            Some(contents) => contents,
            None => {
                let read = contents(file, format)?;
                self.contents.get_or_init(|| read)
            }
        };
        contents.read(Some(name), &[]).map_err(|error| wrong(file, error.to_string()))
    }

    /// How many numbers the vector has that some arrays make together.
    pub(super) fn vector_size(&self, names: &[String]) -> Result<usize, DatasetError> {
        names.iter().map(|name| numbers_in_a_row(name, &self.header(name)?.shape)).sum()
    }

    /// The vectors that some arrays make together.
    pub(super) fn vectors(&self, names: &[String], examples: usize) -> Result<Rows, DatasetError> {
        let mut parts = Vec::new();
        for name in names {
            let array = self.read(name)?;
            let size = numbers_in_a_row(name, &array.shape)?;
            check_rows("data.vector", name, &array, examples)?;
            parts.push(Rows::new(size, array.values));
        }
        let size = parts.iter().map(Rows::size).sum();
        let values = (0..examples).flat_map(|row| parts.iter().flat_map(move |part| part.row(row).iter().copied()));
        Ok(Rows::new(size, values.collect()))
    }

    /// How many channels the joined array has next to examples of a shape.
    pub(super) fn joined_channels(&self, name: &str, example: &[usize]) -> Result<usize, DatasetError> {
        Ok(joined_layout(name, &self.header(name)?.shape, example)?.shape[0])
    }

    /// The joined array next to examples of a shape, and how many channels it has.
    pub(super) fn joined(
        &self,
        name: &str,
        example: &[usize],
        examples: usize,
    ) -> Result<(Vec<f32>, usize), DatasetError> {
        let array = self.read(name)?;
        let layout = joined_layout(name, &array.shape, example)?;
        check_rows("data.joined", name, &array, examples)?;
        Ok((layout.arrange(array.values), layout.shape[0]))
    }
}

/// How many numbers an array of a shape has for each example.
fn numbers_in_a_row(name: &str, shape: &[usize]) -> Result<usize, DatasetError> {
    match *shape {
        [_] => Ok(1),
        [_, size] if size > 0 => Ok(size),
        _ => {
            let problem = format!("{name}: the shape is {shape:?}; expected numbers in rows, one row for each example");
            Err(DatasetError::config("data.vector", problem))
        }
    }
}

/// How an array of a shape is joined to examples.
fn joined_layout(name: &str, shape: &[usize], example: &[usize]) -> Result<Layout, DatasetError> {
    let layout = shape.get(1..).and_then(|found| Layout::joined(found, example));
    layout.ok_or_else(|| {
        let sides = example.get(1..).unwrap_or_default();
        let problem = format!(
            "{name}: the shape is {shape:?}; expected examples, channels (first, last or none), and the sides {sides:?} of the data; \
             vectors have none: give them a vector"
        );
        DatasetError::config("data.joined", problem)
    })
}

fn check_rows(key: &str, name: &str, array: &Array<f32>, examples: usize) -> Result<(), DatasetError> {
    let found = array.shape[0];
    if found != examples {
        let problem = format!("{name}: {found} rows for {examples} examples; expected one for each");
        return Err(DatasetError::config(key, problem));
    }
    match array.values.iter().position(|value| !value.is_finite()) {
        Some(place) => {
            let row = place / (array.values.len() / found);
            Err(DatasetError::config(
                key,
                format!("{name}: {} in row {row}; expected finite numbers", array.values[place]),
            ))
        }
        None => Ok(()),
    }
}
