//! Pictures that are moved: the composed transformation against NumPy's (reference/augmentation.py), and whose random numbers they have.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fokker_datasets::{Augmentation, AugmentationConfig, Batches, DatasetError, Preprocessing, Sequential, Tensors};

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn moved_pictures_are_those_of_numpy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference/golden/augmentation.json");
    let golden: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let shape: Vec<usize> = numbers(&golden["shape"]).into_iter().map(|side| side as usize).collect();
    let picture: Vec<f32> =
        (0..shape.iter().product::<usize>()).map(|place| ((place * place * 37 + place * 11) % 256) as f32).collect();
    for case in golden["cases"].as_array().unwrap() {
        let a = numbers(&case["numbers"]);
        let augmentation = Augmentation {
            x_flip: a[0] == 1.0,
            y_flip: a[1] == 1.0,
            scaling: a[2],
            rotation: a[3],
            direction: a[4],
            anisotropy: a[5],
            translation: [a[6], a[7]],
            strengths: [0.2, 0.2, 0.125],
        };
        for (got, expected) in augmentation.vector().iter().zip(numbers(&case["vector"])) {
            assert!((f64::from(*got) - expected).abs() < 1e-6, "{a:?}: {got} {expected}");
        }
        let mut values = picture.clone();
        augmentation.apply(&mut values, &shape);
        // The numbers are up to a few hundred, in single precision; the file has five digits after the point.
        for (got, expected) in values.iter().zip(numbers(&case["values"])) {
            assert!((f64::from(*got) - expected).abs() < 1e-4, "{a:?}: {got} {expected}");
        }
    }
}

fn pictures(channels: usize) -> Tensors {
    let bytes: Vec<u8> = (0..6 * channels * 64).map(|place| (place * 7 % 251) as u8).collect();
    Tensors::pixels(&bytes, [channels, 8, 8]).unwrap()
}

fn moved() -> Preprocessing {
    let augmentation = AugmentationConfig { probability: 0.5, ..Default::default() };
    Preprocessing { augmentation: Some(augmentation), dequantize: true, ..Preprocessing::default() }
}

/// An example is a function of seed and position, at any size of the batches and for any number of channels; validation is never moved.
#[test]
fn what_is_moved_is_a_function_of_seed_and_position() {
    for channels in [1, 2, 3, 4] {
        let batches = |size: usize, seed: u64| Batches::new(Arc::new(pictures(channels)), moved(), size, seed).unwrap();
        let one = batches(12, 3).at(1);
        let [first, second] = [2, 3].map(|number| batches(6, 3).at(number));
        assert_eq!(one.values, [first.values, second.values].concat());
        let rows = |batch: &fokker_datasets::Batch| batch.conditions.augmentations.clone().unwrap();
        let seen = rows(&one);
        assert_eq!((seen.count(), seen.size()), (12, Augmentation::SIZE));
        assert!(rows(&batches(12, 4).at(1)) != seen);
        assert!((0..9).all(|place| (0..12).any(|row| seen.row(row)[place] != 0.0)), "{:?}", seen.values());
        let validation = Sequential::new(Arc::new(pictures(channels)), moved(), 6, 3).unwrap().at(0).unwrap();
        let plain = Preprocessing { augmentation: None, ..moved() };
        let expected = Sequential::new(Arc::new(pictures(channels)), plain, 6, 3).unwrap().at(0).unwrap();
        assert_eq!(validation, expected);
        assert!(validation.conditions.augmentations.is_none());
    }
}

/// The means and deviations of the numbers are those that the table says.
#[test]
fn numbers_have_their_laws() {
    const COUNT: u64 = 20_000;
    let config = AugmentationConfig { rotation: 0.5, ..Default::default() };
    let drawn: Vec<Augmentation> = (0..COUNT).map(|position| config.draw(0, position)).collect();
    let share = |is: &dyn Fn(&Augmentation) -> bool| drawn.iter().filter(|one| is(one)).count() as f64 / COUNT as f64;
    let near = |got: f64, p: f64| assert!((got - p).abs() < 4.5 * (p * (1.0 - p) / COUNT as f64).sqrt(), "{got} {p}");
    near(share(&|one| one.x_flip), 0.5);
    near(share(&|one| one.y_flip), 0.06);
    near(share(&|one| one.scaling != 0.0), 0.12);
    near(share(&|one| one.anisotropy != 0.0), 0.12);
    near(share(&|one| one.translation != [0.0; 2]), 0.12);
    // A quarter of the turns is above a quarter of a turn's half, 45 degrees.
    near(share(&|one| one.rotation > std::f64::consts::FRAC_PI_4), 0.12 / 4.0);
    assert!(drawn.iter().all(|one| one.rotation.abs() <= std::f64::consts::FRAC_PI_2));
    near(share(&|one| one.scaling > 1.0), 0.12 * 0.1587);
    // A strength of 0 switches off one thing, and changes nothing else.
    let still = AugmentationConfig { anisotropy: 0.0, x_flip: false, ..config };
    for position in 0..200 {
        let (with, without) = (config.draw(0, position), still.draw(0, position));
        let expected =
            Augmentation { x_flip: false, anisotropy: 0.0, direction: 0.0, strengths: without.strengths, ..with };
        assert_eq!(without, expected);
    }
}

#[test]
fn what_cannot_be_moved_is_refused_by_key() {
    let key = |result: Result<(), DatasetError>| match result {
        Err(DatasetError::Config { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    let with = |change: fn(&mut AugmentationConfig)| {
        let mut augmentation = AugmentationConfig::default();
        change(&mut augmentation);
        Preprocessing { augmentation: Some(augmentation), ..Preprocessing::default() }
    };
    let wrong = with(|config| config.probability = 1.5);
    assert_eq!(key(wrong.check(true)), "preprocessing.augmentation.probability");
    assert_eq!(key(with(|config| config.scaling = -0.1).check(true)), "preprocessing.augmentation.scaling");
    let vectors = Preprocessing { augmentation: Some(AugmentationConfig::default()), ..Preprocessing::RAW };
    assert_eq!(key(vectors.check(false)), "preprocessing.augmentation");
    let joined = Tensors::pixels(&[0, 1, 2, 3], [1, 2, 2]).unwrap().with_arrays(vec![0.0; 4], 1).unwrap();
    let refused = Batches::new(Arc::new(joined), moved(), 1, 0).map(|_| ());
    assert_eq!(key(refused), "preprocessing.augmentation");
}
