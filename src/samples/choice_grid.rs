//! Samples of the same noise under several choices, as one picture with words at its rows and columns.

use std::path::{Path, PathBuf};

use image::RgbImage;
use image::imageops::{FilterType, resize};

use super::density::{SIDE, density_within, extent};
use super::format::check_memory;
use super::kind::SampleKind;
use super::not_finite::NotFinite;
use super::picture::Pictures;
use super::picture_format::PictureFormat;
use super::writer::early_name;
use crate::error::Error;

/// A picture with a row for each noise and class, and a column for each weight. Points in the plane have one tile for each class and
/// weight, the density of all of them. It holds all samples.
#[derive(Debug)]
pub struct ChoiceGrid {
    path: PathBuf,
    kind: SampleKind,
    classes: Vec<String>,
    weights: Vec<String>,
    first: u64,
    count: usize,
    was_there: bool,
    not_finite: NotFinite,
    /// The samples of each class and weight, weight after weight of the first class, then of the next.
    samples: Vec<Vec<f32>>,
}

/// Tiles are enlarged until their height is at least this, so that words fit next to them.
const SMALLEST: usize = 56;

/// Between tiles, in pixels.
const GAP: usize = 2;

impl ChoiceGrid {
    /// A picture of `count` noises, numbered from `first`, with the names of classes and weights.
    ///
    /// # Errors
    /// A name that is no picture's, samples that cannot be shown or have no room in a picture, a folder that cannot be written to.
    pub fn open(
        path: &Path,
        samples: &SampleKind,
        (first, count): (u64, usize),
        classes: Vec<String>,
        weights: Vec<String>,
    ) -> Result<Self, Error> {
        let refuse = |message: &str| Err(Error::Usage(format!("{}: {message}", path.display())));
        let Some(format) = PictureFormat::of(path) else {
            return refuse("pictures are .png, .jpg, .jpeg or .webp");
        };
        let cells = classes.len() * weights.len();
        let (bytes, tile, rows) = match samples.picture() {
            Some([channels, height, width]) => (channels * height * width * 4, [height, width], count * classes.len()),
            None if samples.is_plane() => (8, [SIDE, SIDE], classes.len()),
            None => return refuse("only images and points in the plane are pictures; name a .npy, .csv or a folder"),
        };
        check_memory(path, count.saturating_mul(cells), bytes)?;
        let times = factor(tile[0]);
        let tile = [3, times * tile[0], times * tile[1]];
        let size = Pictures::grid_size(tile, rows * weights.len(), weights.len(), GAP).unwrap_or([usize::MAX / 2; 2]);
        // Words take some room as well.
        format.check(path, [3, size[0] + 64, size[1] + 256])?;
        fokker_files::check_writable(path)?;
        Ok(Self {
            path: path.into(),
            kind: samples.clone(),
            samples: vec![Vec::new(); cells],
            classes,
            weights,
            first,
            count,
            was_there: path.exists(),
            not_finite: NotFinite::default(),
        })
    }

    /// Takes samples of a class and a weight, by their numbers in the lists, as the network gives them and in their order.
    pub fn write(&mut self, class: usize, weight: usize, values: &[f32]) {
        let size = self.kind.size();
        let cell = class * self.weights.len() + weight;
        let first = self.first + (self.samples[cell].len() / size) as u64;
        self.not_finite.add(values, size, first);
        self.samples[cell].extend_from_slice(values);
    }

    /// Which samples are not finite.
    pub fn not_finite(&self) -> &NotFinite {
        &self.not_finite
    }

