//! The endless stream of training examples, the validation pass, and what happens to the values on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fokker_datasets::{Batches, Dataset, DatasetConfig, DatasetError, Preprocessing, Scale, Sequential, Split};

/// `length` images of [2, 2, 3] pixels: image i has the label i mod 5 and the pixels 12i, 12i + 1, … (mod 256).
struct Counting {
    length: usize,
    panic_at: Option<usize>,
    read: AtomicUsize,
}

fn counting(length: usize) -> Arc<Counting> {
    Arc::new(Counting { length, panic_at: None, read: AtomicUsize::new(0) })
}

impl Dataset for Counting {
    fn name(&self) -> &str {
        "counting"
    }

    fn len(&self) -> usize {
        self.length
    }

    fn shape(&self) -> &[usize] {
        &[2, 2, 3]
    }

    fn classes(&self) -> Option<usize> {
        Some(5)
    }

    fn is_image(&self) -> bool {
        true
    }

    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        assert_ne!(Some(index), self.panic_at, "example {index} is broken");
        self.read.fetch_add(1, Ordering::SeqCst);
        for (k, value) in out.iter_mut().enumerate() {
            *value = ((12 * index + k) % 256) as f32;
        }
        Some(index % 5)
    }
}

const EVERYTHING: Preprocessing =
    Preprocessing { scale: Scale::MinusOneOne, dequantize: true, flip: true, ..Preprocessing::RAW };
const PIXELS: Preprocessing = Preprocessing::RAW;

fn batches(length: usize, preprocessing: Preprocessing, batch_size: usize) -> Arc<Batches> {
    Arc::new(Batches::new(counting(length), preprocessing, batch_size, 9).unwrap())
}

#[test]
fn every_example_comes_exactly_once_per_epoch_in_another_order_each_time() {
    let batches = batches(37, PIXELS, 10);
    let stream: Vec<usize> = (0..37).flat_map(|step| batches.at(step).indices).collect();
    assert_eq!(stream.len(), 370);
    for epoch in stream.chunks_exact(37) {
        let mut sorted = epoch.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..37).collect::<Vec<_>>());
    }
    assert_ne!(stream[..37], stream[37..74]);
    assert!((batches.epochs(37) - 10.0).abs() < 1e-12);

    // A batch of more than three epochs: the first ten positions of the stream are the same ones.
    let large = self::batches(37, PIXELS, 120).at(0);
    assert_eq!(large.indices, stream[..120]);
    let other_seed = Batches::new(counting(37), PIXELS, 10, 10).unwrap();
    assert_ne!(other_seed.at(0).indices, stream[..10]);
}

#[test]
fn a_batch_carries_the_values_and_labels_of_its_examples() {
    let batch = batches(37, PIXELS, 10).at(3);
    assert_eq!((&batch.shape[..], batch.first_position), (&[10, 2, 2, 3][..], 30));
    assert_eq!(batch.conditions.classes.unwrap(), batch.indices.iter().map(|i| i % 5).collect::<Vec<_>>());
    for (values, index) in batch.values.chunks_exact(12).zip(batch.indices) {
        assert_eq!(values, (0..12).map(|k| ((12 * index + k) % 256) as f32).collect::<Vec<_>>());
    }
}

#[test]
fn a_batch_depends_on_nothing_but_its_number() {
    let path = batches(37, EVERYTHING, 10);
    let stream: Vec<_> = (0..1003).map(|step| path.at(step)).collect();
    assert_eq!(batches(37, EVERYTHING, 10).at(1000), stream[1000], "without the steps before");
    assert_eq!(path.at(5), stream[5], "backwards");
    let ahead: Vec<_> = batches(37, EVERYTHING, 10).prefetch(1000, 2).unwrap().take(3).collect();
    assert_eq!(ahead, stream[1000..]);
    // Another batch size: the same examples, with the same flips and the same noise.
    let large = batches(37, EVERYTHING, 30).at(7);
    assert_eq!(large.values, stream[21..24].iter().flat_map(|batch| batch.values.clone()).collect::<Vec<_>>());
}

