//! A folder of pictures of any format that [`crate::picture`] reads, in any depth of subfolders.
//!
//! Every picture is cropped to its central square, resized to `size`×`size` with a filter that averages over what it
//! shrinks, and kept in memory as bytes: `channels`·`size`² for each. All pictures are decoded when the set is opened, so
//! that those which cannot be read are one error before any work starts, or are left out (`unreadable = "skip"`).
//!
//! **What is a picture.** Files with the extension of a format that is read, in any case of letters, and files without
//! one whose content is such a picture. Names that are hidden or belong to a system are left out, and so is what is no
//! picture; [`Opened::notes`](crate::Opened::notes) counts it. Links are followed.
//!
//! **Order.** The pictures are sorted by their path below the folder, so an example's number depends on nothing else.
//!
//! **Parts.** The pictures are sorted by the SHA-256 of their path; the first `validation_fraction` of them are for
//! validation, the next `test_fraction` for testing. This depends neither on a seed nor on the order of the files, and
//! adding pictures moves few others. At least one picture is left to train on.
//!
//! **Classes.** With `labels = true` the subfolders directly below are the classes, numbered in the order in which people
//! count: 1, 2, …, 10. A run writes their names into its config as `classes`, and refuses to go on with others.

mod classes;
mod kind;
mod list;
mod listing;
mod litter;
mod reading;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::images::{Images, Labels};
use crate::notes::counted;
use crate::opened::Opened;
use crate::picture::Background;
use crate::progress::ProgressCallback;
use crate::{DatasetError, Split, checksum, memory};
pub(crate) use list::list;
use listing::Listing;

/// `kind = "folder"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder. Required.
    pub path: PathBuf,
    /// Height and width in pixels of the images made, 1 to 4096. Required.
    pub size: usize,
    /// 1 for grey, 3 for colour, 4 for colour and alpha. Default 3.
    #[serde(default = "three")]
    pub channels: usize,
    /// What transparent pictures are laid on if there is no channel for alpha: a name, `"#rrggbb"` or `[r, g, b]`.
    /// Default white.
    #[serde(default)]
    pub background: Background,
    /// The filter of the resizing. Default `lanczos`.
    #[serde(default)]
    pub filter: Filter,
    /// Whether the names of the subfolders directly below `path` are the classes. Default false.
    #[serde(default)]
    pub labels: bool,
    /// The names of the classes in the order of their numbers. Filled in when a run starts; given, exactly these
    /// subfolders must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// What happens if pictures cannot be read. Default `error`.
    #[serde(default)]
    pub unreadable: Unreadable,
    /// Which part of the pictures is held out for validation, in [0, 1). Default 0.1.
    #[serde(default = "tenth")]
    pub validation_fraction: f64,
    /// Which part of the pictures is set aside for testing, in [0, 1). Default 0.
    #[serde(default)]
    pub test_fraction: f64,
}

/// How pictures are resized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Filter {
    /// Lanczos's window of three lobes: sharp.
    #[default]
    Lanczos,
    /// Linear: softer, never overshoots.
    Triangle,
}

/// What happens if pictures cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// The set is not opened; the error names them.
    #[default]
    Error,
    /// They are left out and counted.
    Skip,
}

fn three() -> usize {
    3
}

fn tenth() -> f64 {
    0.1
}

