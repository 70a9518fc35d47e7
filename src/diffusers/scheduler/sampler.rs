//! How a scheduler draws, as one of the samplers here.

use fokker_sampling::{Method, PosteriorVariance, SamplerConfig, SamplerOption, SolverType, Threshold, TimeGrid};
use serde_json::json;

use super::process::CUSTOMARY_STEPS;
use crate::diffusers::fields::Fields;

/// Reads the keys of a class; those that have no counterpart stay in `fields`.
pub(super) fn read(class: &str, fields: &mut Fields<'_>) -> SamplerConfig {
    // Keys that classes have and that say nothing more when others are as they must be.
    for key in ["interpolation_type", "rho", "base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len"] {
        fields.get(key);
    }
    fields.get("time_shift_type");
    fields.get("flow_shift");
    let mut sampler = SamplerConfig::new(method(class, fields));
    sampler.grid = Some(match class {
        "EDMEuler" | "EDMDPMSolverMultistep" => of_edm(fields),
        "FlowMatchEulerDiscrete" | "FlowMatchHeunDiscrete" => of_flow(fields),
        _ => of_chain(class, fields),
    });
    sampler.steps = fewer_steps(&sampler);
    sampler.threshold = threshold(class, fields);
    if sampler.kind.takes(SamplerOption::Variance) {
        sampler.variance = Some(match (class, fields.text("variance_type", "fixed_small")) {
            ("DDPM", "fixed_large" | "fixed_large_log") => PosteriorVariance::Large,
            _ => PosteriorVariance::Small,
        });
    } else if class != "DDPM" {
        fields.only("variance_type", json!(null), "here no sampler takes variances from the network");
    }
    member(&mut sampler, fields);
    fields.only("final_sigmas_type", json!("zero"), "samplers here end at the expected data");
    sampler
}

/// The member of a family of methods, and its order.
fn member(sampler: &mut SamplerConfig, fields: &mut Fields<'_>) {
    let takes = |option| sampler.kind.takes(option);
    let solver = fields.text("solver_type", "");
    if takes(SamplerOption::Order) {
        let order = fields.count("solver_order", 2);
        if !(1..=3).contains(&order) {
            fields.refuse("solver_order", "UniPC is of order 1 to 3 here");
        }
        (sampler.order, sampler.solver_type) =
            (Some(order), Some(if solver == "bh1" { SolverType::Bh1 } else { SolverType::Bh2 }));
    } else if takes(SamplerOption::SolverType) {
        sampler.solver_type = match sampler.kind == Method::DPM_SOLVER_PP_3M {
            true => Some(SolverType::Published),
            false => (solver == "heun").then_some(SolverType::Heun),
        };
    }
    if !fields.flag("lower_order_final", true) && sampler.kind.takes(SamplerOption::LowerOrderFinal) {
        sampler.lower_order_final = Some(false);
    }
}

/// A method, with the options that are the class's own.
fn method(class: &str, fields: &mut Fields<'_>) -> Method {
    let order = fields.count("solver_order", 2);
    let algorithm = fields.text("algorithm_type", "dpmsolver++");
    let solver = fields.text("solver_type", "");
    for key in ["euler_at_final", "use_beta_sigmas", "stochastic_sampling"] {
        fields.only(key, json!(false), "no sampler here does that");
    }
    fields.only("use_dynamic_shifting", json!(false), "no grid here shifts with the size of the image");
    fields.only("predict_x0", json!(true), "UniPC predicts the data here");
    fields.only("lambda_min_clipped", json!("-Infinity"), "no grid here is cut off");
    fields.empty("disable_corrector", "UniPC corrects every step here");
    fields.only("shift_terminal", json!(null), "no grid here is shifted");
    fields.only("solver_p", json!(null), "UniPC predicts by its own formula here");
    fields.only("set_alpha_to_one", json!(true), "samplers here end at the expected data");
    for key in ["snr_shift_scale", "sigma_min", "sigma_max"] {
        if !class.starts_with("EDM") {
            fields.only(key, json!(null), "the grid is that of the chain here");
        }
    }
    match class {
        "DDPM" | "EulerAncestralDiscrete" => Method::ANCESTRAL,
        "DDIM" => Method::DDIM,
        "EulerDiscrete" | "EDMEuler" | "FlowMatchEulerDiscrete" => Method::EULER,
        "HeunDiscrete" | "FlowMatchHeunDiscrete" => Method::PROBABILITY_FLOW,
        "UniPCMultistep" => Method::UNIPC,
        "DPMSolverMultistep" | "DPMSolverSinglestep" | "EDMDPMSolverMultistep" => {
            let single = class == "DPMSolverSinglestep";
            if !matches!(solver, "" | "midpoint" | "heun") {
                fields.refuse("solver_type", "is midpoint or heun here");
            }
            match (algorithm, order) {
                ("dpmsolver++", 1) => Method::DDIM,
                ("dpmsolver++", 2) if single => Method::DPM_SOLVER_PP_2S,
                ("dpmsolver++", 2) => Method::DPM_SOLVER_PP_2M,
                ("dpmsolver++", 3) if !single => Method::DPM_SOLVER_PP_3M,
                ("sde-dpmsolver++", 2) if !single => Method::SDE_DPM_SOLVER_PP_2M,
                ("dpmsolver++", _) => {
                    fields.refuse("solver_order", "there is no such DPM-Solver++ here");
                    Method::DPM_SOLVER_PP_2M
                }
                _ => {
                    fields.refuse("algorithm_type", "is dpmsolver++ here, or sde-dpmsolver++ of order 2 with memory");
                    Method::DPM_SOLVER_PP_2M
                }
            }
        }
        _ => {
            for key in ["skip_prk_steps", "use_karras_sigmas"] {
                fields.get(key);
            }
            fields.refuse("_class_name", "no sampler here is this one");
            Method::DDIM
        }
    }
}

