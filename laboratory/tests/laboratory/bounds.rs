//! Kullback–Leibler divergence along flows, and the bound of [Aamari 2025, Prop. 4.3].

use std::sync::Arc;

use fokker_laboratory::fokker_planck::BackwardNoise;
use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::{
    Exact, KlRow, LearnedScore, LearningConfig, LineMixture, Perturbed, ReverseError, Score,
};
use fokker_process::{GaussianMixture, Process};

use crate::support::process;

fn data() -> LineMixture {
    LineMixture::new(&[0.4, 0.6], &[-1.5, 1.0], &[0.4, 0.5]).unwrap()
}

fn vp() -> Arc<dyn Process> {
    process("kind = 'vp'\nbeta_min = 0.2\nbeta_max = 4.0")
}

fn account(data: &GaussianMixture, process: &dyn Process, score: &dyn Score, noise: f64) -> Vec<KlRow> {
    trace(data, process, score, noise.into(), (280, 800))
}

fn trace(
    data: &GaussianMixture,
    process: &dyn Process,
    score: &dyn Score,
    noise: BackwardNoise,
    (cells, steps): (usize, usize),
) -> Vec<KlRow> {
    let generation =
        ReverseError { data, process, score, backward_noise: noise, start: 1.0, end: 1e-2, prior_std: 1.0 };
    generation.trace(&[Axis::new(-7.0, 7.0, cells).unwrap()], steps, 4, &()).unwrap()
}

#[track_caller]
fn holds(rows: &[KlRow]) {
    let peak = rows.iter().fold(0.0f64, |most, row| most.max(row.truth));
    for row in rows {
        assert!(row.truth <= row.bound * (1.0 + 1e-3) + 1e-7, "{row:?}");
        // Cor. 4.2 up to the trapezoidal rule and differences on the grid.
        assert!((row.truth - row.integrated).abs() < 0.04 * peak + 1e-6, "{row:?}");
    }
}

#[test]
fn with_the_exact_score_only_the_prior_is_wrong_and_time_heals_it() {
    let (process, general) = (vp(), data().to_gaussian_mixture().unwrap());
    let exact = Exact { data: &general, process: &*process };
    for noise in [0.5, 1.0, 2.0] {
        let rows = account(&general, &*process, &exact, noise);
        holds(&rows);
        assert!(rows.iter().all(|row| row.score_error == 0.0 && row.bound == rows[0].truth));
        assert!(rows[rows.len() - 1].truth < 0.95 * rows[0].truth && rows[0].truth > 1e-3);
    }
}

#[test]
fn a_wrong_score_stays_below_its_bound_for_every_backward_noise() {
    let (process, general) = (vp(), data().to_gaussian_mixture().unwrap());
    let exact = Exact { data: &general, process: &*process };
    let wrong = Perturbed { score: &exact, amplitude: 0.8, wavenumber: 1.5 };
    for noise in [0.3, 1.0, 2.0] {
        let rows = account(&general, &*process, &wrong, noise);
        holds(&rows);
        let last = rows[rows.len() - 1];
        assert!(last.truth > 2.0 * rows[0].truth && last.bound > last.truth, "{last:?}");
    }
}

#[test]
fn a_schedule_of_the_backward_noise_has_its_bound() {
    let (process, general) = (vp(), data().to_gaussian_mixture().unwrap());
    let exact = Exact { data: &general, process: &*process };
    let wrong = Perturbed { score: &exact, amplitude: 0.8, wavenumber: 1.5 };
    let cut = (220, 400);
    let ends = |schedule: &(dyn Fn(f64) -> f64 + Sync)| {
        let rows = trace(&general, &*process, &wrong, BackwardNoise::Schedule(schedule), cut);
        holds(&rows);
        rows[rows.len() - 1]
    };
    // A schedule that does not change is the number.
    let constant = trace(&general, &*process, &wrong, 1.0.into(), cut);
    assert_eq!(ends(&|_| 1.0), constant[constant.len() - 1]);
    // Little noise where the score is asked last: between its two ends, and not what either of them gives.
    let falling = ends(&|t| 0.3 + 1.7 * t);
    let (low, high) = (ends(&|_| 0.3), ends(&|_| 2.0));
    assert!(falling.bound < low.bound && falling.bound < high.bound, "{falling:?} {low:?} {high:?}");
    assert!(falling.truth != low.truth && falling.truth != high.truth);
}

#[test]
fn a_learned_score_is_close_and_below_its_bound() {
    let (process, general) = (vp(), data().to_gaussian_mixture().unwrap());
    let config = LearningConfig { samples: 4000, bumps: 12, times: 20, ridge: 1e-6, nodes: None };
    let learned = LearnedScore::learn(&data(), &*process, (1e-2, 1.0), &config, 5, &()).unwrap();
    let rows = account(&general, &*process, &learned, 1.0);
    holds(&rows);
    // From 4000 points and twelve bumps, the generated law is within a hundredth of a nat or two of the data.
    let last = rows[rows.len() - 1];
    assert!(last.truth < 0.02 && last.score_error > 0.0, "{last:?}");
    let again = LearnedScore::learn(&data(), &*process, (1e-2, 1.0), &config, 5, &()).unwrap();
    assert_eq!(learned.score(&[0.3], 0.2, 0), again.score(&[0.3], 0.2, 0));
}

#[test]
fn no_backward_noise_has_no_bound_and_says_so() {
    let (process, general) = (vp(), data().to_gaussian_mixture().unwrap());
    let score = Exact { data: &general, process: &*process };
    let generation = ReverseError {
        data: &general,
        process: &*process,
        score: &score,
        backward_noise: 0.0.into(),
        start: 1.0,
        end: 0.1,
        prior_std: 1.0,
    };
    let refused = generation.trace(&[Axis::new(-5.0, 5.0, 20).unwrap()], 10, 1, &());
    assert!(refused.unwrap_err().to_string().contains("backward_noise = 0"));
}
