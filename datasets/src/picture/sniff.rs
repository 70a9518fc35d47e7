//! What a file holds, by its first bytes, and what its name says.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::{ImageFormat, ImageReader};

/// Extensions of the formats that are read, in lower case.
const EXTENSIONS: [&str; 20] = [
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "webp", "gif", "bmp", "dib", "tif", "tiff", "qoi",
    "pbm", "pgm", "ppm", "pnm", "pam",
];

/// Whether the name is that of a picture, in any case of letters.
pub(crate) fn has_picture_name(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&&*extension))
}

/// The format of bytes, if it is one that is read.
pub(super) fn format(bytes: &[u8]) -> Option<ImageFormat> {
    image::guess_format(bytes).ok().filter(ImageFormat::reading_enabled)
}

/// Whether a file without the name of a picture holds one: its header can be read. A raw photograph is no picture
/// although it begins like a TIFF, so TIFF is believed only without any extension.
pub(crate) fn holds_picture(file: &Path) -> bool {
    let read = || -> Option<(u32, u32)> {
        let mut start = [0; 32];
        let mut reader = File::open(file).ok()?;
        let length = reader.read(&mut start).ok()?;
        let format = format(&start[..length])?;
        if format == ImageFormat::Tiff && file.extension().is_some() {
            return None;
        }
        // `BM` begins many a text as well: a bitmap goes on with the size of its header.
        if format == ImageFormat::Bmp && !(12..=124).contains(&u32::from_le_bytes(start[14..18].try_into().ok()?)) {
            return None;
        }
        let bytes = std::fs::read(file).ok()?;
        ImageReader::with_format(Cursor::new(bytes), format).into_dimensions().ok()
    };
    read().is_some()
}

/// What bytes are that are no picture which can be read, for a message.
pub(super) fn other(bytes: &[u8]) -> &'static str {
    let start = &bytes[..bytes.len().min(512)];
    let begins = |text: &str| {
        let text = text.as_bytes();
        let from = start.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
        start[from..].get(..text.len()).is_some_and(|found| found.eq_ignore_ascii_case(text))
    };
    let brand = if start.get(4..8) == Some(b"ftyp") { start.get(8..12) } else { None };
    match brand {
        Some(b"avif" | b"avis") => return "it is an AVIF picture, which is not read: convert it",
        Some(b"heic" | b"heix" | b"mif1" | b"msf1" | b"hevc") => {
            return "it is a HEIC picture, which is not read: convert it";
        }
        Some(_) => return "it is a video",
        None => {}
    }
    if begins("<!doctype html") || begins("<html") {
        return "it is a web page, not a picture";
    }
    if begins("<svg") || (begins("<?xml") && start.windows(4).any(|window| window == b"<svg")) {
        return "it is an SVG drawing, which is not read: convert it";
    }
    if begins("version https://git-lfs") {
        return "it is a pointer of Git LFS; fetch the picture itself with `git lfs pull`";
    }
    "its content is none of the formats that are read (PNG, JPEG, WebP, GIF, BMP, TIFF, QOI, PNM)"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_pictures_and_pictures_need_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let holds = |name: &str, bytes: &[u8]| {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).unwrap();
            holds_picture(&file)
        };
        assert!(!holds("caption.txt", b"BMW on a road, in the rain, at night"));
        assert!(!holds("empty", b""));
        let mut png = Vec::new();
        let pixel = image::DynamicImage::new_luma8(1, 1);
        pixel.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        assert!(holds("picture", &png) && holds("picture.dat", &png));
        assert!(!holds("cut.dat", &png[..20]));
        let mut tiff = Vec::new();
        pixel.write_to(&mut Cursor::new(&mut tiff), ImageFormat::Tiff).unwrap();
        assert!(holds("scan", &tiff) && !holds("raw.nef", &tiff));
        assert!(has_picture_name(Path::new("a.JpEg")) && !has_picture_name(Path::new("png")));
    }
}
