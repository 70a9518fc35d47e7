//! Fashion-MNIST: 28×28 grey images of ten kinds of clothing, 60 000 for training and 10 000 for validation.
//!
//! Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms",
//! arXiv:1708.07747; MIT licence. Format: [`crate::idx`]. Labels: 0 T-shirt, 1 trouser, 2 pullover, 3 dress, 4 coat,
//! 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::images::{Images, check_pad};
use crate::library::{DataFile, Library};
use crate::mnist::IdxFiles;
use crate::{DatasetError, Split};

const URL: &str = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/";

const FILES: IdxFiles = IdxFiles {
    name: "fashion_mnist",
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
    validation: [
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FashionMnistConfig {
    /// The folder of the four files; without it, the places of [`crate::library`] are looked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Black pixels added on every side: 2 makes 32×32. Default 0.
    pub pad: usize,
}

impl FashionMnistConfig {
    /// Reads one split into memory (47 MB for training).
    ///
    /// # Errors
    /// A file that is missing, damaged or unreadable; a `pad` beyond reason.
    pub fn open(&self, library: &Library, split: Split) -> Result<Arc<Images>, DatasetError> {
        check_pad(self.pad)?;
        FILES.open(library, self.path.as_deref(), self.pad, split).map(Arc::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnist_is_not_taken_for_fashion_mnist() {
        let path = Some(PathBuf::from("data/mnist"));
        let config = FashionMnistConfig { path, pad: 0 };
        let error = config.open(&Library::only("nowhere"), Split::Validation).unwrap_err();
        assert!(matches!(error, DatasetError::Checksum { .. }), "{error}");
    }

    #[test]
    fn the_debian_folders_are_looked_in_last() {
        let mut library = Library::only("somewhere");
        let places = |library: &Library| library.places(FILES.name, None, FILES.system);
        assert_eq!(places(&library), [PathBuf::from("somewhere/fashion_mnist")]);
        library.system = true;
        assert_eq!(places(&library)[1..], FILES.system.iter().map(PathBuf::from).collect::<Vec<_>>());
    }
}
