//! Extractors: features of images.

use fokker_datasets::{Dataset, DatasetConfig, MnistConfig, Split};
use fokker_evaluation::digits::DigitsNetwork;
use fokker_evaluation::{Extractor, Images, Labels, cached};
use serde_json::Value;

use crate::clouds::splitmix;

/// `image` of reference/digits_classifier.py.
fn image(number: u64) -> Vec<f32> {
    let level = |place: usize| {
        let (y, x) = (place / 28, place % 28);
        let in_block = (5 + number as usize..20).contains(&y) && (8..11 + 3 * number as usize).contains(&x);
        if in_block { 255.0 } else { (splitmix((number << 40) + place as u64) % 64) as f32 }
    };
    (0..784).map(level).collect()
}

/// Generator: reference/digits_classifier.py, in double precision.
#[test]
fn the_classifier_is_numpys() {
    let golden: Vec<Value> =
        serde_json::from_str(include_str!("../../../reference/golden/digits_classifier.json")).unwrap();
    let network = DigitsNetwork::shipped();
    for (number, golden) in golden.iter().enumerate() {
        let pixels: Vec<f32> = image(number as u64 + 1).into_iter().map(|level| level / 255.0).collect();
        let seen = network.see(&pixels);
        for (key, found) in [("features", &seen.features), ("probabilities", &seen.probabilities)] {
            let golden: Vec<f64> = golden[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            let largest = golden.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
            for (found, golden) in found.iter().zip(&golden) {
                // Four sums of up to 288 products in single precision.
                assert!((f64::from(*found) - golden).abs() < 2e-5 * largest, "{key}: {found} {golden}");
            }
        }
    }
}

#[test]
fn the_shipped_weights_know_the_digits() {
    let config = DatasetConfig::from(MnistConfig::default());
    let test = config.open(Split::Test, 0).unwrap();
    let count = 600;
    let mut pixels = vec![0.0; count * test.size()];
    let labels: Vec<usize> =
        pixels.chunks_exact_mut(test.size()).enumerate().map(|(k, out)| test.example(k, out).unwrap()).collect();
    let images = Images::new("digits", [1, 28, 28], pixels.clone()).unwrap();
    let extractor = Extractor::named("digits").unwrap();
    let found = extractor.extract(&images, &()).unwrap();
    let Labels { classes, confidences, count: of } = found.classes.as_ref().unwrap();
    let right = classes.iter().zip(&labels).filter(|(found, label)| found == label).count();
    // 99 of 100 are right on all test digits; fewer than 585 of 600 have a probability below 0.001.
    assert!(right >= 585 && *of == 10, "{right} of {count}");
    assert_eq!((found.features.count(), found.features.dimension()), (count, 64));
    // A classifier that is right so often is as sure.
    let mean = confidences.iter().sum::<f64>() / count as f64;
    assert!(mean > 0.97 && confidences.iter().all(|p| (0.1..=1.0).contains(p)), "{mean}");
    // With the border of `pad = 2` it is the same.
    let bordered: Vec<f32> = pixels[..2 * 784]
        .chunks_exact(784)
        .flat_map(|digit| {
            let pixel = |place: usize| {
                let (y, x) = ((place / 32).wrapping_sub(2), (place % 32).wrapping_sub(2));
                if y < 28 && x < 28 { digit[y * 28 + x] } else { 0.0 }
            };
            (0..1024).map(pixel).collect::<Vec<f32>>()
        })
        .collect();
    let bordered = extractor.extract(&Images::new("digits", [1, 32, 32], bordered).unwrap(), &()).unwrap();
    assert_eq!(bordered.features.values(), &found.features.values()[..2 * 64]);
}

#[test]
fn features_are_kept_by_content() {
    let folder = tempfile::tempdir().unwrap();
    let images = |first: u64| Images::new("digits", [1, 28, 28], [image(first), image(3)].concat()).unwrap();
    let digits = Extractor::named("digits").unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let made = cached(folder.path(), &digits, &images(1), &()).unwrap();
    assert_eq!(files(), 1);
    assert_eq!(cached(folder.path(), &digits, &images(1), &()).unwrap(), made);
    assert_eq!(files(), 1);
    assert_ne!(cached(folder.path(), &digits, &images(2), &()).unwrap(), made);
    assert_eq!(files(), 2);
    // Pixels are there at once.
    let pixels = cached(folder.path(), &Extractor::named("pixels").unwrap(), &images(1), &()).unwrap();
    assert_eq!(
        (files(), pixels.features.row(0)[5 * 28 + 8], pixels.classes),
        (2, f64::from(image(1)[5 * 28 + 8]) / 255.0, None)
    );
}

#[test]
fn images_that_are_no_digits_are_refused_by_name() {
    let digits = Extractor::named("digits").unwrap();
    let colour = Images::new("drawn", [3, 28, 28], vec![0.0; 2 * 3 * 784]).unwrap();
    let message = digits.extract(&colour, &()).unwrap_err().to_string();
    assert!(
        message.starts_with("drawn: images of 3 × 28 × 28 are no digits") && message.contains("`pixels`"),
        "{message}"
    );
    let black = Images::new("drawn", [1, 28, 28], vec![0.0; 2 * 784]).unwrap();
    assert!(digits.extract(&black, &()).unwrap_err().to_string().contains("drawn: all 2 rows are equal"));
    let message = Images::new("drawn", [1, 1, 2], vec![0.0, 1.0, f32::NAN, 1.0]).unwrap_err().to_string();
    assert_eq!(message, "drawn: image 1 has a pixel that is NaN; all must be finite");
    assert!(Images::new("drawn", [1, 1, 2], vec![0.0; 3]).is_err());
    assert!(
        Extractor::named("inception").unwrap_err().contains("unknown extractor `inception`, expected one of `digits`")
    );
    let broken = DigitsNetwork::parse(b"no weights").unwrap_err().to_string();
    assert!(broken.starts_with("weights of the digits: no .safetensors"), "{broken}");
}
