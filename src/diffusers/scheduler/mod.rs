//! A scheduler's settings: what they say of the weights, and how they draw.
//!
//! | class | process | output | conditioning |
//! |---|---|---|---|
//! | DDPM, DDIM, DPMSolver…, EulerDiscrete, EulerAncestralDiscrete, HeunDiscrete, UniPCMultistep, PNDM, LMSDiscrete, DEISMultistep | `ddpm_chain` | `prediction_type` | the step |
//! | EDMEuler, EDMDPMSolverMultistep | `edm` | `edm` | `¼ ln σ` |
//! | FlowMatchEulerDiscrete, FlowMatchHeunDiscrete | `linear_path` | `velocity` | `1000 σ` |
//!
//! Keys of the first sort say what the network's output means; no others are taken for them. Keys of the second sort say how samples
//! are drawn. A sampler of one's own makes them unimportant.

mod process;
mod sampler;
mod write;

use fokker_model::Parameterization;
use fokker_process::{Process, ProcessConfig};
use fokker_sampling::SamplerConfig;
use fokker_training::{TimeSampling, Weighting};
use serde_json::Value;

use super::fields::Fields;

pub(super) use write::write_scheduler;

/// What a scheduler says.
#[derive(Clone, Debug)]
pub struct SchedulerReading {
    /// The forward process.
    pub process: ProcessConfig,
    /// What the network's output means.
    pub parameterization: Parameterization,
    /// How the scheduler draws, or a line for each key that no sampler here has a counterpart for.
    pub sampler: Result<SamplerConfig, Vec<String>>,
    /// The weighting of a training that goes on.
    pub(super) weighting: Weighting,
    /// The law of times of a training that goes on.
    pub(super) times: TimeSampling,
}

/// What the classes of schedulers are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// A chain of steps with a β for each.
    Chain,
    /// σ(t) = t with EDM's preconditioning.
    Edm,
    /// The straight path from data to noise.
    Flow,
}

/// The classes that are read, without `Scheduler` at the end.
const CLASSES: &[(&str, Family)] = &[
    ("DDIM", Family::Chain),
    ("DDPM", Family::Chain),
    ("DEISMultistep", Family::Chain),
    ("DPMSolverMultistep", Family::Chain),
    ("DPMSolverSinglestep", Family::Chain),
    ("EDMDPMSolverMultistep", Family::Edm),
    ("EDMEuler", Family::Edm),
    ("EulerAncestralDiscrete", Family::Chain),
    ("EulerDiscrete", Family::Chain),
    ("FlowMatchEulerDiscrete", Family::Flow),
    ("FlowMatchHeunDiscrete", Family::Flow),
    ("HeunDiscrete", Family::Chain),
    ("LMSDiscrete", Family::Chain),
    ("PNDM", Family::Chain),
    ("UniPCMultistep", Family::Chain),
];

/// Classes whose networks are no network of fokker's, with the reason.
const REFUSED: &[(&str, &str)] = &[
    (
        "ScoreSdeVe",
        "its network takes the noisy data as they are; here every network of a process whose variance grows takes them divided by \
         √(1 + σ²), so the same weights say something else",
    ),
    (
        "ScoreSdeVp",
        "its network is asked at times between the steps of a chain, with an output divided by the deviation",
    ),
    ("KarrasVe", "its network takes (x + 1)/2 and half of the noise level"),
    ("VQDiffusion", "its states are discrete"),
    ("CM", "consistency models are no scores: their network jumps to the data"),
];

/// Reads `scheduler_config.json`.
///
/// ```
/// let json = r#"{ "_class_name": "DDIMScheduler", "beta_schedule": "scaled_linear", "prediction_type": "v_prediction" }"#;
/// let reading = fokker::diffusers::read_scheduler(json).unwrap();
/// assert_eq!((reading.process.kind(), reading.sampler.unwrap().kind.name()), ("ddpm_chain", "ddim"));
/// let wrong = fokker::diffusers::read_scheduler(r#"{ "_class_name": "DDPMScheduler", "prediction_type": "noise" }"#);
/// assert!(wrong.unwrap_err()[0].starts_with("prediction_type = \"noise\": "));
/// ```
///
/// # Errors
/// A line for each key that cannot be represented, with the reason.
pub fn read_scheduler(json: &str) -> Result<SchedulerReading, Vec<String>> {
    let value = super::python_json::parse(json).map_err(|error| vec![format!("is no JSON: {error}")])?;
    let Value::Object(values) = &value else { return Err(vec!["is no JSON object".into()]) };
    let class = values.get("_class_name").and_then(Value::as_str).unwrap_or_default();
    let name = class.strip_suffix("Scheduler").unwrap_or(class);
    let Some((name, family)) = CLASSES.iter().find(|(known, _)| *known == name) else {
        return Err(vec![unknown_class(name, values.get("_class_name"))]);
    };
    let mut fields = Fields::new(values);
    let (process, parameterization, weighting, times) = process::read(name, *family, &mut fields);
    let mut wrong = fields.take_wrong();
    let sampler = sampler::read(name, &mut fields);
    let refused = fields.take_wrong();
    fields.refuse_unread();
    wrong.extend(fields.take_wrong());
    let mut sampler = if refused.is_empty() { Ok(sampler) } else { Err(refused) };
    if wrong.is_empty() {
        match process.build() {
            Err(error) => wrong.push(error.to_string()),
            Ok(process) => sampler = sampler.and_then(|sampler| checked(sampler, &*process)),
        }
    }
    match wrong.is_empty() {
        true => Ok(SchedulerReading { process, parameterization, sampler, weighting, times }),
        false => Err(wrong),
    }
}

fn checked(sampler: SamplerConfig, process: &dyn Process) -> Result<SamplerConfig, Vec<String>> {
    match sampler.validate(process) {
        Ok(()) => Ok(sampler),
        Err(error) => Err(vec![error.to_string()]),
    }
}

fn unknown_class(name: &str, value: Option<&Value>) -> String {
    if let Some((_, reason)) = REFUSED.iter().find(|(known, _)| *known == name) {
        return format!("_class_name = \"{name}Scheduler\": {reason}");
    }
    let known: Vec<&str> = CLASSES.iter().map(|(known, _)| *known).collect();
    let value = value.map_or("nothing".into(), Value::to_string);
    format!("_class_name = {value}: is no scheduler that is read; those are {}, each with …Scheduler", known.join(", "))
}
