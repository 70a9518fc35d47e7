//! Options of guidance.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::sampling::{Guidance, GuidanceMethod, Projection};
use fokker::{CheckpointChoice, Error, Guide};

/// How samples are guided.
#[derive(Args)]
pub struct GuidanceOptions {
    /// Weight of the guidance: classifier-free for a network with a condition, or against --guide; several, such as 0,1,2, are the columns
    /// of a labelled grid
    #[arg(long = "guidance", value_delimiter = ',', default_value = "1")]
    pub weights: Vec<f64>,
    /// A worse run as the guide (autoguidance): a run's folder or one of its checkpoints, or RUN@STEP or RUN@best, such as the run itself at an earlier step
    #[arg(long, value_name = "RUN[@STEP]")]
    guide: Option<PathBuf>,
    /// Noise levels sigma/alpha between which the guidance acts, such as 0.3,5
    #[arg(long, value_parser = interval, default_value = "0,inf")]
    guidance_interval: (f64, f64),
    /// The formula
    #[arg(long, value_enum, default_value = "linear")]
    guidance_method: MethodName,
    /// linear: share of the guided prediction that is brought back to the deviation of the unguided one, from 0 to 1
    #[arg(long)]
    guidance_rescale: Option<f64>,
    /// apg: what is kept of the part of the guidance that is parallel to the predicted data. Default 0
    #[arg(long)]
    guidance_eta: Option<f64>,
    /// apg: largest norm of the guidance over all numbers of a sample, in the network's units; no limit if absent
    #[arg(long)]
    guidance_radius: Option<f64>,
    /// apg: share of the former guidance that is added, from -1 to 1. Default 0
    #[arg(long)]
    guidance_momentum: Option<f64>,
    /// cfg-zero-star: number of first steps in which samples stay. Default 1
    #[arg(long)]
    guidance_zero_init: Option<usize>,
}

/// The names of formulas.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum MethodName {
    /// The difference, times the weight
    Linear,
    /// Adaptive projected guidance: the difference projected, limited, with momentum
    Apg,
    /// The guide scaled to be nearest, for flow matching
    CfgZeroStar,
}

impl GuidanceOptions {
    /// The guidance of the first weight.
    pub fn guidance(&self) -> Result<Guidance, Error> {
        use MethodName::{Apg, CfgZeroStar, Linear};
        let options = [
            ("--guidance-rescale", self.guidance_rescale.is_some(), Linear, "linear"),
            ("--guidance-eta", self.guidance_eta.is_some(), Apg, "apg"),
            ("--guidance-radius", self.guidance_radius.is_some(), Apg, "apg"),
            ("--guidance-momentum", self.guidance_momentum.is_some(), Apg, "apg"),
            ("--guidance-zero-init", self.guidance_zero_init.is_some(), CfgZeroStar, "cfg-zero-star"),
        ];
        let strange = options.iter().find(|(_, given, method, _)| *given && *method != self.guidance_method);
        if let Some((option, _, _, method)) = strange {
            return Err(Error::Usage(format!("{option}: belongs to --guidance-method {method}")));
        }
        let usual = Projection::default();
        let method = match self.guidance_method {
            Linear => GuidanceMethod::Linear { rescale: self.guidance_rescale.unwrap_or(0.0) },
            Apg => GuidanceMethod::Apg(Projection {
                eta: self.guidance_eta.unwrap_or(usual.eta),
                radius: self.guidance_radius,
                momentum: self.guidance_momentum.unwrap_or(usual.momentum),
            }),
            CfgZeroStar => GuidanceMethod::CfgZeroStar { zero_init: self.guidance_zero_init.unwrap_or(1) },
        };
        let (low, high) = self.guidance_interval;
        let weight = self.weights.first().copied().unwrap_or(1.0);
        Ok(Guidance::from(weight).within(low, high).by(method))
    }

    /// The guide.
    pub fn guide(&self) -> Result<Option<Guide>, Error> {
        let Some(path) = &self.guide else { return Ok(None) };
        let (run, choice) = run_and_choice(path);
        Guide::open(run, choice).map(Some)
    }

    /// Whether the network is compared with itself, without its condition.
    pub fn is_classifier_free(&self) -> bool {
        self.guide.is_none()
    }
}

/// `RUN@STEP` or `RUN@best` as both; a folder whose own name ends like this is itself.
fn run_and_choice(path: &Path) -> (&Path, CheckpointChoice) {
    let parts = path.to_str().filter(|_| !path.exists()).and_then(|text| text.rsplit_once('@'));
    match parts.and_then(|(run, step)| Some((run, step.parse().ok()?))) {
        Some((run, choice)) => (Path::new(run), choice),
        None => (path, CheckpointChoice::Newest),
    }
}

fn interval(text: &str) -> Result<(f64, f64), String> {
    let numbers = text.split_once(',').map(|(low, high)| (low.trim().parse(), high.trim().parse()));
    match numbers {
        Some((Ok(low), Ok(high))) if 0.0 <= low && low <= high => Ok((low, high)),
        _ => Err("must be two numbers of at least 0, the smaller first, such as 0.3,5".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_follows_the_last_at_sign() {
        let parts = |text: &'static str| run_and_choice(Path::new(text));
        assert_eq!(parts("runs/a@b@500"), (Path::new("runs/a@b"), CheckpointChoice::Step(500)));
        assert_eq!(parts("runs/a@b"), (Path::new("runs/a@b"), CheckpointChoice::Newest));
        assert_eq!(parts("runs/a"), (Path::new("runs/a"), CheckpointChoice::Newest));
    }
}
