//! Ranks that share a training end with the bits of one that trains alone.

use std::fs;
use std::path::Path;
use std::time::Duration;

use burn::tensor::Device;
use fokker_model::{Mlp, MlpConfig};
use fokker_ranks::{Ranks, threads};
use fokker_training::score_fpe::RegularizerConfig;
use fokker_training::*;

use crate::support::StopAfter;

const PARTS: u64 = 4;
const STEPS: u64 = 6;

fn plan(learning_rate: f64) -> TrainingPlan {
    let training = TrainingConfig {
        steps: STEPS,
        batch_size: 8,
        accumulation: PARTS,
        learning_rate,
        gradient_clip: Some(0.5),
        ema_decay: 0.99,
        log_every: 1,
        validate_every: 3,
        validation_examples: 16,
        skip_non_finite: 1,
        ..TrainingConfig::default()
    };
    crate::support::plan(&crate::support::mixture(), training)
}

/// A loss whose gradient comes in several terms.
fn plan_of_terms() -> TrainingPlan {
    let plan = plan(1e-3);
    let penalty = RegularizerConfig { at_once: Some(3), ..RegularizerConfig::new(0.1) };
    let objective = Objective { regularizer: Some(penalty), ..plan.objective.clone() };
    TrainingPlan { objective, ..plan }
}

fn trainer(plan: TrainingPlan, seed: u64) -> Trainer<Mlp, 2> {
    let config = MlpConfig { width: 16, blocks: 2, dropout: 0.1, ..MlpConfig::new(2) };
    let network = Mlp::new(&config, seed, &Device::flex()).unwrap();
    Trainer::new(plan, network, &Device::flex()).unwrap()
}

/// A rank that waits keeps a thread of the pool that operations are divided among, so each has a pool.
fn in_own_pool(work: impl FnOnce() + Send) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(work);
}

/// Trains or resumes a run by so many ranks until a step. Rank 0 alone has the folder, and the weights that the run begins with.
fn train(plan: &TrainingPlan, run: &Path, size: usize, last: u64) {
    let work = |ranks: Ranks| {
        let first = ranks.is_first();
        let mut trainer = trainer(plan.clone(), if first { 5 } else { 6 });
        if first {
            std::fs::create_dir_all(run).unwrap();
            trainer.resume(&RunFolder::new(run)).unwrap();
        }
        let mut trainer = trainer.share_with(ranks).unwrap();
        let callbacks = if first { Callbacks::in_folder(&RunFolder::new(run), "") } else { Callbacks::new() };
        // One rank alone is asked to stop: the last.
        let stop = if trainer.ranks().rank() + 1 == size { last } else { u64::MAX };
        trainer.train(&mut callbacks.with(StopAfter::step(stop))).unwrap();
        assert_eq!(trainer.step(), last.min(STEPS));
    };
    std::thread::scope(|scope| {
        for ranks in threads(size, Duration::from_secs(60)) {
            scope.spawn(|| in_own_pool(|| work(ranks)));
        }
    });
}

/// The weights, their average, the moments, and what the metrics say of the steps.
fn ending(run: &Path) -> (Vec<Vec<u8>>, Vec<String>) {
    let checkpoint = run.join("checkpoints").join(folder_name(STEPS));
    let files =
        ["model.bpk", "ema.bpk", "optimizer.bpk", "state.json"].map(|name| fs::read(checkpoint.join(name)).unwrap());
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let of_steps = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        ["step", "loss", "gradient_norm", "skipped", "validation_loss", "not_finite"]
            .map(|key| line[key].to_string())
            .join(" ")
    };
    (files.into(), lines.lines().map(of_steps).collect())
}

#[test]
fn any_number_of_ranks_gives_the_same_bits() {
    let root = tempfile::tempdir().unwrap();
    let muon = TrainingPlan { optimizer: OptimizerConfig::muon(), ..plan(1e-2) };
    for (name, plan) in [("one term", plan(1e-2)), ("terms", plan_of_terms()), ("muon", muon)] {
        let run = |size: usize| root.path().join(format!("{name}-{size}"));
        train(&plan, &run(1), 1, STEPS);
        let expected = ending(&run(1));
        assert_eq!(expected.1.len(), STEPS as usize);
        for size in [2, 4] {
            train(&plan, &run(size), size, STEPS);
            assert!(
                ending(&run(size)) == expected,
                "{name}: {size} ranks: {:?} {:?}",
                ending(&run(size)).1,
                expected.1
            );
        }
        // Another number of ranks in each session, and a stop that one of them asks for.
        let changing = root.path().join(format!("{name}-changing"));
        for (size, last) in [(4, 2), (1, 3), (2, 5), (4, STEPS)] {
            train(&plan, &changing, size, last);
        }
        assert!(ending(&changing) == expected, "{name}: {:?} {:?}", ending(&changing).1, expected.1);
    }
}

