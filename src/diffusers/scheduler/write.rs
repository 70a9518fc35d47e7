//! A run's process and output as a scheduler of diffusers.
//!
//! A network that is asked at step k of N sees `√ᾱ_k x₀ + √(1 − ᾱ_k) ε` in diffusers. Here it sees `x/√(α² + σ²)`, which is the same
//! with `ᾱ_k = α²/(α² + σ²)` at the time `(k + 1)/N` of the horizon. So every process that has such steps is a chain there, with the
//!
//! ```text
//! β_k = 1 − ᾱ_k/ᾱ_{k−1},      −ln ᾱ_k = ln(1 + e^{−λ_k}),      λ_k the log-SNR.
//! ```

use fokker_model::{Conditioning, Output};
use fokker_process::{BetaSchedule, DdpmChainConfig, LinearPathConfig, Process};
use fokker_sampling::{Method, PosteriorVariance, Threshold};
use serde_json::{Map, Value, json};

use super::process::CUSTOMARY_STEPS;
use crate::config::RunConfig;
use crate::error::Error;

/// The scheduler's settings, its class among them.
///
/// # Errors
/// A process, an output or a conditioning that no scheduler has, by its key, with what would do.
pub(in crate::diffusers) fn write_scheduler(config: &RunConfig) -> Result<Map<String, Value>, Error> {
    let process = config.build_process()?;
    let parameterization = config.parameterization;
    let refuse = |key: &str, message: String| Err(Error::Usage(format!("{key}: {message}")));
    if process.phase_space().is_some() {
        return refuse(
            "process.kind",
            format!("diffusers has no scheduler for {}, which has velocities", process.name()),
        );
    }
    let value = match (parameterization.output, parameterization.conditioning) {
        (Output::Edm, Conditioning::LogSigma) => edm(&*process, parameterization.sigma_data),
        (Output::Edm, _) => {
            return refuse(
                "parameterization.conditioning",
                "diffusers asks networks of EDM by ¼ ln σ; train one with \"log_sigma\"".into(),
            );
        }
        (Output::Epsilon | Output::X0 | Output::V, Conditioning::Timestep | Conditioning::ChainStep) => {
            chain(config, &*process)?
        }
        (Output::Epsilon | Output::X0 | Output::V, _) => {
            return refuse(
                "parameterization.conditioning",
                "diffusers asks networks under a chain by their step; train one with \"timestep\"".into(),
            );
        }
        (Output::Velocity, Conditioning::ScaledTime) => match config.process.get::<LinearPathConfig>() {
            Some(path) if path.noise_std == 1.0 => flow(),
            _ => {
                let message =
                    "diffusers has flow matching along process.kind = \"linear_path\" with noise_std = 1 alone";
                return refuse("process", message.into());
            }
        },
        (Output::Velocity, _) => {
            return refuse(
                "parameterization.conditioning",
                "diffusers asks networks of flow matching by 1000 σ; train one with \"scaled_time\"".into(),
            );
        }
        (output, _) => {
            let message =
                format!("diffusers has no prediction_type for {output:?}; train with \"epsilon\", \"v\" or \"x0\"");
            return refuse("parameterization.output", message.to_lowercase());
        }
    };
    match value {
        Value::Object(fields) => Ok(fields),
        _ => unreachable!("schedulers are written as objects"),
    }
}

/// In units of α, every process is EDM's.
fn edm(process: &dyn Process, sigma_data: f64) -> Value {
    let level = |t: f64| (-0.5 * process.log_snr(t)).exp();
    json!({
        "_class_name": "EDMEulerScheduler",
        "sigma_min": level(process.min_time()),
        "sigma_max": level(process.horizon()),
        "sigma_data": sigma_data,
        "sigma_schedule": "karras",
        "num_train_timesteps": CUSTOMARY_STEPS,
        "prediction_type": "epsilon",
        "rho": 7.0,
        "final_sigmas_type": "zero",
    })
}

fn flow() -> Value {
    json!({ "_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": CUSTOMARY_STEPS, "shift": 1.0 })
}

