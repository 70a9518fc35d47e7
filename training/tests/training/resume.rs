//! A run that is interrupted and resumed ends with the bits of one that is not.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::{Dataset, MoonsConfig};
use fokker_model::{MixtureScore, Mlp, MlpConfig, Probe};
use fokker_process::GaussianMixture;
use fokker_training::loss::DivergenceEstimator;
use fokker_training::score_fpe::{Differentiation, Estimator, Points, RegularizerConfig, ResidualsConfig, Unit};
use fokker_training::*;

use crate::support::StopAfter;

const STEPS: u64 = 12;

fn plan(steps: u64, learning_rate: f64) -> TrainingPlan {
    let training = TrainingConfig {
        steps,
        batch_size: 16,
        accumulation: 2,
        learning_rate,
        warmup: 3,
        decay: Decay::Cosine,
        gradient_clip: Some(1.0),
        ema_decay: 0.99,
        log_every: 1,
        validate_every: 6,
        validation_examples: 32,
        ..TrainingConfig::default()
    };
    crate::support::plan(&crate::support::mixture(), training)
}

fn trainer(plan: TrainingPlan) -> Trainer<Mlp, 2> {
    let config = MlpConfig { width: 16, blocks: 2, dropout: 0.1, ..MlpConfig::new(2) };
    let network = Mlp::new(&config, 5, &Device::flex()).unwrap();
    Trainer::new(plan, network, &Device::flex()).unwrap()
}

fn files(checkpoint: &Path) -> Vec<(String, Vec<u8>)> {
    ["model.bpk", "ema.bpk", "optimizer.bpk", "state.json"]
        .into_iter()
        .map(|name| (name.into(), fs::read(checkpoint.join(name)).unwrap()))
        .collect()
}

#[test]
fn interrupted_runs_end_with_the_same_bits() {
    interruptions_change_no_bit(&plan(STEPS, 1e-2));
}

#[test]
fn interrupted_runs_of_muon_end_with_the_same_bits() {
    interruptions_change_no_bit(&TrainingPlan { optimizer: OptimizerConfig::muon(), ..plan(STEPS, 1e-2) });
}

fn interruptions_change_no_bit(plan: &TrainingPlan) {
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    RunFolder::new(&whole).create("").unwrap();
    let outcome = crate::support::train(&mut trainer(plan.clone()), &whole, StopAfter::never()).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    let expected = files(&whole.join("checkpoints").join(folder_name(STEPS)));
    let metrics = |run: &Path| -> Vec<serde_json::Value> {
        let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        text.lines()
            .map(|line| {
                let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
                // The clock and the memory are not part of what must repeat.
                value["memory"] = 0.into();
                value["seconds"] = 0.into();
                value["examples_per_second"] = 0.into();
                value
            })
            .collect()
    };

    for stop in 1..STEPS {
        let run = root.path().join(format!("stopped-{stop}"));
        RunFolder::new(&run).create("").unwrap();
        let outcome = crate::support::train(&mut trainer(plan.clone()), &run, StopAfter::step(stop)).unwrap();
        assert_eq!(outcome, Outcome::Interrupted);
        let mut resumed = trainer(plan.clone());
        assert_eq!(resumed.resume(&RunFolder::new(&run)).unwrap(), Some(stop));
        crate::support::train(&mut resumed, &run, StopAfter::never()).unwrap();
        let got = files(&run.join("checkpoints").join(folder_name(STEPS)));
        for ((name, expected), (_, got)) in expected.iter().zip(&got) {
            assert!(expected == got, "{name} differs after a stop at step {stop}");
        }
        assert_eq!(metrics(&run), metrics(&whole));
        // The clock goes on.
        let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let seconds: Vec<f64> = lines.map(|line| line["seconds"].as_f64().unwrap()).collect();
        assert!(seconds.is_sorted(), "{seconds:?}");
    }
}

