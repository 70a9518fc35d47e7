//! `fokker sample`.

use std::path::PathBuf;

use clap::Args;
use fokker::sampling::{Method, SamplerConfig};
use fokker::training::RunFolder;
use fokker::{DrawRequest, Error, experiment, write_samples};

/// Draw samples from a run's newest checkpoint, or from a given one
#[derive(Args)]
pub struct Sample {
    /// A run's folder, or one of its checkpoints
    run: PathBuf,
    /// The sampler: reverse_sde, probability_flow or ancestral; the configuration's if absent
    #[arg(long)]
    sampler: Option<Method>,
    /// Number of steps
    #[arg(long)]
    steps: Option<usize>,
    /// Number of samples
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// Number of the first sample: sample i of a seed is always the same, whatever the count and the batch size
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Samples drawn at once
    #[arg(long, default_value_t = 100)]
    batch_size: usize,
    /// Class of all samples, for a network with classes; all classes in turn if absent
    #[arg(long)]
    class: Option<usize>,
    /// Weight of classifier-free guidance, for a network with classes
    #[arg(long, default_value_t = 1.0)]
    guidance: f64,
    /// Images in a row of the grid
    #[arg(long, default_value_t = 10)]
    columns: usize,
    /// Where to: a .png for one grid, a .csv for vectors, any other path as a folder of one image each
    #[arg(long)]
    out: Option<PathBuf>,
    /// Change a key of the run's configuration, such as --set backend.name=flex
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

impl Sample {
    /// Draws.
    pub fn run(self) -> Result<(), Error> {
        if self.count == 0 || self.batch_size == 0 {
            return Err(Error::Usage("--count and --batch-size must be at least 1".into()));
        }
        let checkpoint = experiment::find_checkpoint(&self.run)?;
        let mut name = String::new();
        let samples = experiment::sample(&checkpoint, &self.changes, |config| {
            let mut sampler = match self.sampler {
                Some(method) if method != config.sampler.kind => SamplerConfig::new(method),
                _ => config.sampler.clone(),
            };
            sampler.steps = self.steps.or(sampler.steps);
            name = sampler.kind.name().into();
            Ok(DrawRequest {
                sampler,
                count: self.count,
                first: self.first,
                seed: self.seed,
                batch_size: self.batch_size,
                class: self.class,
                guidance: self.guidance,
            })
        })?;
        let extension = if samples.shape.len() == 1 { "csv" } else { "png" };
        let out = self.out.unwrap_or_else(|| {
            let file = format!("{name}-seed{}.{extension}", self.seed);
            match RunFolder::new(&self.run).exists() && self.run.join("checkpoints").is_dir() {
                true => RunFolder::new(&self.run).samples().join(file),
                false => file.into(),
            }
        });
        let preprocessing = &samples.config.preprocessing;
        write_samples(&samples.values, &samples.shape, preprocessing, self.first, self.columns, &out)?;
        println!("{}", out.display());
        Ok(())
    }
}