fn chain(config: &RunConfig, process: &dyn Process) -> Result<Value, Error> {
    let parameterization = config.parameterization;
    let prediction = match parameterization.output {
        Output::Epsilon => "epsilon",
        Output::X0 => "sample",
        _ if process.is_variance_preserving() => "v_prediction",
        _ => {
            let message = format!(
                "v is α ε − σ x₀ of {}, in which α² + σ² is not 1; diffusers takes it for one of a process in which it is. Train \
                 with \"epsilon\" or \"x0\"",
                process.name()
            );
            return Err(Error::Usage(format!("parameterization.output: {message}")));
        }
    };
    let steps = match (parameterization.conditioning, process.chain_steps()) {
        (Conditioning::ChainStep, Some(steps)) => steps,
        _ => CUSTOMARY_STEPS,
    };
    let own = config.process.get::<DdpmChainConfig>().filter(|chain| chain.steps == steps);
    let mut fields = json!({
        "_class_name": "DDPMScheduler",
        "num_train_timesteps": steps,
        "prediction_type": prediction,
        "beta_schedule": "linear",
        "beta_start": own.and_then(|chain| chain.beta_start).unwrap_or(1e-4),
        "beta_end": own.and_then(|chain| chain.beta_end).unwrap_or(0.02),
        "trained_betas": null,
        "variance_type": variance(config),
        "timestep_spacing": "leading",
        "steps_offset": 0,
        "rescale_betas_zero_snr": false,
        "clip_sample": matches!(config.sampler.threshold, Some(Threshold::Clip { .. })),
        "clip_sample_range": 1.0,
        "thresholding": matches!(config.sampler.threshold, Some(Threshold::Dynamic { .. })),
        "dynamic_thresholding_ratio": 0.995,
        "sample_max_value": 1.0,
    });
    match config.sampler.threshold {
        Some(Threshold::Clip { limit }) => fields["clip_sample_range"] = limit.into(),
        Some(Threshold::Dynamic { quantile, max }) => {
            fields["dynamic_thresholding_ratio"] = quantile.into();
            fields["sample_max_value"] = max.into();
        }
        _ => {}
    }
    match own.filter(|chain| chain.betas.is_none()).map(|chain| chain.schedule) {
        Some(BetaSchedule::Linear) => {}
        Some(BetaSchedule::ScaledLinear) => fields["beta_schedule"] = "scaled_linear".into(),
        Some(BetaSchedule::SquaredcosCapV2) => fields["beta_schedule"] = "squaredcos_cap_v2".into(),
        _ => match own.and_then(|chain| chain.betas.clone()) {
            Some(betas) => fields["trained_betas"] = betas.into(),
            None => fields["trained_betas"] = betas(process, steps)?.into(),
        },
    }
    Ok(fields)
}

/// The noise of DDPM's own steps.
fn variance(config: &RunConfig) -> &'static str {
    match config.sampler.variance {
        Some(PosteriorVariance::Large) => "fixed_large",
        None if config.sampler.kind == Method::ANCESTRAL => "fixed_large",
        _ => "fixed_small",
    }
}

/// The β of a process at the steps of a chain.
fn betas(process: &dyn Process, steps: usize) -> Result<Vec<f64>, Error> {
    let decay = |k: usize| {
        let t = (k + 1) as f64 / steps as f64 * process.horizon();
        (-process.log_snr(t)).exp().ln_1p()
    };
    let mut before = 0.0;
    let mut betas = Vec::with_capacity(steps);
    for k in 0..steps {
        let now = decay(k);
        let beta = -(before - now).exp_m1();
        if !(beta > 0.0 && beta < 1.0) {
            return Err(Error::Usage(format!(
                "process: {} has no β between 0 and 1 at step {k} of {steps}, and so is no chain of diffusers; train with output = \
                 \"edm\" and conditioning = \"log_sigma\", or flow matching",
                process.name()
            )));
        }
        betas.push(beta);
        before = now;
    }
    Ok(betas)
}