/// Every loss and every kind of penalty trains, with random numbers that do not depend on where a run was interrupted.
#[test]
fn every_objective_trains_and_resumes() {
    let losses = [
        Loss::Denoising,
        Loss::Expanded,
        Loss::Explicit,
        Loss::Implicit { divergence: DivergenceEstimator::default() },
        Loss::Implicit { divergence: DivergenceEstimator::Exact },
        Loss::Sliced { variance_reduced: true, probes: 2, probe: Probe::Rademacher },
        Loss::Sliced { variance_reduced: false, probes: 1, probe: Probe::Gaussian },
        Loss::HigherOrder { first: 0.5, second: 0.1 },
        Loss::InitialValue,
    ];
    let penalty = RegularizerConfig::new(0.1);
    let differences = Differentiation::FiniteDifference { behind: 0.001, ahead: 0.0005, space: None };
    let penalties = [
        penalty,
        RegularizerConfig {
            estimator: Estimator::Projected,
            divergence: DivergenceEstimator::Exact,
            examples: Some(5),
            ..penalty
        },
        RegularizerConfig { differentiation: differences, unit: Unit::LogSnr, ..penalty },
        RegularizerConfig { points: Points::Uniform { low: 0.0, high: 1.0 }, ..penalty },
    ];
    let objective = |loss: Loss| Objective {
        loss,
        weighting: Weighting::Epsilon,
        time: TimeSampling::LogNormal { mean: 0.0, std: 1.0 },
        ..Objective::default()
    };
    let mut objectives: Vec<Objective> = losses.map(objective).to_vec();
    objectives.extend(penalties.map(|penalty| Objective { regularizer: Some(penalty), ..objective(Loss::Denoising) }));
    objectives.push(Objective { coupling: Coupling::OptimalTransport, ..objective(Loss::Denoising) });
    let plan = |objective: &Objective| {
        let mut plan = plan(4, 1e-3);
        let means = vec![vec![-1.0, -1.0], vec![1.0, 1.0]];
        let mixture = GaussianMixture::with_variances(vec![0.5, 0.5], means, vec![0.01, 0.01]).unwrap();
        plan.truth = Some(MixtureScore::new(mixture, plan.process.clone()));
        plan.objective = objective.clone();
        plan.residuals = Some(ResidualsConfig { times: 2, examples: 4, ..ResidualsConfig::new(2) });
        plan
    };
    let root = tempfile::tempdir().unwrap();
    let mut ends: Vec<Vec<(String, Vec<u8>)>> = Vec::new();
    for (index, objective) in objectives.iter().enumerate() {
        let run = |name: &str, stop: u64, recompute: Recompute| {
            let run = root.path().join(format!("{index}-{name}"));
            RunFolder::new(&run).create("").unwrap();
            let mut plan = plan(objective);
            plan.training.recompute = recompute;
            crate::support::train(&mut trainer(plan), &run, StopAfter::step(stop)).unwrap();
            run
        };
        let (whole, stopped) = (run("whole", u64::MAX, Recompute::Nothing), run("stopped", 3, Recompute::Nothing));
        let mut resumed = trainer(plan(objective));
        assert_eq!(resumed.resume(&RunFolder::new(&stopped)).unwrap(), Some(3));
        crate::support::train(&mut resumed, &stopped, StopAfter::never()).unwrap();
        let end = |run: &Path| files(&run.join("checkpoints").join(folder_name(4)));
        assert!(end(&whole) == end(&stopped), "{objective:?}");
        let again = run("again", u64::MAX, Recompute::Activations);
        assert!(end(&whole) == end(&again), "{objective:?} with activations computed again");
        assert!(!ends.contains(&end(&whole)), "{objective:?} is the same as another");
        ends.push(end(&whole));
        let metrics = fs::read_to_string(whole.join("metrics.jsonl")).unwrap();
        let last: serde_json::Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
        assert!(last["loss"].is_f64() && last["validation_loss"].is_f64(), "{last}");
        let residuals = last["residuals"].as_array().unwrap();
        assert!(residuals.len() == 2 && residuals.iter().all(|row| row["r_fp"].is_f64() && row["curl"].is_f64()));
    }
    let mut unknown = plan(&objectives[2]);
    unknown.truth = None;
    let network = trainer(plan(&objectives[0])).network();
    let refused = Trainer::<Mlp, 2>::new(unknown, network, &Device::flex()).err().unwrap().to_string();
    assert!(refused.contains("objective.loss") && refused.contains("mixture"), "{refused}");
}