#[test]
fn prefetching_is_bounded_and_ends_when_dropped() {
    let dataset = counting(40);
    let batches = Arc::new(Batches::new(dataset.clone(), PIXELS, 10, 9).unwrap());
    let mut prefetch = batches.clone().prefetch(0, 2).unwrap();
    prefetch.next().unwrap();
    // One taken, two waiting, one made and waiting for a place; not one more, however often the thread gets so far. One
    // without a bound would be ahead in one of the rounds.
    for round in 0..50 {
        let read = || dataset.read.load(Ordering::SeqCst);
        let start = Instant::now();
        while read() < 40 + 10 * round && start.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        assert_eq!(read(), 40 + 10 * round);
        prefetch.next().unwrap();
    }
    drop(prefetch);
    assert_eq!(Arc::strong_count(&batches), 1, "the thread is gone");
}

#[test]
#[should_panic(expected = "example 3 is broken")]
fn a_panic_of_the_thread_surfaces() {
    let dataset = Arc::new(Counting { length: 10, panic_at: Some(3), read: AtomicUsize::new(0) });
    let batches = Arc::new(Batches::new(dataset, PIXELS, 5, 9).unwrap());
    batches.prefetch(0, 1).unwrap().take(100).for_each(drop);
}

#[test]
fn flips_mirror_half_of_the_images_row_by_row() {
    let stream = batches(1000, Preprocessing { flip: true, ..PIXELS }, 1000).at(0);
    let mut flipped = 0;
    for (values, index) in stream.values.chunks_exact(12).zip(&stream.indices) {
        let mut plain: Vec<f32> = (0..12).map(|k| ((12 * index + k) % 256) as f32).collect();
        if values != plain {
            plain.chunks_exact_mut(3).for_each(<[f32]>::reverse);
            assert_eq!(values, plain);
            flipped += 1;
        }
    }
    assert!((421..=579).contains(&flipped), "{flipped} of 1000, five standard deviations");
}

#[test]
fn dequantised_values_are_uniform_within_their_bin_and_go_back_exactly() {
    for (scale, low, high) in [(Scale::MinusOneOne, -1.0, 1.0), (Scale::ZeroOne, 0.0, 1.0), (Scale::None, 0.0, 256.0)] {
        let preprocessing = Preprocessing { scale, dequantize: true, ..Preprocessing::RAW };
        let batch = batches(1000, preprocessing.clone(), 1000).at(0);
        let mut sum = [0.0; 2];
        for (values, index) in batch.values.chunks_exact(12).zip(&batch.indices) {
            for (k, &value) in values.iter().enumerate() {
                assert!((low..high).contains(&value), "{value}");
                let pixel = (12 * index + k) % 256;
                assert_eq!(usize::from(preprocessing.to_u8(value)), pixel);
                let u = f64::from(preprocessing.to_raw(&[value], 1)[0]) - pixel as f64;
                assert!((0.0..1.0).contains(&u), "{u}");
                sum = [sum[0] + u, sum[1] + u * u];
            }
        }
        let error = |variance: f64| 5.0 * (variance / 12_000.0).sqrt();
        assert!((sum[0] / 12_000.0 - 0.5).abs() < error(1.0 / 12.0), "mean {}", sum[0] / 12_000.0);
        assert!((sum[1] / 12_000.0 - 1.0 / 3.0).abs() < error(4.0 / 45.0));
    }
}

#[test]
fn no_two_examples_share_their_noise() {
    let noisy = Preprocessing { dequantize: true, ..PIXELS };
    let fractions = |values: &[f32]| -> Vec<Vec<u32>> {
        values.chunks_exact(4).map(|values| values.iter().map(|v| v.fract().to_bits()).collect()).collect()
    };
    let mut all = fractions(&batches(37, noisy.clone(), 100).at(0).values);
    all.extend(fractions(&Sequential::new(counting(37), noisy.clone(), 37, 9).unwrap().at(0).unwrap().values));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 137 * 3, "four pixels at a time, of 100 positions and 37 validation examples");
    // A flip moves pixels, not their noise: the same u with flips and without.
    let flipped = batches(37, Preprocessing { flip: true, ..noisy.clone() }, 100).at(0).values;
    assert_eq!(fractions(&flipped), fractions(&batches(37, noisy.clone(), 100).at(0).values));
}