/// Gradients that are rounded to be passed on give other bits, and the same ones for any number of ranks.
#[test]
fn rounded_gradients_give_the_same_bits_for_any_number_of_ranks() {
    let root = tempfile::tempdir().unwrap();
    let plan = plan(1e-2);
    let training = TrainingConfig { gradients: GradientFormat::Bf16, ..plan.training.clone() };
    let rounded = TrainingPlan { training, ..plan.clone() };
    let run = |name: &str| root.path().join(name);
    train(&plan, &run("exact"), 1, STEPS);
    train(&rounded, &run("1"), 1, STEPS);
    for size in [2, 4] {
        train(&rounded, &run(&size.to_string()), size, STEPS);
        assert!(ending(&run(&size.to_string())) == ending(&run("1")), "{size} ranks");
    }
    let last = |name: &str| {
        let lines = ending(&run(name)).1;
        lines.last().unwrap().split(' ').nth(1).unwrap().parse::<f64>().unwrap()
    };
    assert_ne!(ending(&run("1")).0, ending(&run("exact")).0);
    // Six steps of 0.01 with gradients that are off by 2⁻⁹ of themselves.
    assert!((last("1") / last("exact") - 1.0).abs() < 0.01, "{} {}", last("1"), last("exact"));
}

#[test]
fn a_number_of_ranks_that_does_not_divide_the_parts_is_refused() {
    let ranks = threads(3, Duration::from_secs(1)).remove(0);
    let message = trainer(plan(1e-2), 5).share_with(ranks).err().unwrap().to_string();
    assert!(message.contains("training.accumulation") && message.contains("(1, 2, 4)"), "{message}");
}

/// A loss that is not finite on one rank is not finite for all: the step is skipped by all, or ends the training of all.
#[test]
fn ranks_skip_a_step_together() {
    let root = tempfile::tempdir().unwrap();
    // Updates of this size make the weights infinite.
    let plan = TrainingPlan { training: TrainingConfig { skip_non_finite: 100, ..plan(1e38).training }, ..plan(1e38) };
    for size in [1, 2] {
        train(&plan, &root.path().join(size.to_string()), size, STEPS);
    }
    let (alone, shared) = (ending(&root.path().join("1")), ending(&root.path().join("2")));
    assert!(alone.1.last().unwrap().contains("null"), "{:?}", alone.1);
    assert_eq!(alone.1, shared.1);
}

/// Rank 1 fails in the middle: rank 0 says which one and why, and its checkpoint is whole.
#[test]
fn a_rank_that_fails_ends_the_training_of_all() {
    struct Fails;
    impl Callback<Mlp, 2> for Fails {
        fn step(&mut self, at: &mut Moment<'_, Mlp, 2>) -> Result<(), TrainingError> {
            if at.step() == 5 { Err(TrainingError::config("data", "the picture 17.png is gone")) } else { Ok(()) }
        }
    }
    let root = tempfile::tempdir().unwrap();
    let mut ranks = threads(2, Duration::from_secs(60)).into_iter();
    let (first, second) = (ranks.next().unwrap(), ranks.next().unwrap());
    let run = RunFolder::new(root.path());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            in_own_pool(|| {
                let mut trainer = trainer(plan(1e-2), 5).share_with(second.clone()).unwrap();
                let error = trainer.train(&mut Callbacks::new().with(Fails)).unwrap_err();
                second.leave(Some(&error.to_string())).unwrap();
            });
        });
        let mut trainer = trainer(plan(1e-2), 5).share_with(first).unwrap();
        let message = trainer.train(&mut Callbacks::in_folder(&run, "")).unwrap_err().to_string();
        assert_eq!(message, "rank 1: data: the picture 17.png is gone");
    });
    let newest = newest_checkpoint(&run.checkpoints()).unwrap().unwrap();
    assert_eq!(step_of(&newest), Some(4));
}
