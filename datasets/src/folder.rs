//! A folder of pictures: PNG and JPEG, in any depth of subfolders.
//!
//! Every picture is turned upright (the orientation that a camera noted), cropped to its central square, resized to
//! `size`×`size` with a filter that averages over what it shrinks, and kept in memory as bytes: `channels`·`size`² for
//! each. Transparency is dropped, deeper colours are rounded to 8 bits. All pictures are decoded when the set is
//! opened, so that an unreadable one is an error before any work starts.
//!
//! **Order.** The pictures are sorted by their path below the folder, so an example's number depends on nothing else.
//!
//! **Split.** The pictures are sorted by the SHA-256 of their path, and the first `validation_fraction` of them are held
//! out. This depends neither on a seed nor on the order of the files, and adding pictures moves few others.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::{DynamicImage, ImageDecoder, ImageReader, imageops::FilterType};
use serde::{Deserialize, Serialize};

use crate::images::{Images, Labels};
use crate::{DatasetError, Split, checksum};

/// `kind = "folder"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder. Required.
    pub path: PathBuf,
    /// Height and width in pixels of the images made, 1 to 4096. Required.
    pub size: usize,
    /// 1 for grey, 3 for colour. Default 3.
    #[serde(default = "three")]
    pub channels: usize,
    /// The filter of the resizing. Default `lanczos`.
    #[serde(default)]
    pub filter: Filter,
    /// Whether the names of the subfolders directly below `path`, sorted, are the classes. Default false.
    #[serde(default)]
    pub labels: bool,
    /// Which part of the pictures is held out for validation, in [0, 1). Default 0.1.
    #[serde(default = "tenth")]
    pub validation_fraction: f64,
}

/// How pictures are resized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Lanczos's window of three lobes: sharp.
    #[default]
    Lanczos,
    /// Linear: softer, never overshoots.
    Triangle,
}

fn three() -> usize {
    3
}

fn tenth() -> f64 {
    0.1
}

impl FolderConfig {
    /// Reads one split into memory, on all cores.
    ///
    /// # Errors
    /// A value that cannot be, named by its key; a folder that is missing or without pictures; a picture that cannot
    /// be decoded.
    pub fn open(&self, split: Split) -> Result<Arc<Images>, DatasetError> {
        self.check()?;
        let pictures = self.pictures()?;
        let (classes, labels) = if self.labels { self.label(&pictures)? } else { (0, Vec::new()) };
        let chosen = self.choose(&pictures, split)?;
        let pixels = self.decode(&chosen.iter().map(|&index| self.path.join(&pictures[index])).collect::<Vec<_>>())?;
        let labels = self.labels.then(|| Labels { of: chosen.iter().map(|&index| labels[index]).collect(), classes });
        let name = format!("folder {}", self.path.display());
        Ok(Arc::new(Images::new(name, [self.channels, self.size, self.size], 0, pixels, labels)))
    }

    pub(crate) fn check(&self) -> Result<(), DatasetError> {
        if !(1..=4096).contains(&self.size) {
            return Err(DatasetError::config("size", format!("{}; expected 1 to 4096 pixels", self.size)));
        }
        if self.channels != 1 && self.channels != 3 {
            return Err(DatasetError::config("channels", format!("{}; expected 1 (grey) or 3 (RGB)", self.channels)));
        }
        if !(0.0..1.0).contains(&self.validation_fraction) {
            let problem = format!("{}; expected a number from 0 to below 1", self.validation_fraction);
            return Err(DatasetError::config("validation_fraction", problem));
        }
        Ok(())
    }

    fn failed(&self, problem: impl Into<String>) -> DatasetError {
        DatasetError::Folder { folder: self.path.clone(), problem: problem.into() }
    }

