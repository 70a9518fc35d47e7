//! A folder of pictures of any format that [`crate::picture`] reads, in any depth of subfolders; or archives of them.
//!
//! Every picture is brought to `size` (`crop`, `filter`), and kept as it is then: `channels`·height·width bytes for each, twice as
//! many with `depth = 16`. All pictures are decoded before any work starts, so that those which cannot be read are one error, or are
//! left out (`unreadable = "skip"`). They are kept in memory or on the disk (`storage`): the bits are the same.
//!
//! **Where.** `path` is a folder, an archive (`.zip`, `.tar`, `.tar.gz`, `.tgz`), a name with braces that means several archives
//! (`data-{000..012}.tar`), or a folder of nothing but archives. Archives are read where they are, and nothing is unpacked.
//!
//! **What is a picture.** Files with the extension of a format that is read, in any case of letters, and in a folder files without
//! one whose content is such a picture. Names that are hidden or belong to a system are left out, and so is what is no
//! picture; [`Opened::notes`](crate::Opened::notes) counts it. Links are followed.
//!
//! **Order.** The pictures are sorted by their path below the folder or in the archive, so an example's number depends on nothing
//! else, and an archive of a folder gives the same examples as the folder.
//!
//! **Parts.** The pictures are sorted by the SHA-256 of their path; the first `validation_fraction` of them are for
//! validation, the next `test_fraction` for testing. This depends neither on a seed nor on the order of the files, and
//! adding pictures moves few others. At least one picture is left to train on.
//!
//! **Classes.** With `labels = true` a table of the pictures or WebDataset's `.cls` gives the labels, or else the subfolders directly
//! below are the classes. They are numbered in the order in which people count: 1, 2, …, 10. A run writes their names into its
//! config as `classes`, and refuses to go on with others.

mod archive;
mod cache;
mod classes;
mod decoding;
mod framing;
mod kind;
mod list;
mod listing;
mod litter;
mod parts;
mod pictures;
mod shards;
mod sidecars;
mod size;
mod store;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::images::Labels;
use crate::notes::{counted, name};
use crate::opened::Opened;
use crate::picture::{Background, Channels, Depth};
use crate::{DataPath, DatasetError, Split};
use classes::Classes;
pub use classes::LabelSource;
use decoding::Decoding;
use framing::Framing;
pub use framing::{Crop, Filter};
pub(crate) use list::list;
use listing::Listing;
use pictures::Pictures;
pub use size::Size;
use store::Kept;
pub use store::Storage;

