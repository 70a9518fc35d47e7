//! Images from arrays: one file each, or a grid.

use std::path::Path;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, GrayImage, RgbImage};

use crate::error::SamplingError;

/// Eight-bit pixels of a set of images, `[count, channels, height, width]` with one or three channels.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// The pixels, image after image, channels first.
    pub pixels: Vec<u8>,
}

impl Pictures {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.shape.iter().product::<usize>()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// All images in rows of `columns`, with `gap` white pixels between them.
    pub fn grid(&self, columns: usize, gap: usize) -> DynamicImage {
        let [channels, height, width] = self.shape;
        let columns = columns.clamp(1, self.len().max(1));
        let rows = self.len().div_ceil(columns).max(1);
        let size = |tiles: usize, side: usize| (tiles * (side + gap) - gap) as u32;
        let (full_width, full_height) = (size(columns, width), size(rows, height));
        let each = channels * height * width;
        let pixel = |x: u32, y: u32, channel: usize| {
            let (column, row) = (x as usize / (width + gap), y as usize / (height + gap));
            let (x, y) = (x as usize % (width + gap), y as usize % (height + gap));
            let image = row * columns + column;
            if x >= width || y >= height || image >= self.len() {
                return 255;
            }
            self.pixels[image * each + (channel * height + y) * width + x]
        };
        match channels {
            1 => GrayImage::from_fn(full_width, full_height, |x, y| image::Luma([pixel(x, y, 0)])).into(),
            _ => RgbImage::from_fn(full_width, full_height, |x, y| {
                image::Rgb([0, 1, 2].map(|channel| pixel(x, y, channel.min(channels - 1))))
            })
            .into(),
        }
    }

    /// Writes the grid as a PNG, beside its name first, so that no half-written picture is ever there.
    ///
    /// # Errors
    /// A folder that cannot be made or a file that cannot be written.
    pub fn save_grid(&self, path: &Path, columns: usize) -> Result<(), SamplingError> {
        save(&self.grid(columns, 2), path)
    }

    /// Writes every image to `folder/000000.png` and so on; the numbers start at `first`.
    ///
    /// # Errors
    /// A folder that cannot be made or a file that cannot be written.
    pub fn save_each(&self, folder: &Path, first: u64) -> Result<(), SamplingError> {
        let each = self.shape.iter().product::<usize>();
        for (number, pixels) in self.pixels.chunks(each).enumerate() {
            let image = Self { shape: self.shape, pixels: pixels.to_vec() };
            save(&image.grid(1, 0), &folder.join(format!("{:06}.png", first + number as u64)))?;
        }
        Ok(())
    }
}

/// Writes grids one after the other as an animated GIF, two seconds in all and as long on the last one; beside its name
/// first, so that no half-written picture is ever there.
///
/// # Errors
/// A folder that cannot be made or a file that cannot be written.
pub fn save_animation(frames: &[Pictures], columns: usize, path: &Path) -> Result<(), SamplingError> {
    let failed = |message: String| SamplingError::Picture { path: path.into(), message };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    }
    let beside = path.with_extension("gif.partial");
    let file = std::fs::File::create(&beside).map_err(|error| failed(error.to_string()))?;
    let mut encoder = GifEncoder::new(std::io::BufWriter::new(file));
    encoder.set_repeat(Repeat::Infinite).map_err(|error| failed(error.to_string()))?;
    let each = 2000 / frames.len().max(1) as u32;
    for (number, pictures) in frames.iter().enumerate() {
        let last = number + 1 == frames.len();
        let delay = Delay::from_numer_denom_ms(if last { 2000 } else { each }, 1);
        let mut image = pictures.grid(columns, 2).to_rgba8();
        // With all 256 greys a frame's palette is the identity, and Pillow takes that for none and shows a black frame.
        image.pixels_mut().filter(|pixel| pixel.0 == [1, 1, 1, 255]).for_each(|pixel| pixel.0 = [0, 0, 0, 255]);
        let frame = Frame::from_parts(image, 0, 0, delay);
        encoder.encode_frame(frame).map_err(|error| failed(error.to_string()))?;
    }
    drop(encoder);
    std::fs::rename(&beside, path).map_err(|error| failed(error.to_string()))
}

fn save(image: &DynamicImage, path: &Path) -> Result<(), SamplingError> {
    let failed = |message: String| SamplingError::Picture { path: path.into(), message };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    }
    let beside = path.with_extension("png.partial");
    image.save_with_format(&beside, image::ImageFormat::Png).map_err(|error| failed(error.to_string()))?;
    std::fs::rename(&beside, path).map_err(|error| failed(error.to_string()))
}