    /// The pictures' paths below the folder, sorted.
    fn pictures(&self) -> Result<Vec<PathBuf>, DatasetError> {
        if !self.path.is_dir() {
            return Err(self.failed("there is no such folder. Remedy: name an existing one in the config key `path`"));
        }
        let (mut pictures, mut folders) = (Vec::new(), vec![PathBuf::new()]);
        while let Some(folder) = folders.pop() {
            let absolute = self.path.join(&folder);
            let failed = |source| DatasetError::Read { file: absolute.clone(), source };
            for entry in std::fs::read_dir(&absolute).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let path = folder.join(entry.file_name());
                let kind = entry.file_type().map_err(failed)?;
                // A link to a picture is a picture; a link to a folder could lead in circles and is not followed.
                if kind.is_dir() {
                    folders.push(path);
                } else if is_picture(&path) {
                    pictures.push(path);
                }
            }
        }
        if pictures.is_empty() {
            return Err(self.failed("there are no pictures in it (.png, .jpg, .jpeg). Remedy: name another `path`"));
        }
        pictures.sort();
        Ok(pictures)
    }

    /// The number of classes, and the class of every picture.
    fn label(&self, pictures: &[PathBuf]) -> Result<(usize, Vec<u16>), DatasetError> {
        let mut classes: Vec<&Path> = Vec::new();
        let mut labels = Vec::with_capacity(pictures.len());
        for picture in pictures {
            let class = picture.iter().next().map(Path::new).filter(|class| *class != picture.as_path()).ok_or_else(|| {
                let picture = picture.display();
                self.failed(format!(
                    "`{picture}` is in no subfolder, so it has no class. Remedy: move it into one, or set `labels = false`"
                ))
            })?;
            labels.push(class);
            classes.push(class);
        }
        classes.sort();
        classes.dedup();
        let number = |class: &Path| classes.binary_search(&class).ok().and_then(|number| u16::try_from(number).ok());
        let labels = labels.into_iter().map(number).collect::<Option<Vec<u16>>>();
        let labels =
            labels.ok_or_else(|| self.failed("it has more than 65536 subfolders. Remedy: `labels = false`"))?;
        Ok((classes.len(), labels))
    }

    /// The numbers of the pictures of a split, in the order of their paths.
    fn choose(&self, pictures: &[PathBuf], split: Split) -> Result<Vec<usize>, DatasetError> {
        let held_out = (self.validation_fraction * pictures.len() as f64).round() as usize;
        let mut order: Vec<(String, usize)> = Vec::with_capacity(pictures.len());
        for (index, picture) in pictures.iter().enumerate() {
            let parts: Vec<_> = picture.iter().map(|part| part.to_string_lossy()).collect();
            let hash = checksum::sha256(parts.join("/").as_bytes())
                .map_err(|source| DatasetError::Read { file: picture.clone(), source })?;
            order.push((hash, index));
        }
        order.sort();
        let part = match split {
            Split::Train => &order[held_out..],
            Split::Validation => &order[..held_out],
        };
        if part.is_empty() {
            let problem = format!(
                "{} of {} pictures leaves none for {}; add pictures or change it",
                self.validation_fraction,
                pictures.len(),
                split
            );
            return Err(DatasetError::config("validation_fraction", problem));
        }
        let mut chosen: Vec<usize> = part.iter().map(|&(_, index)| index).collect();
        chosen.sort_unstable();
        Ok(chosen)
    }

    /// The bytes of all pictures, one after the other.
    fn decode(&self, files: &[PathBuf]) -> Result<Vec<u8>, DatasetError> {
        let size = self.channels * self.size * self.size;
        let mut pixels = vec![0; size * files.len()];
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
        let share = files.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let workers: Vec<_> = files
                .chunks(share)
                .zip(pixels.chunks_mut(share * size))
                .map(|(files, pixels)| {
                    scope.spawn(move || {
                        files.iter().zip(pixels.chunks_exact_mut(size)).try_for_each(|(file, pixels)| {
                            pixels.copy_from_slice(&self.picture(file)?);
                            Ok(())
                        })
                    })
                })
                .collect();
            let results = workers.into_iter().map(|worker| worker.join());
            results
                .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect::<Result<Vec<()>, _>>()
        })
        .map(|_| pixels)
    }

    /// One picture, channels first.
    fn picture(&self, file: &Path) -> Result<Vec<u8>, DatasetError> {
        let unreadable = |source| DatasetError::Read { file: file.to_path_buf(), source };
        let reader = ImageReader::open(file).and_then(ImageReader::with_guessed_format).map_err(unreadable)?;
        let upright = || {
            let mut decoder = reader.into_decoder()?;
            let orientation = decoder.orientation()?;
            let mut picture = DynamicImage::from_decoder(decoder)?;
            picture.apply_orientation(orientation);
            Ok(picture)
        };
        let picture = upright().map_err(|source| DatasetError::Picture { file: file.to_path_buf(), source })?;
        let (width, height) = (picture.width(), picture.height());
        let side = width.min(height);
        let picture = picture.crop_imm((width - side) / 2, (height - side) / 2, side, side);
        let filter = match self.filter {
            Filter::Lanczos => FilterType::Lanczos3,
            Filter::Triangle => FilterType::Triangle,
        };
        let picture = picture.resize_exact(self.size as u32, self.size as u32, filter);
        if self.channels == 1 {
            return Ok(picture.into_luma8().into_raw());
        }
        let rgb = picture.into_rgb8().into_raw();
        Ok((0..3).flat_map(|channel| rgb.iter().skip(channel).step_by(3).copied()).collect())
    }
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg"))
}
