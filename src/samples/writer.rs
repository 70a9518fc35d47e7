//! Samples that are written as they are drawn.

use std::path::{Path, PathBuf};

use super::array_file::{ArrayFile, ArrayFormat};
use super::density::density_picture;
use super::format::SampleFormat;
use super::kind::SampleKind;
use super::not_finite::NotFinite;
use super::picture::Pictures;
use crate::error::Error;

/// A file or folder that takes samples batch by batch. A folder has each batch at once, and a file of numbers needs memory for
/// one batch; a picture of all of them holds their pixels.
///
/// A file has its name when it is complete. What was there before is unharmed until then.
#[derive(Debug)]
pub struct SampleWriter {
    path: PathBuf,
    samples: SampleKind,
    columns: usize,
    first: u64,
    written: u64,
    was_there: bool,
    not_finite: NotFinite,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Folder,
    Array(Box<ArrayFile>),
    /// 8-bit pixels, image after image.
    Grid(Vec<u8>),
    /// Points in the plane.
    Density(Vec<f32>),
}

impl SampleWriter {
    /// A writer of `count` samples of a shape that are numbered from `first`, in the format that `path` means; grids have
    /// rows of `columns`. A folder is made, a file is begun under a temporary name.
    ///
    /// # Errors
    /// A name that means no format, samples that have no room in it, a folder that cannot be written to.
    pub fn open(
        path: &Path,
        samples: &SampleKind,
        (first, count): (u64, usize),
        columns: usize,
    ) -> Result<Self, Error> {
        let format = SampleFormat::of(path, samples)?;
        format.check_size(path, samples, count, columns)?;
        let kind = match format {
            SampleFormat::Folder => {
                let failed = |error| fokker_files::FileError::new("cannot make", path, error);
                std::fs::create_dir_all(path).map_err(failed)?;
                fokker_files::check_writable(&path.join("000000"))?;
                Kind::Folder
            }
            SampleFormat::Array(format) => Kind::Array(ArrayFile::create(path, format, samples)?.into()),
            SampleFormat::Picture(_) => {
                fokker_files::check_writable(path)?;
                if samples.picture().is_some() { Kind::Grid(Vec::new()) } else { Kind::Density(Vec::new()) }
            }
        };
        Ok(Self {
            path: path.into(),
            samples: samples.clone(),
            columns,
            first,
            written: 0,
            was_there: path.exists(),
            not_finite: NotFinite::default(),
            kind,
        })
    }

    /// Takes the samples of a batch, as the network gives them.
    ///
    /// # Errors
    /// A file that cannot be written. The batches before are kept.
    pub fn write(&mut self, values: &[f32]) -> Result<(), Error> {
        let size = self.samples.size();
        let (first, count) = (self.first + self.written, (values.len() / size) as u64);
        let pixels = || values.iter().map(|&value| self.samples.preprocessing.to_u8(value));
        let raw = || self.samples.preprocessing.to_raw(values, size);
        match (&mut self.kind, self.samples.picture()) {
            (Kind::Folder, Some(shape)) => {
                let pictures = Pictures { shape, pixels: pixels().collect() };
                pictures.save_each(&self.path, first)?;
            }
            (Kind::Folder, None) => {
                let path = self.path.join(format!("{first:06}-{:06}.csv", (first + count).saturating_sub(1)));
                let mut table = ArrayFile::create(&path, ArrayFormat::Csv, &self.samples)?;
                table.append(&raw())?;
                table.complete(&path)?;
            }
            (Kind::Array(file), _) => file.append(&raw())?,
            (Kind::Grid(all), _) => all.extend(pixels()),
            (Kind::Density(all), _) => all.extend_from_slice(values),
        }
        self.not_finite.add(values, size, first);
        self.written += count;
        Ok(())
    }

    /// How many samples were taken.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Which samples are not finite.
    pub fn not_finite(&self) -> &NotFinite {
        &self.not_finite
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        let path = self.path.clone();
        self.complete(&path)
    }

    /// Ends the file with what was taken until now, and says where that is: under its own name, or, if a file of this name
    /// was there before, under one with the numbers of the samples. Nothing is written if nothing was taken.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish_early(self) -> Result<Option<PathBuf>, Error> {
        if self.written == 0 {
            return Ok(None);
        }
        let path =
            early_name(&self.path, self.was_there && !matches!(self.kind, Kind::Folder), self.first, self.written);
        self.complete(&path)?;
        Ok(Some(path))
    }

    fn complete(self, path: &Path) -> Result<(), Error> {
        match self.kind {
            Kind::Folder => {}
            Kind::Array(file) => file.complete(path)?,
            Kind::Grid(pixels) => {
                let shape = self.samples.picture().expect("a grid is of pictures");
                Pictures { shape, pixels }.save_grid(path, self.columns)?;
            }
            Kind::Density(points) => density_picture(&points).save_grid(path, 1)?,
        }
        Ok(())
    }
}

/// The name of a file with `count` of its samples: another than the given one if that is taken.
pub(super) fn early_name(path: &Path, is_taken: bool, first: u64, count: u64) -> PathBuf {
    if !is_taken {
        return path.into();
    }
    let [stem, extension] = [path.file_stem(), path.extension()].map(|part| part.unwrap_or_default().to_string_lossy());
    path.with_file_name(format!("{stem}-{first}-to-{}.{extension}", first + count - 1))
}

/// Writes samples, as the network gives them, to a file or folder of the format that its name means.
///
/// # Errors
/// As [`SampleWriter::open`]; a file that cannot be written.
pub fn write_samples(
    values: &[f32],
    samples: &SampleKind,
    first: u64,
    columns: usize,
    path: &Path,
) -> Result<(), Error> {
    let count = values.len() / samples.size();
    let mut writer = SampleWriter::open(path, samples, (first, count), columns)?;
    writer.write(values)?;
    writer.finish()
}
