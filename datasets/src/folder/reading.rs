//! Decoding: all pictures of a folder into one piece of memory, on all cores.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use image::imageops::FilterType;

use super::{Filter, FolderConfig};
use crate::memory::shown;
use crate::picture::{Channels, decode};
use crate::progress::{LoadProgress, ProgressCallback};
use crate::{DatasetError, notes};

/// What became of the pictures.
pub(super) struct DecodedPictures {
    /// The bytes of the pictures that could be read, one after the other.
    pub pixels: Vec<u8>,
    /// The numbers of the pictures that could not, in order, and what is wrong with each.
    pub failures: Vec<(usize, String)>,
}

impl FolderConfig {
    /// The bytes of one picture.
    pub(super) fn picture_size(&self) -> usize {
        self.channels * self.size * self.size
    }

    /// Refuses a folder whose pictures do not fit into memory, before any is decoded.
    pub(super) fn check_memory(&self, pictures: usize, available: Option<u64>) -> Result<(), DatasetError> {
        let needed = (pictures as u64).saturating_mul(self.picture_size() as u64);
        let Some(available) = available.filter(|&available| needed > available) else { return Ok(()) };
        let possible = (available as f64 / (pictures * self.channels) as f64).sqrt() as usize;
        let fewer = available / self.picture_size() as u64;
        Err(self.failed(format!(
            "{pictures} pictures of {}×{}×{} bytes need {} of memory, and {} are free. Remedy: `data.size = {}` or less, \
             or at most {fewer} pictures",
            self.channels,
            self.size,
            self.size,
            shown(needed),
            shown(available),
            possible.max(1)
        )))
    }

    /// Decodes files. One that cannot be read keeps no other from being read.
    ///
    /// # Errors
    /// [`DatasetError::Stopped`] if `progress` says so.
    pub(super) fn decode(
        &self,
        files: &[PathBuf],
        progress: Option<&ProgressCallback>,
    ) -> Result<DecodedPictures, DatasetError> {
        let size = self.picture_size();
        let mut pixels = Vec::new();
        if pixels.try_reserve_exact(size * files.len()).is_err() {
            return Err(self.failed(format!("there are not {} of memory", shown((size * files.len()) as u64))));
        }
        pixels.resize(size * files.len(), 0);
        let (done, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let failures = Mutex::new(Vec::new());
        // Each thread takes the next picture: large ones and small ones come in any order.
        let places = Mutex::new(files.iter().zip(pixels.chunks_exact_mut(size)).enumerate());
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get()).min(files.len().max(1));
        let work = || {
            while !stopped.load(Ordering::Relaxed) {
                let Some((number, (file, place))) = lock(&places).next() else { return };
                match self.picture(file) {
                    Ok(picture) => place.copy_from_slice(&picture),
                    Err(problem) => lock(&failures).push((number, problem)),
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            while let Some(progress) = progress
                && !workers.iter().all(|worker| worker.is_finished())
            {
                let count = done.load(Ordering::Relaxed);
                // The end is reported once, below.
                let told = LoadProgress::Pictures { done: count, total: files.len() };
                if count < files.len() && progress(told) == ControlFlow::Break(()) {
                    stopped.store(true, Ordering::Relaxed);
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        });
        let end = LoadProgress::Pictures { done: files.len(), total: files.len() };
        if stopped.into_inner() || progress.is_some_and(|progress| progress(end).is_break()) {
            return Err(DatasetError::Stopped);
        }
        let mut failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        failures.sort_unstable();
        remove(&mut pixels, size, &failures);
        Ok(DecodedPictures { pixels, failures })
    }

    /// One picture, channels first: its central square, resized.
    fn picture(&self, file: &Path) -> Result<Vec<u8>, String> {
        let channels = Channels::of(self.channels, self.background).ok_or("no such number of channels")?;
        let filter = match self.filter {
            Filter::Lanczos => FilterType::Lanczos3,
            Filter::Triangle => FilterType::Triangle,
        };
        let picture = decode(file)?;
        let (width, height) = (picture.width(), picture.height());
        let side = width.min(height);
        let square = match width == height {
            true => picture,
            false => picture.crop_imm((width - side) / 2, (height - side) / 2, side, side),
        };
        let size = self.size as u32;
        Ok(channels
            .pixels(square, |square| if side == size { square } else { square.resize_exact(size, size, filter) }))
    }

    /// One message for all pictures that cannot be read: how many, and the first of them with what is wrong with each.
    pub(super) fn unreadable(&self, total: usize, problems: &[(PathBuf, String)]) -> String {
        const MOST: usize = 20;
        let below = |file: &Path| notes::name(file.strip_prefix(&self.path).unwrap_or(file));
        let mut list = vec![format!("{} of {total} pictures cannot be read:", problems.len())];
        list.extend(problems.iter().take(MOST).map(|(file, problem)| format!("  {}: {problem}", below(file))));
        if problems.len() > MOST {
            list.push(format!("  and {} more", problems.len() - MOST));
        }
        list.join("\n")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A thread that panicked has finished its picture or not begun it.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Closes the gaps that failures left.
fn remove(pixels: &mut Vec<u8>, size: usize, failures: &[(usize, String)]) {
    let mut failures = failures.iter().map(|(number, _)| *number).peekable();
    if failures.peek().is_none() {
        return;
    }
    let mut kept = 0;
    for number in 0..pixels.len() / size {
        if failures.next_if_eq(&number).is_some() {
            continue;
        }
        pixels.copy_within(number * size..(number + 1) * size, kept * size);
        kept += 1;
    }
    pixels.truncate(kept * size);
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
        for part in ["pictures", "100000", "73.2 GiB", "16.0 GiB", "data.size = 239", "21845"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    }

    #[test]
    fn gaps_are_closed() {
        let mut pixels = vec![0, 0, 1, 1, 2, 2, 3, 3];
        remove(&mut pixels, 2, &[(0, String::new()), (2, String::new())]);
        assert_eq!(pixels, [1, 1, 3, 3]);
    }
}
