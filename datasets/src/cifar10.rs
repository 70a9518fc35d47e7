//! CIFAR-10: 32×32 colour images of ten kinds of things, 50 000 published for training and
//! 10 000 for testing.
//!
//! Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009, binary version
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>, archive of MD5 c32a1d4ab5d03f1284b67883e8d87530). A file is 10 000
//! records of 3073 bytes: the label, then 1024 red, 1024 green and 1024 blue pixels, each in rows.
//!
//! In each of the places of [`crate::data_path`] three things are accepted: the files themselves, the folder
//! `cifar-10-batches-bin`, and the archive `cifar-10-binary.tar.gz`, which is checked and unpacked next to itself.
//!
//! **What is checked.** The archive has its SHA-256 sum. The sums of the files in it are written down when it is unpacked
//! (`SHA256SUMS`, in the format of `sha256sum`), and files that have such a list are compared with it. Files that were
//! unpacked by others have none that is known; they must have the right size, labels from 0 to 9, and as many images of
//! each class as the source says: 5000 for training, 1000 for testing.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data_path::{DataFile, DataPath};
use crate::images::{Images, Labels, class_names};
use crate::mnist::published;
use crate::opened::Opened;
use crate::split::{VALIDATION_EXAMPLES, carve};
use crate::{ClassCount, DatasetError, DatasetKind, Split, checksum, register_dataset};

const NAME: &str = "cifar10";
const SHAPE: [usize; 3] = [3, 32, 32];
const RECORD: usize = 1 + 3 * 32 * 32;
const RECORDS: usize = 10_000;
const FOLDER: &str = "cifar-10-batches-bin";
const TRAIN: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const TEST: [&str; 1] = ["test_batch.bin"];

const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// The sums of what was unpacked.
const SUMS: &str = "SHA256SUMS";

const ARCHIVE: DataFile = DataFile {
    name: "cifar-10-binary.tar.gz",
    checksums: &["c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"],
    folder_url: "https://www.cs.toronto.edu/~kriz/",
};

/// `kind = "cifar10"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cifar10Config {
    /// The folder of the files or of the archive; without it, the places of [`crate::data_path`] are looked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// How many of the 50 000 published training examples are held out for validation. Default 5000; 0 for none.
    pub validation_examples: usize,
}

impl Default for Cifar10Config {
    fn default() -> Self {
        Self { path: None, validation_examples: VALIDATION_EXAMPLES }
    }
}

impl DatasetKind for Cifar10Config {
    /// Reads parts into memory (154 MB for the published training set).
    fn open(&self, library: &DataPath, splits: &[Split], _: u64) -> Result<Opened, DatasetError> {
        let read = |names: &[&str]| self.read(library, names, RECORDS);
        published(splits, self.validation_examples, || read(&TRAIN), || read(&TEST))
    }

    fn check(&self) -> Result<(), DatasetError> {
        carve(50_000, self.validation_examples).map(drop)
    }

    fn shape(&self) -> Result<Vec<usize>, DatasetError> {
        Ok(SHAPE.to_vec())
    }

    fn is_image(&self) -> bool {
        true
    }

    fn class_count(&self) -> Result<ClassCount, DatasetError> {
        Ok(ClassCount::Known(10))
    }

    fn class_names(&self) -> Option<Vec<String>> {
        Some(CLASSES.map(String::from).to_vec())
    }

    fn place_keys(&self) -> &'static [&'static str] {
        &["path"]
    }
}

register_dataset!(Cifar10Config as "cifar10");

impl Cifar10Config {
    /// The images of files with `records` records each.
    fn read(&self, library: &DataPath, names: &[&str], records: usize) -> Result<Images, DatasetError> {
        let path = self.path.as_deref();
        let complete = |folder: &PathBuf| names.iter().all(|name| folder.join(name).is_file());
        let places = library.places(NAME, path, &[]);
        let found = places.iter().flat_map(|place| [place.join(FOLDER), place.clone()]).find(complete);
        let folder = match found {
            Some(folder) => folder,
            None => {
                let archive = library.find(NAME, path, &[], &ARCHIVE)?;
                unpack(&archive)?
            }
        };
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for name in names {
            let file = folder.join(name);
            let bytes = std::fs::read(&file).map_err(|source| DatasetError::Read { file: file.clone(), source })?;
            check_sum(&folder, name, &bytes)?;
            parse(&bytes, records, &file, &mut pixels, &mut labels)?;
        }
        check_classes(&folder, &labels)?;
        let labels = Labels { of: labels, names: class_names(CLASSES) };
        Ok(Images::new(NAME, SHAPE, 0, pixels, Some(labels)))
    }
}

