//! A folder as a kind of data set.

use super::{Crop, FolderConfig, LabelSource};
use crate::opened::Opened;
use crate::picture::{Background, Channels, Depth};
use crate::{ClassCount, DataPath, DatasetError, DatasetKind, Split, register_dataset};

/// The longest side, and the widest margin.
const MOST_PIXELS: usize = 4096;

impl DatasetKind for FolderConfig {
    fn open(&self, library: &DataPath, splits: &[Split], _: u64) -> Result<Opened, DatasetError> {
        self.read(splits, library)
    }

    fn check(&self) -> Result<(), DatasetError> {
        if [self.size.height, self.size.width].iter().any(|side| !(1..=MOST_PIXELS).contains(side)) {
            return Err(DatasetError::config(
                "data.size",
                format!("{}; expected 1 to {MOST_PIXELS} pixels a side", self.size),
            ));
        }
        match self.margin {
            Some(_) if self.crop != Crop::Random => {
                let problem = "it belongs to crop = \"random\"; leave it out, or set data.crop = \"random\"";
                return Err(DatasetError::config("data.margin", problem));
            }
            Some(margin) if !(1..=MOST_PIXELS).contains(&margin) => {
                return Err(DatasetError::config(
                    "data.margin",
                    format!("{margin}; expected 1 to {MOST_PIXELS} pixels"),
                ));
            }
            _ => {}
        }
        if Channels::of(self.channels, self.background).is_none() {
            let expected = "expected 1 (grey), 3 (RGB) or 4 (RGBA)";
            return Err(DatasetError::config("data.channels", format!("{}; {expected}", self.channels)));
        }
        for (key, fraction) in
            [("data.validation_fraction", self.validation_fraction), ("data.test_fraction", self.test_fraction)]
        {
            if !(0.0..1.0).contains(&fraction) {
                return Err(DatasetError::config(key, format!("{fraction}; expected a number from 0 to below 1")));
            }
        }
        if self.validation_fraction + self.test_fraction >= 1.0 {
            let problem = format!(
                "{} with data.validation_fraction = {} leaves nothing to train on; their sum must be below 1",
                self.test_fraction, self.validation_fraction
            );
            return Err(DatasetError::config("data.test_fraction", problem));
        }
        match &self.classes {
            Some(_) if self.labels == LabelSource::None => {
                Err(DatasetError::config("data.classes", "there are no classes without `data.labels = true`"))
            }
            Some(classes) => {
                let mut sorted = classes.clone();
                sorted.sort_unstable();
                match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                    Some(pair) => Err(DatasetError::config("data.classes", format!("`{}` is listed twice", pair[0]))),
                    None if classes.is_empty() => Err(DatasetError::config("data.classes", "it lists no class")),
                    None => Ok(()),
                }
            }
            None => Ok(()),
        }
    }

    fn shape(&self) -> Result<Vec<usize>, DatasetError> {
        Ok(vec![self.channels, self.size.height, self.size.width])
    }

    fn is_image(&self) -> bool {
        true
    }

    fn depth(&self) -> Depth {
        self.depth
    }

    fn class_count(&self) -> Result<ClassCount, DatasetError> {
        Ok(match &self.classes {
            _ if self.labels == LabelSource::None => ClassCount::None,
            Some(classes) => ClassCount::Known(classes.len()),
            None => ClassCount::WhenOpened,
        })
    }

    fn class_names(&self) -> Option<Vec<String>> {
        self.classes.clone()
    }

    fn class_setting(&self) -> Option<&'static str> {
        Some("data.labels = true")
    }

    /// In memory and on the disk are the same bits.
    fn place_keys(&self) -> &'static [&'static str] {
        &["storage"]
    }

    fn settled_keys(&self) -> &'static [&'static str] {
        &["classes"]
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
        let folder = self.path.display();
        let problem =
            format!("{fraction} of the pictures in {folder} leaves none for {split}; add pictures or change it");
        DatasetError::config(key, problem)
    }

    fn background(&self) -> Background {
        self.background
    }

    /// A quarter of the range, which is about what photographs have (CIFAR-10's is 64.2).
    fn pixel_deviation(&self) -> f64 {
        64.0
    }
}

register_dataset!(FolderConfig as "folder");
