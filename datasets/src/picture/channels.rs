//! What of a picture is kept.

use image::DynamicImage;

use super::{Background, Depth, alpha};

/// The channels that a picture is brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channels {
    /// One: the luminance, on a background.
    Grey(Background),
    /// Three: red, green, blue, on a background.
    Rgb(Background),
    /// Four: red, green, blue and alpha. Where alpha is 0 the colour is 0.
    Rgba,
}

impl Channels {
    /// The channels of that number: 1, 3 or 4.
    ///
    /// ```
    /// use fokker_datasets::picture::{Background, Channels};
    ///
    /// assert_eq!(Channels::of(3, Background::WHITE).map(Channels::count), Some(3));
    /// assert!(Channels::of(2, Background::WHITE).is_none());
    /// ```
    pub fn of(count: usize, background: Background) -> Option<Self> {
        match count {
            1 => Some(Self::Grey(background)),
            3 => Some(Self::Rgb(background)),
            4 => Some(Self::Rgba),
            _ => None,
        }
    }

    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Self::Grey(_) => 1,
            Self::Rgb(_) => 3,
            Self::Rgba => 4,
        }
    }

    /// The pixels of a picture, channels first and as they are stored, after it was resized. Transparency is dealt with before
    /// that, so that colours nobody sees do not bleed into those that are seen.
    pub(crate) fn pixels(
        self,
        picture: DynamicImage,
        depth: Depth,
        resize: impl FnOnce(DynamicImage) -> DynamicImage,
    ) -> Vec<u8> {
        let (Self::Grey(background) | Self::Rgb(background)) = self else {
            let resized = resize(alpha::premultiplied(picture).into()).into_rgba32f();
            return match depth {
                Depth::Eight => planes(&alpha::straight(&resized, 255).map(|level| level as u8).collect::<Vec<_>>(), 4),
                Depth::Sixteen => {
                    Depth::store(planes(&alpha::straight(&resized, 65_535).collect::<Vec<_>>(), 4).into_iter())
                }
            };
        };
        let resized = resize(alpha::on_background(picture, background));
        match (self, depth) {
            (Self::Grey(_), Depth::Eight) => resized.into_luma8().into_raw(),
            (Self::Grey(_), Depth::Sixteen) => Depth::store(resized.into_luma16().into_raw().into_iter()),
            (_, Depth::Eight) => planes(&resized.into_rgb8().into_raw(), 3),
            (_, Depth::Sixteen) => Depth::store(planes(&resized.into_rgb16().into_raw(), 3).into_iter()),
        }
    }

    /// What stands where there is no picture: the background, or nothing that is seen. One value for each channel, as stored.
    pub(crate) fn empty(self, depth: Depth) -> Vec<u8> {
        let colour = match self {
            Self::Grey(background) | Self::Rgb(background) => {
                image::RgbImage::from_pixel(1, 1, image::Rgb(background.0)).into()
            }
            Self::Rgba => DynamicImage::new_rgba8(1, 1),
        };
        self.pixels(colour, depth, |colour| colour)
    }
}

/// Pixels that lie next to each other as one plane after the other.
fn planes<T: Copy>(pixels: &[T], channels: usize) -> Vec<T> {
    (0..channels).flat_map(|channel| pixels.iter().skip(channel).step_by(channels).copied()).collect()
}
