//! An array as a kind of data set.

use std::sync::Arc;

use fokker_arrays::{Array, Header};
use fokker_random::Index;

use super::condition::Sources;
use super::file::{Examples, FileKind, wrong};
use super::layout::Layout;
use super::{ArrayConfig, labels, table};
use crate::opened::Opened;
use crate::tensors::Tensors;
use crate::{ClassCount, DataPath, DatasetError, DatasetKind, Rows, Split, register_dataset};

impl DatasetKind for ArrayConfig {
    /// Reads the file into memory, in single precision.
    fn open(&self, _: &DataPath, splits: &[Split], _: u64) -> Result<Opened, DatasetError> {
        let Examples { array, columns, labels, vectors } = self.examples()?;
        let Array { shape, values, are_bytes } = array;
        let header = Header { shape, are_bytes };
        let layout = self.layout(&header)?;
        let (example, pixels) = (layout.shape.clone(), self.are_pixels(&header, &layout)?);
        let values = layout.arrange(values);
        if let Some(place) = values.iter().position(|value| pixels && !(0.0..=255.0).contains(value)) {
            let problem = format!("{} is no pixel from 0 to 255; set data.pixels = false", values[place]);
            return Err(wrong(&self.path, problem));
        }
        let classes = labels.map(|labels| labels::number(&self.path, &labels, self.classes.as_deref())).transpose()?;
        let (numbers, names) = classes.unzip();
        let examples = header.shape[0];
        let sources = Sources::open(self)?;
        let vectors = match (&self.vector, vectors) {
            (Some(names), None) => Some(sources.vectors(names, examples)?),
            (_, read) => read,
        };
        let joined = self.joined.as_ref().map(|name| sources.joined(name, &example, examples)).transpose()?;
        if let (Some((values, _)), true) = (&joined, pixels)
            && let Some(value) = values.iter().find(|value| !(0.0..=255.0).contains(*value))
        {
            let problem =
                format!("{value} is no pixel from 0 to 255, and the data are pixels; set data.pixels = false");
            return Err(DatasetError::config("data.joined", problem));
        }
        let settled = Self {
            vector_size: vectors.as_ref().map(Rows::size),
            joined_channels: joined.as_ref().map(|(_, channels)| *channels),
            columns,
            shape: Some(example.clone()),
            pixels: Some(pixels),
            classes: names.clone(),
            ..self.clone()
        };
        let all = Tensors::new(values, example)?;
        let mut all = if pixels { all.into_pixels() } else { all };
        if let (Some(numbers), Some(names)) = (numbers, names) {
            all = all.with_labels(numbers)?.with_class_names(names)?;
        }
        if let Some(vectors) = vectors {
            let size = vectors.size();
            all = all.with_vectors(vectors.into_values(), size)?;
        }
        if let Some((values, channels)) = joined {
            all = all.with_arrays(values, channels)?;
        }
        let all = all.named(format!("array {}", self.path.display()));
        let notes = self.note(&header, &layout).into_iter().collect();
        let mut opened = Opened { settled: Some(Arc::new(settled)), notes, ..Opened::default() };
        for (split, rows) in self.divide(examples) {
            if splits.contains(&split) && !rows.is_empty() {
                opened.put(split, Arc::new(all.select(&rows)));
            }
        }
        Ok(opened)
    }

    fn check(&self) -> Result<(), DatasetError> {
        self.file_kind()?;
        for (key, fraction) in
            [("data.validation_fraction", self.validation_fraction), ("data.test_fraction", self.test_fraction)]
        {
            if !(0.0..1.0).contains(&fraction) {
                return Err(DatasetError::config(key, format!("{fraction}; expected 0 or more, and less than 1")));
            }
        }
        if self.validation_fraction + self.test_fraction >= 1.0 {
            let problem = format!("{} leaves nothing to train on", self.validation_fraction + self.test_fraction);
            return Err(DatasetError::config("data.validation_fraction + data.test_fraction", problem));
        }
        if self.vector.as_ref().is_some_and(Vec::is_empty) {
            return Err(DatasetError::config("data.vector", "expected at least one name; leave it out for no vector"));
        }
        if self.joined.is_some() && self.file_kind()?.is_table() {
            let problem =
                "rows of a table have no sides that channels could be joined at; set data.vector to their columns";
            return Err(DatasetError::config("data.joined", problem));
        }
        if self.header.is_some() && self.file_kind()? != FileKind::Table {
            return Err(DatasetError::config("data.header", "only .csv and .tsv files have one; leave it out"));
        }
        if self.shape.as_ref().is_some_and(|shape| shape.is_empty() || shape.contains(&0)) {
            return Err(DatasetError::config("data.shape", "expected the sides of an example, all at least 1"));
        }
        Ok(())
    }

    fn shape(&self) -> Result<Vec<usize>, DatasetError> {
        match &self.shape {
            Some(shape) => Ok(shape.clone()),
            None => Ok(self.layout(&self.header()?)?.shape),
        }
    }

    /// A file that cannot be read has no pixels; that it cannot is said by [`shape`](DatasetKind::shape).
    fn is_image(&self) -> bool {
        match self.pixels {
            Some(pixels) => pixels,
            None => {
                let found = self.header().and_then(|header| self.are_pixels(&header, &self.layout(&header)?));
                found.unwrap_or(false)
            }
        }
    }

