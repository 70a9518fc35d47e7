//! Power-function averages: the same bits after an interruption, and lengths that were not tracked.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use fokker_model::{Mlp, MlpConfig};
use fokker_training::*;

use crate::support::StopAfter;

const STEPS: u64 = 200;

fn trainer(stds: &[f64]) -> Trainer<Mlp, 2> {
    let training = TrainingConfig {
        steps: STEPS,
        batch_size: 16,
        learning_rate: 3e-2,
        warmup: 3,
        ema_decay: 0.99,
        ..TrainingConfig::default()
    };
    let averages = Some(PowerAverageConfig { stds: stds.to_vec(), every: 20 });
    let plan = TrainingPlan { averages, ..crate::support::plan(&crate::support::mixture(), training) };
    let network = Mlp::new(&MlpConfig { width: 16, ..MlpConfig::new(2) }, 5, &Device::flex()).unwrap();
    Trainer::new(plan, network, &Device::flex()).unwrap()
}

fn files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(run.join("averages")).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn an_interruption_changes_no_average() {
    let root = tempfile::tempdir().unwrap();
    let (whole, stopped) = (root.path().join("whole"), root.path().join("stopped"));
    for run in [&whole, &stopped] {
        RunFolder::new(run).create("").unwrap();
    }
    crate::support::train(&mut trainer(&[0.05, 0.1]), &whole, StopAfter::never()).unwrap();
    let expected = files(&whole);
    let steps = |run: &Path| -> Vec<u64> {
        let mut steps: Vec<u64> = list_snapshots(&run.join("averages")).iter().map(|snapshot| snapshot.step).collect();
        steps.dedup();
        steps
    };
    // Those that are due, and those of the checkpoints that there were before the last one.
    assert_eq!(steps(&whole), [20, 40, 60, 80, 100, 120, 140, 160, 180, 192, 196, 200]);

    // Between two snapshots: one more is kept there, and is what the run goes on from.
    crate::support::train(&mut trainer(&[0.05, 0.1]), &stopped, StopAfter::step(130)).unwrap();
    let mut resumed = trainer(&[0.05, 0.1]);
    resumed.resume(&RunFolder::new(&stopped)).unwrap();
    crate::support::train(&mut resumed, &stopped, StopAfter::never()).unwrap();
    let got = files(&stopped);
    assert_eq!(got.len(), expected.len());
    for (name, bytes) in &expected {
        assert!(got[name] == *bytes, "{name} differs");
    }

    // Back at an earlier step, the snapshots of later ones are kept elsewhere.
    let mut earlier = trainer(&[0.05, 0.1]);
    earlier.resume_from(&stopped.join("checkpoints").join(folder_name(196))).unwrap();
    crate::support::train(&mut earlier, &stopped, StopAfter::step(198)).unwrap();
    assert_eq!(steps(&stopped)[9..], [196, 198]);
    let aside = stopped.join("set-aside").join("after-step-00000196");
    assert_eq!(list_snapshots(&aside).len(), 2);
}

/// The numbers of a network.
fn numbers(network: &Mlp) -> Vec<f64> {
    struct Collect(Vec<f64>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().into_data().convert::<f64>().as_slice::<f64>().unwrap());
        }
    }
    let mut collect = Collect(Vec::new());
    network.visit(&mut collect);
    collect.0
}

#[test]
fn a_length_that_was_not_tracked_is_a_combination_of_two_that_were() {
    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("run");
    RunFolder::new(&run).create("").unwrap();
    let mut trainer = trainer(&[0.05, 0.1, 0.07, 0.15]);
    crate::support::train(&mut trainer, &run, StopAfter::never()).unwrap();
    let all = list_snapshots(&run.join("averages"));
    let values = |snapshot: &Snapshot| numbers(&load_snapshot(snapshot, trainer.network()).unwrap());
    let profile = |std: f64| PowerProfile::of_std(std).unwrap();
    let tracked: Vec<&Snapshot> = all.iter().filter(|snapshot| [0.05, 0.1].contains(&snapshot.std)).collect();
    let profiles: Vec<_> = tracked.iter().map(|snapshot| (profile(snapshot.std), snapshot.step)).collect();
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    // Between the tracked ones, and beyond them.
    for (std, tolerance) in [(0.07, 1e-3), (0.15, 5e-3)] {
        let expected = values(all.iter().rfind(|snapshot| snapshot.std == std).unwrap());
        let found = Reconstruction::new(&profiles, profile(std), STEPS);
        let mut combined = vec![0.0; expected.len()];
        for (snapshot, x) in tracked.iter().zip(&found.coefficients) {
            combined.iter_mut().zip(values(snapshot)).for_each(|(sum, value)| *sum += x * value);
        }
        let off: Vec<f64> = combined.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let error = norm(&off) / norm(&expected);
        assert!(error < tolerance, "σ_rel {std}: off by {error:e}");
        // Not because all averages are alike.
        let other = values(all.iter().rfind(|snapshot| snapshot.std == 0.05).unwrap());
        let apart: Vec<f64> = other.iter().zip(&expected).map(|(a, b)| a - b).collect();
        assert!(norm(&apart) > 5.0 * norm(&off), "{:e} against {:e}", norm(&apart), norm(&off));
    }
}
