//! Arrays in files: NumPy's `.npy` and `.npz`, `.safetensors`, tables (CSV, TSV, Parquet), and the weights that PyTorch saves.
//!
//! ```
//! use fokker_arrays::{Array, Contents, Format, Header};
//!
//! let line = Array::<f32>::new([3], vec![1.0, 2.0, 3.0]);
//! let file = Contents::Npy(fokker_arrays::npy_bytes(&line));
//! assert_eq!(file.read::<f32>(None, &[])?, line);
//!
//! // The head of a file says what is in it.
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("line.npy"), fokker_arrays::npy_bytes(&line))?;
//! let file = std::fs::File::open(folder.path().join("line.npy"))?;
//! assert_eq!(Header::of(file, Format::Npy, None, &[])?.shape, [3]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod array;
mod contents;
mod format;
mod header;
mod npy;
mod npz;
mod number;
mod parquet;
mod pytorch;
mod safetensors;
mod table;

pub use array::{Array, Texts};
pub use contents::Contents;
pub use format::Format;
pub use header::Header;
pub use npy::bytes as npy_bytes;
pub use npz::npz_bytes;
pub use number::{Kind, Number};
pub use parquet::{Cell, ParquetTable};
pub use pytorch::pytorch_arrays;
pub use safetensors::safetensors_arrays;
pub use table::{Row, Table};

/// What is wrong with a file of arrays, without the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ArrayError {
    problem: String,
    is_unnamed: bool,
}

impl ArrayError {
    fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), is_unnamed: false }
    }

    /// Whether several arrays could be meant, and none was named.
    pub fn is_unnamed(&self) -> bool {
        self.is_unnamed
    }
}
