//! Arrays and tables of one's own, from a file: vectors, signals, pictures with any number of channels.
//!
//! | file | what is read | an example is |
//! |---|---|---|
//! | `.npy` | the array | one step along the first dimension |
//! | `.npz`, `.safetensors` | the array that `array` names, or the only one | the same |
//! | `.csv`, `.tsv`, `.parquet` | the columns that `columns` names, or all but the labels | a row |
//!
//! Integers and floating-point numbers of any width are read as single precision. A number that is missing or not finite is an
//! error that names its place, before any work starts. A column of a Parquet file may hold lists, which are equally long: each of its
//! numbers is a column, and the name of the list means all of them.
//!
//! **Shape.** Examples are learnt with their channels first: `[channels, height, width]`, `[channels, length]`, `[length]`. Where a file has
//! few channels last, or bytes `[height, width]` without any, this is found. `shape` says it for all other files: `[1, 28, 28]` makes
//! pictures of rows of 784 numbers, `[1, 187]` signals of rows of 187. Samples are written in this shape.
//!
//! **Pixels.** Bytes of three dimensions an example are pixels from 0 to 255, unless `pixels = false`; other numbers are, if `pixels =
//! true`. Everything else is taken as it is, or brought to mean 0 and deviation 1 by `preprocessing.scale = "standardize"`.
//!
//! **Labels.** `labels` names a column of a table, a second array of the file, or a second `.npy`, of whole numbers or texts. Its values, in the order in
//! which people count, are the classes.
//!
//! **Conditions.** `vector` names columns of a table, arrays of the file, or further `.npy` files. A network gets their numbers with
//! each example; `joined` names an array of the file, or another `.npy`, that is joined to the network's input. Both have a row for
//! each example. The vector, and a joined array next to data that are no pixels, are brought to mean 0 and deviation 1; next to pixels
//! the joined array holds pixels as well.
//!
//! **Parts.** The rows are permuted once and for all; the first `validation_fraction` of them are for validation, the next
//! `test_fraction` for testing. This depends on the number of rows and on nothing else.
//!
//! A run writes what it found (shape, columns, classes, whether there are pixels) into its config. Drawing from it needs no data,
//! and going on with other data is refused.

mod condition;
mod file;
mod kind;
mod labels;
mod layout;
mod name;
mod row;
mod table;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `kind = "array"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayConfig {
    /// The file: `.npy`, `.npz`, `.safetensors`, `.csv`, `.tsv` or `.parquet`. Required.
    pub path: PathBuf,
    /// The name of the array in a file of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array: Option<String>,
    /// The columns of a table that are data, in this order. All but the labels by default; a run fills them in.
    #[serde(default, deserialize_with = "name::several", skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Where the class of each example stands: a column, an array of the same file, or another `.npy`. None by default.
    #[serde(default, deserialize_with = "name::one", skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// The numbers that come with each example as its condition: columns of a table, arrays of the same file, or `.npy` files; their
    /// numbers in this order. None by default.
    #[serde(default, deserialize_with = "name::several", skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vec<String>>,
    /// The array that comes with each example as its condition: one of the same file, or another `.npy`. It has the sides of the
    /// examples, and any number of channels. None by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
    /// How many numbers the vector has. A run fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_size: Option<usize>,
    /// How many channels the joined array has. A run fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_channels: Option<usize>,
    /// The shape in which an example is learnt, channels first. Found in the file by default; given, the file's examples must fit it:
    /// as they stand, with their channels last, or as the same numbers in rows. A run fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<usize>>,
    /// Whether the first row of a `.csv` or `.tsv` holds the names of the columns. Found by comparing the first two rows by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Whether the numbers are pixels from 0 to 255. Bytes in three dimensions are by default; a run fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<bool>,
    /// The names of the classes in the order of their numbers. Filled in when a run starts; given, exactly these must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Which part of the examples is held out for validation, in [0, 1). Default 0.1.
    #[serde(default = "tenth")]
    pub validation_fraction: f64,
    /// Which part of the examples is set aside for testing, in [0, 1). Default 0.
    #[serde(default)]
    pub test_fraction: f64,
}

fn tenth() -> f64 {
    0.1
}

impl ArrayConfig {
    /// The data of a file, with the defaults.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            array: None,
            columns: None,
            labels: None,
            vector: None,
            joined: None,
            vector_size: None,
            joined_channels: None,
            shape: None,
            header: None,
            pixels: None,
            classes: None,
            validation_fraction: tenth(),
            test_fraction: 0.0,
        }
    }
}
