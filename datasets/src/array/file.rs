//! A file of numbers, whatever its format.

use std::fs::File;
use std::path::Path;

use fokker_arrays::{Array, ArrayError, Contents, Format, Header, Texts};

use super::ArrayConfig;
use super::table::{self, Chosen};
use crate::{DatasetError, Rows, memory};

/// All that is read of a file.
pub(super) struct Examples {
    pub array: Array<f32>,
    /// The names of the columns of a table.
    pub columns: Option<Vec<String>>,
    /// The label of each example, as it stands in the file.
    pub labels: Option<Vec<String>>,
    /// The vectors in columns of a table.
    pub vectors: Option<Rows>,
}

/// What a file is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Arrays(Format),
    /// CSV, TSV.
    Table,
    Parquet,
}

impl FileKind {
    /// What a name's extension means, in any case of letters.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let is = |other: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(other));
        match () {
            () if is("csv") || is("tsv") => Some(Self::Table),
            () if is("parquet") => Some(Self::Parquet),
            () => Format::of(path).map(Self::Arrays),
        }
    }

    /// Whether it has columns with names.
    pub(super) fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::Parquet)
    }
}

/// What is wrong with the contents of a file.
pub(super) fn wrong(file: &Path, problem: impl Into<String>) -> DatasetError {
    DatasetError::Array { file: file.into(), problem: problem.into() }
}

pub(super) fn open(file: &Path) -> Result<File, DatasetError> {
    File::open(file).map_err(|source| DatasetError::Read { file: file.into(), source })
}

impl ArrayConfig {
    pub(super) fn file_kind(&self) -> Result<FileKind, DatasetError> {
        FileKind::of(&self.path).ok_or_else(|| {
            let problem = format!(
                "{} is no file of numbers by its name; expected .npy, .npz, .safetensors, .csv, .tsv or .parquet",
                self.path.display()
            );
            DatasetError::config("data.path", problem)
        })
    }

    /// Which columns of a table are what.
    pub(super) fn chosen(&self) -> Chosen<'_> {
        Chosen {
            columns: self.columns.as_deref(),
            labels: self.labels.as_deref(),
            vector: self.vector.as_deref(),
            header: self.header,
        }
    }

    /// What the file says before its numbers are read.
    pub(super) fn header(&self) -> Result<Header, DatasetError> {
        let file = &*self.path;
        match self.file_kind()? {
            FileKind::Table | FileKind::Parquet => table::header(file, &self.chosen()),
            FileKind::Arrays(format) => Header::of(open(file)?, format, self.array.as_deref(), &self.others())
                .map_err(|error| self.unread(error)),
        }
    }

    /// The arrays of the file that are not the examples.
    fn others(&self) -> Vec<&str> {
        self.labels.iter().chain(self.vector.iter().flatten()).chain(&self.joined).map(String::as_str).collect()
    }

    /// What is wrong with the array of the examples.
    fn unread(&self, error: ArrayError) -> DatasetError {
        let remedy = if self.array.is_none() && error.is_unnamed() { "; name the examples by data.array" } else { "" };
        wrong(&self.path, format!("{error}{remedy}"))
    }

    /// Reads everything.
    pub(super) fn examples(&self) -> Result<Examples, DatasetError> {
        let (file, array, labels) = (&*self.path, self.array.as_deref(), self.labels.as_deref());
        let format = match self.file_kind()? {
            FileKind::Table | FileKind::Parquet => return table::read(file, &self.chosen())?.check(file),
            FileKind::Arrays(format) => format,
        };
        check_memory(file, &self.header()?.shape, memory::available())?;
        let contents = contents(file, format)?;
        let array = contents.read(array, &self.others()).map_err(|error| self.unread(error))?;
        let labels = match labels {
            None => None,
            Some(name) if contents.has_names() => Some(texts(&contents, Some(name), file)?),
            Some(path) => Some(label_file(Path::new(path))?),
        };
        Examples { array, columns: None, labels, vectors: None }.check(file)
    }
}

