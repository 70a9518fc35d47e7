//! Data sets for `fokker`, in host memory: MNIST, Fashion-MNIST, CIFAR-10, folders of pictures, and laws in one and two
//! dimensions that are drawn from instead of read. No tensors, no device.
//!
//! A [`DatasetConfig`] opens a [`Dataset`]; [`Preprocessing`] brings its raw values to a model's range; [`Batches`]
//! makes batch number k of the endless stream of examples, for any k, from nothing but the seed. So a run that is
//! resumed at step k sees what it would have seen without the pause.
//!
//! ```
//! use fokker_datasets::{Batches, DatasetConfig, Preprocessing, Split};
//! use std::sync::Arc;
//!
//! let config: DatasetConfig = toml::from_str("kind = 'moons'\nnoise = 0.1\nexamples = 1000")?;
//! let moons = config.open(Split::Train, 7)?;
//! let batches = Arc::new(Batches::new(moons, Preprocessing::RAW, 64, 7)?);
//!
//! let batch = batches.at(1000);
//! assert_eq!(batch.shape, [64, 2]);
//! let mut ahead = batches.prefetch(1000, 4)?;
//! assert_eq!(ahead.next().unwrap(), batch);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod array;
mod batches;
mod checkerboard;
mod checksum;
mod cifar10;
mod config;
pub mod data_path;
mod dequantization;
mod download;
mod error;
mod fashion_mnist;
mod folder;
pub mod idx;
mod images;
mod kind;
pub mod memory;
mod mixture;
mod mnist;
mod moons;
mod natural_order;
mod no_data;
mod notes;
mod opened;
pub mod picture;
mod prefetch;
pub mod preprocessing;
mod progress;
mod rings;
mod split;
mod standardization;
mod swiss_roll;
mod synthetic;
mod tensors;

pub use array::ArrayConfig;
pub use batches::{Batch, Batches, Sequential};
pub use checkerboard::{Checkerboard, CheckerboardConfig};
pub use cifar10::Cifar10Config;
pub use config::{DatasetConfig, DatasetEntry};
pub use data_path::DataPath;
pub use dequantization::{Dequantization, Levels};
pub use error::DatasetError;
pub use fashion_mnist::FashionMnistConfig;
#[doc(hidden)]
pub use fokker_registry as registry;
pub use folder::{Filter, FolderConfig, Unreadable};
pub use images::Images;
pub use kind::{ClassCount, DatasetKind, LawKind};
pub use mixture::{Mixture, MixtureConfig, MixturePreset};
pub use mnist::MnistConfig;
pub use moons::{Moons, MoonsConfig};
pub use no_data::NoDataConfig;
pub use opened::Opened;
pub use picture::{Background, Channels, Picture};
pub use prefetch::Prefetch;
pub use preprocessing::{Preprocessing, Scale};
pub use progress::{LoadProgress, ProgressCallback};
pub use rings::{Rings, RingsConfig};
pub use split::Split;
pub use standardization::Standardization;
pub use swiss_roll::{SwissRoll, SwissRollConfig};
pub use synthetic::{Counts, Law, Synthetic};
pub use tensors::Tensors;

/// A finite, numbered collection of examples of one shape.
pub trait Dataset: Send + Sync {
    /// Its name, for reports.
    fn name(&self) -> &str;

    /// The number of examples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape of an example: `[channels, height, width]` for images, `[dimension]` for vectors.
    fn shape(&self) -> &[usize];

    /// The number of values of an example: the product of its shape.
    fn size(&self) -> usize {
        self.shape().iter().product()
    }

    /// The number of classes, if examples are labelled; then every label is below it.
    fn classes(&self) -> Option<usize>;

    /// The names of the classes, in the order of their numbers, if they have any.
    fn class_names(&self) -> Option<Vec<String>> {
        None
    }

    /// Whether examples are images: whole raw values from 0 to 255. Otherwise they are vectors, with values of any
    /// size.
    fn is_image(&self) -> bool;

    /// Writes the raw values of an example, channels first, and returns its label: `Some` exactly if there are classes.
    ///
    /// # Panics
    /// If `index` is not below [`Dataset::len`], or `out` has another length than [`Dataset::size`].
    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize>;
}

/// A shared data set is one.
impl<T: Dataset + ?Sized> Dataset for std::sync::Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn len(&self) -> usize {
        (**self).len()
    }

    fn shape(&self) -> &[usize] {
        (**self).shape()
    }

    fn classes(&self) -> Option<usize> {
        (**self).classes()
    }

    fn class_names(&self) -> Option<Vec<String>> {
        (**self).class_names()
    }

    fn is_image(&self) -> bool {
        (**self).is_image()
    }

    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        (**self).example(index, out)
    }
}
