//! From a picture of any size to the size that is kept.
//!
//! | `crop` | what is kept |
//! |---|---|
//! | `centre` | the largest part in the middle with the shape of `size`, resized |
//! | `random` | the same, larger by `margin` on every side; a window of `size` is drawn for every use in training |
//! | `none` | the whole picture, resized until it fits, in the middle of the background |

use image::imageops::FilterType;
use serde::{Deserialize, Serialize};

use super::Size;
use crate::picture::{Channels, Depth, decode};

/// What of a picture is kept if it has not the shape of the size asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Crop {
    /// The part in the middle.
    #[default]
    Centre,
    /// Another part each time that the picture is trained on.
    Random,
    /// All of it, with background around it.
    None,
}

/// How pictures are resized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Filter {
    /// Lanczos's window of three lobes: sharp.
    #[default]
    Lanczos,
    /// Linear: softer, never overshoots.
    Triangle,
}

/// What pictures are brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    /// What is stored: the size with its margin.
    pub size: Size,
    pub crop: Crop,
    pub channels: Channels,
    pub depth: Depth,
    pub filter: Filter,
}

impl Framing {
    /// Bytes of a picture as it is stored.
    pub fn bytes(&self) -> usize {
        self.size.pixels() * self.channels.count() * self.depth.bytes()
    }

    /// A picture as it is stored, channels first, and whether it had more bits than are kept. The error is a clause that follows
    /// its name.
    pub fn frame(&self, file: &[u8]) -> Result<(Vec<u8>, bool), String> {
        let picture = decode(file)?;
        let colour = picture.color();
        let is_deeper = usize::from(colour.bytes_per_pixel() / colour.channel_count()) > self.depth.bytes();
        let filter = match self.filter {
            Filter::Lanczos => FilterType::Lanczos3,
            Filter::Triangle => FilterType::Triangle,
        };
        let (width, height) = (picture.width(), picture.height());
        let (target_width, target_height) = (self.size.width as u32, self.size.height as u32);
        let resized = |picture: image::DynamicImage, width, height| match (picture.width(), picture.height())
            == (width, height)
        {
            true => picture,
            false => picture.resize_exact(width, height, filter),
        };
        if self.crop == Crop::None {
            let (inner_width, inner_height) = fitted((width, height), (target_width, target_height));
            let pixels =
                self.channels.pixels(picture, self.depth, |picture| resized(picture, inner_width, inner_height));
            return Ok((self.surrounded(&pixels, inner_width as usize, inner_height as usize), is_deeper));
        }
        let (inner_width, inner_height) = part((width, height), (target_width, target_height));
        let inner = match (inner_width, inner_height) == (width, height) {
            true => picture,
            false => {
                picture.crop_imm((width - inner_width) / 2, (height - inner_height) / 2, inner_width, inner_height)
            }
        };
        let pixels = self.channels.pixels(inner, self.depth, |inner| resized(inner, target_width, target_height));
        Ok((pixels, is_deeper))
    }

    /// Stored pixels in the middle of the background.
    fn surrounded(&self, pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
        let Size { height: rows, width: columns } = self.size;
        let bytes = self.depth.bytes();
        let empty = self.channels.empty(self.depth);
        let mut all: Vec<u8> = empty.chunks_exact(bytes).flat_map(|value| value.repeat(rows * columns)).collect();
        let (left, above) = ((columns - width) / 2, (rows - height) / 2);
        for (row, inner) in pixels.chunks_exact(width * bytes).enumerate() {
            let (channel, row) = (row / height, row % height);
            let start = ((channel * rows + above + row) * columns + left) * bytes;
            all[start..start + inner.len()].copy_from_slice(inner);
        }
        all
    }
}

/// Width and height of the largest part with the shape of a target, at least a pixel each.
fn part((width, height): (u32, u32), (target_width, target_height): (u32, u32)) -> (u32, u32) {
    let other = |side: u32, of: u32, to: u32| rounded(side, to, of);
    let part_width = width.min(other(height, target_height, target_width));
    let part_height = height.min(other(width, target_width, target_height));
    (part_width, part_height)
}

/// Width and height of the largest picture of the same shape within a target, at least a pixel each.
fn fitted((width, height): (u32, u32), (target_width, target_height): (u32, u32)) -> (u32, u32) {
    (target_width.min(rounded(width, target_height, height)), target_height.min(rounded(height, target_width, width)))
}

/// `side · to/of`, rounded, at least 1.
fn rounded(side: u32, to: u32, of: u32) -> u32 {
    let (side, to, of) = (u64::from(side), u64::from(to), u64::from(of));
    u32::try_from((side * to + of / 2) / of).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_the_shape_of_the_target_and_fits_that_of_the_picture() {
        assert_eq!(part((12, 4), (4, 4)), (4, 4));
        assert_eq!(part((30, 31), (8, 8)), (30, 30));
        assert_eq!(part((640, 480), (64, 32)), (640, 320));
        assert_eq!(part((480, 640), (64, 32)), (480, 240));
        assert_eq!(part((100_000, 1), (64, 64)), (1, 1));
        assert_eq!(part((1, 100_000), (64, 32)), (1, 1));
        assert_eq!(part((1, 3), (4096, 1)), (1, 1));
        assert_eq!(fitted((640, 480), (64, 64)), (64, 48));
        assert_eq!(fitted((480, 640), (64, 64)), (48, 64));
        assert_eq!(fitted((100_000, 1), (64, 32)), (64, 1));
        assert_eq!(fitted((2, 2), (64, 32)), (32, 32));
    }
}