/// The bytes of a file.
pub(super) fn contents(file: &Path, format: Format) -> Result<Contents, DatasetError> {
    let bytes = std::fs::read(file).map_err(|source| DatasetError::Read { file: file.into(), source })?;
    Ok(Contents::new(format, bytes))
}

/// The labels in an `.npy` of their own.
fn label_file(path: &Path) -> Result<Vec<String>, DatasetError> {
    texts(&contents(path, Format::Npy)?, None, path)
}

/// Refuses an array that has no room, before it is read.
fn check_memory(file: &Path, shape: &[usize], available: Option<u64>) -> Result<(), DatasetError> {
    let numbers = shape.iter().try_fold(1u64, |product, &side| product.checked_mul(side as u64));
    let needed = numbers.and_then(|numbers| numbers.checked_mul(size_of::<f32>() as u64)).unwrap_or(u64::MAX);
    match available {
        Some(available) if needed > available => Err(wrong(
            file,
            format!(
                "{shape:?} numbers take {} in single precision, and {} of memory are free; take fewer examples",
                memory::shown(needed),
                memory::shown(available)
            ),
        )),
        _ => Ok(()),
    }
}

/// The texts, or the whole numbers as text, of an array of labels.
fn texts(contents: &Contents, array: Option<&str>, file: &Path) -> Result<Vec<String>, DatasetError> {
    let (name, of_file) = (array.unwrap_or("the array"), |error: ArrayError| wrong(file, error.to_string()));
    let fits = |shape: &[usize], labels: usize| match shape.first() == Some(&labels) {
        true => Ok(()),
        false => {
            let remedy = "; save the place of each row's largest number: numpy.argmax(labels, 1)";
            let remedy = if shape.len() == 2 { remedy } else { "" };
            Err(wrong(file, format!("{name}: labels are one an example, and the shape is {shape:?}{remedy}")))
        }
    };
    if let Some(Texts { shape, texts }) = contents.texts(array).map_err(of_file)? {
        fits(&shape, texts.len())?;
        return Ok(texts);
    }
    let labels: Array<f64> = contents.read(array, &[]).map_err(of_file)?;
    fits(&labels.shape, labels.values.len())?;
    let text = |(row, value): (usize, &f64)| match value.fract() == 0.0 {
        true => Ok(value.to_string()),
        false => Err(wrong(file, format!("{name}: label {row} is {value}; expected whole numbers"))),
    };
    labels.values.iter().enumerate().map(text).collect()
}

impl Examples {
    /// Refuses an array without examples or numbers, numbers that are not finite, and labels for other examples.
    fn check(self, file: &Path) -> Result<Self, DatasetError> {
        let Array { shape, values, .. } = &self.array;
        let Some(&examples) = shape.first() else {
            return Err(wrong(file, "it holds one number; expected examples along its first dimension"));
        };
        if values.is_empty() {
            return Err(wrong(file, format!("there are no examples in it: shape {shape:?}")));
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let mut rest = place;
            let mut index: Vec<usize> = shape.iter().rev().map(|side| (rest % side, rest /= side).0).collect();
            index.reverse();
            let others = values.iter().filter(|value| !value.is_finite()).count() - 1;
            let more = if others > 0 { format!(", and {others} more are not finite") } else { String::new() };
            let problem = format!(
                "the number at {index:?} is {} in single precision{more}; expected finite numbers: leave their examples out",
                values[place]
            );
            return Err(wrong(file, problem));
        }
        match &self.labels {
            Some(labels) if labels.len() != examples => {
                Err(wrong(file, format!("{} labels for {examples} examples; expected one for each", labels.len())))
            }
            _ => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_refused_by_its_size() {
        let message = check_memory(Path::new("x.npy"), &[1 << 20, 1024], Some(1 << 30)).unwrap_err().to_string();
        assert!(message.contains("x.npy") && message.contains("4.0 GiB") && message.contains("1.0 GiB"), "{message}");
        assert!(check_memory(Path::new("x.npy"), &[usize::MAX, usize::MAX], Some(1)).is_err());
        assert!(check_memory(Path::new("x.npy"), &[1 << 10, 1024], Some(1 << 30)).is_ok());
    }
}
