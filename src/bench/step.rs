//! Time and memory of a training step and of a forward pass of a small U-Net.
//!
//! The network is diffusers' `UNet2DModel` with the widths (W, 2W, 2W), one layer a block, eight groups and no attention;
//! a step is a forward pass on noisy images, the mean squared error against the noise, its gradient, and Adam's update.
//! `reference/unet_bench.py` does the same in PyTorch.

use std::time::Instant;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use fokker_model::{Context, Network, Plain, UNet, UNetConfig};
use fokker_random::{Stream, normals};
use fokker_training::{ModuleAdam, OptimizerConfig, OptimizerKind};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Images in a batch.
    pub batch: usize,
    /// Sides of an image, a multiple of 4.
    pub size: usize,
    /// Channels of the first level, a multiple of 8.
    pub width: usize,
    /// Repetitions; the median of the last half counts.
    pub repetitions: usize,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Milliseconds of a training step.
    pub train_ms: f64,
    /// Milliseconds of a forward pass without gradients.
    pub forward_ms: f64,
    /// Largest resident memory of the process so far, in MiB; zero where the system does not say.
    pub peak_mib: f64,
}

/// Measures a case in this process.
///
/// # Errors
/// Sizes that do not fit.
pub fn measure(case: Case, device: &Device) -> Result<Cost, Error> {
    fokker_kernels::keep_freed_memory();
    let Case { batch, size, width, .. } = case;
    if batch == 0 || size == 0 || !size.is_multiple_of(4) || width == 0 || !width.is_multiple_of(8) {
        let message = "a batch has at least one image, sizes are multiples of 4 and widths multiples of 8";
        return Err(Error::Usage(message.into()));
    }
    let config: UNetConfig = serde_json::from_value(serde_json::json!({
        "in_channels": 1, "out_channels": 1, "block_out_channels": [width, 2 * width, 2 * width], "layers_per_block": 1,
        "down_block_types": ["DownBlock2D", "DownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "UpBlock2D", "UpBlock2D"], "norm_num_groups": 8, "add_attention": false
    }))
    .expect("the configuration of a small network");
    let network = UNet::new(&config, 0, device)?;
    let shape = [batch, 1, size, size];
    let numbers = |index: u64| TensorData::new(normals(0, Stream::Test, index, batch * size * size), shape);
    let noise_levels = TensorData::new((0..batch).map(|i| (i * 37 % 1000) as f32).collect::<Vec<_>>(), [batch]);
    let context = Context::default();

    let train_device = device.clone().autodiff();
    let (mut trained, mut average) = (network.clone().train(), network.clone());
    let mut optimizer = ModuleAdam::new(OptimizerConfig {
        kind: OptimizerKind::Adam,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weight_decay: 0.0,
    });
    let mut index = 0;
    let mut next = |device: &Device| {
        index += 1;
        Tensor::<4>::from_data(numbers(index), device)
    };
    let train_ms = median(case.repetitions, || {
        let (x, noise) = (next(&train_device), next(&train_device));
        let levels = Tensor::<1>::from_data(noise_levels.clone(), &train_device);
        let error = trained.forward::<Plain>(x + noise.clone(), levels, &context) - noise;
        let loss = error.square().mean();
        let mut gradients = GradientsParams::from_grads(loss.backward(), &trained);
        (trained, average) = optimizer.step(trained.clone(), average.clone(), &mut gradients, 1e-3, 1.0, 0.999);
        loss.into_scalar::<f32>();
    });
    let forward_ms = median(case.repetitions, || {
        let levels = Tensor::<1>::from_data(noise_levels.clone(), device);
        network.forward::<Plain>(next(device), levels, &context).sum().into_scalar::<f32>();
    });
    Ok(Cost { train_ms, forward_ms, peak_mib: peak_mib() })
}

fn median(repetitions: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..repetitions.max(2))
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let late = times.len() / 2;
    let late = &mut times[late..];
    late.sort_by(f64::total_cmp);
    late[late.len() / 2]
}

/// The high-water mark of this process's resident memory, which Linux keeps.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(0.0, |kib| kib / 1024.0)
}
