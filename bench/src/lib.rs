//! What training and drawing cost: time, memory, and how far that is from what the machine could do.
//!
//! The network is diffusers' `UNet2DModel` with the widths (W, 2W, 2W), one layer a block, eight groups and no attention;
//! `reference/unet_bench.py` measures the same in PyTorch. The figures are in docs/PERFORMANCE.md.

mod floor;
mod gpu;
mod launches;
mod memory;
mod penalty;
mod sampling;
mod step;
mod trainer;

pub use floor::{Machine, Workload};
pub use fokker_kernels::{LaunchReason, Launches};
pub use gpu::{GpuCase, GpuCost, measure_gpu};
pub use launches::count_launches;
pub use penalty::{PenaltyCost, measure_penalty};
pub use sampling::{SamplingCost, measure_sampling};
pub use step::{Case, StepCost, measure};
pub use trainer::{TrainerCost, measure_trainer};

use fokker::model::UNetConfig;

use fokker::Error;

/// The network of a width, for images of one channel.
fn network(width: usize) -> Result<UNetConfig, Error> {
    if width == 0 || !width.is_multiple_of(8) {
        return Err(Error::field("width", width, "must be a multiple of 8"));
    }
    Ok(UNetConfig {
        layers_per_block: 1,
        norm_num_groups: 8,
        add_attention: false,
        ..UNetConfig::with_levels(1, &[width, 2 * width, 2 * width].map(|features| (features, false)))
    })
}

/// The milliseconds that `run` takes, again and again.
fn milliseconds(repetitions: usize, mut run: impl FnMut()) -> Vec<f64> {
    let mut timed = || {
        let start = std::time::Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..repetitions.max(2)).map(|_| timed()).collect()
}

/// The fewest milliseconds that `run` takes.
fn fastest_ms(repetitions: usize, run: impl FnMut()) -> f64 {
    milliseconds(repetitions, run).into_iter().fold(f64::INFINITY, f64::min)
}

/// The median of the last half of the milliseconds that `run` takes.
fn median_ms(repetitions: usize, run: impl FnMut()) -> f64 {
    let mut times = milliseconds(repetitions, run);
    let late = times.len() / 2;
    let late = &mut times[late..];
    late.sort_by(f64::total_cmp);
    late[late.len() / 2]
}