    fn class_count(&self) -> Result<ClassCount, DatasetError> {
        Ok(match &self.classes {
            _ if self.labels.is_none() => ClassCount::None,
            Some(classes) => ClassCount::Known(classes.len()),
            None => ClassCount::WhenOpened,
        })
    }

    fn stored_condition(&self) -> Result<(Option<usize>, Option<usize>), DatasetError> {
        let vector = match (&self.vector, self.vector_size) {
            (None, _) => None,
            (Some(_), Some(size)) => Some(size),
            (Some(_), None) if self.file_kind()?.is_table() => Some(table::vector_size(&self.path, &self.chosen())?),
            (Some(names), None) => Some(Sources::open(self)?.vector_size(names)?),
        };
        let array = match (&self.joined, self.joined_channels) {
            (None, _) => None,
            (Some(_), Some(channels)) => Some(channels),
            (Some(name), None) => Some(Sources::open(self)?.joined_channels(name, &DatasetKind::shape(self)?)?),
        };
        Ok((vector, array))
    }

    fn class_names(&self) -> Option<Vec<String>> {
        self.classes.clone()
    }

    /// Those that a run has found, where an example is a row of them. Columns that are called by their numbers have no names.
    fn column_names(&self) -> Option<Vec<String>> {
        let columns = self.columns.as_ref().filter(|_| self.shape.as_ref().is_some_and(|shape| shape.len() == 1))?;
        let is_named = columns.iter().enumerate().any(|(number, name)| *name != number.to_string());
        is_named.then(|| columns.clone())
    }

    fn shape_setting(&self) -> Option<&'static str> {
        Some("data.shape")
    }

    fn class_setting(&self) -> Option<&'static str> {
        Some("data.labels")
    }

    /// The test part, or the validation part where there is no other.
    fn held_out(&self) -> Split {
        if self.test_fraction == 0.0 { Split::Validation } else { Split::Test }
    }

    fn absent(&self, split: Split) -> DatasetError {
        let (key, fraction) = match split {
            Split::Test => ("data.test_fraction", self.test_fraction),
            _ => ("data.validation_fraction", self.validation_fraction),
        };
        let file = self.path.display();
        let problem = format!("{fraction} of the examples in {file} leaves none for {split}; add some or change it");
        DatasetError::config(key, problem)
    }

    fn settled_keys(&self) -> &'static [&'static str] {
        &["columns", "shape", "pixels", "classes", "vector_size", "joined_channels"]
    }
}

register_dataset!(ArrayConfig as "array");

impl ArrayConfig {
    /// How an example of the file, all dimensions but the first, is learnt; a number in a row is `[1]`.
    fn layout(&self, header: &Header) -> Result<Layout, DatasetError> {
        let found = match header.shape.get(1..) {
            None => return Err(wrong(&self.path, "it holds one number; expected examples along its first dimension")),
            Some([]) => &[1],
            Some(sides) if sides.contains(&0) => {
                return Err(wrong(
                    &self.path,
                    format!("there are no numbers in its examples: shape {:?}", header.shape),
                ));
            }
            Some(sides) => sides,
        };
        Layout::of(found, header.are_bytes, self.shape.as_deref()).map_err(|fitting| {
            let (path, wanted) = (self.path.display(), self.shape.as_deref().unwrap_or_default());
            let problem =
                format!("{wanted:?} does not fit the examples of {path}, which are {found:?}; expected {fitting}");
            DatasetError::config("data.shape", problem)
        })
    }

    /// What is said of a shape that was found and is not the file's.
    fn note(&self, header: &Header, layout: &Layout) -> Option<String> {
        let (found, shape) = (&header.shape[1..], &layout.shape);
        let what = if layout.channels_last { "their channels stand last" } else { "they are grey pictures" };
        (self.shape.is_none() && found.len() > 1 && found != shape)
            .then(|| format!("examples of {found:?} are read as {shape:?}, since {what}; data.shape can say otherwise"))
    }

    /// Whether the numbers are pixels, which have three dimensions an example.
    fn are_pixels(&self, header: &Header, layout: &Layout) -> Result<bool, DatasetError> {
        let in_three = layout.shape.len() == 3;
        match self.pixels {
            Some(true) if !in_three => {
                let problem = format!(
                    "examples of {:?} are no pictures; set data.shape = [channels, height, width]",
                    layout.shape
                );
                Err(DatasetError::config("data.pixels", problem))
            }
            Some(pixels) => Ok(pixels),
            None => Ok(in_three && header.are_bytes),
        }
    }

    /// The rows of each part, in order. At least one is left to train on.
    fn divide(&self, rows: usize) -> [(Split, Vec<usize>); 3] {
        let count = |fraction: f64| (fraction * rows as f64).round() as usize;
        let validation = count(self.validation_fraction).min(rows - 1);
        let test = count(self.test_fraction).min(rows - 1 - validation);
        let mut order = Index::validation_split().permutation(0, rows);
        let mut train = order.split_off(validation + test);
        let mut test = order.split_off(validation);
        [&mut train, &mut order, &mut test].into_iter().for_each(|part| part.sort_unstable());
        [(Split::Train, train), (Split::Validation, order), (Split::Test, test)]
    }
}
