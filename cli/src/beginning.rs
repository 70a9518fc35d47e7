//! What samples begin with: `--start` and `--noise`.

use std::path::PathBuf;

use clap::Args;
use fokker::sampling::SamplerConfig;
use fokker::{Beginning, CheckpointSampler, Error, Inputs, Monitor};
use serde_json::{Value, json};

use super::terminal::Terminal;

/// What samples begin with in the place of noise of the seed.
#[derive(Args)]
pub struct BeginningOptions {
    /// Begin with data and some noise (SDEdit): a picture, a folder of pictures or an array (.npy, .npz, .safetensors, .csv) in the
    /// units of the data; one for all samples, or one for each
    #[arg(long, value_name = "PICTURE|FOLDER|ARRAY", conflicts_with_all = ["noise", "measured"])]
    start: Option<PathBuf>,
    /// Share of the sampler's grid that is walked from --start: 0 returns it, 1 forgets it. Default 0.3
    #[arg(long)]
    strength: Option<f64>,
    /// Begin with given noise, an array as `fokker encode` writes it; sample i takes its row i
    #[arg(long, value_name = "ARRAY")]
    noise: Option<PathBuf>,
}

impl BeginningOptions {
    /// Reads what was named.
    pub fn read(&self, sampler: &CheckpointSampler) -> Result<Option<Beginning>, Error> {
        let config = sampler.config();
        if self.strength.is_some() && self.start.is_none() {
            return Err(Error::Usage("--strength: belongs to --start, which is missing".into()));
        }
        let beginning = match (&self.start, &self.noise) {
            (Some(path), _) => {
                let data = Inputs::data(path, config)?;
                Beginning::Data { data, strength: self.strength.unwrap_or(0.3) }
            }
            (None, Some(path)) => Beginning::Noise(Inputs::noise(path, &config.state_shape()?)?),
            (None, None) => return Ok(None),
        };
        beginning.inputs().into_iter().flat_map(Inputs::notes).for_each(|note| eprintln!("{note}"));
        Ok(Some(beginning))
    }
}

/// How many samples are drawn if nothing is said: as many as there are beginnings, or 100.
pub fn count(given: Option<usize>, first: u64, beginning: Option<&Beginning>) -> usize {
    let there = beginning.and_then(Beginning::count).map(|count| count.saturating_sub(first as usize).max(1));
    given.or(there).unwrap_or(100)
}

/// A line about where a walk begins, and the same for `--json`.
pub fn described(beginning: &Beginning, sampler: &SamplerConfig, checkpoint: &CheckpointSampler) -> (String, Value) {
    let process = &**checkpoint.process();
    let names = beginning.inputs().map(Inputs::names).unwrap_or_default();
    match beginning {
        Beginning::Noise(_) | Beginning::Examples(_) => ("".into(), json!({ "noise": names })),
        Beginning::Data { strength, .. } if *strength == 0.0 => {
            ("strength 0: the start is returned".into(), json!({ "start": names, "strength": strength }))
        }
        Beginning::Data { strength, .. } => {
            let t = sampler.times_of_strength(process, *strength)[0];
            let level = process.std(t) / process.mean_scale(t);
            let object = json!({ "start": names, "strength": strength, "time": t, "noise_level": level });
            (format!("strength {strength}: from t = {t:.4}, where sigma/alpha = {level:.4}"), object)
        }
    }
}

/// Says where a walk begins.
pub fn say(beginning: &Beginning, sampler: &SamplerConfig, checkpoint: &CheckpointSampler, terminal: &Terminal) {
    let (line, _) = described(beginning, sampler, checkpoint);
    if !line.is_empty() {
        terminal.say(&line);
    }
}