/// Compares a file with the sum that was written down when it was unpacked, if there is one.
fn check_sum(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), DatasetError> {
    let Ok(list) = std::fs::read_to_string(folder.join(SUMS)) else { return Ok(()) };
    let mut sums = list.lines().filter_map(|line| line.split_once("  "));
    let Some((expected, _)) = sums.find(|(_, listed)| *listed == name) else { return Ok(()) };
    let file = folder.join(name);
    let found = checksum::sha256(bytes).map_err(|source| DatasetError::Read { file: file.clone(), source })?;
    match found == expected {
        true => Ok(()),
        false => Err(DatasetError::Checksum { file, expected: vec![expected.into()], found }),
    }
}

/// As many images of each class: the source says so of both published sets.
fn check_classes(folder: &Path, labels: &[u16]) -> Result<(), DatasetError> {
    let expected = labels.len() / CLASSES.len();
    for (class, name) in CLASSES.iter().enumerate() {
        let found = labels.iter().filter(|&&label| usize::from(label) == class).count();
        if found != expected {
            let problem = format!("expected {expected} images of class {class} ({name}), found {found}");
            return Err(DatasetError::Format { file: folder.to_path_buf(), problem });
        }
    }
    Ok(())
}

/// Appends the pixels and labels of one file of `records` records; `file` is the name used in errors.
fn parse(
    bytes: &[u8],
    records: usize,
    file: &Path,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u16>,
) -> Result<(), DatasetError> {
    let wrong = |problem| Err(DatasetError::Format { file: file.to_path_buf(), problem });
    if bytes.len() != records * RECORD {
        let expected = records * RECORD;
        return wrong(format!("expected {expected} bytes ({records} records of {RECORD}), found {}", bytes.len()));
    }
    for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
        if record[0] > 9 {
            return wrong(format!("expected a label from 0 to 9 in record {index}, found {}", record[0]));
        }
        labels.push(u16::from(record[0]));
        pixels.extend(&record[1..]);
    }
    Ok(())
}

