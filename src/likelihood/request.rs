//! What is asked: a likelihood or a bound, and of which data.

use fokker_datasets::{Depth, Split};
use fokker_process::Process;
use fokker_sampling::PosteriorVariance;
use fokker_sampling::likelihood::{LikelihoodConfig, Truncation, chain_times};
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::error::Error;

/// What is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Quantity {
    /// The negative log-likelihood by the probability flow.
    Flow(LikelihoodConfig),
    /// The variational bound of a discrete chain.
    Chain {
        /// Variance of the reverse steps.
        variance: PosteriorVariance,
        /// Steps of the chain, for continuous processes.
        steps: Option<usize>,
        /// Whether predicted pixels are clipped to their range.
        clip: bool,
    },
    /// The variational bound of the reverse SDE.
    Diffusion {
        /// Noise levels for each example.
        points: usize,
    },
    /// The bound of [Aamari 2025, Prop. 4.3] on the divergence from the data's law, for mixtures.
    Kl {
        /// Noise levels for each example.
        points: usize,
        /// The backward noise in units of the forward noise.
        backward_noise: f64,
    },
}

/// A request.
#[derive(Clone, Debug)]
pub struct LikelihoodRequest {
    /// What is computed.
    pub quantity: Quantity,
    /// The part of the data; absent, the one that results are reported on: the test part, or the validation part where
    /// there is no other.
    pub split: Option<Split>,
    /// The first example.
    pub first: usize,
    /// How many examples; as many as there are if there are fewer.
    pub count: usize,
    /// Draws of dequantisation and noise for each example.
    pub draws: usize,
    /// Examples at once.
    pub batch_size: usize,
    /// Seed of draws and probes.
    pub seed: u64,
    /// Whether a network with a condition is asked without.
    pub unconditional: bool,
    /// Whether the network is evaluated in double precision, on backends that have it.
    pub double: bool,
}

impl LikelihoodRequest {
    /// The likelihood by the flow with its defaults, of the first `count` examples that were held out.
    pub fn new(count: usize) -> Self {
        Self {
            quantity: Quantity::Flow(LikelihoodConfig::default()),
            split: None,
            first: 0,
            count,
            draws: 1,
            batch_size: 32,
            seed: 0,
            unconditional: false,
            double: false,
        }
    }

    /// What is to be said of a bound that begins where the network has hardly been: its decoder asks for the noise at the smallest time, and an
    /// error there counts in full, whatever the density is.
    pub(super) fn warning(&self, config: &RunConfig, process: &dyn Process) -> Option<String> {
        let asks = match &self.quantity {
            Quantity::Flow(flow) => flow.truncation.is_bound(),
            Quantity::Diffusion { .. } => true,
            Quantity::Chain { .. } | Quantity::Kl { .. } => false,
        };
        let training = &config.training;
        let examples = training.steps as f64 * training.batch_size as f64 * training.accumulation as f64;
        let of_share = |count: f64| config.objective.time.at_quantile(process, (count / examples).min(0.5)).t;
        let level = |t: f64| (-0.5 * process.log_snr(t)).exp();
        // The noise level that so many examples were below.
        let (few, enough) = (of_share(100.0), of_share(1000.0));
        (asks && level(few) > 4.0 * level(process.min_time())).then(|| {
            format!(
                "the network was trained fewer than 100 times below four times the noise of process.min_time = {}, where this bound asks it \
                 for the noise: its error there is part of the number. Begin where it was trained, with process.min_time={enough:.2}, or \
                 take the truncation \"none\"",
                process.min_time()
            )
        })
    }

