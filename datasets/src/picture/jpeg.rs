//! Whether a JPEG is all there.
//!
//! A decoder that is kind to broken files fills what is missing with grey. A JPEG is a chain of segments (ITU-T T.81,
//! annex B): each has a marker and most have a length; the data of a scan go on until a marker that is no restart. The
//! last marker is EOI. A file that was cut off, or whose rest is zeros, has none: whether it is baseline or progressive.

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

/// Whether the chain of segments ends with EOI, after at least one scan. What follows EOI does not matter.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let (mut at, mut scans) = (0, 0);
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            EOI => return scans > 0,
            // Markers without a length: the start, restarts, TEM.
            SOI | 0x01 | 0xd0..=0xd7 => {}
            _ => {
                let Some(&[high, low]) = bytes.get(at..at + 2) else { return false };
                scans += usize::from(marker == SOS);
                at += usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
    false
}

/// The next marker from `at` on, which moves behind it. Bytes of a scan are passed over, and so is what does not belong
/// anywhere: decoders do the same.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let start = *at + bytes.get(*at..)?.iter().position(|&byte| byte == 0xff)?;
        // 0xff may be repeated before a marker; 0xff 0x00 stands for the number 0xff in a scan.
        let behind = start + bytes[start..].iter().position(|&byte| byte != 0xff)?;
        *at = behind + 1;
        if bytes[behind] != 0 {
            return Some(bytes[behind]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_file_is_complete() {
        let noise = image::RgbImage::from_fn(40, 40, |x, y| {
            let mixed = (x * 2_654_435 + y * 40_503).wrapping_mul(2_246_822_519);
            image::Rgb([(mixed >> 24) as u8, (mixed >> 16) as u8, (mixed >> 8) as u8])
        });
        let mut bytes = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&noise).unwrap();
        assert!(is_complete(&bytes));
        assert!((0..bytes.len()).all(|length| !is_complete(&bytes[..length])));
        // Zeros where the rest should be, as a download leaves them; and data behind the end, as cameras do.
        let mut padded = bytes.clone();
        padded[bytes.len() / 2..].fill(0);
        assert!(!is_complete(&padded));
        assert!(is_complete(&[&bytes[..], b"more"].concat()));
        // The end of a thumbnail in a segment is not the end of the picture.
        let thumbnail = [&[0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xda, 0xff, 0xd9][..], &bytes[2..]].concat();
        assert!(is_complete(&thumbnail));
        assert!(!is_complete(&thumbnail[..thumbnail.len() - 2]));
    }
}
