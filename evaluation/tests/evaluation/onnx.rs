//! Networks in ONNX as extractors; generator of the network and its features: reference/onnx_features.py.

use std::fs;

use fokker_evaluation::{Extractor, ExtractorKind, Images, Onnx};

const FILE: &str = "../reference/golden/features.onnx";

/// Pictures of the generator; the last batch is not full.
fn pictures() -> Images {
    let pixels = (0..18 * 64).map(|place| (place * 37 % 256) as f32).collect();
    Images::new("pictures", [1, 8, 8], pixels).unwrap()
}

#[test]
fn features_are_those_of_onnx_runtime() {
    let golden: Vec<Vec<f64>> =
        serde_json::from_str(include_str!("../../../reference/golden/onnx_features.json")).unwrap();
    let mut network = Onnx::new(FILE);
    (network.mean, network.std) = (0.5, 0.25);
    let extractor = Extractor::from(network);
    extractor.prepare().unwrap();
    let found = extractor.extract(&pictures(), &()).unwrap();
    assert_eq!((found.features.count(), found.features.dimension(), found.classes), (18, 5, None));
    let golden = golden.concat();
    // Sums of nine and of 64 products in single precision, of numbers up to 20.
    for (found, golden) in found.features.values().iter().zip(&golden) {
        assert!((found - golden).abs() < 2e-5, "{found} {golden}");
    }
}

#[test]
fn what_cannot_be_seen_is_refused_by_name() {
    let mut network = Onnx::new(FILE);
    let wide = Images::new("wide", [1, 8, 9], vec![0.0; 72]).unwrap();
    let message = network.check(&wide).unwrap_err().to_string();
    assert_eq!(message, format!("wide: images of 1 × 8 × 9; {FILE} takes 1 × 8 × 8"));
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.onnx");
    fs::write(&other, "no network").unwrap();
    assert!(Onnx::new(&other).prepare().unwrap_err().to_string().contains("is no network in ONNX"));
    assert!(Onnx::new("absent.onnx").prepare().unwrap_err().to_string().contains("absent.onnx: cannot read"));
    network.std = 0.0;
    let message = network.prepare().unwrap_err().to_string();
    assert_eq!(message, "extractor.std = 0, but extractor.std must be positive");
}
