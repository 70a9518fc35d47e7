//! MNIST: 28×28 grey images of handwritten digits, 60 000 published for training and 10 000 for testing.
//!
//! Source: Yann LeCun, Corinna Cortes, Christopher J. C. Burges, "The MNIST database of handwritten digits"; LeCun,
//! Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998).
//! Format: [`crate::idx`]. The files lie in this crate's repository, and are downloaded where they do not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data_path::{DataFile, DataPath};
use crate::images::{Images, Labels, check_pad, class_names};
use crate::opened::Opened;
use crate::split::{VALIDATION_EXAMPLES, carve};
use crate::{ClassCount, Dataset, DatasetError, DatasetKind, Split, idx, register_dataset};

const URL: &str = "https://storage.googleapis.com/cvdf-datasets/mnist/";

/// Sums of the original files, and of the same contents as compressed in this repository.
const FILES: IdxFiles = IdxFiles {
    name: "mnist",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    system: &[],
    train: [
        DataFile {
            name: "train-images-idx3-ubyte.gz",
            checksums: &[
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
            ],
            folder_url: URL,
        },
        DataFile {
            name: "train-labels-idx1-ubyte.gz",
            checksums: &[
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
            ],
            folder_url: URL,
        },
    ],
    test: [
        DataFile {
            name: "t10k-images-idx3-ubyte.gz",
            checksums: &[
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
            ],
            folder_url: URL,
        },
        DataFile {
            name: "t10k-labels-idx1-ubyte.gz",
            checksums: &[
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
            ],
            folder_url: URL,
        },
    ],
};

/// `kind = "mnist"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MnistConfig {
    /// The folder of the four files; without it, the places of [`crate::data_path`] are looked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Black pixels added on every side: 2 makes 32×32. Default 0.
    pub pad: usize,
    /// How many of the 60 000 published training examples are held out for validation. Default 5000; 0 for none.
    pub validation_examples: usize,
}

impl Default for MnistConfig {
    fn default() -> Self {
        Self { path: None, pad: 0, validation_examples: VALIDATION_EXAMPLES }
    }
}

impl DatasetKind for MnistConfig {
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
        padded_deviation(33.318, 78.567, self.pad)
    }
}

register_dataset!(MnistConfig as "mnist");

/// The deviation of all pixels of images of 28×28 with this mean and deviation, after padding with zeros.
pub(crate) fn padded_deviation(mean: f64, deviation: f64, pad: usize) -> f64 {
    // A border of zeros thins out the first two moments.
    let share = (28.0 / (28.0 + 2.0 * pad as f64)).powi(2);
    (share * (mean * mean + deviation * deviation) - (share * mean).powi(2)).sqrt()
}

/// Four IDX files: images and labels of the published training and test set.
pub(crate) struct IdxFiles {
    /// The `kind` of the config.
    pub name: &'static str,
    /// The names of the labels 0 to 9.
    pub classes: [&'static str; 10],
    /// Folders of the operating system.
    pub system: &'static [&'static str],
    /// Images and labels.
    pub train: [DataFile; 2],
    /// Images and labels.
    pub test: [DataFile; 2],
}

impl IdxFiles {
    /// Reads parts, the validation part out of the training set.
    pub(crate) fn open(
        &self,
        library: &DataPath,
        path: Option<&Path>,
        pad: usize,
        validation_examples: usize,
        splits: &[Split],
    ) -> Result<Opened, DatasetError> {
        let read = |[images, labels]: &[DataFile; 2]| {
            let images = library.find(self.name, path, self.system, images)?;
            let labels = library.find(self.name, path, self.system, labels)?;
            combine(self.name, self.classes, pad, &images, &labels)
        };
        published(splits, validation_examples, || read(&self.train), || read(&self.test))
    }
}

/// Parts of a published data set: the test set, and the training set divided.
pub(crate) fn published(
    splits: &[Split],
    validation_examples: usize,
    train: impl Fn() -> Result<Images, DatasetError>,
    test: impl Fn() -> Result<Images, DatasetError>,
) -> Result<Opened, DatasetError> {
    let mut opened = Opened::default();
    if splits.iter().any(|split| *split != Split::Test) {
        let images = train()?;
        let (train, validation) = carve(images.len(), validation_examples)?;
        for (split, numbers) in [(Split::Train, train), (Split::Validation, validation)] {
            if splits.contains(&split) && !numbers.is_empty() {
                opened.put(split, Arc::new(images.select(&numbers)));
            }
        }
    }
    if splits.contains(&Split::Test) {
        opened.put(Split::Test, Arc::new(test()?));
    }
    Ok(opened)
}

