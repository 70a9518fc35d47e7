//! Every metric is what NumPy, SciPy and mpmath compute from its definition; generator: reference/evaluation.py.

use fokker_evaluation::{
    Features, Labels, Metric, Pair, Replicates, Statistics, classes, copying, frechet_distance, kid_of_subsets,
    median_distance, sliced_wasserstein,
};
use serde_json::Value;

use crate::clouds::{counted, splitmix};

/// A case: its golden numbers and its two clouds.
struct Case {
    golden: Value,
    samples: Features,
    reference: Features,
    size: [usize; 3],
}

fn cases() -> Vec<Case> {
    let golden: Vec<Value> = serde_json::from_str(include_str!("../../../reference/golden/evaluation.json")).unwrap();
    let case = |golden: Value| {
        let size = ["samples", "reference", "dimension"].map(|key| golden[key].as_u64().unwrap() as usize);
        let [n, m, d] = size;
        let number = |key: &str| golden[key].as_f64().unwrap();
        let samples = Features::new("samples", d, counted(1, [n, d], number("shift"), number("scale"))).unwrap();
        let reference = Features::new("reference", d, counted(2, [m, d], 0.0, 1.0)).unwrap();
        Case { golden, samples, reference, size }
    };
    golden.into_iter().map(case).collect()
}

impl Case {
    fn number(&self, key: &str) -> f64 {
        self.golden[key].as_f64().unwrap()
    }

    /// The value of a quantity of a metric with its default settings.
    fn measured(&self, metric: &str, name: &str) -> f64 {
        let pair = Pair::new(&self.samples, &self.reference).unwrap();
        let whole = Replicates::new(0, 0, &pair);
        let series = Metric::named(metric).unwrap().measure(&pair, &whole, 0, &()).unwrap();
        series.iter().find(|series| series.name == name).unwrap().values[0]
    }

    fn check(&self, found: f64, key: &str, tolerance: f64) {
        let golden = self.number(key);
        assert!((found / golden - 1.0).abs() < tolerance, "{:?}, {key}: {found} against {golden}", self.size);
    }
}

/// A tolerance for sums in another order.
const ROUNDING: f64 = 1e-11;

#[test]
fn the_frechet_distance_is_that_of_60_digits_and_of_the_usual_programs() {
    for case in cases() {
        case.check(case.measured("frechet", "frechet"), "frechet", 1e-9);
        // sqrtm of a singular product has half of the digits.
        case.check(case.measured("frechet", "frechet"), "frechet_sqrtm", 1e-7);
        // It is symmetric, and between equal clouds it is 0.
        let (one, other) = (Statistics::of(&case.samples), Statistics::of(&case.reference));
        case.check(frechet_distance(&other, &one).unwrap(), "frechet", 1e-9);
        let same = frechet_distance(&one, &one).unwrap();
        assert!(same < 1e-9, "{same}");
    }
}

#[test]
fn kernel_distances_are_those_of_all_pairs_and_of_given_subsets() {
    for case in cases() {
        case.check(case.measured("kid", "kid"), "kid", 1e-9);
        case.check(case.measured("mmd", "mmd"), "mmd", 1e-9);
        case.check(median_distance(&case.reference).unwrap(), "mmd_bandwidth", ROUNDING);
        let [n, m, _] = case.size;
        let chosen = |step: usize, start: usize, of: usize| -> Vec<usize> {
            (0..n.min(m) / 2).map(|i| (step * i + start) % of).collect()
        };
        let subsets: Vec<_> = (0..3).map(|start| [chosen(7, start, n), chosen(11, start, m)]).collect();
        let pair = Pair::new(&case.samples, &case.reference).unwrap();
        let found = kid_of_subsets(&pair, &subsets, &()).unwrap();
        for (found, golden) in found.iter().zip(case.golden["kid_subsets"].as_array().unwrap()) {
            assert!((found / golden.as_f64().unwrap() - 1.0).abs() < 1e-9, "{:?}", case.size);
        }
    }
}

