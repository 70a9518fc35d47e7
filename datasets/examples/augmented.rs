//! One digit as it is, and as the stream of seed 0 moves it: the picture of docs/DATA.md.
//!
//! ```text
//! cargo run --release -p fokker-datasets --example augmented -- docs/augmentation.png
//! ```

use std::error::Error;
use std::path::Path;

use fokker_datasets::{Augmentation, AugmentationConfig, DatasetConfig, MnistConfig, Split};
use image::{GrayImage, Luma};

const COLUMNS: u32 = 12;
const ROWS: u32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "augmentation.png".into());
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    let digits = DatasetConfig::from(MnistConfig { path: Some(digits), ..Default::default() }).open(Split::Test, 0)?;
    let config = AugmentationConfig { probability: 0.5, ..Default::default() };
    let (height, width) = (digits.shape()[1] as u32, digits.shape()[2] as u32);
    let mut picture = GrayImage::from_pixel(COLUMNS * (width + 2), ROWS * (height + 2), Luma([90]));
    let mut digit = vec![0.0; digits.size()];
    for place in 0..COLUMNS * ROWS {
        digits.example(0, &mut digit);
        let moved = if place == 0 { Augmentation::NONE } else { config.draw(0, u64::from(place)) };
        moved.apply(&mut digit, digits.shape());
        let (left, top) = (place % COLUMNS * (width + 2) + 1, place / COLUMNS * (height + 2) + 1);
        for (number, value) in (0..).zip(&digit) {
            picture.put_pixel(left + number % width, top + number / width, Luma([value.round() as u8]));
        }
    }
    picture.save(path)?;
    Ok(())
}
