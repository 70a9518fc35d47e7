//! Where decoded pictures are kept: in memory, or on the disk.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::FolderConfig;
use super::cache::Cache;
use super::decoding::{Decoded, Decoding, lock};
use crate::memory::{self, shown};
use crate::{DataPath, DatasetError};

/// Where decoded pictures are kept while a model trains. Both ways give the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Storage {
    /// In memory if there are at most 20 000 that take at most a quarter of what is free; on the disk otherwise.
    #[default]
    Auto,
    /// In memory; they are decoded anew each time.
    Memory,
    /// On the disk, in the folder of caches; they are decoded once, and memory does not grow with their number.
    Disk,
}

/// The most pictures that are kept in memory unless it is asked for: more take long to decode, each time anew.
const MOST_IN_MEMORY: usize = 20_000;

/// Decoded pictures, each in a slot of the same size.
pub(crate) enum Store {
    Memory(Vec<u8>),
    Disk { file: File, path: PathBuf },
}

impl Store {
    /// Hands the bytes from a place on to `take`.
    ///
    /// # Panics
    /// If the disk cannot be read.
    pub fn with<T>(&self, start: u64, length: usize, take: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Memory(pixels) => take(&pixels[start as usize..start as usize + length]),
            Self::Disk { file, path } => {
                let mut bytes = vec![0; length];
                if let Err(error) = fokker_files::read_exact_at(file, &mut bytes, start) {
                    panic!("cannot read {}, in which decoded pictures are: {error}", path.display());
                }
                take(&bytes)
            }
        }
    }
}

/// Pictures that are kept.
pub(super) struct Kept {
    pub store: Store,
    /// The slot of each picture that was asked for; none for those that could not be read.
    pub slots: Vec<Option<u64>>,
    pub decoded: Decoded,
    /// Where, if it is worth saying.
    pub note: Option<String>,
}

impl FolderConfig {
    /// Decodes pictures and keeps them.
    ///
    /// # Errors
    /// No room in memory or on the disk, with the numbers; [`DatasetError::Stopped`].
    pub(super) fn keep(
        &self,
        decoding: &Decoding<'_>,
        wanted: &[usize],
        library: &DataPath,
    ) -> Result<Kept, DatasetError> {
        let needed = (wanted.len() as u64).saturating_mul(decoding.framing.bytes() as u64);
        let available = memory::available();
        let on_disk = match self.storage {
            Storage::Memory => None,
            Storage::Disk => Some(library.cache.as_ref().ok_or_else(|| {
                let problem =
                    "there is no folder for caches. Remedy: name one in the environment variable FOKKER_CACHE";
                DatasetError::config("data.storage", problem)
            })?),
            Storage::Auto => {
                let is_large = wanted.len() > MOST_IN_MEMORY || available.is_some_and(|bytes| needed > bytes / 4);
                library.cache.as_ref().filter(|_| is_large)
            }
        };
        match on_disk.filter(|_| !wanted.is_empty()) {
            Some(folder) => Cache::of(self, decoding, folder).fill(wanted),
            None => {
                self.check_memory(wanted.len(), available)?;
                in_memory(decoding, wanted).map_err(|needed| match needed {
                    Refused::Room(bytes) => self.failed(format!("there are not {} of memory", shown(bytes))),
                    Refused::Error(error) => error,
                })
            }
        }
    }

    /// Refuses pictures that do not fit into memory, before any is decoded.
    fn check_memory(&self, pictures: usize, available: Option<u64>) -> Result<(), DatasetError> {
        let framing = self.framing();
        let needed = (pictures as u64).saturating_mul(framing.bytes() as u64);
        let Some(available) = available.filter(|&available| needed > available) else { return Ok(()) };
        let fewer = available / framing.bytes() as u64;
        let shrink = (available as f64 / needed as f64).sqrt();
        let side = |side: usize| ((side as f64 * shrink) as usize).max(1);
        let smaller = super::Size { height: side(self.size.height), width: side(self.size.width) };
        let super::Size { height, width } = framing.size;
        Err(self.failed(format!(
            "{pictures} pictures of {}×{height}×{width} values need {} of memory, and {} are free. Remedy: data.storage = \"disk\" \
             keeps them in a file, `data.size = {smaller}` or less, or at most {fewer} pictures",
            self.channels,
            shown(needed),
            shown(available),
        )))
    }
}

enum Refused {
    Room(u64),
    Error(DatasetError),
}

fn in_memory(decoding: &Decoding<'_>, wanted: &[usize]) -> Result<Kept, Refused> {
    let size = decoding.framing.bytes();
    let mut pixels = Vec::new();
    let needed = size.saturating_mul(wanted.len());
    if pixels.try_reserve_exact(needed).is_err() {
        return Err(Refused::Room(needed as u64));
    }
    pixels.resize(needed, 0);
    let place: std::collections::HashMap<usize, usize> = wanted.iter().copied().zip(0..).collect();
    let slots = Mutex::new(pixels.chunks_exact_mut(size).map(Some).collect::<Vec<_>>());
    let decoded = decoding.run(wanted, (0, wanted.len()), |number, picture| {
        let slot = lock(&slots).get_mut(place[&number]).and_then(Option::take);
        if let Some(slot) = slot {
            slot.copy_from_slice(picture);
        }
        Ok(())
    });
    let decoded = decoded.map_err(Refused::Error)?;
    drop(slots);
    let failed = |number: &usize| decoded.failures.binary_search_by_key(number, |(failed, _)| *failed).is_ok();
    let slots = wanted.iter().zip(0..).map(|(number, slot)| (!failed(number)).then_some(slot)).collect();
    let kept = Kept { store: Store::Memory(pixels), slots, decoded, note: None };
    decoding.finished(wanted.len()).map_err(Refused::Error)?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_larger_than_the_memory_is_refused_with_the_numbers() {
        let config: crate::DatasetConfig = toml::from_str("kind = 'folder'\npath = 'pictures'\nsize = 512").unwrap();
        let config: &FolderConfig = config.get().unwrap();
        // 100 000 × 3 × 512² bytes are 73.2 GiB. 16 GiB hold 21 845 of them, or all of 239 × 239.
        assert!(config.check_memory(100_000, Some(80 << 30)).is_ok());
        assert!(config.check_memory(100_000, None).is_ok());
        let message = config.check_memory(100_000, Some(16 << 30)).unwrap_err().to_string();
        for part in ["pictures", "100000", "73.2 GiB", "16.0 GiB", "data.size = 239", "21845", "disk"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    }
}
