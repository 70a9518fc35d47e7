//! Data sets for `fokker`, in host memory or on the disk: MNIST, Fashion-MNIST, CIFAR-10, folders of pictures, and laws in one and two
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
mod augmentation;
mod batches;
mod checkerboard;
mod checksum;
mod cifar10;
pub mod condition;
mod config;
pub mod data_path;
mod dequantization;
mod download;
mod error;
mod fashion_mnist;
mod folder;
mod heartbeat;
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
mod orientation;
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
pub use augmentation::{Augmentation, AugmentationConfig};
pub use batches::{Batch, Batches, Sequential};
pub use checkerboard::{Checkerboard, CheckerboardConfig};
pub use cifar10::Cifar10Config;
pub use condition::{
    ConditionConfig, ConditionReader, Conditioned, Conditions, Measured, PartConfig, Rows, SlantAndThickness,
    SmallConfig, TransformationConfig, TransformationEntry, TransformationKind,
};
pub use config::{DatasetConfig, DatasetEntry};
pub use data_path::DataPath;
pub use dequantization::{Dequantization, Levels};
pub use error::DatasetError;
pub use fashion_mnist::FashionMnistConfig;
#[doc(hidden)]
pub use fokker_registry as registry;
pub use folder::{Crop, Filter, FolderConfig, LabelSource, Size, Storage, Unreadable};
pub use heartbeat::{Heartbeat, HeartbeatConfig};
pub use images::Images;
pub use kind::{ClassCount, DatasetKind, LawKind};
pub use mixture::{Mixture, MixtureConfig, MixturePreset};
pub use mnist::MnistConfig;
pub use moons::{Moons, MoonsConfig};
pub use no_data::NoDataConfig;
pub use opened::Opened;
pub use orientation::Orientation;
pub use picture::{Background, Channels, Depth, Picture};
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

    /// Whether examples are images: raw values from 0 to 255, whole ones unless they have more than 8 bits. Otherwise they are
    /// vectors, with values of any size.
    fn is_image(&self) -> bool;

    /// Writes the raw values of an example, channels first, and returns its label: `Some` exactly if there are classes.
    ///
    /// # Panics
    /// If `index` is not below [`Dataset::len`], or `out` has another length than [`Dataset::size`].
    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize>;

    /// The same for training, where what is drawn anew for each use, such as the place of a crop, belongs to the seed and the position
    /// in the endless stream of training examples. Nothing is drawn by default.
    ///
    /// # Panics
    /// As [`Dataset::example`].
    fn training_example(&self, index: usize, _seed: u64, _position: u64, out: &mut [f32]) -> Option<usize> {
        self.example(index, out)
    }

    /// How many numbers the vector has that comes with each example as its [condition], if there is one.
    fn vector_size(&self) -> Option<usize> {
        None
    }

    /// How many channels the array has that comes with each example as its [condition], if there is one. It is of
    /// the example's size: an example `[channels, height, width]` has an array `[this many, height, width]`.
    fn array_channels(&self) -> Option<usize> {
        None
    }

    /// Writes the vector and the array of an example; a slice is empty if there is no such part. `example` holds the raw values of the
    /// example, in the orientation in which it is seen: an array must be brought into the same.
    ///
    /// # Panics
    /// If `index` is not below [`Dataset::len`], or a slice has another length.
    fn condition(
        &self,
        _index: usize,
        _example: &[f32],
        _orientation: Orientation,
        _vector: &mut [f32],
        _array: &mut [f32],
    ) {
    }
}

/// A data set behind a pointer is one.
macro_rules! dataset_behind {
    ($($pointer:ty),*) => {
        $(impl<T: Dataset + ?Sized> Dataset for $pointer {
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

            fn training_example(&self, index: usize, seed: u64, position: u64, out: &mut [f32]) -> Option<usize> {
                (**self).training_example(index, seed, position, out)
            }

            fn vector_size(&self) -> Option<usize> {
                (**self).vector_size()
            }

            fn array_channels(&self) -> Option<usize> {
                (**self).array_channels()
            }

            fn condition(&self, index: usize, example: &[f32], orientation: Orientation, vector: &mut [f32], array: &mut [f32]) {
                (**self).condition(index, example, orientation, vector, array);
            }
        })*
    };
}

dataset_behind!(&T, std::sync::Arc<T>);