#[test]
fn damaged_checkpoints_are_passed_over_and_old_ones_deleted() {
    let root = tempfile::tempdir().unwrap();
    RunFolder::new(root.path()).create("").unwrap();
    crate::support::train(&mut trainer(plan(STEPS, 1e-2)), root.path(), StopAfter::never()).unwrap();
    let checkpoints = root.path().join("checkpoints");
    let names = |folder: &Path| -> Vec<String> {
        list_checkpoints(folder).iter().map(|path| path.file_name().unwrap().to_str().unwrap().into()).collect()
    };
    assert_eq!(names(&checkpoints), [folder_name(12), folder_name(8)]);
    assert_eq!(newest_checkpoint(&checkpoints).unwrap(), Some(checkpoints.join(folder_name(12))));
    for file in ["model.bpk", "ema.bpk", "optimizer.bpk", "state.json", "config.toml", "checksums.json"] {
        let path = checkpoints.join(folder_name(12)).join(file);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        match bad.get(good.len() / 2).copied() {
            Some(byte) => bad[good.len() / 2] = byte ^ 1,
            None => bad.push(b' '),
        }
        fs::write(&path, bad).unwrap();
        assert_eq!(newest_checkpoint(&checkpoints).unwrap(), Some(checkpoints.join(folder_name(8))), "{file}");
        let message = verify_checkpoint(&checkpoints.join(folder_name(12))).unwrap_err().to_string();
        assert!(message.contains("step-00000012"), "{message}");
        fs::write(&path, good).unwrap();
    }
    fs::remove_file(checkpoints.join(folder_name(12)).join("ema.bpk")).unwrap();
    assert_eq!(newest_checkpoint(&checkpoints).unwrap(), Some(checkpoints.join(folder_name(8))));
}

#[test]
fn a_run_is_never_overwritten() {
    let root = tempfile::tempdir().unwrap();
    RunFolder::new(root.path()).create("first").unwrap();
    let message = RunFolder::new(root.path()).create("second").unwrap_err().to_string();
    assert!(message.contains("resume"), "{message}");
    assert_eq!(fs::read_to_string(root.path().join("config.toml")).unwrap(), "first");
}

#[test]
fn numbers_that_are_not_finite_stop_the_run_or_are_skipped() {
    // A learning rate this large overflows within a few steps.
    let run = |skip: u64| {
        let root = tempfile::tempdir().unwrap();
        RunFolder::new(root.path()).create("").unwrap();
        let mut plan = plan(STEPS, 1e30);
        (plan.training.skip_non_finite, plan.training.warmup) = (skip, 0);
        plan.training.validate_every = 0;
        let mut trainer = trainer(plan);
        let outcome = crate::support::train(&mut trainer, root.path(), StopAfter::never());
        (outcome, trainer.step())
    };
    let (outcome, step) = run(0);
    let message = outcome.unwrap_err().to_string();
    assert!(message.contains("training.skip_non_finite = 1"), "{message}");
    assert!(step > 0 && message.contains(&format!("step {step}")), "{message}");
    assert!(message.contains("diffusion times") && message.contains("start of the run"), "{message}");
    assert!(message.contains("training.learning_rate"), "{message}");
    assert_eq!(run(1000).0.unwrap(), Outcome::Finished);
}

/// Data with one example that is not a number.
struct Broken(std::sync::Arc<dyn Dataset>);

impl Dataset for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn classes(&self) -> Option<usize> {
        self.0.classes()
    }

    fn is_image(&self) -> bool {
        false
    }

    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        let label = self.0.example(index, out);
        if index == 20 {
            out[0] = f32::NAN;
        }
        label
    }
}

