//! What a kind of data set says of itself before it is open, and how it is opened.

use std::sync::Arc;

use fokker_registry::Settings;

use crate::opened::Opened;
use crate::synthetic::{Counts, Law, Synthetic};
use crate::{Background, DataPath, DatasetError, Depth, Mixture, Split};

/// How many classes a data set has, as far as its configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassCount {
    /// Examples have no labels.
    None,
    /// So many.
    Known(usize),
    /// That is known once the data are open.
    WhenOpened,
}

impl From<Option<usize>> for ClassCount {
    fn from(classes: Option<usize>) -> Self {
        classes.map_or(Self::None, Self::Known)
    }
}

/// The settings of a data set of some kind.
///
/// Laws to draw from have a shorter way: [`LawKind`].
pub trait DatasetKind: Settings {
    /// Reads or makes parts of the data. Files are looked for in the places of `library`, whose callback hears how far it
    /// has come; `seed` decides draws. A part without examples is left empty. [`check`](Self::check) has passed before.
    ///
    /// # Errors
    /// See [`DatasetError`].
    fn open(&self, library: &DataPath, splits: &[Split], seed: u64) -> Result<Opened, DatasetError>;

    /// The shape of an example, as [`Dataset::shape`](crate::Dataset::shape) will say: `[channels, height, width]` for
    /// images, `[dimension]` for vectors.
    ///
    /// # Errors
    /// Values that cannot be.
    fn shape(&self) -> Result<Vec<usize>, DatasetError>;

    /// Refuses values that cannot be, without looking for any file.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key.
    fn check(&self) -> Result<(), DatasetError> {
        Ok(())
    }

    /// Whether the examples will be images: raw values from 0 to 255.
    fn is_image(&self) -> bool {
        false
    }

    /// How many levels the values of images have: whole ones, or 257 times as many.
    fn depth(&self) -> Depth {
        Depth::Eight
    }

    /// The number of classes.
    ///
    /// # Errors
    /// Values that cannot be.
    fn class_count(&self) -> Result<ClassCount, DatasetError> {
        Ok(ClassCount::None)
    }

    /// The size of the vector and the channels of the array that come with the data as conditions
    /// ([`Dataset::vector_size`](crate::Dataset::vector_size), [`Dataset::array_channels`](crate::Dataset::array_channels)).
    ///
    /// # Errors
    /// Files that cannot be read, values that cannot be.
    fn stored_condition(&self) -> Result<(Option<usize>, Option<usize>), DatasetError> {
        Ok((None, None))
    }

    /// The names of the classes in the order of their numbers, as far as they are known before the set is open.
    fn class_names(&self) -> Option<Vec<String>> {
        None
    }

    /// The names of the numbers of an example, where it is a row of a table that a run has read.
    fn column_names(&self) -> Option<Vec<String>> {
        None
    }

    /// The setting that says in which shape examples are learnt, such as `data.shape`; none if that is no choice.
    fn shape_setting(&self) -> Option<&'static str> {
        None
    }

    /// The setting that gives the data classes, such as `data.labels = true`; none if that is no choice.
    fn class_setting(&self) -> Option<&'static str> {
        None
    }

    /// Keys that [`Opened::settled`] fills in where they are absent. A run that goes on takes them from its last checkpoint.
    fn settled_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// The part that results are reported on.
    fn held_out(&self) -> Split {
        Split::Test
    }

    /// What is said of a part that was asked for and has no examples.
    fn absent(&self, split: Split) -> DatasetError {
        let problem = format!("0 leaves no {split} examples; expected at least 1 for this");
        DatasetError::config("data.validation_examples", problem)
    }

    /// Keys that say where the data are and not what they are.
    fn place_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// The colour that transparent pictures are laid on.
    fn background(&self) -> Background {
        Background::WHITE
    }

    /// The standard deviation of all pixels of the training set, in levels of 8 bits; 1 for vectors, which have no levels.
    fn pixel_deviation(&self) -> f64 {
        if self.is_image() { 64.0 } else { 1.0 }
    }

    /// The law of the data, if it is known and a Gaussian mixture.
    ///
    /// # Errors
    /// Values that cannot be.
    fn mixture(&self) -> Result<Option<Mixture>, DatasetError> {
        Ok(None)
    }
}

/// The settings of a law that examples are drawn from; every one is a [`DatasetKind`].
pub trait LawKind: Settings {
    /// The law.
    type Law: Law + 'static;

    /// The law with these settings.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key whose value cannot be.
    fn law(&self) -> Result<Self::Law, DatasetError>;

    /// How many examples there are.
    fn counts(&self) -> Counts;

    /// The law, if it is a Gaussian mixture.
    ///
    /// # Errors
    /// As [`LawKind::law`].
    fn mixture(&self) -> Result<Option<Mixture>, DatasetError> {
        Ok(None)
    }
}

impl<K: LawKind> DatasetKind for K {
    fn open(&self, _: &DataPath, splits: &[Split], seed: u64) -> Result<Opened, DatasetError> {
        let mut opened = Opened::default();
        for &split in splits {
            opened.put(split, Arc::new(Synthetic::new(self.law()?, self.counts(), split, seed)?));
        }
        Ok(opened)
    }

    fn shape(&self) -> Result<Vec<usize>, DatasetError> {
        Ok(self.law()?.shape())
    }

    fn check(&self) -> Result<(), DatasetError> {
        self.law()?;
        self.counts().check()
    }

    fn class_count(&self) -> Result<ClassCount, DatasetError> {
        Ok(self.law()?.classes().into())
    }

    fn mixture(&self) -> Result<Option<Mixture>, DatasetError> {
        LawKind::mixture(self)
    }
}