/// Half of the steps of a chain that has not more than the method's customary number.
fn fewer_steps(sampler: &SamplerConfig) -> Option<usize> {
    match sampler.grid {
        Some(
            TimeGrid::Leading { train_steps, .. }
            | TimeGrid::Linspace { train_steps, .. }
            | TimeGrid::Trailing { train_steps },
        ) if train_steps <= sampler.kind.info().steps => Some((train_steps / 2).max(1)),
        _ => None,
    }
}

/// The points of a chain at which the network is asked.
fn of_chain(class: &str, fields: &mut Fields<'_>) -> TimeGrid {
    let train_steps = fields.count("num_train_timesteps", CUSTOMARY_STEPS);
    let offset = fields.count("steps_offset", 0);
    let leads = matches!(class, "DDPM" | "DDIM" | "PNDM");
    // These take a point more, and leave out the smallest.
    let endpoint = !matches!(class, "DPMSolverMultistep" | "DPMSolverSinglestep" | "UniPCMultistep" | "DEISMultistep");
    let spacing = fields.text("timestep_spacing", if leads { "leading" } else { "linspace" });
    let (karras, lu) = (fields.flag("use_karras_sigmas", false), fields.flag("use_lu_lambdas", false));
    let exponential = fields.flag("use_exponential_sigmas", false);
    match spacing {
        _ if karras => TimeGrid::Karras { rho: 7.0 },
        _ if lu || exponential => TimeGrid::LogSnr,
        "leading" => TimeGrid::Leading { train_steps, offset, endpoint },
        "trailing" => TimeGrid::Trailing { train_steps },
        "linspace" => TimeGrid::Linspace { train_steps, endpoint },
        _ => {
            fields.refuse("timestep_spacing", "is leading, linspace or trailing here");
            TimeGrid::Linspace { train_steps, endpoint }
        }
    }
}

fn of_edm(fields: &mut Fields<'_>) -> TimeGrid {
    match fields.text("sigma_schedule", "karras") {
        "karras" => TimeGrid::Karras { rho: fields.number("rho", 7.0) },
        "exponential" => TimeGrid::LogSnr,
        _ => {
            fields.refuse("sigma_schedule", "is karras or exponential here");
            TimeGrid::LogSnr
        }
    }
}

fn of_flow(fields: &mut Fields<'_>) -> TimeGrid {
    fields.only("shift", json!(1.0), "no grid here is shifted; times = { … } gives any");
    for key in ["use_karras_sigmas", "use_exponential_sigmas"] {
        fields.only(key, json!(false), "pure noise has no such grid");
    }
    TimeGrid::Uniform
}

/// What keeps the predicted data in range.
fn threshold(class: &str, fields: &mut Fields<'_>) -> Option<Threshold> {
    let quantile = fields.number("dynamic_thresholding_ratio", 0.995);
    let max = fields.number("sample_max_value", 1.0);
    let limit = fields.number("clip_sample_range", 1.0);
    let clips = matches!(class, "DDPM" | "DDIM");
    if fields.flag("thresholding", false) {
        return Some(Threshold::Dynamic { quantile, max });
    }
    fields.flag("clip_sample", clips).then_some(Threshold::Clip { limit })
}
