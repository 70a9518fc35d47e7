//! Arrays in files: `.npy`, `.npz`, `.safetensors`, `.csv`, `.tsv` and `.parquet`, in double precision.

mod statistics;

use std::fs;
use std::path::Path;

use fokker_arrays::{ArrayError, Contents, Format, npz_bytes};
use fokker_files::FileError;

pub use statistics::{read_statistics, write_statistics};

use crate::{EvaluationError, Features};

/// An array of numbers with its shape, last dimension fastest.
pub type Array = fokker_arrays::Array<f64>;

/// Whether a name's extension means a format that [`read_array`] reads.
pub fn is_array(path: &Path) -> bool {
    is_table(&extension(path)) || Format::of(path).is_some()
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase()
}

fn is_table(extension: &str) -> bool {
    matches!(extension, "csv" | "tsv" | "parquet")
}

/// Reads an array in the format that the name's extension means. A `.npz` or `.safetensors` holds the array `name`, or one array
/// alone.
///
/// # Errors
/// A file that cannot be read; another extension; no such array; types that are no numbers.
pub fn read_array(path: &Path, name: &str) -> Result<Array, EvaluationError> {
    let extension = extension(path);
    let refuse = |error: ArrayError| EvaluationError::contents(path, error);
    if is_table(&extension) {
        let file = fs::File::open(path).map_err(|cause| FileError::new("cannot read", path, cause))?;
        let table = if extension == "parquet" { Array::of_parquet(file) } else { Array::of_table(file) };
        return table.map_err(refuse);
    }
    let Some(format) = Format::of(path) else {
        let problem =
            "this extension is no format of arrays; there are .npy, .npz, .safetensors, .csv, .tsv and .parquet";
        return Err(EvaluationError::contents(path, problem));
    };
    let file = Contents::new(format, contents(path)?);
    let named = file.names().map_err(refuse)?.iter().any(|other| other == name);
    file.read(named.then_some(name), &[]).map_err(refuse)
}

/// All arrays of an archive, compressed (`numpy.savez_compressed`) or not (`numpy.savez`), by their names.
///
/// # Errors
/// A file that cannot be read or is no such archive.
pub fn read_npz(path: &Path) -> Result<Vec<(String, Array)>, EvaluationError> {
    let file = Contents::Npz(contents(path)?);
    let refuse = |error: ArrayError| EvaluationError::contents(path, error);
    let names = file.names().map_err(refuse)?;
    names.into_iter().map(|name| file.read(Some(&name), &[]).map(|array| (name, array)).map_err(refuse)).collect()
}

/// Writes arrays as an archive, not compressed; the file is whole or not there.
///
/// # Errors
/// A file that cannot be written.
pub fn write_npz(path: &Path, arrays: &[(&str, &Array)]) -> Result<(), EvaluationError> {
    let bytes = npz_bytes(arrays).map_err(|cause| FileError::new("cannot write", path, cause))?;
    Ok(fokker_files::write(path, &bytes)?)
}

/// The bytes of a file.
fn contents(path: &Path) -> Result<Vec<u8>, EvaluationError> {
    fs::read(path).map_err(|cause| FileError::new("cannot read", path, cause).into())
}

impl Features {
    /// The numbers of an array: a vector for each entry of its first dimension.
    ///
    /// # Errors
    /// An array without dimensions, and what [`Features::new`] refuses.
    pub fn of_array(name: &str, array: Array) -> Result<Self, EvaluationError> {
        match array.shape[..] {
            [] => Err(EvaluationError::input(name, "is a single number; expected rows of features")),
            [_] => Self::new(name, 1, array.values),
            [_, ref each @ ..] => Self::new(name, each.iter().product(), array.values),
        }
    }
}
