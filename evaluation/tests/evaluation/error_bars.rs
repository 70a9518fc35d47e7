//! Error bars are as wide as the metric scatters, and floors are what real data say of themselves.

use fokker_evaluation::{
    FrechetDistance, FrechetInfinity, Kid, Metric, Mmd, Pair, PrecisionRecall, Protocol, Replicates, SlicedWasserstein,
    Statistics, copying, evaluate_features, evaluate_statistics,
};

use crate::clouds::normals;

/// The deviation of the metric over fresh clouds, against the mean error bar. With 40 clouds the deviation is known to 11 %
/// (one standard error), and the half-sample's variance carries a bias of order 1/n: within 40 % of each other.
#[test]
fn half_samples_measure_the_scatter_of_fresh_clouds() {
    let metrics: [(Metric, &str); 4] = [
        (FrechetDistance {}.into(), "frechet"),
        (Mmd::default().into(), "mmd"),
        (PrecisionRecall::default().into(), "precision"),
        (SlicedWasserstein { directions: 8 }.into(), "sliced_wasserstein"),
    ];
    for (metric, name) in metrics {
        let repeated = 40;
        let (mut values, mut bars) = (Vec::new(), 0.0);
        for number in 0..repeated {
            // Far enough apart that the metrics are not degenerate: at equal laws they scatter as 1/n.
            let samples = normals("samples", 2 * number, 200, 3, 0.6);
            let reference = normals("reference", 2 * number + 1, 200, 3, 0.0);
            let protocol = Protocol { metrics: vec![metric.clone()], halves: 30, floor: false, seed: 0 };
            let found = evaluate_features(&samples, &reference, &protocol, &()).unwrap();
            let estimate = found.get(name).unwrap().value;
            values.push(estimate.value);
            bars += estimate.standard_error.unwrap() / repeated as f64;
        }
        let mean = values.iter().sum::<f64>() / repeated as f64;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (repeated - 1) as f64).sqrt();
        let ratio = bars / deviation;
        assert!((0.6..1.4).contains(&ratio), "{name}: error bar {bars}, scatter {deviation}");
    }
}

/// Two clouds of the same law in 8 dimensions: the distance of 400 is pure bias, and the extrapolation removes the part of it
/// that the samples cause, about half.
#[test]
fn the_extrapolated_distance_has_lost_the_bias_of_the_samples() {
    let samples = normals("samples", 100, 800, 8, 0.0);
    let reference = normals("reference", 101, 8000, 8, 0.0);
    let metrics = vec![FrechetDistance {}.into(), FrechetInfinity::default().into()];
    let protocol = Protocol { metrics, halves: 10, floor: false, seed: 0 };
    let found = evaluate_features(&samples, &reference, &protocol, &()).unwrap();
    let (biased, without) = (found.get("frechet").unwrap().value, found.get("frechet_infinity").unwrap().value);
    assert!(biased.value > 0.02, "{biased:?}");
    assert!(without.value.abs() < 0.3 * biased.value, "{without:?} against {biased:?}");
}

#[test]
fn a_replicate_is_the_metric_of_the_vectors_that_it_holds() {
    let (samples, reference) = (normals("samples", 7, 60, 4, 0.2), normals("reference", 8, 50, 4, 0.0));
    let pair = Pair::new(&samples, &reference).unwrap();
    let replicates = Replicates::new(3, 4, &pair);
    let held = |mask: &[bool]| (0..mask.len()).filter(|&i| mask[i]).collect::<Vec<usize>>();
    for kind in ["frechet", "kid", "precision_recall", "density_coverage", "sliced_wasserstein", "marginals"] {
        let metric = Metric::named(kind).unwrap();
        let all = metric.measure(&pair, &replicates, 0, &()).unwrap();
        for (number, replicate) in replicates.iter().enumerate() {
            let samples = samples.select("samples", &held(replicate.samples())).unwrap();
            let reference = reference.select("reference", &held(replicate.reference())).unwrap();
            let alone = Pair::new(&samples, &reference).unwrap();
            let alone = metric.measure(&alone, &Replicates::new(0, 0, &alone), 0, &()).unwrap();
            for (series, alone) in all.iter().zip(&alone).filter(|(series, _)| series.values.len() > 1) {
                let (found, expected) = (series.values[number], alone.values[0]);
                assert!(
                    (found - expected).abs() < 1e-10 * expected.abs().max(1e-3),
                    "{}: {found}, {expected}",
                    series.name
                );
            }
        }
    }
}

