//! The same numbers on every backend: a training step, a sampling run, a closed form.
//!
//! wgpu is tested where there is a GPU. `FOKKER_REQUIRE_WGPU=1` makes its absence a failure and takes software for one:
//! on a machine without a GPU that is SwiftShader from Debian's chromium-common, with
//! `VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json` (Mesa's llvmpipe takes minutes to compile a kernel).

use std::ops::ControlFlow;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use fokker::BackendName;
use fokker::datasets::Dataset;
use fokker::model::{MixtureScore, NetworkScore, Parameterization, Precision, Score, UNet, UNetConfig};
use fokker::process::{GaussianMixture, Process, Vp};
use fokker::sampling::{Method, SamplerConfig};
use fokker::training::*;

fn devices() -> Vec<(&'static str, Device)> {
    let mut devices = vec![("flex", Device::flex())];
    // Deprecated in Burn, but an independent second opinion.
    #[cfg(feature = "ndarray")]
    #[allow(deprecated)]
    devices.push(("ndarray", Device::ndarray()));
    let required = std::env::var_os("FOKKER_REQUIRE_WGPU").is_some();
    match BackendName::Wgpu.devices().into_iter().find(|offered| offered.is_gpu || required) {
        Some(offered) => devices.push(("wgpu", offered.device)),
        None if required => panic!("wgpu has no device"),
        None => eprintln!("wgpu has no GPU here: it is not tested"),
    }
    devices
}

fn vp() -> Arc<dyn Process> {
    Arc::new(Vp::default())
}

/// Two levels of one width on small pictures: on a GPU, each new shape of an operation costs seconds of tuning.
fn unet(device: &Device) -> UNet {
    let levels = [(8, false), (8, true)];
    let config = UNetConfig { layers_per_block: 1, norm_num_groups: 4, ..UNetConfig::with_levels(1, &levels) };
    UNet::new(&config, 3, device).unwrap()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data_as::<f64>().as_slice::<f64>().unwrap().to_vec()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |largest, (a, b)| largest.max((a - b).abs()))
}

/// The first backend's numbers against those of all the others.
fn hold_together(what: &str, tolerance: f64, numbers: impl Fn(&Device) -> Vec<f64>) {
    let mut results = devices().into_iter().map(|(name, device)| (name, numbers(&device)));
    let (reference, expected) = results.next().unwrap();
    let others: Vec<_> = results.collect();
    assert!(!others.is_empty(), "there is one backend only: test with --features ndarray, or where there is a GPU");
    for (name, got) in others {
        let difference = largest_difference(&expected, &got);
        assert!(difference <= tolerance, "{what}: {name} and {reference} differ by {difference:e}");
    }
}

const SHAPE: [usize; 3] = [1, 8, 8];

/// Pictures of a bump somewhere.
struct Bumps;

impl Dataset for Bumps {
    fn name(&self) -> &str {
        "bumps"
    }

    fn len(&self) -> usize {
        64
    }

    fn shape(&self) -> &[usize] {
        &SHAPE
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn is_image(&self) -> bool {
        true
    }

    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        let (row, column) = (index / 8, index % 8);
        for (pixel, value) in out.iter_mut().enumerate() {
            let distance = (pixel / 8).abs_diff(row).pow(2) + (pixel % 8).abs_diff(column).pow(2);
            *value = (255.0 * (-0.2 * distance as f32).exp()).round();
        }
        None
    }
}

fn plan(steps: u64) -> TrainingPlan {
    let training =
        TrainingConfig { steps, batch_size: 4, ema_decay: 0.5, validation_examples: 8, ..TrainingConfig::default() };
    TrainingPlan {
        seed: 1,
        training,
        checkpoints: CheckpointConfig { every: 2, keep: 1, ..CheckpointConfig::default() },
        validation: Some(Arc::new(Bumps)),
        ..TrainingPlan::new(vp(), Arc::new(Bumps))
    }
}

