//! Processes and laws from the command line, as TOML.

use std::sync::Arc;

use fokker::Error;
use fokker::laboratory::check;
use fokker::process::{GaussianMixture, Process, ProcessConfig};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Reads `{ key = value, … }`, or the same without braces, or a single word as the kind.
pub fn inline<T: DeserializeOwned>(option: &str, text: &str) -> Result<T, Error> {
    let text = text.trim();
    let is_word = text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let table = match (is_word, text.starts_with('{')) {
        (true, _) => format!("value = {{ kind = \"{text}\" }}"),
        (_, true) => format!("value = {text}"),
        _ => format!("value = {{ {text} }}"),
    };
    #[derive(Deserialize)]
    struct Holder<T> {
        value: T,
    }
    match toml::from_str::<Holder<T>>(&table) {
        Ok(holder) => Ok(holder.value),
        Err(error) => Err(Error::Usage(format!("{option} {text}: {}", error.message()))),
    }
}

/// A process by its kind or as TOML, with coefficients that the laboratory can compute with.
pub fn process(text: &str) -> Result<(ProcessConfig, Arc<dyn Process>), Error> {
    let config = inline("--process", text)?;
    let process = check::process("--process", &config)?;
    Ok((config, process))
}

/// A mixture on the line or in the plane.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    weights: Option<Vec<f64>>,
    means: Vec<Mean>,
    stds: Vec<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Mean {
    Line(f64),
    Point(Vec<f64>),
}

impl Mixture {
    /// The law, in 1 or 2 dimensions.
    pub fn build(self) -> Result<GaussianMixture, Error> {
        check::count("--data.means", self.means.len(), 1..=1000)?;
        for (k, std) in self.stds.iter().enumerate() {
            check::positive(&format!("--data.stds[{k}]"), *std)?;
        }
        for (k, weight) in self.weights.iter().flatten().enumerate() {
            check::positive(&format!("--data.weights[{k}]"), *weight)?;
        }
        let weights = self.weights.unwrap_or_else(|| vec![1.0; self.means.len()]);
        let means: Vec<Vec<f64>> = self
            .means
            .into_iter()
            .map(|mean| match mean {
                Mean::Line(x) => vec![x],
                Mean::Point(x) => x,
            })
            .collect();
        for (k, mean) in means.iter().enumerate() {
            mean.iter().try_for_each(|x| check::finite(&format!("--data.means[{k}]"), *x))?;
        }
        if let Some(mean) = means.iter().find(|mean| !(1..=2).contains(&mean.len())) {
            let message =
                format!("--data: a mean has {} numbers, but the laboratory has 1 or 2 dimensions", mean.len());
            return Err(Error::Usage(message));
        }
        GaussianMixture::with_stds(weights, means, self.stds).map_err(|error| Error::Usage(format!("--data: {error}")))
    }
}
