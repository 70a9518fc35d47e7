//! A network of the size that papers train on CIFAR-10, on an asynchronous device.
//!
//! Nothing is read between the steps that are timed, and the batch is on the device from the start: what is measured is
//! the step, as `reference/gpu_bench.py` measures it in PyTorch.

use std::sync::Arc;
use std::time::Instant;

use burn::backend::GradientCheckpointingStrategy;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use fokker::model::{Calculus, Context, Network, NetworkScore, Output, Parameterization, Plain};
use fokker::model::{Precision, UNet, UNetConfig};
use fokker::process::{Process, Vp};
use fokker::random::{Stream, normals};
use fokker::sampling::{Method, SamplerConfig};
use fokker::training::{ModuleOptimizer, OptimizerConfig, Recompute, Weights, with_strategy};
use fokker_kernels::{Launches, launches};
use serde::{Deserialize, Serialize};

use super::memory::resident_mib;
use super::sampling::draw_rate;
use fokker::Error;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuCase {
    /// Images in a batch.
    pub batch: usize,
    /// Sides of an image, a multiple of 8.
    pub size: usize,
    /// Channels of the first level, a multiple of 32.
    pub width: usize,
    /// The precision of the network's values.
    pub precision: Precision,
    /// What is computed again in the backward pass.
    pub recompute: Recompute,
    /// Steps that are timed, after a third as many, but at least two, that are not.
    pub steps: usize,
    /// Steps of DDIM.
    pub sampler_steps: usize,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuCost {
    /// Parameters of the network.
    pub parameters: usize,
    /// Images a second in training.
    pub trained: f64,
    /// Images a second drawn by DDIM.
    pub drawn: f64,
    /// MiB in use between the forward and the backward pass, on the device if it keeps count, else of the process.
    pub held_mib: f64,
    /// The most MiB that the device had reserved there, zero if it does not say.
    pub reserved_mib: f64,
    /// Kernels that a training step launches, zero if nobody counts them.
    pub kernels: usize,
}

/// The shape of diffusers' `google/ddpm-cifar10-32` (Ho et al. 2020), with `width` in the place of 128.
fn network(width: usize) -> Result<UNetConfig, Error> {
    if width == 0 || !width.is_multiple_of(32) {
        return Err(Error::field("gpu_width", width, "must be a multiple of 32"));
    }
    let levels = [(width, false), (2 * width, true), (2 * width, false), (2 * width, false)];
    Ok(UNetConfig {
        layers_per_block: 2,
        downsample_padding: 0,
        flip_sin_to_cos: false,
        freq_shift: 1.0,
        norm_num_groups: 32,
        norm_eps: 1e-6,
        attention_head_dim: None,
        ..UNetConfig::with_levels(3, &levels)
    })
}

/// Measures a case: what it costs, and the kernels of a training step with the time that the device takes for each.
///
/// # Errors
/// Sizes that do not fit; a precision that the device does not compute in.
pub fn measure_gpu(case: GpuCase, device: &Device) -> Result<(GpuCost, Vec<Launches>), Error> {
    let GpuCase { batch, size, width, precision, .. } = case;
    let precision = precision.on(device);
    for (name, number) in [("gpu_batch", batch), ("gpu_steps", case.steps), ("gpu_sampler_steps", case.sampler_steps)] {
        if number == 0 {
            return Err(Error::field(name, number, "must be at least 1"));
        }
    }
    if size == 0 || !size.is_multiple_of(8) {
        return Err(Error::field("gpu_size", size, "must be a multiple of 8"));
    }
    super::step::check_room(["gpu_batch", "gpu_size", "gpu_width"], batch, size, width)?;
    super::step::check_precision(precision, device)?;
    let network = UNet::new(&network(width)?, 0, device)?;
    let Training { images_per_second: trained, held_mib, reserved_mib, launches } = train(case, &network, device);
    let process: Arc<dyn Process> = Arc::new(Vp::default());
    let parameterization = Parameterization { output: Output::Epsilon, ..Parameterization::default() };
    let parameters = network.num_params();
    let score = NetworkScore::new(network, process, parameterization).with_precision(precision);
    let sampler = SamplerConfig { steps: Some(case.sampler_steps), ..SamplerConfig::new(Method::DDIM) };
    let drawn = draw_rate(&score, [batch, 3, size, size], &sampler, device)?.images_per_second;
    let kernels = launches.iter().map(|launches| launches.count).sum();
    Ok((GpuCost { parameters, trained, drawn, held_mib, reserved_mib, kernels }, launches))
}

const MIB: f64 = (1 << 20) as f64;

struct Training {
    images_per_second: f64,
    /// Between forward and backward pass.
    held_mib: f64,
    reserved_mib: f64,
    launches: Vec<Launches>,
}

fn train(case: GpuCase, network: &UNet, device: &Device) -> Training {
    let GpuCase { batch, size, precision, recompute, steps, .. } = case;
    let precision = precision.on(device);
    let (mut tracked, mut strategy) = (device.clone().autodiff(), GradientCheckpointingStrategy::default());
    if recompute == Recompute::Activations {
        (tracked, strategy) = (tracked.gradient_checkpointing(), GradientCheckpointingStrategy::Balanced);
    }
    let context = Context { recompute_blocks: recompute == Recompute::Blocks, ..Context::default() };
    let shape = [batch, 3, size, size];
    let numbers = |index: u64| TensorData::new(normals(0, Stream::Test, index, batch * 3 * size * size), shape);
    let [x, noise] = [0, 1].map(|index| Tensor::<4>::from_data(numbers(index), &tracked));
    let levels: Vec<f32> = (0..batch).map(|image| (image * 37 % 1000) as f32).collect();
    let levels = Tensor::<1>::from_data(TensorData::new(levels, [batch]), &tracked);
    let no_scale = Tensor::<1>::ones([1], device);
    let mut weights = Weights::new(network.clone());
    let mut optimizer = ModuleOptimizer::new(OptimizerConfig::default());
    let (mut held, mut reserved) = (0.0, 0f64);
    let mut step = || {
        let copy = weights.network.clone();
        let copy = with_strategy(copy, strategy);
        let input = match precision.dtype() {
            Some(precision) => Plain::to_precision(x.clone(), precision),
            None => x.clone(),
        };
        let output = copy.forward::<Plain>(input, levels.clone(), &context);
        let loss = (Plain::to_precision(output, FloatDType::F32) - noise.clone()).square().mean();
        held = match device.memory_pool_usage() {
            Some(usage) => {
                reserved = reserved.max(usage.bytes_reserved as f64 / MIB);
                usage.bytes_in_use as f64 / MIB
            }
            None => resident_mib(),
        };
        let mut gradients = GradientsParams::from_grads(loss.backward(), &weights.network);
        drop(copy);
        optimizer.step_scaled_on_device(&mut weights, &mut gradients, 1e-4, no_scale.clone(), 0.9999);
        loss
    };
    let mut run = |steps: usize| {
        let start = Instant::now();
        let losses: Vec<_> = (0..steps).map(|_| step().inner()).collect();
        // What was computed is waited for.
        losses.last().map(|loss| loss.clone().into_scalar::<f32>());
        start.elapsed().as_secs_f64()
    };
    run((steps / 3).max(2));
    let seconds = run(steps);
    // Counting slows steps, so it comes after timing. One step is enough: every step launches the same kernels.
    let (_, launches) = launches(true, || run(1));
    Training { images_per_second: (steps * batch) as f64 / seconds, held_mib: held, reserved_mib: reserved, launches }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sum(p.numel() for p in model.parameters())` of `google/ddpm-cifar10-32` in PyTorch.
    #[test]
    fn the_network_has_the_parameters_of_ddpm() {
        let network = UNet::new(&network(128).unwrap(), 0, &Device::flex()).unwrap();
        assert_eq!(network.num_params(), 35_746_307);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let case = GpuCase {
            batch: 1,
            size: 12,
            width: 32,
            precision: Precision::F32,
            recompute: Recompute::Nothing,
            steps: 1,
            sampler_steps: 1,
        };
        let refused = |case: GpuCase| measure_gpu(case, &Device::flex()).unwrap_err().to_string();
        assert!(refused(case).contains("gpu_size 12"));
        assert!(refused(GpuCase { size: 8, width: 48, ..case }).contains("gpu_width 48"));
        assert!(refused(GpuCase { size: 8, sampler_steps: 0, ..case }).contains("gpu_sampler_steps"));
        assert!(refused(GpuCase { size: 8, steps: 0, ..case }).contains("gpu_steps"));
        assert!(refused(GpuCase { size: 1 << 40, ..case }).contains("gpu_size 1099511627776"));
    }
}
