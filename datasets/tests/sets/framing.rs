//! What is kept of pictures of other shapes and depths.

use std::path::Path;
use std::sync::Arc;

use fokker_datasets::{
    Background, Batches, Crop, DataPath, Dataset, DatasetConfig, Depth, FolderConfig, Preprocessing, Size, Split,
};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgba, RgbaImage};

fn config(path: &Path, size: [usize; 2]) -> FolderConfig {
    let text = "kind = 'folder'\npath = ''\nsize = 1\nchannels = 1\nvalidation_fraction = 0.0";
    let config: DatasetConfig = toml::from_str(text).unwrap();
    FolderConfig { path: path.into(), size: Size::from(size), ..config.get::<FolderConfig>().unwrap().clone() }
}

fn train(config: &FolderConfig) -> Arc<dyn Dataset> {
    DatasetConfig::from(config.clone()).open_from(&DataPath::only("nowhere"), Split::Train, 0).unwrap()
}

fn values(set: &dyn Dataset, index: usize) -> Vec<f32> {
    let mut out = vec![0.0; set.size()];
    set.example(index, &mut out);
    out
}

/// Grey levels `10·row + column`.
fn ramp(path: &Path, width: u32, height: u32) {
    GrayImage::from_fn(width, height, |x, y| Luma([(10 * y + x) as u8])).save(path).unwrap();
}

#[test]
fn rectangles_are_cut_out_of_the_middle_or_surrounded() {
    let folder = tempfile::tempdir().unwrap();
    ramp(&folder.path().join("a.png"), 8, 6);
    // The largest part with the shape 2 : 4 (height : width) is 4 rows of all columns; nothing is resized at [4, 8].
    let centre = config(folder.path(), [4, 8]);
    let set = train(&centre);
    assert_eq!(set.shape(), [1, 4, 8]);
    let row = |row: usize| (0..8).map(move |column| (10 * row + column) as f32);
    assert_eq!(values(&*set, 0), (1..5).flat_map(row).collect::<Vec<_>>());

    // All of it in 6 × 12 pixels, with two columns of background on either side.
    let whole = FolderConfig { crop: Crop::None, background: Background([200; 3]), ..config(folder.path(), [6, 12]) };
    let expected: Vec<f32> = (0..6).flat_map(|y| [200.0; 2].into_iter().chain(row(y)).chain([200.0; 2])).collect();
    assert_eq!(values(&*train(&whole), 0), expected);
    // With alpha there is nothing around it.
    let clear = values(&*train(&FolderConfig { channels: 4, ..whole }), 0);
    assert_eq!((clear[0], clear[2], clear[3 * 72], clear[3 * 72 + 2]), (0.0, 0.0, 0.0, 255.0));
}

#[test]
fn a_picture_of_one_row_has_every_size() {
    let folder = tempfile::tempdir().unwrap();
    GrayImage::from_pixel(60_000, 1, Luma([90])).save(folder.path().join("wide.png")).unwrap();
    GrayImage::from_pixel(1, 60_000, Luma([90])).save(folder.path().join("tall.png")).unwrap();
    for crop in [Crop::Centre, Crop::None] {
        let set = train(&FolderConfig { crop, background: Background([90; 3]), ..config(folder.path(), [4, 6]) });
        assert!((0..2).all(|index| values(&*set, index) == [90.0; 24]), "{crop:?}");
    }
}

