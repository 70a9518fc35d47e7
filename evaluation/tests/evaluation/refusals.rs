//! What cannot be judged is refused by name.

use fokker_evaluation::{
    EvaluationError, Features, Kid, Labels, Metric, MetricKind, Mmd, Pair, PrecisionRecall, Protocol, Replicates,
    Statistics, Watch, classes, evaluate_features, frechet_distance,
};

use crate::clouds::normals;

#[test]
fn clouds_without_a_law_are_refused_by_name() {
    let refusal = |dimension: usize, values: &[f64]| {
        Features::new("drawn.npy", dimension, values.to_vec()).unwrap_err().to_string()
    };
    for (dimension, values, expected) in [
        (2, &[1.0, 2.0][..], "drawn.npy: 1 row; a metric needs at least 2"),
        (2, &[], "drawn.npy: 0 rows; a metric needs at least 2"),
        (0, &[], "drawn.npy: the features have no columns; expected at least 1"),
        (2, &[1.0, 2.0, 3.0], "drawn.npy: 3 numbers do not fill rows of 2"),
        (1, &[1.0, f64::INFINITY], "drawn.npy: row 1, column 0 is inf; all features must be finite"),
        (1, &[1.0, -1e200], "drawn.npy: row 1, column 0 is -1e200; features must be at most 1e100 in size"),
        (
            2,
            &[1.0, 2.0, 1.0, 2.0],
            "drawn.npy: all 2 rows are equal; constant features have no distribution to compare",
        ),
    ] {
        assert_eq!(refusal(dimension, values), expected);
    }
}

#[test]
fn different_widths_are_refused_with_both() {
    let (one, other) = (normals("samples", 0, 10, 3, 0.0), normals("mnist", 1, 10, 4, 0.0));
    let message = Pair::new(&one, &other).unwrap_err().to_string();
    assert_eq!(
        message,
        "samples: the features have 3 columns, those of `mnist` have 4; both must come from the same extractor"
    );
    assert_eq!(evaluate_features(&one, &other, &Protocol::default(), &()).unwrap_err().to_string(), message);
    assert!(frechet_distance(&Statistics::of(&one), &Statistics::of(&other)).is_err());
}

#[test]
fn a_constant_column_alone_is_no_reason() {
    // The corners of a digit are always black.
    let mut values = normals("samples", 0, 40, 3, 0.0).values().to_vec();
    values.chunks_exact_mut(3).for_each(|row| row[1] = 7.0);
    let samples = Features::new("samples", 3, values).unwrap();
    let found =
        evaluate_features(&samples, &samples, &Protocol { halves: 0, floor: false, ..Protocol::default() }, &())
            .unwrap();
    assert!(found.get("frechet").unwrap().value.value < 1e-9);
    assert_eq!(found.get("marginal_ks[1]").unwrap().value.value, 0.0);
}

#[test]
fn metrics_that_clouds_are_too_small_for_are_left_out_with_the_reason() {
    let (samples, reference) = (normals("samples", 0, 6, 2, 0.0), normals("reference", 1, 6, 2, 0.0));
    let found = evaluate_features(&samples, &reference, &Protocol::default(), &()).unwrap();
    let reason = |metric: &str| found.refused.iter().find(|(kind, _)| kind == metric).map(|(_, reason)| reason.clone());
    assert_eq!(
        reason("precision_recall").unwrap(),
        "reference: 6 vectors, of which half-samples hold 3, have no 3-th nearest neighbour each; use more samples, or a \
         smaller k"
    );
    assert!(reason("frechet_infinity").unwrap().contains("expected 24 or more"));
    assert!(found.get("frechet").unwrap().floor.is_some());
    // Two vectors of each have values without error bars.
    let pair = [0, 1].map(|number| normals("two", number, 2, 2, 0.0));
    let found = evaluate_features(&pair[0], &pair[1], &Protocol::default(), &()).unwrap();
    assert_eq!(found.get("kid").unwrap().value.standard_error, None);
}

#[test]
fn settings_that_make_no_sense_are_refused_by_key() {
    for (metric, key) in [
        (Metric::from(Kid { limit: 1, ..Kid::default() }), "limit = 1"),
        (Kid { subset_size: 1, ..Kid::default() }.into(), "subset_size = 1"),
        (Mmd { bandwidth: Some(-1.0), ..Mmd::default() }.into(), "bandwidth = -1"),
        (PrecisionRecall { k: 0, ..PrecisionRecall::default() }.into(), "k = 0"),
    ] {
        let cloud = normals("cloud", 0, 10, 2, 0.0);
        let protocol = Protocol { metrics: vec![metric], ..Protocol::default() };
        let message = evaluate_features(&cloud, &cloud, &protocol, &()).unwrap_err().to_string();
        assert!(message.starts_with(key), "{message}");
    }
    let error = serde_json::from_str::<Metric>(r#"{ "kind": "kid", "subset": 3 }"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `subset`"), "{error}");
    assert!(
        Metric::named("fid")
            .unwrap_err()
            .contains("unknown metric `fid`, expected one of `density_coverage`, `frechet`")
    );
}

#[test]
fn statistics_of_others_are_checked() {
    let refusal = |mean: &[f64], covariance: &[f64]| {
        Statistics::new("fid.npz", mean.to_vec(), covariance.to_vec()).unwrap_err().to_string()
    };
    assert!(refusal(&[0.0, 0.0], &[1.0, 0.0, 0.0]).contains("sigma has 3 numbers; expected 2 × 2"));
    assert!(refusal(&[0.0, 0.0], &[1.0, 0.5, 0.0, 1.0]).contains("not symmetric"));
    assert!(refusal(&[0.0], &[-1.0]).contains("negative variance"));
    assert!(refusal(&[f64::NAN], &[1.0]).contains("must be finite"));
}

#[test]
fn labels_are_checked() {
    let cloud = normals("cloud", 0, 3, 2, 0.0);
    let whole = Replicates::new(0, 0, &Pair::new(&cloud, &cloud).unwrap());
    let labelled = |classes: &[usize]| Labels { classes: classes.into(), confidences: vec![0.9; 3], count: 2 };
    let all = labelled(&[0, 0, 0]);
    let refusal = |labels: &[usize]| classes(&labelled(labels), &all, &whole).unwrap_err().to_string();
    assert_eq!(refusal(&[0, 2, 0]), "labels of the samples: label 2 of vector 1 is not below 2, the number of classes");
    assert_eq!(refusal(&[0]), "labels of the samples: 1 labels for 3 vectors; expected one for each");
    let refusal = |other: Labels| classes(&all, &other, &whole).unwrap_err().to_string();
    let fewer = Labels { confidences: vec![0.9], ..all.clone() };
    assert_eq!(refusal(fewer), "labels of the reference: 1 confidences for 3 vectors; expected one for each");
    let more = Labels { count: 3, ..all.clone() };
    assert_eq!(refusal(more), "labels of the reference: 3 classes, and 2 of the samples; expected the same number");
}

#[test]
fn whoever_watches_can_stop_every_metric() {
    struct Stop;
    impl Watch for Stop {
        fn should_stop(&self, _: f64) -> bool {
            true
        }
    }
    let cloud = normals("cloud", 0, 400, 2, 0.0);
    let pair = Pair::new(&cloud, &cloud).unwrap();
    for kind in Metric::kinds() {
        let stopped = Metric::named(kind).unwrap().measure(&pair, &Replicates::new(0, 2, &pair), 0, &Stop);
        assert!(matches!(stopped, Err(EvaluationError::Stopped)), "{kind}");
    }
    assert!(matches!(PrecisionRecall::default().check(), Ok(())));
}
