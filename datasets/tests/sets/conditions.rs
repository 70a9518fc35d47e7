//! Conditions of examples: batches, flips, and what is measured of digits (reference/strokes.py).

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fokker_datasets::{
    Batches, ConditionConfig, Conditioned, Conditions, DatasetConfig, MnistConfig, Preprocessing, Split, Tensors,
};

#[test]
fn slant_and_thickness_of_digits_are_those_of_numpy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("../reference/golden/strokes.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let digits = DatasetConfig::from(MnistConfig { path: Some(root.join("data/mnist")), ..Default::default() });
    let digits = digits.open(Split::Test, 0).unwrap();
    // Units that change nothing: mean 0 and deviation 1.
    let config: ConditionConfig = toml::from_str(
        "vector = { kind = 'slant_and_thickness' }\nvector_units = { mean = [0.0, 0.0], std = [1.0, 1.0] }",
    )
    .unwrap();
    let digits = Conditioned::new(digits, &config, &Preprocessing::default()).unwrap();
    let vectors = Conditions::of(&digits, 0..16).vectors.unwrap();
    for number in 0..16 {
        for (place, name) in ["slant", "thickness"].into_iter().enumerate() {
            let (got, want) = (f64::from(vectors.row(number)[place]), golden[name][number].as_f64().unwrap());
            // The rounding to single precision. The sums of 784 numbers are in double precision, which loses far less.
            assert!((got - want).abs() < 1e-6 * (1.0 + want.abs()), "{name} of {number}: {got} {want}");
        }
    }
}

/// What is made of an example is made of the mirrored one, what comes with it is mirrored, and numbers stay.
#[test]
fn a_mirrored_picture_has_a_mirrored_condition() {
    let pictures = || Tensors::pixels(&[0, 51, 255], [1, 1, 3]).unwrap().with_vectors(vec![7.0], 1).unwrap();
    let flip = Preprocessing { flip: true, dequantize: true, ..Preprocessing::default() };
    let batches = |config: &str, pictures: Tensors| {
        let config: ConditionConfig = toml::from_str(config).unwrap();
        let config = ConditionConfig { vector_units: toml::from_str("mean = [0.0]\nstd = [1.0]").ok(), ..config };
        let data = Conditioned::new(pictures, &config, &flip).unwrap();
        Batches::new(Arc::new(data), flip.clone(), 8, 0).unwrap().at(0)
    };
    let made = batches("array = { kind = 'part', columns = [0, 3] }", pictures());
    let stored = batches("", pictures().with_arrays(vec![0.0, 51.0, 255.0], 1).unwrap());
    let (made_arrays, stored_arrays) = (made.conditions.arrays.unwrap(), stored.conditions.arrays.unwrap());
    let mut mirrored = 0;
    for row in 0..8 {
        let values = &made.values[3 * row..3 * row + 3];
        mirrored += usize::from(values[0] > values[2]);
        for (place, value) in values.iter().enumerate() {
            // The middle of the cell that the dequantised value is in: half of 2/256 away at most.
            assert!((made_arrays.row(row)[place] - value).abs() <= 1.0 / 256.0);
            assert_eq!(stored_arrays.row(row)[place], made_arrays.row(row)[place]);
            assert_eq!(made_arrays.row(row)[3 + place], 1.0);
        }
        assert_eq!(made.conditions.vectors.as_ref().unwrap().row(row), [7.0]);
    }
    assert!((1..8).contains(&mirrored), "{mirrored} of 8");
}
