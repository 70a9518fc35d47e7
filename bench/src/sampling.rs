//! Images a second, by sampler and steps.

use std::ops::ControlFlow;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use fokker::model::{NetworkScore, Parameterization, UNet};
use fokker::process::{Process, Vp};
use fokker::sampling::SamplerConfig;

use super::step::Case;
use super::{fastest_ms, network};
use fokker::Error;

/// What drawing a batch costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplingCost {
    /// Network calls for a batch.
    pub calls: usize,
    /// Images a second.
    pub images_per_second: f64,
}

/// Draws batches with a network that has not been trained, which costs what it costs one that has; the faster of two
/// counts.
///
/// # Errors
/// Sizes that do not fit.
pub fn measure_sampling(case: Case, sampler: &SamplerConfig, device: &Device) -> Result<SamplingCost, Error> {
    fokker_kernels::with_cpu_runtime(|| {
        case.check()?;
        let process: Arc<dyn Process> = Arc::new(Vp::default());
        let network = UNet::new(&network(case.width)?, 0, device)?;
        let score = NetworkScore::new(network, process, Parameterization::default());
        draw_rate(&score, [case.batch, 1, case.size, case.size], sampler, device)
    })
}

/// What drawing images of a shape costs; the faster of two draws counts.
pub(super) fn draw_rate(
    score: &NetworkScore<UNet>,
    shape: [usize; 4],
    sampler: &SamplerConfig,
    device: &Device,
) -> Result<SamplingCost, Error> {
    let mut observe = |_: usize, _: &Tensor<4>| ControlFlow::Continue(());
    let mut last = Ok(0);
    let milliseconds = fastest_ms(2, || {
        last = sampler.draw::<4>(score, shape, 0, 0, device, &mut observe).map(|drawn| {
            drawn.samples.sum().into_scalar::<f32>();
            drawn.score_calls
        });
    });
    Ok(SamplingCost { calls: last?, images_per_second: 1e3 * shape[0] as f64 / milliseconds })
}