impl FolderConfig {
    /// Reads parts into memory, on all cores. `progress` hears how far it has come and may stop it. A part that no
    /// picture belongs to is left empty.
    ///
    /// # Errors
    /// A folder that is missing, without pictures, or larger than the memory that is free; pictures that cannot be decoded,
    /// all in one error.
    fn read(&self, splits: &[Split], progress: Option<&ProgressCallback>) -> Result<Opened, DatasetError> {
        let listing = Listing::of(&self.path, self.labels)?;
        if listing.pictures.is_empty() {
            return Err(self.without_pictures(&listing));
        }
        let (classes, labels) = if self.labels { self.label(&listing)? } else { (Vec::new(), Vec::new()) };
        let parts = self.divide(&listing)?;
        let chosen: Vec<(Split, &Vec<usize>)> = splits.iter().map(|&split| (split, parts.of(split))).collect();
        let wanted: Vec<usize> = chosen.iter().flat_map(|(_, numbers)| numbers.iter().copied()).collect();
        self.check_memory(wanted.len(), memory::available())?;
        let files: Vec<PathBuf> = wanted.iter().map(|&index| self.path.join(&listing.pictures[index])).collect();
        let read = self.decode(&files, progress)?;
        let failed: Vec<usize> = read.failures.iter().map(|(number, _)| *number).collect();
        let mut problems = listing.unreadable.clone();
        problems.extend(read.failures.into_iter().map(|(number, problem)| (files[number].clone(), problem)));
        let mut notes = listing.notes();
        if self.labels {
            notes.extend(self.empty_folders(&listing, &classes));
        }
        if !problems.is_empty() {
            let list = self.unreadable(listing.pictures.len() + listing.unreadable.len(), &problems);
            if self.unreadable == Unreadable::Error || failed.len() == files.len() {
                return Err(DatasetError::Pictures { folder: self.path.clone(), list });
            }
            notes.push(format!("skipped, as data.unreadable says: {list}"));
        }

        let settled = self.labels.then(|| Arc::new(Self { classes: Some(classes.clone()), ..self.clone() }) as _);
        let mut opened = Opened { notes, settled, ..Opened::default() };
        let names: Option<Arc<[String]>> = self.labels.then(|| classes.into());
        let (mut pixels, mut place) = (read.pixels, 0);
        for (split, numbers) in chosen {
            let good: Vec<usize> = (place..place + numbers.len())
                .filter(|position| failed.binary_search(position).is_err())
                .map(|position| wanted[position])
                .collect();
            place += numbers.len();
            if good.is_empty() {
                continue;
            }
            let rest = pixels.split_off(good.len() * self.picture_size());
            let part = std::mem::replace(&mut pixels, rest);
            let labels =
                names.clone().map(|names| Labels { of: good.iter().map(|&index| labels[index]).collect(), names });
            let name = format!("folder {}", self.path.display());
            let shape = [self.channels, self.size, self.size];
            opened.put(split, Arc::new(Images::new(name, shape, 0, part, labels)));
        }
        if splits.contains(&Split::Validation) && opened.validation.is_none() && self.validation_fraction > 0.0 {
            opened.notes.push(format!(
                "nothing is held out for validation: data.validation_fraction = {} of {} is none",
                self.validation_fraction,
                counted(listing.pictures.len(), "picture")
            ));
        }
        Ok(opened)
    }

    fn failed(&self, problem: impl Into<String>) -> DatasetError {
        DatasetError::Folder { folder: self.path.clone(), problem: problem.into() }
    }

    fn without_pictures(&self, listing: &Listing) -> DatasetError {
        if !listing.unreadable.is_empty() {
            let list = self.unreadable(listing.unreadable.len(), &listing.unreadable);
            return DatasetError::Pictures { folder: self.path.clone(), list };
        }
        let kinds = listing.kinds();
        let others = if kinds.is_empty() { String::new() } else { format!("; left out: {kinds}") };
        self.failed(format!(
            "there are no pictures in it (PNG, JPEG, WebP, GIF, BMP, TIFF, QOI){others}. Remedy: name another `data.path`"
        ))
    }

    /// Subfolders that are no class because no picture is in them.
    fn empty_folders(&self, listing: &Listing, classes: &[String]) -> Option<String> {
        let empty: Vec<_> =
            listing.folders.iter().filter(|folder| !classes.iter().any(|class| *folder == &**class)).collect();
        let list = crate::notes::names(&empty, 10);
        (!empty.is_empty()).then(|| {
            format!("no class, for there are no pictures in {}: {list}", if empty.len() == 1 { "it" } else { "them" })
        })
    }

    /// The numbers of the pictures of each part, in the order of their paths.
    fn divide(&self, listing: &Listing) -> Result<Parts, DatasetError> {
        let pictures = &listing.pictures;
        let count = |fraction: f64| (fraction * pictures.len() as f64).round() as usize;
        let mut order: Vec<(String, usize)> = Vec::with_capacity(pictures.len());
        for (index, picture) in pictures.iter().enumerate() {
            let parts: Vec<_> = picture.iter().map(|part| part.to_string_lossy()).collect();
            let hash = checksum::sha256(parts.join("/").as_bytes())
                .map_err(|source| DatasetError::Read { file: picture.clone(), source })?;
            order.push((hash, index));
        }
        order.sort();
        let mut order: Vec<usize> = order.into_iter().map(|(_, index)| index).collect();
        // The first picture to be had is for training.
        let validation = count(self.validation_fraction).min(pictures.len() - 1);
        let test = count(self.test_fraction).min(pictures.len() - 1 - validation);
        let mut train = order.split_off(validation + test);
        let mut test = order.split_off(validation);
        [&mut train, &mut order, &mut test].into_iter().for_each(|part| part.sort_unstable());
        Ok(Parts { train, validation: order, test })
    }
}

/// The numbers of the pictures of each part.
struct Parts {
    train: Vec<usize>,
    validation: Vec<usize>,
    test: Vec<usize>,
}

impl Parts {
    fn of(&self, split: Split) -> &Vec<usize> {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }
}
