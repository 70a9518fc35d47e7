//! The formats that pictures are written in.

use std::path::Path;

use image::{DynamicImage, ImageFormat};

use crate::error::Error;

/// A format of single pictures. All are without loss but JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureFormat {
    /// `.png`
    Png,
    /// `.jpg`, `.jpeg`; without transparency.
    Jpeg,
    /// `.webp`
    WebP,
}

impl PictureFormat {
    /// The format that a name's extension means, in any case of letters.
    pub fn of(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "png" => Self::Png,
            "jpg" | "jpeg" => Self::Jpeg,
            "webp" => Self::WebP,
            _ => return None,
        })
    }

    /// Checks that a picture of this size can be written.
    ///
    /// # Errors
    /// Sides that the format has no numbers for; transparency in a JPEG.
    pub fn check(self, path: &Path, [channels, height, width]: [usize; 3]) -> Result<(), Error> {
        let (name, largest) = match self {
            Self::Png => ("PNG", i32::MAX as usize),
            Self::Jpeg => ("JPEG", u16::MAX as usize),
            Self::WebP => ("WebP", (1 << 14) - 1),
        };
        let refuse = |message: String| Err(Error::File { path: path.into(), message });
        if height > largest || width > largest {
            return refuse(format!(
                "{width}×{height} pixels are too large for a {name}, whose sides have up to {largest}"
            ));
        }
        if self == Self::Jpeg && channels == 4 {
            return refuse("a JPEG has no transparency; name a .png or a .webp".into());
        }
        Ok(())
    }

    /// The picture as a file's bytes.
    pub(crate) fn encode(self, image: &DynamicImage) -> image::ImageResult<Vec<u8>> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        match self {
            Self::Png => image.write_to(&mut bytes, ImageFormat::Png)?,
            // The default of 75 leaves blocks that the eye sees.
            Self::Jpeg => image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(image)?,
            Self::WebP => image.write_to(&mut bytes, ImageFormat::WebP)?,
        }
        Ok(bytes.into_inner())
    }
}
