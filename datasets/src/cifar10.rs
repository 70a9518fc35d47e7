//! CIFAR-10: 32×32 colour images of ten kinds of things, 50 000 for training and 10 000 for validation.
//!
//! Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009, binary version
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>, archive of MD5 c32a1d4ab5d03f1284b67883e8d87530). A file is 10 000
//! records of 3073 bytes: the label, then 1024 red, 1024 green and 1024 blue pixels, each in rows.
//!
//! In each of the places of [`crate::library`] three things are accepted: the files themselves, the folder
//! `cifar-10-batches-bin`, and the archive `cifar-10-binary.tar.gz`, which is checked and unpacked beside itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::images::{Images, Labels};
use crate::library::{DataFile, Library};
use crate::{DatasetError, Split};

const NAME: &str = "cifar10";
const SHAPE: [usize; 3] = [3, 32, 32];
const RECORD: usize = 1 + 3 * 32 * 32;
const RECORDS: usize = 10_000;
const FOLDER: &str = "cifar-10-batches-bin";
const TRAIN: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const VALIDATION: [&str; 1] = ["test_batch.bin"];

const ARCHIVE: DataFile = DataFile {
    name: "cifar-10-binary.tar.gz",
    checksums: &["c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"],
    folder_url: "https://www.cs.toronto.edu/~kriz/",
};

/// `kind = "cifar10"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cifar10Config {
    /// The folder of the files or of the archive; without it, the places of [`crate::library`] are looked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

impl Cifar10Config {
    /// Reads one split into memory (154 MB for training).
    ///
    /// # Errors
    /// A file that is missing, damaged or unreadable; an archive that cannot be unpacked beside itself.
    pub fn open(&self, library: &Library, split: Split) -> Result<Arc<Images>, DatasetError> {
        let names = match split {
            Split::Train => &TRAIN[..],
            Split::Validation => &VALIDATION[..],
        };
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
            parse(&bytes, RECORDS, &file, &mut pixels, &mut labels)?;
        }
        let labels = Labels { of: labels, classes: 10 };
        Ok(Arc::new(Images::new(NAME, SHAPE, 0, pixels, Some(labels))))
    }
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

/// Unpacks the six files of the archive beside it, under another name first, so that each is there whole or not at all.
fn unpack(archive: &Path) -> Result<PathBuf, DatasetError> {
    let beside = archive.parent().unwrap_or(Path::new("."));
    let part = beside.join(format!(".{FOLDER}.part-{}", std::process::id()));
    let folder = beside.join(FOLDER);
    let read = |source| DatasetError::Read { file: archive.to_path_buf(), source };
    let write = |source| DatasetError::Write { file: folder.clone(), source };
    let result = (|| {
        std::fs::create_dir_all(&part).map_err(write)?;
        let file = std::fs::File::open(archive).map_err(read)?;
        let mut archive_reader = tar::Archive::new(flate2::read::GzDecoder::new(file));
        let mut missing: Vec<&str> = TRAIN.into_iter().chain(VALIDATION).collect();
        for entry in archive_reader.entries().map_err(read)? {
            let mut entry = entry.map_err(read)?;
            let path = entry.path().map_err(read)?.into_owned();
            let Some(place) = missing.iter().position(|name| path == Path::new(FOLDER).join(name)) else { continue };
            let name = missing.swap_remove(place);
            let mut output = std::fs::File::create(part.join(name)).map_err(write)?;
            std::io::copy(&mut entry, &mut output).map_err(read)?;
        }
        if !missing.is_empty() {
            let problem = format!("expected {} in its folder {FOLDER}, found none", missing.join(", "));
            return Err(DatasetError::Format { file: archive.to_path_buf(), problem });
        }
        std::fs::create_dir_all(&folder).map_err(write)?;
        TRAIN
            .into_iter()
            .chain(VALIDATION)
            .try_for_each(|name| std::fs::rename(part.join(name), folder.join(name)).map_err(write))
    })();
    let _ = std::fs::remove_dir_all(&part);
    result.map(|()| folder)
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
        let images = Images::new(NAME, SHAPE, 0, pixels, Some(Labels { of: labels, classes: 10 }));
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

        archive(&[&TRAIN[..], &VALIDATION, &["readme.html"]].concat(), &file);
        let unpacked = unpack(&file).unwrap();
        assert_eq!(std::fs::read_dir(&unpacked).unwrap().count(), 6);
        assert_eq!(std::fs::read(unpacked.join("test_batch.bin")).unwrap(), b"tes");
        // What was unpacked has three bytes a file: opening it names the file and the bytes.
        let config = Cifar10Config { path: Some(folder.path().into()) };
        let message = config.open(&Library::only("nowhere"), Split::Validation).unwrap_err().to_string();
        assert!(message.contains("test_batch.bin: expected 30730000 bytes"), "{message}");
    }

    #[test]
    fn an_archive_with_another_sum_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        archive(&TRAIN, &folder.path().join(ARCHIVE.name));
        let config = Cifar10Config { path: Some(folder.path().into()) };
        let error = config.open(&Library::only("nowhere"), Split::Train).unwrap_err();
        assert!(matches!(error, DatasetError::Checksum { .. }), "{error}");
    }
}
