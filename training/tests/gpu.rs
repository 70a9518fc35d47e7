//! Training on an asynchronous device. `FOKKER_REQUIRE_WGPU=1` makes the absence of wgpu a failure, and
//! takes software for a GPU.

mod support;

use std::fs;

use burn::tensor::{Device, DeviceKind, DeviceType};
use fokker_model::{Mlp, MlpConfig};
use fokker_training::*;

const STEPS: u64 = 10;

fn gpu() -> Option<Device> {
    let required = std::env::var_os("FOKKER_REQUIRE_WGPU").is_some();
    let imitation = Device::wgpu(DeviceKind::Cpu);
    let gpu = Device::enumerate(DeviceType::Wgpu).into_vec().into_iter().find(|gpu| required || *gpu != imitation);
    assert!(gpu.is_some() || !required, "wgpu has no device");
    gpu
}

fn plan(change: impl FnOnce(&mut TrainingConfig)) -> TrainingPlan {
    let training = TrainingConfig {
        steps: STEPS,
        batch_size: 16,
        learning_rate: 1e-2,
        gradient_clip: Some(1.0),
        ema_decay: 0.99,
        log_every: 5,
        validation_examples: 32,
        ..TrainingConfig::default()
    };
    let mut plan = support::plan(&support::mixture(), training);
    change(&mut plan.training);
    plan.checkpoints.every = STEPS;
    plan
}

fn network(device: &Device) -> Mlp {
    Mlp::new(&MlpConfig { width: 16, blocks: 1, ..MlpConfig::new(2) }, 5, device).unwrap()
}

fn trainer(device: &Device, change: impl FnOnce(&mut TrainingConfig)) -> Trainer<Mlp, 2> {
    Trainer::new(plan(change), network(device), device).unwrap()
}

/// Remembers what it was called with, and asks to stop after some steps.
struct Watch {
    stop: u64,
    losses: Vec<f64>,
    lines: Vec<Metrics>,
}

impl Watch {
    fn until(stop: u64) -> Self {
        Self { stop, losses: Vec::new(), lines: Vec::new() }
    }
}

impl Callback<Mlp, 2> for Watch {
    fn line(&mut self, _: &mut Moment<'_, Mlp, 2>, line: &Metrics) -> Result<(), TrainingError> {
        self.lines.push(line.clone());
        Ok(())
    }

    fn step(&mut self, at: &mut Moment<'_, Mlp, 2>) -> Result<(), TrainingError> {
        self.losses.push(at.loss);
        Ok(())
    }

    fn stop_requested(&self) -> bool {
        self.losses.len() as u64 >= self.stop
    }
}

#[test]
fn losses_are_read_when_a_line_is_due_and_are_those_of_the_processor() {
    let Some(gpu) = gpu() else { return };
    [OptimizerConfig::default(), OptimizerConfig::muon()].iter().for_each(|optimizer| check_losses(&gpu, optimizer));
}

fn check_losses(gpu: &Device, optimizer: &OptimizerConfig) {
    let root = tempfile::tempdir().unwrap();
    let run = |name: &str, device: &Device| {
        let folder = root.path().join(name);
        RunFolder::new(&folder).create("").unwrap();
        let mut watch = Watch::until(u64::MAX);
        let plan = TrainingPlan { optimizer: optimizer.clone(), ..plan(|_| ()) };
        support::train(&mut Trainer::new(plan, network(device), device).unwrap(), &folder, &mut watch).unwrap();
        watch
    };
    let (ahead, processor) = (run("gpu", gpu), run("flex", &Device::flex()));
    assert!(processor.losses.iter().all(|loss| loss.is_finite()));
    let read: Vec<usize> =
        (1..STEPS as usize).filter(|&step| ahead.losses[step].to_bits() != ahead.losses[step - 1].to_bits()).collect();
    assert_eq!(read, [4, 9], "{:?}", ahead.losses);
    for (ahead, processor) in ahead.lines.iter().zip(&processor.lines) {
        assert_eq!(ahead.step, processor.step);
        let differ = |a: f64, b: f64| (a / b - 1.0).abs();
        let [loss, expected] = [ahead, processor].map(|line| line.loss.unwrap());
        assert!(differ(loss, expected) < 1e-3, "{loss} {expected}");
        assert!(differ(ahead.gradient_norm.unwrap(), processor.gradient_norm.unwrap()) < 1e-2);
    }
}

#[test]
fn an_interrupted_run_ends_like_one_that_is_not() {
    let Some(gpu) = gpu() else { return };
    let root = tempfile::tempdir().unwrap();
    let end = |name: &str, stop: u64| {
        let folder = root.path().join(name);
        RunFolder::new(&folder).create("").unwrap();
        support::train(&mut trainer(&gpu, |_| ()), &folder, Watch::until(stop)).unwrap();
        if stop < STEPS {
            let mut resumed = trainer(&gpu, |_| ());
            assert_eq!(resumed.resume(&RunFolder::new(&folder)).unwrap(), Some(stop));
            support::train(&mut resumed, &folder, Watch::until(u64::MAX)).unwrap();
        }
        fs::read(folder.join("checkpoints").join(folder_name(STEPS)).join("model.bpk")).unwrap()
    };
    // The first run settles which kernels are the fastest here; with those, bits repeat.
    end("tuning", 5);
    assert!(end("whole", u64::MAX) == end("stopped", 3), "weights differ");
}

#[test]
fn steps_that_are_not_finite_change_nothing_and_are_counted_or_stop_the_run() {
    let Some(gpu) = gpu() else { return };
    let run = |skip: u64| {
        let root = tempfile::tempdir().unwrap();
        RunFolder::new(root.path()).create("").unwrap();
        // A learning rate this large overflows within a few steps.
        let mut trainer = trainer(&gpu, |training| {
            (training.skip_non_finite, training.learning_rate) = (skip, 1e30);
        });
        let mut watch = Watch::until(u64::MAX);
        let outcome = support::train(&mut trainer, root.path(), &mut watch);
        struct Finite(bool);
        impl burn::module::ModuleVisitor for Finite {
            fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<burn::tensor::Tensor<D>>) {
                self.0 &= !param.val().is_nan().any().into_scalar::<bool>();
            }
        }
        let mut finite = Finite(true);
        burn::module::Module::visit(&trainer.network(), &mut finite);
        assert!(finite.0, "a weight is not a number");
        (outcome, watch.lines)
    };
    let (outcome, _) = run(0);
    let message = outcome.unwrap_err().to_string();
    assert!(message.contains("not finite") && message.contains("diffusion times"), "{message}");
    let (outcome, lines) = run(1000);
    assert_eq!(outcome.unwrap(), Outcome::Finished);
    let skipped = lines.last().unwrap().skipped;
    assert!(skipped > 0 && skipped < STEPS, "{skipped}");
}