#[test]
fn balls_of_neighbours_hold_what_they_should() {
    for case in cases() {
        for key in ["precision", "recall"] {
            case.check(case.measured("precision_recall", key), key, ROUNDING);
        }
        for key in ["density", "coverage"] {
            case.check(case.measured("density_coverage", key), key, ROUNDING);
        }
    }
}

#[test]
fn distances_along_lines_are_scipys() {
    for case in cases() {
        let [.., d] = case.size;
        let directions: Vec<Vec<f64>> = counted(77, [10, d], 0.0, 1.0)
            .chunks_exact(d)
            .map(|row| {
                let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
                row.iter().map(|x| x / length).collect()
            })
            .collect();
        let pair = Pair::new(&case.samples, &case.reference).unwrap();
        let found = sliced_wasserstein(&pair, &directions, &Replicates::new(0, 0, &pair), &()).unwrap();
        case.check(found[0], "sliced_wasserstein", ROUNDING);
        for key in ["marginal_wasserstein", "marginal_ks"] {
            let golden: Vec<f64> = case.golden[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            for (column, golden) in golden.iter().enumerate() {
                let found = case.measured("marginals", &format!("{key}[{column}]"));
                assert!((found / golden - 1.0).abs() < ROUNDING, "{key}[{column}]: {found} against {golden}");
            }
            let mean = golden.iter().sum::<f64>() / golden.len() as f64;
            assert!((case.measured("marginals", key) / mean - 1.0).abs() < ROUNDING);
        }
    }
}

#[test]
fn copies_of_training_examples_are_found_and_listed_first() {
    for case in cases() {
        let [_, m, d] = case.size;
        let mut train = counted(3, [m, d], 0.0, 1.0);
        train.extend_from_slice(&case.samples.values()[..2 * d]);
        let train = Features::new("training data", d, train).unwrap();
        let found = copying(&case.samples, &train, &case.reference, 5, (0, 0), &()).unwrap();
        case.check(found.nearer.value, "nearer", ROUNDING);
        case.check(found.median_distance.value, "median_distance", ROUNDING);
        let mut copies: Vec<_> =
            found.nearest[..2].iter().map(|pair| (pair.sample, pair.example, pair.distance)).collect();
        copies.sort_by_key(|copy| copy.0);
        assert_eq!(copies, [(0, m, 0.0), (1, m + 1, 0.0)]);
        assert_eq!(found.nearest[0].quantile, 0.0);
        assert!(found.nearest.is_sorted_by(|one, other| one.distance <= other.distance));
    }
}

#[test]
fn classes_are_counted_and_their_entropy_is_in_nats() {
    for case in cases() {
        let [n, m, _] = case.size;
        let labelled = |classes: Vec<usize>, confidence: f64| Labels {
            confidences: (0..classes.len()).map(|place| confidence - 0.25 * (place % 2) as f64).collect(),
            classes,
            count: 5,
        };
        let labels: Vec<usize> = (0..n as u64).map(|i| (splitmix((9 << 40) + i) % 4) as usize).collect();
        let pair = Pair::new(&case.samples, &case.reference).unwrap();
        let (samples, reference) = (labelled(labels, 0.75), labelled(vec![4; m], 1.0));
        let found = classes(&samples, &reference, &Replicates::new(0, 0, &pair)).unwrap();
        case.check(found.entropy.value, "entropy", ROUNDING);
        for (share, count) in found.shares.iter().zip(case.golden["counts"].as_array().unwrap()) {
            assert!((share.samples.value * n as f64 - count.as_f64().unwrap()).abs() < 1e-9);
        }
        assert_eq!((found.entropy_reference, found.total_variation.value), (0.0, 1.0));
        // Every second one is less sure by a quarter, and all numbers are sums of powers of two.
        let mean = |first: f64, count: usize| first - 0.25 * (count / 2) as f64 / count as f64;
        assert!((found.confidence.value - mean(0.75, n)).abs() < ROUNDING);
        assert!((found.confidence_reference - mean(1.0, m)).abs() < ROUNDING);
    }
}