/// Two steps of Adam. Where a gradient is near zero, Adam's first steps depend on its sign, so single weights may
/// differ by up to two steps of the learning rate; the loss is smooth in them.
#[test]
fn a_training_step_is_the_same() {
    hold_together("validation loss after two steps", 1e-4, |device| {
        let mut trainer = Trainer::<UNet, 4>::new(plan(2), unet(device), device).unwrap();
        let before = trainer.validation_loss().unwrap().unwrap().loss.unwrap();
        trainer.train(&mut Callbacks::new()).unwrap();
        vec![before, trainer.validation_loss().unwrap().unwrap().loss.unwrap()]
    });
}

/// Half precision trains where the device computes in it, and is refused by name where it does not.
#[test]
fn a_precision_that_a_device_lacks_is_refused() {
    for (name, device) in devices() {
        for precision in [Precision::F32, Precision::Bf16, Precision::F16] {
            let mut plan = plan(1);
            plan.training.precision = precision;
            let trainer = Trainer::<UNet, 4>::new(plan, unet(&device), &device);
            let supported = precision.dtype().is_none_or(|dtype| device.supports_dtype(dtype));
            eprintln!("{name}: {} {supported}", precision.name());
            match trainer {
                Ok(_) => assert!(supported, "{name} does not compute in {}", precision.name()),
                Err(error) => {
                    let message = error.to_string();
                    assert!(
                        !supported && message.contains("training.precision") && message.contains("\"f32\""),
                        "{message}"
                    );
                }
            }
        }
    }
}

/// 20 steps of the deterministic sampler: the same picture to 2 of 255 levels, which is 4/255 in [−1, 1].
#[test]
fn a_drawn_image_is_the_same() {
    hold_together("pixels", 4.0 / 255.0, |device| {
        let score = NetworkScore::new(unet(device), vp(), Parameterization::default());
        let sampler = SamplerConfig::new(Method::PROBABILITY_FLOW);
        let mut observe = |_: usize, _: &Tensor<4>| ControlFlow::Continue(());
        values(sampler.sample::<4>(&score, [4, 1, 8, 8], 9, 0, device, &mut observe).unwrap())
    });
}

#[test]
fn a_closed_form_is_the_same() {
    let mixture =
        GaussianMixture::with_variances(vec![0.4, 0.6], vec![vec![-1.0, 0.0], vec![1.0, 0.5]], vec![0.1, 0.2]).unwrap();
    hold_together("samples of a mixture", 1e-3, |device| {
        let score = MixtureScore::new(mixture.clone(), vp());
        let sampler = SamplerConfig::new(Method::PROBABILITY_FLOW);
        let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
        values(sampler.sample::<2>(&score, [64, 2], 9, 0, device, &mut observe).unwrap())
    });
}

#[test]
fn initial_weights_are_the_same_bits() {
    hold_together("weights", 0.0, |device| {
        struct Collect(Vec<f64>);
        impl burn::module::ModuleVisitor for Collect {
            fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
                self.0.extend(values(param.val()));
            }
        }
        let mut collect = Collect(Vec::new());
        burn::module::Module::visit(&unet(device), &mut collect);
        collect.0
    });
}

#[test]
fn the_score_of_a_network_is_its_noise_over_sigma() {
    let device = Device::flex();
    let score = NetworkScore::new(unet(&device), vp(), Parameterization::default());
    let x = Tensor::<4>::ones([2, 1, 8, 8], &device);
    let times = [0.2, 0.7];
    let (of_noise, direct) = (score.noise(x.clone(), &times), values(score.score(x.clone(), &times)));
    let of_noise = values(of_noise);
    for (k, (noise, score)) in of_noise.iter().zip(&direct).enumerate() {
        let std = vp().std(times[k / 64]);
        assert!((score + noise / std).abs() <= 1e-5 * (1.0 + score.abs()));
    }
    // Tweedie: x = α x̂₀ + σ ε̂.
    let denoised = values(score.denoised(x, &times));
    for (k, (noise, denoised)) in of_noise.iter().zip(&denoised).enumerate() {
        let t = times[k / 64];
        let x = vp().mean_scale(t) * denoised + vp().std(t) * noise;
        assert!((x - 1.0).abs() < 1e-5, "{x}");
    }
}