    pub(super) fn validate(&self, config: &RunConfig, process: &dyn Process) -> Result<(), Error> {
        let refuse = |name, value: &str, message: &str| Err(Error::field(name, value, message));
        if process.phase_space().is_some() {
            return refuse(
                "process.kind",
                process.name(),
                "has velocities, and likelihoods are those of scalar processes",
            );
        }
        if config.start.is_some() {
            return refuse(
                "start",
                "",
                "the density of examples is not known, and so neither is that of what they are carried to",
            );
        }
        if config.data.depth() != Depth::Eight {
            return refuse("data.depth", "16", "likelihoods are those of pixels of 8 bits");
        }
        for (name, number) in [("count", self.count), ("batch_size", self.batch_size), ("draws", self.draws)] {
            if number == 0 {
                return refuse(name, "0", "must be at least 1");
            }
        }
        if self.draws > 256 {
            return refuse("draws", &self.draws.to_string(), "at most 256");
        }
        match &self.quantity {
            Quantity::Flow(flow) => flow.validate(process)?,
            Quantity::Chain { steps, .. } => {
                chain_times(process, *steps)?;
            }
            // Numbers of points are packed with those of noise.
            Quantity::Diffusion { points } | Quantity::Kl { points, .. } if !(1..=1 << 20).contains(points) => {
                return refuse("points", &points.to_string(), "must be from 1 to 1048576");
            }
            Quantity::Diffusion { .. } => {}
            Quantity::Kl { backward_noise, .. } => {
                if !(backward_noise.is_finite() && *backward_noise > 0.0) {
                    let value = backward_noise.to_string();
                    return refuse("backward_noise", &value, "must be above 0; the probability flow has no such bound");
                }
                if config.network.condition().is_some() && !self.unconditional {
                    return refuse(
                        "bound",
                        "kl",
                        "the law of the data is that of all classes together, and this network knows them apart; set \
                         unconditional",
                    );
                }
                if config.mixture()?.is_none() {
                    return refuse(
                        "bound",
                        "kl",
                        "the law of the data must be known, which is that of data.kind = \"mixture\" alone; the bound \
                         \"diffusion\" bounds the likelihood of any data",
                    );
                }
            }
        }
        Ok(())
    }
}

impl Quantity {
    /// What the number is, in words.
    pub(super) fn meaning(&self, is_image: bool) -> String {
        let cells = if is_image { "of uniformly dequantised pixels" } else { "of the data" };
        match self {
            Self::Flow(config) => match config.truncation {
                Truncation::None => format!("-ln p {cells}, taken for data with the noise of the smallest time"),
                Truncation::Extrapolated => format!("-ln p {cells}, continued to t = 0: an estimate, no bound"),
                Truncation::Variational => format!("upper bound of -ln p {cells}: decoder of deviation sigma/alpha"),
                Truncation::Matched => format!("upper bound of -ln p {cells}: decoder of Tweedie's variance"),
            },
            Self::Chain { .. } => "upper bound of -ln p of the data: L_vlb of the ancestral chain".into(),
            Self::Diffusion { .. } => "upper bound of -ln p of the data: that of the reverse SDE".into(),
            Self::Kl { .. } => "upper bound of KL(p | q), data against what the reverse SDE generates".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_begin_where_nothing_was_learnt_are_warned_of() {
        let warning = |recipe: &str, changes: &[&str], request: &LikelihoodRequest| {
            let changes: Vec<String> = changes.iter().map(|change| change.to_string()).collect();
            let config = RunConfig::recipe(recipe, &changes).unwrap();
            request.warning(&config, &*config.build_process().unwrap())
        };
        let bound = LikelihoodRequest::new(1);
        // Of 96 000 draws of a standard normal logit, 1000 are below 1/(1 + e^2.31) = 0.09.
        let said = warning("mnist_flow_small", &[], &bound).unwrap();
        assert!(said.contains("process.min_time = 0.001") && said.contains("process.min_time=0.09"), "{said}");
        assert_eq!(warning("mnist_flow_small", &["process.min_time=0.09"], &bound), None);
        assert_eq!(warning("mnist_flow_small", &["objective.time={ kind = 'uniform' }"], &bound), None);
        let plain = LikelihoodConfig { truncation: Truncation::None, ..LikelihoodConfig::default() };
        let plain = LikelihoodRequest { quantity: Quantity::Flow(plain), ..LikelihoodRequest::new(1) };
        assert_eq!(warning("mnist_flow_small", &[], &plain), None);
        for recipe in ["mnist_likelihood", "mixture_2d"] {
            assert_eq!(warning(recipe, &[], &bound), None, "{recipe}");
        }
    }
}