/// Ten classes of grey images from a file of images and one of labels.
fn combine(
    name: &str,
    classes: [&str; 10],
    pad: usize,
    images_file: &Path,
    labels_file: &Path,
) -> Result<Images, DatasetError> {
    let images = idx::read(images_file, 3)?;
    let labels = idx::read(labels_file, 1)?;
    let wrong = |problem| Err(DatasetError::Format { file: labels_file.to_path_buf(), problem });
    if images.sizes.contains(&0) {
        let problem = format!("there are no pixels in it: sizes {:?}", images.sizes);
        return Err(DatasetError::Format { file: images_file.to_path_buf(), problem });
    }
    if images.sizes[0] != labels.sizes[0] {
        return wrong(format!("expected one label per image, found {} for {}", labels.sizes[0], images.sizes[0]));
    }
    if let Some(label) = labels.values.iter().find(|&&label| label > 9) {
        return wrong(format!("expected labels from 0 to 9, found {label}"));
    }
    let labels = Labels { of: labels.values.into_iter().map(u16::from).collect(), names: class_names(classes) };
    Ok(Images::new(name, [1, images.sizes[1], images.sizes[2]], pad, images.values, Some(labels)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idx::Idx;

    fn histogram(labels: &[u16]) -> [usize; 10] {
        let mut counts = [0; 10];
        labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
        counts
    }

    fn shipped() -> DataPath {
        DataPath::only("data")
    }

    /// One part as images.
    fn part(config: &MnistConfig, split: Split) -> Images {
        let images = |files: &[DataFile; 2]| {
            let file = |file: &DataFile| Path::new("data/mnist").join(file.name);
            combine("mnist", FILES.classes, config.pad, &file(&files[0]), &file(&files[1])).unwrap()
        };
        if split == Split::Test { images(&FILES.test) } else { images(&FILES.train) }
    }

    #[test]
    fn the_validation_part_is_carved_out_of_the_training_set() {
        let all = [Split::Train, Split::Validation, Split::Test];
        let opened = MnistConfig::default().open(&shipped(), &all, 0).unwrap();
        let parts = [opened.train, opened.validation, opened.test].map(Option::unwrap);
        assert_eq!(parts.each_ref().map(|part| part.len()), [55_000, 5000, 10_000]);
        // Pixel sums of all parts but the test set add up to those of the published training set.
        let sum = |part: &dyn Dataset| {
            let mut out = vec![0.0; 784];
            let mut one = |index| {
                part.example(index, &mut out);
                out.iter().map(|&value| f64::from(value)).sum::<f64>()
            };
            (0..part.len()).map(&mut one).sum::<f64>()
        };
        let published = part(&MnistConfig::default(), Split::Train);
        assert_eq!(sum(&*parts[0]) + sum(&*parts[1]), sum(&published));
        assert_eq!(parts[1].class_names().unwrap()[3], "3");

        let none = MnistConfig { validation_examples: 0, ..Default::default() };
        let opened = none.open(&shipped(), &all, 0).unwrap();
        assert_eq!((opened.train.unwrap().len(), opened.validation.is_none()), (60_000, true));
        let too_many = MnistConfig { validation_examples: 60_000, ..Default::default() };
        let message = too_many.open(&shipped(), &all, 0).err().unwrap().to_string();
        assert!(message.contains("data.validation_examples"), "{message}");
    }

    #[test]
    fn the_shipped_training_set_is_mnist() {
        let images = part(&MnistConfig::default(), Split::Train);
        assert_eq!((images.len(), images.shape(), images.classes()), (60_000, &[1, 28, 28][..], Some(10)));
        let expected = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
        assert_eq!(histogram(images.labels().unwrap()), expected);
        let mut first = vec![0.0; 784];
        assert_eq!(images.example(0, &mut first), Some(5), "the first training image is a five");
        assert_eq!(first.iter().sum::<f32>(), 27_525.0);
    }

    #[test]
    fn the_shipped_test_set_is_mnists_padded_on_demand() {
        let config = MnistConfig { pad: 2, ..Default::default() };
        let images = part(&config, Split::Test);
        assert_eq!((images.len(), images.shape()), (10_000, &[1, 32, 32][..]));
        let expected = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
        assert_eq!(histogram(images.labels().unwrap()), expected);
        let mut first = vec![0.0; 1024];
        assert_eq!(images.example(0, &mut first), Some(7), "the first test image is a seven");
        assert!(first[..64].iter().all(|&v| v == 0.0) && first.iter().sum::<f32>() > 0.0);
    }

    #[test]
    fn a_flipped_bit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new("data/mnist");
        for file in FILES.test {
            std::fs::copy(source.join(file.name), folder.path().join(file.name)).unwrap();
        }
        let path = Some(folder.path().to_path_buf());
        let config = MnistConfig { path, ..Default::default() };
        let library = DataPath::only("nowhere");
        let labels = folder.path().join(FILES.test[1].name);
        let mut bytes = std::fs::read(&labels).unwrap();
        bytes[2000] ^= 1;
        std::fs::write(&labels, bytes).unwrap();
        let error = config.open(&library, &[Split::Test], 0).err().unwrap();
        assert!(matches!(&error, DatasetError::Checksum { file, .. } if *file == labels), "{error}");
    }

    #[test]
    fn labels_must_fit_the_images() {
        let folder = tempfile::tempdir().unwrap();
        let (images, labels) = (folder.path().join("images"), folder.path().join("labels"));
        std::fs::write(&images, idx::write(&Idx { sizes: vec![2, 1, 1], values: vec![7, 8] })).unwrap();
        let problem = |values: Vec<u8>| {
            std::fs::write(&labels, idx::write(&Idx { sizes: vec![values.len()], values })).unwrap();
            combine("mnist", FILES.classes, 0, &images, &labels)
                .map(|images| images.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(problem(vec![0, 9]), Ok(2));
        assert!(problem(vec![0, 9, 1]).unwrap_err().contains("found 3 for 2"));
        assert!(problem(vec![0, 10]).unwrap_err().contains("found 10"));
    }
}
