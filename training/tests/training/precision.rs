//! Training in reduced precision, and with activations that are computed again.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use fokker_model::unet::TimeShift;
use fokker_model::{Mlp, MlpConfig, Precision, UNet, UNetConfig};
use fokker_training::*;

const STEPS: u64 = 3;

fn plan(change: impl FnOnce(&mut TrainingConfig)) -> TrainingPlan {
    let training = TrainingConfig {
        steps: STEPS,
        batch_size: 2,
        gradient_clip: Some(1.0),
        ema_decay: 0.9,
        log_every: 1,
        validation_examples: 4,
        ..TrainingConfig::default()
    };
    let mut plan = crate::support::plan(&crate::support::digits(), training);
    change(&mut plan.training);
    plan.checkpoints.every = 2;
    plan
}

/// A small U-Net with everything that has a precision: attention, both ways of the time vector, a change of channels.
fn network(shift: TimeShift) -> UNet {
    let config = UNetConfig {
        layers_per_block: 1,
        norm_num_groups: 2,
        attention_head_dim: Some(4),
        resnet_time_scale_shift: shift,
        dropout: 0.1,
        ..UNetConfig::with_levels(1, &[(4, false), (8, true)])
    };
    UNet::new(&config, 3, &Device::flex()).unwrap()
}

fn trainer(shift: TimeShift, change: impl FnOnce(&mut TrainingConfig)) -> Trainer<UNet, 4> {
    Trainer::new(plan(change), network(shift), &Device::flex()).unwrap()
}

/// Remembers the losses, and asks to stop after some steps.
struct Watch(u64, Vec<f64>);

impl Callback<UNet, 4> for Watch {
    fn step(&mut self, at: &mut Moment<'_, UNet, 4>) -> Result<(), TrainingError> {
        self.1.push(at.loss);
        Ok(())
    }

    fn stop_requested(&self) -> bool {
        self.1.len() as u64 >= self.0
    }
}

/// The losses of a run, and its last weights.
fn run(folder: &Path, shift: TimeShift, change: impl Fn(&mut TrainingConfig)) -> (Vec<f64>, Vec<u8>) {
    RunFolder::new(folder).create("").unwrap();
    let mut watch = Watch(u64::MAX, Vec::new());
    crate::support::train(&mut trainer(shift, change), folder, &mut watch).unwrap();
    (watch.1, fs::read(folder.join("checkpoints").join(folder_name(STEPS)).join("model.bpk")).unwrap())
}

#[test]
fn a_loss_differs_by_the_rounding_of_its_precision() {
    let root = tempfile::tempdir().unwrap();
    for shift in [TimeShift::Default, TimeShift::ScaleShift] {
        let losses = |precision: Precision| {
            let folder = root.path().join(format!("{shift:?}-{}", precision.name()));
            run(&folder, shift, |training| training.precision = precision).0
        };
        let single = losses(Precision::F32);
        // A rounding error is up to 2⁻⁸ and 2⁻¹¹, and some tens of them meet in a number.
        for (precision, least, most) in [(Precision::Bf16, 1e-6, 1e-2), (Precision::F16, 1e-7, 2e-3)] {
            let reduced = losses(precision);
            let differences: Vec<f64> = reduced.iter().zip(&single).map(|(a, b)| (a / b - 1.0).abs()).collect();
            assert!(differences[0] > least, "{shift:?}, {precision:?} is not another precision: {differences:?}");
            assert!(
                differences.iter().all(|difference| *difference < most),
                "{shift:?}, {precision:?}: {differences:?}"
            );
        }
    }
}

#[test]
fn weights_stay_in_single_precision_and_runs_resume() {
    let root = tempfile::tempdir().unwrap();
    let change = |training: &mut TrainingConfig| {
        (training.precision, training.recompute) = (Precision::Bf16, Recompute::Activations);
    };
    let whole = run(&root.path().join("whole"), TimeShift::Default, change).1;
    let folder = root.path().join("stopped");
    RunFolder::new(&folder).create("").unwrap();
    crate::support::train(&mut trainer(TimeShift::Default, change), &folder, Watch(2, Vec::new())).unwrap();
    let mut resumed = trainer(TimeShift::Default, change);
    assert_eq!(resumed.resume(&RunFolder::new(&folder)).unwrap(), Some(2));
    crate::support::train(&mut resumed, &folder, Watch(u64::MAX, Vec::new())).unwrap();
    let end = fs::read(folder.join("checkpoints").join(folder_name(STEPS)).join("model.bpk")).unwrap();
    assert!(end == whole, "a resumed run ends with other bits");

    struct Single;
    impl burn::module::ModuleVisitor for Single {
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<burn::tensor::Tensor<D>>) {
            assert_eq!(param.val().dtype(), burn::tensor::DType::F32);
        }
    }
    burn::module::Module::visit(&resumed.network(), &mut Single);
}

#[test]
fn activations_computed_again_give_the_same_bits() {
    let root = tempfile::tempdir().unwrap();
    let kept = run(&root.path().join("kept"), TimeShift::Default, |_| ());
    let again =
        run(&root.path().join("again"), TimeShift::Default, |training| training.recompute = Recompute::Activations);
    assert_eq!(kept.0, again.0);
    assert!(kept.1 == again.1, "weights differ");
}

/// The same numbers but for the order of a few sums; a network without blocks is refused.
#[test]
fn blocks_computed_again_train_alike() {
    let root = tempfile::tempdir().unwrap();
    let kept = run(&root.path().join("kept"), TimeShift::ScaleShift, |_| ()).0;
    let again =
        run(&root.path().join("again"), TimeShift::ScaleShift, |training| training.recompute = Recompute::Blocks).0;
    for (kept, again) in kept.iter().zip(&again) {
        assert!((again / kept - 1.0).abs() < 1e-4, "{again} instead of {kept}");
    }
    let network = Mlp::new(&MlpConfig::new(2), 3, &Device::flex());
    let plan = plan(|training| training.recompute = Recompute::Blocks);
    let refused = Trainer::<Mlp, 2>::new(plan, network.unwrap(), &Device::flex());
    assert!(refused.err().unwrap().to_string().contains("training.recompute"));
}