/// Unpacks the six files of the archive next to it, each whole or not at all, and writes down their sums.
fn unpack(archive: &Path) -> Result<PathBuf, DatasetError> {
    let folder = archive.parent().unwrap_or(Path::new(".")).join(FOLDER);
    let read = |source| DatasetError::Read { file: archive.to_path_buf(), source };
    let entries = |visit: &mut dyn FnMut(&'static str, &mut dyn std::io::Read) -> Result<(), DatasetError>| {
        let file = std::fs::File::open(archive).map_err(read)?;
        let mut reader = tar::Archive::new(flate2::read::GzDecoder::new(file));
        let mut missing: Vec<&'static str> = TRAIN.into_iter().chain(TEST).collect();
        for entry in reader.entries().map_err(read)? {
            let mut entry = entry.map_err(read)?;
            let path = entry.path().map_err(read)?.into_owned();
            let Some(place) = missing.iter().position(|name| path == Path::new(FOLDER).join(name)) else { continue };
            visit(missing.swap_remove(place), &mut entry)?;
        }
        if missing.is_empty() {
            return Ok(());
        }
        let problem = format!("expected {} in its folder {FOLDER}, found none", missing.join(", "));
        Err(DatasetError::Format { file: archive.to_path_buf(), problem })
    };
    // First the sums, so that an archive without all six leaves nothing behind.
    let mut sums = String::new();
    entries(&mut |name, reader| {
        sums += &format!("{}  {name}\n", checksum::sha256(reader).map_err(read)?);
        Ok(())
    })?;
    fokker_files::write(&folder.join(SUMS), sums.as_bytes())?;
    entries(&mut |name, reader| {
        fokker_files::write_with(&folder.join(name), |file| std::io::copy(reader, file).map(drop))?;
        Ok(())
    })?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dataset;

    /// `count` records: record i has the label i mod 10, red i, green i + 1, blue i + 2 everywhere.
    fn records(count: usize) -> Vec<u8> {
        let channel = |value: usize| std::iter::repeat_n(value as u8, 1024);
        (0..count)
            .flat_map(|i| {
                let pixels = channel(i).chain(channel(i + 1)).chain(channel(i + 2));
                std::iter::once((i % 10) as u8).chain(pixels)
            })
            .collect()
    }

    #[test]
    fn a_small_file_is_read_channels_first() {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        parse(&records(12), 12, Path::new("x.bin"), &mut pixels, &mut labels).unwrap();
        let images = Images::new(NAME, SHAPE, 0, pixels, Some(Labels { of: labels, names: class_names(CLASSES) }));
        let mut out = vec![0.0; 3072];
        assert_eq!(images.example(11, &mut out), Some(1));
        assert_eq!([out[0], out[1023], out[1024], out[2048], out[3071]], [11.0, 11.0, 12.0, 13.0, 13.0]);
    }

    #[test]
    fn wrong_sizes_and_labels_are_named() {
        let problem = |bytes: &[u8]| {
            parse(bytes, 2, Path::new("x.bin"), &mut Vec::new(), &mut Vec::new()).unwrap_err().to_string()
        };
        let mut bytes = records(2);
        let message = problem(&bytes[..6145]);
        assert!(message.contains("x.bin: expected 6146 bytes") && message.contains("found 6145"), "{message}");
        bytes[RECORD] = 10;
        let message = problem(&bytes);
        assert!(message.contains("record 1, found 10"), "{message}");
    }

    #[test]
    fn files_unpacked_by_others_have_as_many_images_of_each_class() {
        let folder = tempfile::tempdir().unwrap();
        let config = Cifar10Config { path: Some(folder.path().into()), ..Default::default() };
        let read = |bytes: &[u8]| {
            std::fs::write(folder.path().join(TEST[0]), bytes).unwrap();
            config.read(&DataPath::only("nowhere"), &TEST, 20).map(|images| images.len())
        };
        let mut bytes = records(20);
        assert_eq!(read(&bytes).unwrap(), 20);
        // Another label that is one: the size is right all the same.
        bytes[0] = 3;
        let message = read(&bytes).unwrap_err().to_string();
        assert!(message.contains("2 images of class 0 (airplane), found 1"), "{message}");
    }

    fn archive(names: &[&str], file: &Path) {
        let gzip = flate2::write::GzEncoder::new(std::fs::File::create(file).unwrap(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(gzip);
        for name in names {
            let mut header = tar::Header::new_gnu();
            header.set_size(3);
            header.set_mode(0o644);
            builder.append_data(&mut header, format!("{FOLDER}/{name}"), &name.as_bytes()[..3]).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
    }

    #[test]
    fn the_archive_is_unpacked_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(ARCHIVE.name);
        archive(&TRAIN, &file);
        let message = unpack(&file).unwrap_err().to_string();
        assert!(message.contains("test_batch.bin"), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only the archive is left");

        archive(&[&TRAIN[..], &TEST, &["readme.html"]].concat(), &file);
        let unpacked = unpack(&file).unwrap();
        assert_eq!(std::fs::read_dir(&unpacked).unwrap().count(), 7, "six files and their sums");
        assert_eq!(std::fs::read(unpacked.join("test_batch.bin")).unwrap(), b"tes");
        // What was unpacked has three bytes a file: opening it names the file and the bytes.
        let config = Cifar10Config { path: Some(folder.path().into()), ..Default::default() };
        let refused = || config.open(&DataPath::only("nowhere"), &[Split::Test], 0).err().unwrap().to_string();
        let message = refused();
        assert!(message.contains("test_batch.bin: expected 30730000 bytes"), "{message}");
        // A bit that has changed since is named by its sum.
        std::fs::write(unpacked.join("test_batch.bin"), b"tfs").unwrap();
        let message = refused();
        assert!(message.contains("test_batch.bin is damaged") && message.contains("SHA-256"), "{message}");
    }

    #[test]
    fn an_archive_with_another_sum_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        archive(&TRAIN, &folder.path().join(ARCHIVE.name));
        let config = Cifar10Config { path: Some(folder.path().into()), ..Default::default() };
        let error = config.open(&DataPath::only("nowhere"), &[Split::Train], 0).err().unwrap();
        assert!(matches!(error, DatasetError::Checksum { .. }), "{error}");
    }
}
