//! Pictures of many kinds, against what Pillow makes of them (reference/pictures.py), and pictures that are none.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use fokker_datasets::{Background, Channels, Picture};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference/golden/pictures")
}

fn bytes(hexadecimal: &serde_json::Value) -> Vec<u8> {
    let digits = hexadecimal.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn every_kind_is_read_as_pillow_reads_it() {
    let text = std::fs::read_to_string(golden().join("expected.json")).unwrap();
    let expected: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(expected.len() >= 29);
    let blue = Background([0, 128, 255]);
    for (name, expected) in &expected {
        let size = [0, 1].map(|side| expected["size"][side].as_u64().unwrap() as usize);
        for (channels, key) in [(Channels::Rgb(blue), "blue"), (Channels::Rgba, "rgba")] {
            let picture = Picture::load(&golden().join(name), channels).unwrap();
            assert_eq!(picture.shape, [channels.count(), size[1], size[0]], "{name}");
            let tolerance = expected["tolerance"].as_u64().unwrap() as u8;
            let expected = bytes(&expected[key]);
            assert_eq!(picture.pixels.len(), expected.len());
            let largest = picture.pixels.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(largest <= tolerance, "{name} as {key}: off by {largest}");
        }
    }
}

/// A picture of noise, in a format.
fn encoded(format: ImageFormat) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x * 2_654_435_769).wrapping_add(y * 40_503).wrapping_mul(2_246_822_519);
    let picture =
        image::RgbImage::from_fn(37, 29, |x, y| image::Rgb([24, 16, 8].map(|shift| (noise(x, y) >> shift) as u8)));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Wherever a file is cut off it is an error that names it; the last bytes of a PNG and a GIF hold no pixels.
#[test]
fn a_file_that_is_cut_off_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cut");
    let grey = Channels::Grey(Background::WHITE);
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Qoi, Tiff, WebP};
    let progressive = std::fs::read(golden().join("progressive.jpg")).unwrap();
    let whole = [Bmp, Gif, Jpeg, Png, Qoi, Tiff, WebP].map(|format| (format!("{format:?}"), encoded(format)));
    for (name, bytes) in whole.into_iter().chain([("progressive".into(), progressive)]) {
        std::fs::write(&file, &bytes).unwrap();
        assert!(Picture::load(&file, grey).is_ok(), "{name}");
        let no_pixels = match &*name {
            "Png" => 12,
            "Gif" => 4,
            _ => 0,
        };
        let end = bytes.len() - no_pixels;
        for length in (0..end).step_by(end / 23 + 1).chain(end.saturating_sub(3)..end) {
            std::fs::write(&file, &bytes[..length]).unwrap();
            let message = match Picture::load(&file, grey) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("{name}: {length} of {} bytes were accepted", bytes.len()),
            };
            assert!(message.contains(&file.display().to_string()), "{name}: {message}");
            assert!(!message.contains('\n'), "{name}: {message}");
        }
    }
}

#[test]
fn what_is_no_picture_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let problem = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        Picture::load(&file, Channels::Rgba).unwrap_err().to_string()
    };
    for (bytes, reason) in [
        (&b""[..], "it is empty"),
        (b"a text", "none of the formats"),
        (b"\n<!DOCTYPE html><html>", "web page"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        // A header of 14 bytes that speaks of 20 000 × 19 000 pixels.
        (b"qoif\0\0\x4e\x20\0\0\x4a\x38\x03\0", "20000×19000 pixels"),
    ] {
        let message = problem("a.png", bytes);
        assert!(message.contains("a.png") && message.contains(reason), "{message}");
    }
    let message = Picture::load(folder.path(), Channels::Rgba).unwrap_err().to_string();
    assert!(message.contains("it is no file"), "{message}");
    let message = Picture::load(&folder.path().join("absent.png"), Channels::Rgba).unwrap_err().to_string();
    assert!(message.contains("absent.png: no such file"), "{message}");
}

#[test]
fn grey_pictures_with_alpha_are_laid_on_a_background_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.png");
    let picture = RgbaImage::from_fn(2, 1, |x, _| Rgba(if x == 0 { [90, 90, 90, 255] } else { [9, 8, 7, 0] }));
    DynamicImage::from(picture).to_luma_alpha8().save(&file).unwrap();
    let read = Picture::load(&file, Channels::Grey(Background([10, 10, 10]))).unwrap();
    assert_eq!((read.shape, read.pixels), ([1, 1, 2], vec![90, 10]));
    let read = Picture::load(&file, Channels::Rgba).unwrap();
    assert_eq!(read.pixels, [90, 0, 90, 0, 90, 0, 255, 0]);
}
