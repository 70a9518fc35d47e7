//! Pictures in files, read one way everywhere: folders, measured parts of samples, masks.
//!
//! | what | how |
//! |---|---|
//! | format | by content, whatever the name says: PNG, JPEG, WebP, GIF, BMP, TIFF, QOI, PNM (PBM, PGM, PPM, PAM) |
//! | animation | the first picture of it |
//! | orientation | upright, by EXIF or XMP (JPEG, PNG, WebP) and by TIFF's own entry |
//! | depth | 16 bits and floating point are rounded to the [`Depth`] asked for; 1, 2, 4 bits and palettes are expanded |
//! | colour | grey is the luminance of ITU-R BT.709; CMYK and YCCK become RGB as (1 − C)(1 − K); an embedded colour profile is not applied |
//! | transparency | laid over a background, or kept as a channel of its own: [`Channels`] |
//! | cut off | an error, never a picture with a grey rest |
//! | size | at most [`MAXIMAL_BYTES`] once decoded |

mod alpha;
mod background;
mod channels;
mod decode;
mod depth;
mod jpeg;
mod orientation;
mod sniff;
mod webp;

use std::path::{Path, PathBuf};

pub use background::Background;
pub use channels::Channels;
pub use decode::MAXIMAL_BYTES;
pub use depth::Depth;

use crate::DatasetError;
pub(crate) use decode::{MAXIMAL_FILE, cause, decode, read, too_large};
pub(crate) use sniff::{has_picture_name, holds_picture};

/// Eight-bit pixels of one picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// The pixels, channels first, row after row.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Reads a file at its own size.
    ///
    /// # Errors
    /// [`DatasetError::Picture`] naming the file: it is missing, cut off, too large, or no picture.
    pub fn load(file: &Path, channels: Channels) -> Result<Self, DatasetError> {
        let failed = |problem| DatasetError::Picture { file: file.to_path_buf(), problem };
        let picture = read(file).and_then(|bytes| decode(&bytes)).map_err(failed)?;
        let (height, width) = (picture.height() as usize, picture.width() as usize);
        let pixels = channels.pixels(picture, Depth::Eight, |picture| picture);
        Ok(Self { shape: [channels.count(), height, width], pixels })
    }
}

/// The pictures in a folder and in those below it, in the order in which people count, and a line for each thing worth saying of
/// what was left out. A file is a picture by its name or by its content.
///
/// # Errors
/// [`DatasetError::Folder`]: it is not there, it holds no picture, or something in it cannot be looked at.
pub fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<String>), DatasetError> {
    crate::folder::list(folder)
}