#[test]
fn the_affine_maps_have_the_stated_ends_slope_and_inverse() {
    let map = |preprocessing: Preprocessing| {
        let batch = Sequential::new(counting(64), preprocessing, 64, 0).unwrap().at(0).unwrap();
        batch.values[..256].to_vec()
    };
    for (scale, ends) in [(Scale::MinusOneOne, [-1.0, 1.0]), (Scale::ZeroOne, [0.0, 1.0]), (Scale::None, [0.0, 255.0])]
    {
        let preprocessing = Preprocessing { scale, ..PIXELS };
        let values = map(preprocessing.clone());
        assert_eq!([values[0], values[255]], ends);
        for (raw, &value) in values.iter().enumerate() {
            assert_eq!(usize::from(preprocessing.to_u8(value)), raw);
            let expected = preprocessing.data_scale() * raw as f64 + preprocessing.data_offset();
            assert!((f64::from(value) - expected).abs() < 1e-7, "{scale:?}: {value} for {raw}");
            assert!((preprocessing.to_raw(&[value], 1)[0] - raw as f32).abs() < 1e-4);
        }
        assert_eq!([preprocessing.to_u8(1e9), preprocessing.to_u8(-1e9), preprocessing.to_u8(f32::NAN)], [255, 0, 0]);
        // With dequantisation: the same slope between the values of a pixel and its u.
        let preprocessing = Preprocessing { dequantize: true, ..preprocessing };
        for (raw, &value) in map(preprocessing.clone()).iter().enumerate() {
            let from = preprocessing.data_scale() * raw as f64 + preprocessing.data_offset();
            assert!((from..from + preprocessing.data_scale()).contains(&f64::from(value)));
        }
    }
}

#[test]
fn the_validation_pass_is_in_order_once_and_never_flipped() {
    let pass = |size, preprocessing| Sequential::new(counting(37), preprocessing, size, 9).unwrap();
    let flip = Preprocessing { flip: true, ..PIXELS };
    let all: Vec<_> = pass(10, flip.clone()).iter().collect();
    assert_eq!((all.len(), pass(10, flip.clone()).count(), &all[3].shape[..]), (4, 4, &[7, 2, 2, 3][..]));
    let values: Vec<f32> = all.iter().flat_map(|batch| batch.values.clone()).collect();
    assert!(values.iter().enumerate().all(|(k, &value)| value == (k % 256) as f32));
    assert_eq!(all.iter().flat_map(|batch| batch.indices.clone()).collect::<Vec<_>>(), (0..37).collect::<Vec<_>>());
    assert_eq!(pass(10, flip.clone()).at(4), None);
    // Dequantisation belongs to the example, at any batch size.
    let (small, large) = (pass(10, EVERYTHING).at(2).unwrap(), pass(37, EVERYTHING).at(0).unwrap());
    assert_eq!(small.values, large.values[240..360]);
}

#[test]
fn what_does_not_fit_is_refused_by_key() {
    let refused = |dataset: Arc<dyn Dataset>, preprocessing, size| match Batches::new(dataset, preprocessing, size, 0) {
        Err(DatasetError::Config { key, .. }) => key,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    };
    assert_eq!(refused(counting(5), PIXELS, 0), "training.batch_size");
    assert_eq!(refused(counting(0), PIXELS, 1), "data.kind");
    let rings: DatasetConfig = toml::from_str("kind = 'rings'").unwrap();
    let rings = rings.open(Split::Train, 0).unwrap();
    assert_eq!(refused(rings.clone(), Preprocessing::default(), 1), "preprocessing.scale");
    assert_eq!(
        refused(rings.clone(), Preprocessing { dequantize: true, ..Preprocessing::RAW }, 1),
        "preprocessing.dequantize"
    );
    assert_eq!(refused(rings, Preprocessing { flip: true, ..Preprocessing::RAW }, 1), "preprocessing.flip");
    assert!(toml::from_str::<Preprocessing>("scale = 'zero_one'\nflip = true").unwrap().flip);
    assert!(toml::from_str::<Preprocessing>("flop = true").unwrap_err().to_string().contains("flop"));
}
