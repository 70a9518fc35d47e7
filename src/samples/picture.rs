//! Images from arrays: one file each, or a grid.

use std::path::Path;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, GrayImage, RgbImage, RgbaImage};
use rayon::prelude::*;

use super::picture_format::PictureFormat;
use crate::error::Error;

/// Eight-bit pixels of a set of images, `[count, channels, height, width]`: one channel is grey, three are colours, four
/// are colours and opacity.
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

    /// Height and width of a grid of `count` images in rows of `columns`, with `gap` pixels between them; none if that is
    /// more than a picture can have.
    pub fn grid_size(shape: [usize; 3], count: usize, columns: usize, gap: usize) -> Option<[usize; 2]> {
        let columns = columns.clamp(1, count.max(1));
        let rows = count.div_ceil(columns).max(1);
        let side = |tiles: usize, side: usize| tiles.checked_mul(side.checked_add(gap)?)?.checked_sub(gap);
        let size = [side(rows, shape[1])?, side(columns, shape[2])?];
        size.iter().all(|&side| i32::try_from(side).is_ok()).then_some(size)
    }

    /// All images in rows of `columns`, with `gap` white pixels between them.
    ///
    /// # Panics
    /// A grid that is larger than [`Pictures::grid_size`] allows.
    pub fn grid(&self, columns: usize, gap: usize) -> DynamicImage {
        let [channels, height, width] = self.shape;
        let columns = columns.clamp(1, self.len().max(1));
        let [full_height, full_width] = Self::grid_size(self.shape, self.len(), columns, gap)
            .expect("the size was checked")
            .map(|side| side as u32);
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
            4 => RgbaImage::from_fn(full_width, full_height, |x, y| {
                image::Rgba([0, 1, 2, 3].map(|channel| pixel(x, y, channel)))
            })
            .into(),
            _ => RgbImage::from_fn(full_width, full_height, |x, y| {
                image::Rgb([0, 1, 2].map(|channel| pixel(x, y, channel.min(channels - 1))))
            })
            .into(),
        }
    }

    /// Writes the grid as a picture of the format that the name means; whole or not at all.
    ///
    /// # Errors
    /// A name that means no format, a grid that the format has no room for, a file that cannot be written.
    pub fn save_grid(&self, path: &Path, columns: usize) -> Result<(), Error> {
        const GAP: usize = 2;
        let failed = |message: &str| Error::File { path: path.into(), message: message.into() };
        let format = PictureFormat::of(path).ok_or_else(|| failed("pictures are .png, .jpg, .jpeg or .webp"))?;
        let size =
            Self::grid_size(self.shape, self.len(), columns, GAP).ok_or_else(|| failed("the grid is too large"))?;
        format.check(path, [self.shape[0], size[0], size[1]])?;
        save(&self.grid(columns, GAP), format, path)
    }

    /// Writes every image to `folder/000000.png` and so on; the numbers start at `first`.
    ///
    /// # Errors
    /// A folder that cannot be made or a file that cannot be written.
    pub fn save_each(&self, folder: &Path, first: u64) -> Result<(), Error> {
        let each = self.shape.iter().product::<usize>();
        self.pixels.par_chunks(each).enumerate().try_for_each(|(number, pixels)| {
            let image = Self { shape: self.shape, pixels: pixels.to_vec() };
            let path = folder.join(format!("{:06}.png", first + number as u64));
            save(&image.grid(1, 0), PictureFormat::Png, &path)
        })
    }
}

