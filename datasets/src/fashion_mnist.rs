//! Fashion-MNIST: 28×28 grey images of ten kinds of clothing, 60 000 published for training and 10 000
//! for testing.
//!
//! Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms",
//! arXiv:1708.07747; MIT licence. Format: [`crate::idx`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::data_path::{DataFile, DataPath};
use crate::images::check_pad;
use crate::mnist::{IdxFiles, padded_deviation};
use crate::opened::Opened;
use crate::split::{VALIDATION_EXAMPLES, carve};
use crate::{ClassCount, DatasetError, DatasetKind, Split, register_dataset};

const URL: &str = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/";

const FILES: IdxFiles = IdxFiles {
    name: "fashion_mnist",
    classes: ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"],
    // Debian's package dataset-fashion-mnist.
    system: &["/usr/share/datasets/fashion-mnist", "/usr/share/dataset-fashion-mnist"],
    train: [
        DataFile {
            name: "train-images-idx3-ubyte.gz",
            checksums: &["3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"],
            folder_url: URL,
        },
        DataFile {
            name: "train-labels-idx1-ubyte.gz",
            checksums: &["a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"],
            folder_url: URL,
        },
    ],
    test: [
        DataFile {
            name: "t10k-images-idx3-ubyte.gz",
            checksums: &["346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"],
            folder_url: URL,
        },
        DataFile {
            name: "t10k-labels-idx1-ubyte.gz",
            checksums: &["67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"],
            folder_url: URL,
        },
    ],
};

/// `kind = "fashion_mnist"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FashionMnistConfig {
    /// The folder of the four files; without it, the places of [`crate::data_path`] are looked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Black pixels added on every side: 2 makes 32×32. Default 0.
    pub pad: usize,
    /// How many of the 60 000 published training examples are held out for validation. Default 5000; 0 for none.
    pub validation_examples: usize,
}

impl Default for FashionMnistConfig {
    fn default() -> Self {
        Self { path: None, pad: 0, validation_examples: VALIDATION_EXAMPLES }
    }
}

impl DatasetKind for FashionMnistConfig {
    /// Reads parts into memory (47 MB for the published training set).
    fn open(&self, library: &DataPath, splits: &[Split], _: u64) -> Result<Opened, DatasetError> {
        FILES.open(library, self.path.as_deref(), self.pad, self.validation_examples, splits)
    }

    fn check(&self) -> Result<(), DatasetError> {
        check_pad(self.pad)?;
        carve(60_000, self.validation_examples).map(drop)
    }

    fn shape(&self) -> Result<Vec<usize>, DatasetError> {
        Ok(vec![1, 28 + 2 * self.pad, 28 + 2 * self.pad])
    }

    fn is_image(&self) -> bool {
        true
    }

    fn class_count(&self) -> Result<ClassCount, DatasetError> {
        Ok(ClassCount::Known(10))
    }

    fn class_names(&self) -> Option<Vec<String>> {
        Some(FILES.classes.map(String::from).to_vec())
    }

    fn place_keys(&self) -> &'static [&'static str] {
        &["path"]
    }

    /// Measured.
    fn pixel_deviation(&self) -> f64 {
        padded_deviation(72.940, 90.021, self.pad)
    }
}

register_dataset!(FashionMnistConfig as "fashion_mnist");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnist_is_not_taken_for_fashion_mnist() {
        let path = Some(PathBuf::from("data/mnist"));
        let config = FashionMnistConfig { path, ..Default::default() };
        let error = config.open(&DataPath::only("nowhere"), &[Split::Test], 0).err().unwrap();
        assert!(matches!(error, DatasetError::Checksum { .. }), "{error}");
    }

    #[test]
    fn the_debian_folders_are_looked_in_last() {
        let mut library = DataPath::only("somewhere");
        let places = |library: &DataPath| library.places(FILES.name, None, FILES.system);
        assert_eq!(places(&library), [PathBuf::from("somewhere/fashion_mnist")]);
        library.system = true;
        assert_eq!(places(&library)[1..], FILES.system.iter().map(PathBuf::from).collect::<Vec<_>>());
    }
}