#[test]
fn a_step_that_is_not_finite_is_gone_past_and_no_number_of_the_metrics_is_lost_with_it() {
    let root = tempfile::tempdir().unwrap();
    RunFolder::new(root.path()).create("").unwrap();
    let plan = |skip: u64| {
        let moons = MoonsConfig { examples: 64, validation_examples: 32, ..MoonsConfig::default() };
        let training = TrainingConfig {
            steps: 4,
            batch_size: 16,
            ema_decay: 0.9,
            log_every: 4,
            validate_every: 4,
            skip_non_finite: skip,
            ..TrainingConfig::default()
        };
        let mut plan = crate::support::plan(&moons.into(), training);
        plan.train = Arc::new(Broken(plan.train));
        plan.validation = plan.validation.map(|held_out| Arc::new(Broken(held_out)) as Arc<dyn Dataset>);
        plan.checkpoints.every = 1;
        plan
    };
    let run = |skip: u64| {
        let mut trainer = trainer(plan(skip));
        trainer.resume(&RunFolder::new(root.path())).unwrap();
        crate::support::train(&mut trainer, root.path(), StopAfter::never())
    };
    // Every epoch of four steps meets the example once; a bit-exact resume meets it again at the same step.
    let allowance = || match run(0).unwrap_err() {
        TrainingError::NonFinite { step, allowance, .. } => (step, allowance),
        other => panic!("{other}"),
    };
    let (step, needed) = allowance();
    assert_eq!((allowance(), needed), ((step, 1), 1));
    assert_eq!(run(needed).unwrap(), Outcome::Finished);
    let text = fs::read_to_string(root.path().join("metrics.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert!(!text.contains("null"), "{text}");
    assert!(last["loss"].as_f64().unwrap() > 0.0 && last["gradient_norm"].as_f64().unwrap() > 0.0, "{last}");
    assert!(last["validation_loss"].as_f64().unwrap() > 0.0, "{last}");
    assert_eq!((&last["not_finite"], &last["validation_not_finite"]), (&1.into(), &16.into()), "{last}");
}

#[test]
fn a_checkpoint_of_a_later_version_is_not_passed_over_and_one_under_another_name_is() {
    use sha2::Digest;
    let root = tempfile::tempdir().unwrap();
    RunFolder::new(root.path()).create("").unwrap();
    crate::support::train(&mut trainer(plan(STEPS, 1e-2)), root.path(), StopAfter::never()).unwrap();
    let checkpoints = root.path().join("checkpoints");
    let (last, copy) = (checkpoints.join(folder_name(12)), checkpoints.join(folder_name(99)));
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(&last).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
    }
    assert!(read_state(&copy).unwrap_err().to_string().contains("of step 12"));
    assert_eq!(newest_checkpoint(&checkpoints).unwrap(), Some(last.clone()));

    // As a later version would write it: other fields, and the right checksums.
    let state = fs::read_to_string(last.join("state.json")).unwrap();
    let state = state.replace("\"format\": 1", "\"format\": 2, \"more\": true");
    let sum = |text: &str| sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let sums = fs::read_to_string(last.join("checksums.json")).unwrap();
    let old = fs::read_to_string(last.join("state.json")).unwrap();
    fs::write(last.join("checksums.json"), sums.replace(&sum(&old), &sum(&state))).unwrap();
    fs::write(last.join("state.json"), state).unwrap();
    for error in [newest_checkpoint(&checkpoints).unwrap_err(), read_state(&last).unwrap_err()] {
        assert!(error.to_string().contains("has the format 2"), "{error}");
    }
}

/// The expected loss of the exact score is 0.456 on this mixture, that of a network which answers zero 1.009 (Monte
/// Carlo with the closed form, 40 000 draws). 1024 held-out examples leave a standard error of about 0.03.
#[test]
fn the_loss_approaches_that_of_the_exact_score() {
    let root = tempfile::tempdir().unwrap();
    RunFolder::new(root.path()).create("").unwrap();
    let mut plan = plan(1500, 1e-2);
    (plan.training.validation_examples, plan.training.validate_every) = (1024, 0);
    let mut trainer = trainer(plan);
    let before = trainer.validation_loss().unwrap().unwrap().loss.unwrap();
    crate::support::train(&mut trainer, root.path(), StopAfter::never()).unwrap();
    let after = trainer.validation_loss().unwrap().unwrap().loss.unwrap();
    assert!(before > 0.8 && (0.37..0.6).contains(&after), "{before} {after}");
}
