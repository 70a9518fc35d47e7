//! The part of `fokker bench` that is for GPUs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use burn::tensor::Device;
use clap::Args;
use fokker::Error;
use fokker::model::Precision;
use fokker::training::Recompute;
use fokker_bench::{GpuCase, GpuCost, Launches, measure_gpu};
use serde_json::{Value, json};

use super::numbers::positive;

/// What `--parts gpu` measures: the network of DDPM for CIFAR-10, 35.7 million parameters
#[derive(Args)]
pub struct GpuArgs {
    /// With --parts gpu: images in a batch
    #[arg(long, default_value_t = 128, value_parser = positive)]
    gpu_batch: usize,
    /// With --parts gpu: sides of the images
    #[arg(long, default_value_t = 32, value_parser = positive)]
    gpu_size: usize,
    /// With --parts gpu: channels of the first level
    #[arg(long, default_value_t = 128, value_parser = positive)]
    gpu_width: usize,
    /// With --parts gpu: steps that are timed
    #[arg(long, default_value_t = 30, value_parser = positive)]
    gpu_steps: usize,
    /// With --parts gpu: steps of DDIM
    #[arg(long, default_value_t = 50, value_parser = positive)]
    gpu_sampler_steps: usize,
    /// With --parts gpu: what is computed again in the backward pass, as training.recompute, separated by commas. Memory of
    /// the process, which is what a device without an allocator of its own reports, is comparable between processes alone
    #[arg(long, value_delimiter = ',', default_value = "nothing,activations,blocks", value_parser = recompute)]
    gpu_recompute: Vec<Recompute>,
    /// With --parts gpu: PyTorch's part
    #[arg(long, default_value = "reference/gpu_bench.py")]
    gpu_script: PathBuf,
}

/// Prints the kernels of a step that take longest, and all others together.
fn profile(what: &str, launches: &[Launches]) {
    const SHOWN: usize = 15;
    let ms = |launches: &[Launches]| {
        let time: Duration = launches.iter().filter_map(|launches| launches.time).sum();
        time.as_secs_f64() * 1e3
    };
    let (shown, others) = launches.split_at(SHOWN.min(launches.len()));
    println!("A training step in {what}:\n\n| kernel | launches | ms on the device | share |\n|---|---|---|---|");
    let all = ms(launches).max(f64::MIN_POSITIVE);
    let row = |name: &str, part: &[Launches]| {
        let count: usize = part.iter().map(|launches| launches.count).sum();
        println!("| {name} | {count} | {:.3} | {:.1} % |", ms(part), 100.0 * ms(part) / all);
    };
    for kernel in shown.chunks(1) {
        row(&kernel[0].kernel, kernel);
    }
    row(&format!("{} others", others.len()), others);
    row("all", launches);
    println!();
}

fn recompute(name: &str) -> Result<Recompute, String> {
    let all = [Recompute::Nothing, Recompute::Activations, Recompute::Blocks];
    let found = all.into_iter().find(|recompute| recompute.name() == name);
    found.ok_or_else(|| format!("one of {}", all.map(Recompute::name).join(", ")))
}

impl GpuArgs {
    /// Measures, in turn with PyTorch if there is a Python with it, and prints a table. Returns its numbers for the record.
    pub fn run(&self, precisions: &[Precision], device: &Device, python: Option<&Path>) -> Result<Value, Error> {
        println!(
            "| what | precision | trained images/s | drawn images/s | held MiB | reserved MiB | kernels a step |\n\
             |---|---|---|---|---|---|---|"
        );
        let (mut parameters, mut profiles, mut rows) = (0, Vec::new(), Vec::new());
        for &precision in precisions {
            let mut row = |what: &str, cost: GpuCost| {
                rows.push(json!({ "what": what, "precision": precision.name(), "cost": cost }));
                println!(
                    "| {what} | {} | {:.1} | {:.2} | {:.0} | {:.0} | {} |",
                    precision.name(),
                    cost.trained,
                    cost.drawn,
                    cost.held_mib,
                    cost.reserved_mib,
                    cost.kernels
                );
            };
            for &recompute in &self.gpu_recompute {
                let (cost, launches) = measure_gpu(self.case(precision, recompute), device)?;
                parameters = cost.parameters;
                row(&format!("fokker, {} again", recompute.name()), cost);
                profiles.push((format!("{}, {} again", precision.name(), recompute.name()), launches));
            }
            let Some(python) = python else { continue };
            for (what, cost) in self.theirs(python, precision)? {
                row(&what, cost);
            }
        }
        let Self { gpu_batch, gpu_size, gpu_sampler_steps, .. } = self;
        println!(
            "\nBatches of {gpu_batch} images of 3×{gpu_size}×{gpu_size}, {parameters} parameters; drawn by \
             {gpu_sampler_steps} steps of DDIM. Held: between forward and backward pass.\n"
        );
        for (what, launches) in profiles.iter().filter(|(_, launches)| !launches.is_empty()) {
            profile(what, launches);
        }
        let kernels = |launches: &[Launches]| -> Vec<Value> {
            let ms = |launches: &Launches| launches.time.map(|time| time.as_secs_f64() * 1e3);
            let one = |of: &Launches| json!({ "kernel": of.kernel, "launches": of.count, "ms": ms(of) });
            launches.iter().map(one).collect()
        };
        let steps: Vec<Value> =
            profiles.iter().map(|(what, launches)| json!({ "step": what, "kernels": kernels(launches) })).collect();
        Ok(json!({
            "batch": gpu_batch,
            "size": gpu_size,
            "parameters": parameters,
            "sampler_steps": gpu_sampler_steps,
            "rows": rows,
            "steps": steps,
        }))
    }

    fn case(&self, precision: Precision, recompute: Recompute) -> GpuCase {
        GpuCase {
            batch: self.gpu_batch,
            size: self.gpu_size,
            width: self.gpu_width,
            precision,
            recompute,
            steps: self.gpu_steps,
            sampler_steps: self.gpu_sampler_steps,
        }
    }

    /// A line of JSON for each way in which PyTorch runs a network: its name and what it costs.
    fn theirs(&self, python: &Path, precision: Precision) -> Result<Vec<(String, GpuCost)>, Error> {
        let failed = |message: String| Error::Usage(format!("{}: {message}", self.gpu_script.display()));
        let mut command = Command::new(python);
        command.arg(&self.gpu_script).args(["--precision", precision.name()]);
        for (name, value) in [
            ("--batch", self.gpu_batch),
            ("--size", self.gpu_size),
            ("--width", self.gpu_width),
            ("--steps", self.gpu_steps),
            ("--sampler-steps", self.gpu_sampler_steps),
        ] {
            command.args([name, &value.to_string()]);
        }
        let output = command.stderr(Stdio::inherit()).output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(format!("ended with {}", output.status)));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().filter(|line| line.starts_with('['));
        lines.map(|line| serde_json::from_str(line).map_err(|error| failed(format!("{error} in {line}")))).collect()
    }
}