/// `kind = "folder"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder, archive or archives. Required.
    pub path: PathBuf,
    /// Height and width in pixels of the images made, 1 to 4096 each: one number for squares, or `[height, width]`. Required.
    pub size: Size,
    /// 1 for grey, 3 for colour, 4 for colour and alpha. Default 3.
    #[serde(default = "three")]
    pub channels: usize,
    /// Bits that are kept of each value, 8 or 16. With 16, values are from 0 to 255 in steps of 1/257. Default 8.
    #[serde(default)]
    pub depth: Depth,
    /// What is kept of a picture of another shape. Default `centre`.
    #[serde(default)]
    pub crop: Crop,
    /// With `crop = "random"`: pixels that pictures are larger than `size` on every side. Default an eighth of the shorter side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<usize>,
    /// What transparent pictures are laid on if there is no channel for alpha, and what surrounds pictures that are not cropped:
    /// a name, `"#rrggbb"` or `[r, g, b]`. Default white.
    #[serde(default)]
    pub background: Background,
    /// The filter of the resizing. Default `lanczos`.
    #[serde(default)]
    pub filter: Filter,
    /// Where labels come from: `false`, `true` (a table of the pictures, `.cls`, or the subfolders directly below `path`), or the name
    /// of a column. Default false.
    #[serde(default)]
    pub labels: LabelSource,
    /// The names of the classes in the order of their numbers. Filled in when a run starts; given, exactly these
    /// classes must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Where decoded pictures are kept. Default `auto`.
    #[serde(default)]
    pub storage: Storage,
    /// What happens if pictures cannot be read or have no label. Default `error`.
    #[serde(default)]
    pub unreadable: Unreadable,
    /// Which part of the pictures is held out for validation, in [0, 1). Default 0.1.
    #[serde(default = "tenth")]
    pub validation_fraction: f64,
    /// Which part of the pictures is set aside for testing, in [0, 1). Default 0.
    #[serde(default)]
    pub test_fraction: f64,
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
    /// Reads parts, on all cores. The callback of `library` hears how far it has come and may stop it. A part that no picture
    /// belongs to is left empty.
    ///
    /// # Errors
    /// A folder or archive that is missing, without pictures, or too large for memory or disk; pictures that cannot be decoded, all
    /// in one error; labels that are missing or contradict each other, all in one error.
    fn read(&self, splits: &[Split], library: &DataPath) -> Result<Opened, DatasetError> {
        let with_labels = self.labels != LabelSource::None;
        let progress = library.progress.as_ref();
        let listing = Listing::of(&self.path, with_labels, progress)?;
        if listing.items.is_empty() {
            return Err(self.without_pictures(&listing));
        }
        let classes = self.label(&listing)?;
        let parts = self.divide(&listing.items);
        let is_labelled = |number: &usize| classes.as_ref().is_none_or(|classes| classes.of[*number].is_some());
        let chosen: Vec<(Split, Vec<usize>)> = splits
            .iter()
            .map(|&split| (split, parts.of(split).iter().copied().filter(is_labelled).collect()))
            .collect();
        let wanted: Vec<usize> = chosen.iter().flat_map(|(_, numbers)| numbers.iter().copied()).collect();
        let decoding = Decoding { root: &self.path, listing: &listing, framing: self.framing(), progress };
        let Kept { store, slots, decoded, note } = self.keep(&decoding, &wanted, library)?;

        let mut notes = listing.notes();
        notes.extend(note);
        notes.extend(self.empty_folders(&listing, classes.as_ref()));
        notes.extend(classes.iter().flat_map(|classes| classes.notes.iter().cloned()));
        if decoded.deeper > 0 {
            let count = counted(decoded.deeper, "picture");
            notes.push(format!("rounded to 8 bits: {count} with more; data.depth = 16 keeps them"));
        }
        let mut problems = listing.unreadable.clone();
        let paths = decoded.failures.iter().map(|(number, problem)| (&listing.items[*number].path, problem));
        problems.extend(paths.map(|(path, problem)| (path.clone(), problem.clone())));
        if !problems.is_empty() {
            let list = self.unreadable(listing.items.len() + listing.unreadable.len(), &problems);
            if self.unreadable == Unreadable::Error || decoded.failures.len() == wanted.len() {
                return Err(DatasetError::Pictures { folder: self.path.clone(), list });
            }
            notes.push(format!("skipped, as data.unreadable says: {list}"));
        }

        let settled = classes
            .as_ref()
            .map(|classes| Arc::new(Self { classes: Some(classes.names.clone()), ..self.clone() }) as _);
        let mut opened = Opened { notes, settled, ..Opened::default() };
        let names: Option<Arc<[String]>> = classes.as_ref().map(|classes| classes.names.clone().into());
        let store = Arc::new(store);
        let mut slots = slots.into_iter();
        for (split, numbers) in chosen {
            let good: Vec<(usize, u64)> =
                numbers.into_iter().zip(&mut slots).filter_map(|(number, slot)| Some((number, slot?))).collect();
            if good.is_empty() {
                continue;
            }
            let label = |number: usize| classes.as_ref().and_then(|classes| classes.of[number]).unwrap_or_default();
            let labels = names
                .clone()
                .map(|names| Labels { of: good.iter().map(|(number, _)| label(*number)).collect(), names });
            opened.put(
                split,
                Arc::new(Pictures {
                    name: format!("folder {}", self.path.display()),
                    shape: [self.channels, self.size.height, self.size.width],
                    margin: self.margin(),
                    depth: self.depth,
                    store: store.clone(),
                    slots: good.into_iter().map(|(_, slot)| slot).collect(),
                    labels,
                }),
            );
        }
        if splits.contains(&Split::Validation) && opened.validation.is_none() && self.validation_fraction > 0.0 {
            opened.notes.push(format!(
                "nothing is held out for validation: data.validation_fraction = {} of {} is none",
                self.validation_fraction,
                counted(listing.items.len(), "picture")
            ));
        }
        Ok(opened)
    }

    /// Pixels that are stored beyond the size, on every side.
    fn margin(&self) -> usize {
        match self.crop {
            Crop::Random => self.margin.unwrap_or((self.size.height.min(self.size.width) / 8).max(1)),
            _ => 0,
        }
    }

    /// What pictures are brought to.
    fn framing(&self) -> Framing {
        let channels = Channels::of(self.channels, self.background).expect("the number of channels was checked");
        let size = self.size.grown(self.margin());
        Framing { size, crop: self.crop, channels, depth: self.depth, filter: self.filter }
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
            "there are no pictures in it (PNG, JPEG, WebP, GIF, BMP, TIFF, QOI, PNM){others}. Remedy: name another `data.path`"
        ))
    }

    /// Subfolders that are no class because no picture is in them, where subfolders are the classes.
    fn empty_folders(&self, listing: &Listing, classes: Option<&Classes>) -> Option<String> {
        let classes = classes.filter(|_| !listing.sidecars.has_tables())?;
        let empty: Vec<_> =
            listing.folders.iter().filter(|folder| !classes.names.iter().any(|class| *folder == &**class)).collect();
        let list = crate::notes::names(&empty, 10);
        (!empty.is_empty()).then(|| {
            format!("no class, for there are no pictures in {}: {list}", if empty.len() == 1 { "it" } else { "them" })
        })
    }

    /// One message for all pictures that cannot be read: how many, and the first of them with what is wrong with each.
    fn unreadable(&self, total: usize, problems: &[(PathBuf, String)]) -> String {
        const MOST: usize = 20;
        let below = |file: &Path| name(file.strip_prefix(&self.path).unwrap_or(file));
        let mut list = vec![format!("{} of {total} pictures cannot be read:", problems.len())];
        list.extend(problems.iter().take(MOST).map(|(file, problem)| format!("  {}: {problem}", below(file))));
        if problems.len() > MOST {
            list.push(format!("  and {} more", problems.len() - MOST));
        }
        list.join("\n")
    }
}