#[test]
fn the_floor_is_the_metric_of_two_halves_and_the_counts_are_said() {
    let (samples, reference) = (normals("samples", 20, 300, 4, 1.0), normals("reference", 21, 500, 4, 0.0));
    let metrics = vec![Kid { limit: 200, subsets: 5, subset_size: 50 }.into(), FrechetDistance {}.into()];
    let protocol = Protocol { metrics, ..Protocol::default() };
    let found = evaluate_features(&samples, &reference, &protocol, &()).unwrap();
    let (kid, frechet) = (found.get("kid").unwrap(), found.get("frechet").unwrap());
    assert_eq!((kid.samples, kid.reference, kid.floor_count), (200, Some(200), Some(200)));
    assert_eq!((frechet.samples, frechet.reference, frechet.floor_count), (300, Some(500), Some(250)));
    for measured in [kid, frechet] {
        let floor = measured.floor.unwrap();
        assert!(floor.value.abs() < 0.1 * measured.value.value, "{measured:?}");
    }
    // The published way agrees with all pairs within its own scatter: 5 subsets of 50.
    let (mean, std) =
        (found.get("kid_subsets_mean").unwrap().value.value, found.get("kid_subsets_std").unwrap().value.value);
    assert!((mean - kid.value.value).abs() < 3.0 * std, "{mean} ± {std}");
    assert_eq!(
        evaluate_features(&samples, &reference, &protocol, &()).unwrap(),
        found,
        "the same seed, the same numbers"
    );
}

/// Samples of the law itself are as near to the training data as held-out ones; half of them copied, the probability is ¾.
#[test]
fn copying_is_a_probability() {
    let train = normals("training data", 30, 400, 3, 0.0);
    let held_out = normals("held-out data", 31, 400, 3, 0.0);
    let fair = normals("samples", 32, 400, 3, 0.0);
    let found = copying(&fair, &train, &held_out, 3, (0, 20), &()).unwrap();
    let error = found.nearer.standard_error.unwrap();
    assert!((found.nearer.value - 0.5).abs() < 4.0 * error && error < 0.05, "{:?}", found.nearer);
    let mut values = fair.values().to_vec();
    values[..200 * 3].copy_from_slice(&train.values()[..200 * 3]);
    let copied = fokker_evaluation::Features::new("samples", 3, values).unwrap();
    let found = copying(&copied, &train, &held_out, 3, (0, 20), &()).unwrap();
    assert!((found.nearer.value - 0.75).abs() < 4.0 * found.nearer.standard_error.unwrap(), "{:?}", found.nearer);
    assert!(found.suspicious.value >= 0.5, "{:?}", found.suspicious);
}

#[test]
fn statistics_of_a_reference_give_the_distance_of_the_reference_itself() {
    let (samples, reference) = (normals("samples", 40, 200, 4, 0.5), normals("reference", 41, 300, 4, 0.0));
    let protocol = Protocol { metrics: vec![FrechetDistance {}.into()], ..Protocol::default() };
    let whole = evaluate_features(&samples, &reference, &protocol, &()).unwrap().get("frechet").unwrap().value;
    let found = evaluate_statistics(&samples, Statistics::of(&reference), &protocol, &()).unwrap();
    let found = found.get("frechet").unwrap();
    assert!((found.value.value - whole.value).abs() < 1e-12, "{found:?}");
    // Half of the scatter is the reference's, which does not enter.
    assert!(found.value.standard_error.unwrap() < whole.standard_error.unwrap());
    let narrow = Statistics::of(&normals("narrow", 42, 30, 3, 0.0));
    let message = evaluate_statistics(&samples, narrow, &protocol, &()).unwrap_err().to_string();
    assert!(message.contains("4 columns, the statistics 3 dimensions"), "{message}");
}
