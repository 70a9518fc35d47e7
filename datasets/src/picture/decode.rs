//! From a file to an upright picture, in the depth that it was stored with.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::{alpha, jpeg, orientation, sniff, webp};

/// The most bytes that a picture may have once decoded: 178 million pixels of RGB. A file of a few kilobytes can say
/// that it has more.
pub const MAXIMAL_BYTES: u64 = 512 << 20;

const CUT_OFF: &str = "it is cut off: the file ends before the picture does";

/// The largest file that is read, on its own or in an archive.
pub(crate) const MAXIMAL_FILE: u64 = 1 << 30;

/// The bytes of a picture's file. The error is a clause that follows the file's name.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, String> {
    // Anything but a file could keep the program waiting for ever.
    let metadata = std::fs::metadata(file).map_err(|error| cause(&error))?;
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    if metadata.len() > MAXIMAL_FILE {
        return Err(too_large(metadata.len()));
    }
    std::fs::read(file).map_err(|error| cause(&error))
}

/// What is said of a file that is too large.
pub(crate) fn too_large(bytes: u64) -> String {
    format!("it has {bytes} bytes; files of at most {MAXIMAL_FILE} are read")
}

/// Decodes a picture: upright, with straight alpha if it has any. The error says what is wrong with it, in a clause that follows
/// its name.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    // A decoder that meets what it did not expect may panic; the others of a folder are none the worse for it.
    catch_unwind(AssertUnwindSafe(|| from_bytes(bytes))).unwrap_or_else(|_| Err("its decoder failed".into()))
}

fn from_bytes(bytes: &[u8]) -> Result<DynamicImage, String> {
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    let format = sniff::format(bytes).ok_or_else(|| sniff::other(bytes).to_string())?;
    let complete = match format {
        ImageFormat::Jpeg => jpeg::is_complete(bytes),
        ImageFormat::WebP => webp::is_complete(bytes),
        // The other decoders notice it.
        _ => true,
    };
    if !complete {
        return Err(CUT_OFF.into());
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAXIMAL_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| problem(&error))?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAXIMAL_BYTES {
        return Err(format!(
            "it has {width}×{height} pixels, {} MiB once decoded; at most {} MiB are read",
            decoder.total_bytes() >> 20,
            MAXIMAL_BYTES >> 20
        ));
    }
    if width == 0 || height == 0 {
        return Err("it has no pixels".into());
    }
    let orientation = orientation::of(&mut decoder, bytes);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| problem(&error))?;
    if format == ImageFormat::Tiff {
        alpha::straighten_tiff(&mut image, bytes);
    }
    image.apply_orientation(orientation);
    check_range(&image)?;
    Ok(image)
}

/// Refuses floating-point levels that are no shares of white.
fn check_range(image: &DynamicImage) -> Result<(), String> {
    let levels = match image {
        DynamicImage::ImageRgb32F(image) => image.as_raw(),
        DynamicImage::ImageRgba32F(image) => image.as_raw(),
        _ => return Ok(()),
    };
    match levels.iter().find(|level| !(0.0..=1.0).contains(*level)) {
        None => Ok(()),
        Some(level) => Err(format!(
            "its levels are floating-point numbers, and {level} is not in 0 to 1: save such pictures as one .npy, which data.kind = \"array\" reads"
        )),
    }
}

/// What a decoder says, in one line.
fn problem(error: &ImageError) -> String {
    let text = match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            return CUT_OFF.into();
        }
        ImageError::Limits(_) => {
            return format!("it would take more than {} MiB to decode", MAXIMAL_BYTES >> 20);
        }
        error => error.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An operating system's error, without the number that Rust puts behind it.
pub(crate) fn cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