/// Writes grids one after the other as an animated GIF, two seconds in all and as long on the last one; whole or not at
/// all.
///
/// # Errors
/// Grids larger than a GIF can be, a file that cannot be written.
pub fn save_animation(frames: &[Pictures], columns: usize, path: &Path) -> Result<(), Error> {
    let failed = |message: String| Error::File { path: path.into(), message };
    for pictures in frames {
        let size = Pictures::grid_size(pictures.shape, pictures.len(), columns, 2);
        if size.is_none_or(|size| size.iter().any(|&side| side > LARGEST_GIF)) {
            return Err(failed(format!(
                "the grid is too large for a GIF, whose sides have up to {LARGEST_GIF} pixels"
            )));
        }
    }
    let each = 2000 / frames.len().max(1) as u32;
    let encode = |file: &mut std::io::BufWriter<std::fs::File>| {
        let mut encoder = GifEncoder::new(file);
        encoder.set_repeat(Repeat::Infinite)?;
        for (number, pictures) in frames.iter().enumerate() {
            let last = number + 1 == frames.len();
            let delay = Delay::from_numer_denom_ms(if last { 2000 } else { each }, 1);
            let mut image = pictures.grid(columns, 2).to_rgba8();
            // With all 256 greys a frame's palette is the identity, and Pillow takes that for none and shows a black
            // frame.
            let near_black = |pixel: &&mut image::Rgba<u8>| pixel.0 == [1, 1, 1, 255];
            image.pixels_mut().filter(near_black).for_each(|pixel| pixel.0 = [0, 0, 0, 255]);
            encoder.encode_frame(Frame::from_parts(image, 0, 0, delay))?;
        }
        Ok(())
    };
    let as_io = |error: image::ImageError| match error {
        image::ImageError::IoError(error) => error,
        other => std::io::Error::other(other),
    };
    Ok(fokker_files::write_with(path, |file| encode(file).map_err(as_io))?)
}

/// The largest side of a GIF.
pub const LARGEST_GIF: usize = u16::MAX as usize;

fn save(image: &DynamicImage, format: PictureFormat, path: &Path) -> Result<(), Error> {
    let failed = |error: image::ImageError| Error::File { path: path.into(), message: error.to_string() };
    Ok(fokker_files::write(path, &format.encode(image).map_err(failed)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pictures of 2 × 1 pixels: red half seen through, and opaque blue, then two others.
    fn four_channels() -> Pictures {
        let first = [255, 0, 0, 0, 0, 255, 128, 255];
        let second = [10, 20, 30, 40, 50, 60, 0, 70];
        Pictures { shape: [4, 1, 2], pixels: [first, second].concat() }
    }

    #[test]
    fn opacity_is_written_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "a.WEBP"] {
            let path = folder.path().join(name);
            four_channels().save_grid(&path, 1).unwrap();
            let format = image::ImageReader::open(&path).unwrap().with_guessed_format().unwrap();
            let read = format.decode().unwrap();
            assert_eq!(read.color(), image::ColorType::Rgba8, "{name}");
            // Rows 1 and 2 are the gap.
            let pixels = read.into_rgba8();
            assert_eq!(pixels.dimensions(), (2, 4));
            assert_eq!(pixels.get_pixel(0, 0).0, [255, 0, 0, 128]);
            assert_eq!(pixels.get_pixel(1, 0).0, [0, 0, 255, 255]);
            assert_eq!(pixels.get_pixel(0, 1).0, [255; 4]);
            assert_eq!(pixels.get_pixel(1, 3).0, [20, 40, 60, 70]);
        }
        let error = four_channels().save_grid(&folder.path().join("a.jpg"), 1).unwrap_err().to_string();
        assert!(error.contains("no transparency"), "{error}");
    }

    #[test]
    fn a_jpeg_is_a_jpeg() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grey.JPeG");
        Pictures { shape: [1, 8, 8], pixels: vec![200; 64] }.save_grid(&path, 1).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes[..3], [0xff, 0xd8, 0xff]);
        let read = image::load_from_memory(&bytes).unwrap().into_luma8();
        assert!(read.pixels().all(|pixel| pixel.0[0].abs_diff(200) <= 1));
    }

    #[test]
    fn sizes_without_numbers_are_refused() {
        assert_eq!(Pictures::grid_size([1, 28, 28], 3, 2, 2), Some([58, 58]));
        assert_eq!(Pictures::grid_size([1, 28, 28], usize::MAX, 1, 2), None);
        let wide = Pictures { shape: [1, 1, 20_000], pixels: vec![0; 20_000] };
        let error = wide.save_grid(Path::new("never.webp"), 1).unwrap_err().to_string();
        assert!(error.contains("20000×1") && error.contains("16383"), "{error}");
    }
}
