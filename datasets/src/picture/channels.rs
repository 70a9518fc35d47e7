//! What of a picture is kept.

use image::DynamicImage;

use super::{Background, alpha};

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

    /// The pixels of a picture, channels first, after it was resized. Transparency is dealt with before that, so that
    /// colours nobody sees do not bleed into those that are seen.
    pub(crate) fn pixels(self, picture: DynamicImage, resize: impl FnOnce(DynamicImage) -> DynamicImage) -> Vec<u8> {
        match self {
            Self::Grey(background) => resize(alpha::on_background(picture, background)).into_luma8().into_raw(),
            Self::Rgb(background) => {
                let pixels = resize(alpha::on_background(picture, background)).into_rgb8().into_raw();
                planes(&pixels, 3)
            }
            Self::Rgba => {
                let resized = resize(alpha::premultiplied(picture).into()).into_rgba32f();
                planes(&alpha::straight(&resized).flatten().collect::<Vec<u8>>(), 4)
            }
        }
    }
}

/// Pixels that lie next to each other as one plane after the other.
fn planes(pixels: &[u8], channels: usize) -> Vec<u8> {
    (0..channels).flat_map(|channel| pixels.iter().skip(channel).step_by(channels).copied()).collect()
}
