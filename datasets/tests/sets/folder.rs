//! Folders of pictures, generated here.

use std::path::Path;

use std::sync::Arc;

use fokker_datasets::{DataPath, Dataset, DatasetConfig, DatasetError, FolderConfig, Split};
use image::{GrayImage, Luma, Rgb, RgbImage};

fn config(path: &Path, size: usize) -> FolderConfig {
    let text = format!("kind = 'folder'\npath = '{}'\nsize = {size}\nvalidation_fraction = 0.0", path.display());
    toml::from_str::<DatasetConfig>(&text).unwrap().get::<FolderConfig>().unwrap().clone()
}

fn open(config: &FolderConfig, split: Split) -> Result<Arc<dyn Dataset>, DatasetError> {
    DatasetConfig::from(config.clone()).open_from(&DataPath::only("nowhere"), split, 0)
}

fn refusal(config: &FolderConfig) -> String {
    open(config, Split::Train).err().unwrap().to_string()
}

fn colour(path: impl AsRef<Path>, width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) {
    RgbImage::from_fn(width, height, |x, y| Rgb(pixel(x, y))).save(path).unwrap();
}

#[test]
fn the_central_square_is_kept_and_resized_channels_first() {
    let folder = tempfile::tempdir().unwrap();
    // 12×4: the central 4×4 has red, green, blue = 200, 100, 50 in its left half and 40, 80, 120 in its right one.
    colour(folder.path().join("wide.png"), 12, 4, |x, _| match x {
        4..=5 => [200, 100, 50],
        6..=7 => [40, 80, 120],
        _ => [255, 0, 255],
    });
    let images = open(&config(folder.path(), 4), Split::Train).unwrap();
    let mut out = vec![0.0; 48];
    assert_eq!(images.example(0, &mut out), None);
    let rows = |left: f32, right: f32| [left, left, right, right].repeat(4);
    assert_eq!(out, [rows(200.0, 40.0), rows(100.0, 80.0), rows(50.0, 120.0)].concat());

    let mut half = config(folder.path(), 1);
    half.filter = fokker_datasets::Filter::Triangle;
    let images = open(&half, Split::Train).unwrap();
    images.example(0, &mut out[..3]);
    for (found, expected) in out.iter().zip([120.0, 90.0, 85.0]) {
        assert!((found - expected).abs() <= 1.0, "shrinking averages: {:?}", &out[..3]);
    }
}

#[test]
fn grey_is_the_luminance() {
    let folder = tempfile::tempdir().unwrap();
    GrayImage::from_pixel(3, 5, Luma([77])).save(folder.path().join("a.png")).unwrap();
    colour(folder.path().join("b.jpg"), 8, 8, |_, _| [255, 255, 255]);
    colour(folder.path().join("c.png"), 8, 8, |_, _| [0, 255, 0]);
    std::fs::write(folder.path().join("notes.txt"), "not a picture").unwrap();
    let mut config = config(folder.path(), 2);
    config.channels = 1;
    let images = open(&config, Split::Train).unwrap();
    assert_eq!((images.len(), images.shape(), images.classes()), (3, &[1, 2, 2][..], None));
    let mut out = vec![0.0; 4];
    let mut grey = |index| {
        images.example(index, &mut out);
        assert!(out.iter().all(|&v| v == out[0]));
        out[0]
    };
    assert_eq!([grey(0), grey(1)], [77.0, 255.0]);
    assert!((grey(2) - 0.7152 * 255.0).abs() < 2.0, "green's luminance, ITU-R BT.709");
}