#[test]
fn random_crops_are_windows_that_belong_to_seed_and_position() {
    let folder = tempfile::tempdir().unwrap();
    ramp(&folder.path().join("a.png"), 6, 8);
    let config = FolderConfig { crop: Crop::Random, margin: Some(2), ..config(folder.path(), [4, 2]) };
    let set = train(&config);
    assert_eq!(set.shape(), [1, 4, 2]);
    // Not training, there is the window in the middle.
    assert_eq!(values(&*set, 0), [22.0, 23.0, 32.0, 33.0, 42.0, 43.0, 52.0, 53.0]);
    let batches = |seed| Batches::new(set.clone(), Preprocessing::RAW, 500, seed).unwrap();
    let batch = batches(3).at(7);
    let mut counts = [0; 25];
    for window in batch.values.chunks_exact(8) {
        let (top, left) = (window[0] as usize / 10, window[0] as usize % 10);
        let expected = (0..8).map(|place| (10 * (top + place / 2) + left + place % 2) as f32);
        assert!(window.iter().copied().eq(expected), "{window:?}");
        counts[5 * top + left] += 1;
    }
    // 500 draws from 25 places: mean 20, deviation 4.4; four deviations.
    assert!(counts.iter().all(|count| (3..=37).contains(count)), "{counts:?}");
    assert_eq!(batches(3).at(7), batch);
    assert_ne!(batches(4).at(7).values, batch.values);
    // Half of the size is another batch of the same stream.
    let halves = Batches::new(set.clone(), Preprocessing::RAW, 250, 3).unwrap();
    assert_eq!([halves.at(14).values, halves.at(15).values].concat(), batch.values);
}

#[test]
fn sixteen_bits_are_kept_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let deep = ImageBuffer::<Luma<u16>, Vec<u16>>::from_fn(4, 1, |x, _| Luma([[0u16, 1, 12_345, 65_535][x as usize]]));
    DynamicImage::from(deep.clone()).save(folder.path().join("a.png")).unwrap();
    DynamicImage::from(deep).save(folder.path().join("b.tiff")).unwrap();
    GrayImage::from_pixel(4, 1, Luma([77])).save(folder.path().join("c.png")).unwrap();
    let sixteen = FolderConfig { depth: Depth::Sixteen, ..config(folder.path(), [1, 4]) };
    for channels in [1, 3] {
        let set = train(&FolderConfig { channels, ..sixteen.clone() });
        let expected = [0.0, 1.0 / 257.0, 12_345.0 / 257.0, 255.0].repeat(channels);
        assert_eq!((values(&*set, 0), values(&*set, 1)), (expected.clone(), expected));
        assert_eq!(values(&*set, 2), vec![77.0; 4 * channels]);
    }
    let shallow = DatasetConfig::from(config(folder.path(), [1, 4]));
    let opened = shallow.open_parts(&DataPath::only("nowhere"), &[Split::Train], 0).unwrap();
    assert_eq!(values(&*opened.train.unwrap(), 0), [0.0, 0.0, 48.0, 255.0]);
    assert!(
        opened.notes.iter().any(|note| note.contains("2 pictures") && note.contains("data.depth = 16")),
        "{:?}",
        opened.notes
    );

    // Colours of 16 bits with straight alpha come back as well.
    let sprite =
        ImageBuffer::<Rgba<u16>, Vec<u16>>::from_fn(4, 1, |x, _| Rgba([1000, 40_000, 65_535, 20_000 * x as u16]));
    let folder = tempfile::tempdir().unwrap();
    DynamicImage::from(sprite).save(folder.path().join("a.png")).unwrap();
    let set = train(&FolderConfig { path: folder.path().into(), channels: 4, ..sixteen });
    let levels: Vec<f32> = values(&*set, 0).iter().map(|value| (value * 257.0).round()).collect();
    assert_eq!(levels[..4], [0.0, 1000.0, 1000.0, 1000.0]);
    assert_eq!(levels[12..], [0.0, 20_000.0, 40_000.0, 60_000.0]);
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    let refusal = |changes: &str| {
        let text = format!("kind = 'folder'\npath = 'x'\n{changes}");
        match toml::from_str::<DatasetConfig>(&text) {
            Ok(config) => config.shape().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    };
    assert!(refusal("size = [0, 4]").contains("data.size"));
    assert!(refusal("size = 4\nmargin = 1").contains("crop = \"random\""));
    assert!(refusal("size = 4\ncrop = 'random'\nmargin = 0").contains("data.margin"));
    assert!(refusal("size = 4\ndepth = 12").contains("12 bits"));
    assert!(refusal("size = 4\ncrop = 'middle'").contains("centre"));
    let sprite = RgbaImage::new(1, 1);
    assert_eq!(sprite.len(), 4);
    let text = "kind = 'folder'\npath = 'x'\nsize = [48, 64]\nchannels = 4";
    assert_eq!(toml::from_str::<DatasetConfig>(text).unwrap().shape().unwrap(), [4, 48, 64]);
}