    /// Writes the picture.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        let path = self.path.clone();
        self.save(&path)
    }

    /// Writes what was taken until now, the rest of the picture white, as
    /// [`SampleWriter::finish_early`](super::SampleWriter::finish_early).
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish_early(self) -> Result<Option<PathBuf>, Error> {
        if self.samples.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        let path = early_name(&self.path, self.was_there, self.first, self.count as u64);
        self.save(&path)?;
        Ok(Some(path))
    }

    fn save(self, path: &Path) -> Result<(), Error> {
        let tiles = if self.kind.picture().is_some() { self.images() } else { self.densities() };
        let [_, height, width] = tiles.shape;
        let grid = tiles.grid(self.weights.len(), 0).into_rgb8();
        let times = factor(height) as u32;
        let (height, width) = (height as u32, width as u32);
        let enlarged = resize(&grid, times * grid.width(), times * grid.height(), FilterType::Nearest);
        let tile = (times * width + GAP as u32, times * height + GAP as u32);
        let spaced = spaced(&enlarged, (times * width, times * height), tile);
        let picture = fokker_plot::labelled(&spaced, tile, &self.weights, &self.rows())?;
        let format = PictureFormat::of(path).ok_or_else(|| Error::Usage("no format of pictures".into()))?;
        let failed = |error: image::ImageError| Error::File { path: path.into(), message: error.to_string() };
        Ok(fokker_files::write(path, &format.encode(&picture.into()).map_err(failed)?)?)
    }

    /// The words of the rows.
    fn rows(&self) -> Vec<String> {
        if self.kind.picture().is_none() || self.count == 1 {
            return self.classes.clone();
        }
        let of_noise = |number: u64| self.classes.iter().map(move |class| format!("{number}: {class}"));
        (self.first..self.first + self.count as u64).flat_map(of_noise).collect()
    }

    /// The images, row after row; white where there is none yet.
    fn images(&self) -> Pictures {
        let (size, columns) = (self.kind.size(), self.weights.len());
        let mut pixels = Vec::with_capacity(self.count * self.samples.len() * size);
        for sample in 0..self.count {
            for cell in 0..self.classes.len() * columns {
                match self.samples[cell].get(sample * size..(sample + 1) * size) {
                    Some(values) => pixels.extend(values.iter().map(|&value| self.kind.preprocessing.to_u8(value))),
                    None => pixels.extend(std::iter::repeat_n(255, size)),
                }
            }
        }
        Pictures { shape: self.kind.picture().expect("a grid of images is of pictures"), pixels }
    }

    /// A density for each class and weight, all on one scale.
    fn densities(&self) -> Pictures {
        let extent = self.samples.iter().map(|points| extent(points)).fold(0.0, f32::max);
        let pixels = self.samples.iter().flat_map(|points| density_within(points, extent).pixels).collect();
        Pictures { shape: [1, SIDE, SIDE], pixels }
    }
}

fn factor(height: usize) -> usize {
    SMALLEST.div_ceil(height.max(1))
}

/// Tiles that touch each other with white between them.
fn spaced(grid: &RgbImage, tile: (u32, u32), with_gap: (u32, u32)) -> RgbImage {
    let (columns, rows) = (grid.width() / tile.0, grid.height() / tile.1);
    RgbImage::from_fn(columns * with_gap.0 - GAP as u32, rows * with_gap.1 - GAP as u32, |x, y| {
        let (dx, dy) = (x % with_gap.0, y % with_gap.1);
        match dx < tile.0 && dy < tile.1 {
            true => *grid.get_pixel(x / with_gap.0 * tile.0 + dx, y / with_gap.1 * tile.1 + dy),
            false => image::Rgb([255; 3]),
        }
    })
}

#[cfg(test)]
mod tests {
    use fokker_datasets::Preprocessing;

    use super::*;

    /// Two noises, two classes, three weights: every tile is where its row and column say.
    #[test]
    fn tiles_stand_at_their_class_and_weight() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid.png");
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        let open = || {
            let (classes, weights) = (names(&["a", "b"]), names(&["0", "1", "2"]));
            let digits = SampleKind::images([1, 28, 28], Preprocessing::RAW);
            ChoiceGrid::open(&path, &digits, (0, 2), classes, weights).unwrap()
        };
        let level = |sample: usize, class: usize, weight: usize| (100 * sample + 40 * class + 10 * weight) as u8;
        let mut grid = open();
        for (class, weight) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
            let values = |sample| vec![f32::from(level(sample, class, weight)); 784];
            grid.write(class, weight, &[values(0), values(1)].concat());
        }
        assert_eq!(grid.rows(), ["0: a", "0: b", "1: a", "1: b"]);
        grid.finish().unwrap();
        let picture = image::open(&path).unwrap().to_rgb8();
        let (left, top) = (picture.width() - (3 * 58 - 2), picture.height() - (4 * 58 - 2));
        for row in 0..4 {
            for column in 0..3 {
                let pixel = picture.get_pixel(left + 58 * column + 20, top + 58 * row + 20).0;
                assert_eq!(pixel, [level(row as usize / 2, row as usize % 2, column as usize); 3], "{row} {column}");
            }
        }
        // What is not drawn yet is white.
        std::fs::remove_file(&path).unwrap();
        let mut grid = open();
        grid.write(0, 0, &[7.0; 784]);
        assert_eq!(grid.finish_early().unwrap(), Some(path.clone()));
        let picture = image::open(&path).unwrap().to_rgb8();
        let at = |row: u32, column: u32| picture.get_pixel(left + 58 * column + 20, top + 58 * row + 20).0;
        assert_eq!((at(0, 0), at(0, 1), at(3, 2)), ([7; 3], [255; 3], [255; 3]));
        assert_eq!(open().finish_early().unwrap(), None);
    }
}