#[test]
fn a_camera_s_orientation_is_obeyed() {
    use image::ImageEncoder;
    let folder = tempfile::tempdir().unwrap();
    // The smallest EXIF block: big-endian TIFF, one entry, tag 0x0112 (orientation), one short, 3 = half a turn.
    let exif = [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0".as_slice(), &[0; 4]].concat();
    for (name, turned) in [("a.jpg", false), ("b.jpg", true)] {
        let file = std::fs::File::create(folder.path().join(name)).unwrap();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(file, 100);
        if turned {
            encoder.set_exif_metadata(exif.clone()).unwrap();
        }
        let picture = GrayImage::from_fn(16, 16, |_, y| Luma([if y < 8 { 10 } else { 240 }]));
        encoder.write_image(&picture, 16, 16, image::ExtendedColorType::L8).unwrap();
    }
    let mut config = config(folder.path(), 16);
    config.channels = 1;
    let images = open(&config, Split::Train).unwrap();
    let top = |index| {
        let mut out = vec![0.0; 256];
        images.example(index, &mut out);
        out[0]
    };
    assert!(top(0) < 20.0 && top(1) > 230.0, "{} {}", top(0), top(1));
}

#[test]
fn subfolders_are_classes_and_the_split_is_a_partition() {
    let folder = tempfile::tempdir().unwrap();
    for (class, name) in ["cat", "cat-like", "dog"].iter().enumerate() {
        std::fs::create_dir_all(folder.path().join(name).join("deeper")).unwrap();
        for i in 0..10u8 {
            let place = if i % 2 == 0 { format!("{name}/{i}.png") } else { format!("{name}/deeper/{i}.PNG") };
            let value = 20 * class as u8 + i;
            let picture = GrayImage::from_pixel(2, 2, Luma([value]));
            picture.save_with_format(folder.path().join(place), image::ImageFormat::Png).unwrap();
        }
    }
    let mut config = config(folder.path(), 2);
    (config.labels, config.channels, config.validation_fraction) = (true.into(), 1, 0.2);
    config.test_fraction = 0.1;
    let mut seen = Vec::new();
    for (split, count) in [(Split::Train, 21), (Split::Validation, 6), (Split::Test, 3)] {
        let images = open(&config, split).unwrap();
        assert_eq!((images.len(), images.classes()), (count, Some(3)));
        for index in 0..count {
            let mut out = vec![0.0; 4];
            let label = images.example(index, &mut out).unwrap();
            assert_eq!(label, out[0] as usize / 20);
            seen.push(out[0] as usize);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 20, 40].into_iter().flat_map(|class| class..class + 10).collect::<Vec<_>>());

    std::fs::copy(folder.path().join("dog/0.png"), folder.path().join("stray.png")).unwrap();
    let message = refusal(&config);
    assert!(message.contains("stray.png") && message.contains("labels = false"), "{message}");
}

#[test]
fn impossible_values_are_refused_by_key() {
    let folder = tempfile::tempdir().unwrap();
    colour(folder.path().join("only.png"), 2, 2, |_, _| [1, 2, 3]);
    let config = config(folder.path(), 2);
    let refused = |config: FolderConfig, split| match open(&config, split) {
        Err(DatasetError::Config { key, .. }) => key,
        other => panic!("{:?}", other.map(|set| set.len())),
    };
    assert_eq!(refused(FolderConfig { size: 0.into(), ..config.clone() }, Split::Train), "data.size");
    assert_eq!(refused(FolderConfig { channels: 2, ..config.clone() }, Split::Train), "data.channels");
    let wrong = FolderConfig { validation_fraction: f64::NAN, ..config.clone() };
    assert_eq!(refused(wrong, Split::Train), "data.validation_fraction");
    let both = FolderConfig { validation_fraction: 0.5, test_fraction: 0.5, ..config.clone() };
    assert_eq!(refused(both, Split::Train), "data.test_fraction");
    let listed = FolderConfig { classes: Some(vec!["a".into()]), ..config.clone() };
    assert_eq!(refused(listed, Split::Train), "data.classes");
    assert_eq!(refused(config.clone(), Split::Validation), "data.validation_fraction");
    assert_eq!(refused(config, Split::Test), "data.test_fraction");
}
