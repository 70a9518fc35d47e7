//! Which way up a picture is.

use image::ImageDecoder;
use image::metadata::Orientation;

/// What the file says of its orientation: EXIF (or TIFF's own entry) first, then XMP, as Pillow looks for it. Metadata
/// that cannot be read say nothing.
pub(super) fn of(decoder: &mut impl ImageDecoder, bytes: &[u8]) -> Orientation {
    let upright = Orientation::NoTransforms;
    let by_format = decoder.orientation().unwrap_or(upright);
    if by_format != upright {
        return by_format;
    }
    // Some writers of WebP and PNG keep the six bytes that EXIF begins with in a JPEG.
    let exif = decoder.exif_metadata().ok().flatten().or_else(|| in_png(bytes).map(<[u8]>::to_vec));
    if let Some(exif) = exif {
        let chunk = exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif);
        if let Some(orientation) = Orientation::from_exif_chunk(chunk) {
            return orientation;
        }
    }
    decoder.xmp_metadata().ok().flatten().and_then(|xmp| in_xmp(&xmp)).unwrap_or(upright)
}

/// A PNG's chunk eXIf wherever it is: it may follow the image data, which a decoder has not read yet.
fn in_png(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    while let [a, b, c, d, kind @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let data = kind.get(4..4usize.checked_add(length)?)?;
        if kind.starts_with(b"eXIf") {
            return Some(data);
        }
        rest = kind.get(length.checked_add(8)?..)?;
    }
    None
}

/// `tiff:Orientation="6"` or `<tiff:Orientation>6</…>`.
fn in_xmp(xmp: &[u8]) -> Option<Orientation> {
    const KEY: &[u8] = b"tiff:Orientation";
    let start = xmp.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    match xmp.get(start..)? {
        [b'=', b'"' | b'\'', digit, ..] | [b'>', digit, ..] => Orientation::from_exif(digit.wrapping_sub(b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_may_have_exif_behind_its_pixels() {
        let chunk = |kind: &[u8], data: &[u8]| [&(data.len() as u32).to_be_bytes(), kind, data, &[0; 4]].concat();
        let png = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IDAT", b"abc"), &chunk(b"eXIf", b"here"), &[0, 0]].concat();
        assert_eq!(in_png(&png), Some(&b"here"[..]));
        assert_eq!(in_png(&png[..30]), None);
        assert_eq!(in_png(b"GIF89a"), None);
    }

    #[test]
    fn xmp_has_it_as_an_attribute_or_an_element() {
        assert_eq!(in_xmp(b"<rdf tiff:Orientation=\"6\"/>"), Some(Orientation::Rotate90));
        assert_eq!(in_xmp(b"<tiff:Orientation>3</tiff:Orientation>"), Some(Orientation::Rotate180));
        assert_eq!(in_xmp(b"<tiff:Orientation>"), None);
        assert_eq!(in_xmp(b"tiff:Orientation=\"x\""), None);
    }
}
