//! What a scheduler says of the weights: process, output and conditioning.

use fokker_model::{Conditioning, Output, Parameterization};
use fokker_process::{BetaSchedule, DdpmChainConfig, EdmConfig, LinearPathConfig, ProcessConfig};
use fokker_training::{TimeSampling, Weighting};
use serde_json::json;

use super::Family;
use crate::diffusers::fields::Fields;

type Meaning = (ProcessConfig, Parameterization, Weighting, TimeSampling);

/// The number of steps by which [`Conditioning::Timestep`] and [`Conditioning::ScaledTime`] count.
pub(super) const CUSTOMARY_STEPS: usize = 1000;

/// Reads the keys of a class; what is wrong stays in `fields`.
pub(super) fn read(class: &str, family: Family, fields: &mut Fields<'_>) -> Meaning {
    match family {
        Family::Chain => chain(class, fields),
        Family::Edm => edm(fields),
        Family::Flow => flow(fields),
    }
}

fn chain(class: &str, fields: &mut Fields<'_>) -> Meaning {
    let output = match fields.text("prediction_type", "epsilon") {
        "epsilon" => Output::Epsilon,
        "v_prediction" => Output::V,
        "sample" => Output::X0,
        _ => {
            fields.refuse("prediction_type", "a network under a chain predicts epsilon, v_prediction or sample");
            Output::Epsilon
        }
    };
    // The key of 2022.
    let output = if fields.flag("predict_epsilon", true) { output } else { Output::X0 };
    let steps = fields.count("num_train_timesteps", CUSTOMARY_STEPS);
    let reason =
        "the last state would be pure noise, which a chain of β below 1 does not reach; there is no such process here";
    fields.only("rescale_betas_zero_snr", json!(false), reason);
    fields.only("use_flow_sigmas", json!(false), "flow matching is read of the FlowMatch… schedulers alone");
    fields.only("timestep_type", json!("discrete"), "here a network under a chain knows its steps");
    if class == "DDPM"
        && !matches!(
            fields.text("variance_type", "fixed_small"),
            "fixed_small" | "fixed_small_log" | "fixed_large" | "fixed_large_log"
        )
    {
        fields.refuse("variance_type", "here the network predicts no variances; it must be fixed_small or fixed_large");
    }
    let process = DdpmChainConfig { steps, ..schedule(class, steps, fields) }.into();
    let conditioning = if steps == CUSTOMARY_STEPS { Conditioning::Timestep } else { Conditioning::ChainStep };
    let weighting = match output {
        // On ε, the weight 1/α² is that of the squared error of v.
        Output::V => Weighting::Edm { sigma_data: 1.0 },
        Output::X0 => Weighting::MinSnr { gamma: 5.0 },
        _ => Weighting::Epsilon,
    };
    (
        process,
        Parameterization { output, conditioning, ..Parameterization::default() },
        weighting,
        TimeSampling::Uniform,
    )
}

/// The β of a chain.
fn schedule(class: &str, steps: usize, fields: &mut Fields<'_>) -> DdpmChainConfig {
    let (start, end) = if class == "HeunDiscrete" { (0.000_85, 0.012) } else { (1e-4, 0.02) };
    let (start, end) = (fields.number("beta_start", start), fields.number("beta_end", end));
    let name = fields.text("beta_schedule", "linear");
    if let Some(betas) = fields.numbers("trained_betas") {
        if betas.len() != steps {
            fields.refuse("trained_betas", &format!("has {} numbers; num_train_timesteps is {steps}", betas.len()));
        }
        return DdpmChainConfig { betas: Some(betas), ..DdpmChainConfig::default() };
    }
    let between = |schedule: BetaSchedule| DdpmChainConfig {
        schedule,
        beta_start: Some(start),
        beta_end: Some(end),
        ..DdpmChainConfig::default()
    };
    match name {
        "linear" => between(BetaSchedule::Linear),
        "scaled_linear" => between(BetaSchedule::ScaledLinear),
        "squaredcos_cap_v2" => {
            DdpmChainConfig { schedule: BetaSchedule::SquaredcosCapV2, ..DdpmChainConfig::default() }
        }
        "sigmoid" => {
            let beta = |k: usize| {
                let x = -6.0 + 12.0 * k as f64 / steps.saturating_sub(1).max(1) as f64;
                start + (end - start) / (1.0 + (-x).exp())
            };
            // A wrong number of steps is refused later, by its key, and makes no list here.
            let betas = (steps <= 1 << 16).then(|| (0..steps).map(beta).collect());
            DdpmChainConfig { betas, ..DdpmChainConfig::default() }
        }
        _ => {
            let known =
                "is none of linear, scaled_linear, squaredcos_cap_v2 and sigmoid; give its numbers as trained_betas";
            fields.refuse("beta_schedule", known);
            DdpmChainConfig::default()
        }
    }
}

fn edm(fields: &mut Fields<'_>) -> Meaning {
    fields.count("num_train_timesteps", CUSTOMARY_STEPS);
    let reason =
        "its network has the opposite sign; only epsilon is EDM's preconditioning (Karras et al. 2022, table 1)";
    fields.only("prediction_type", json!("epsilon"), reason);
    let process =
        EdmConfig { sigma_min: fields.number("sigma_min", 0.002), sigma_max: fields.number("sigma_max", 80.0) };
    let sigma_data = fields.number("sigma_data", 0.5);
    if sigma_data <= 0.0 {
        fields.refuse("sigma_data", "must be above 0");
    }
    let times = TimeSampling::LogNormal { mean: -1.2, std: 1.2 };
    let parameterization = Parameterization { output: Output::Edm, conditioning: Conditioning::LogSigma, sigma_data };
    (process.into(), parameterization, Weighting::Edm { sigma_data }, times)
}

fn flow(fields: &mut Fields<'_>) -> Meaning {
    if fields.count("num_train_timesteps", CUSTOMARY_STEPS) != CUSTOMARY_STEPS {
        fields.refuse("num_train_timesteps", "a network of flow matching is asked at 1000 σ here");
    }
    fields.only("invert_sigmas", json!(false), "here data are at time 0 and noise is at time 1");
    let parameterization = Parameterization {
        output: Output::Velocity,
        conditioning: Conditioning::ScaledTime,
        ..Parameterization::default()
    };
    let times = TimeSampling::LogitNormal { mean: 0.0, std: 1.0 };
    (LinearPathConfig::default().into(), parameterization, Weighting::Velocity, times)
}
