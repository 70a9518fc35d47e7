//! `fokker bench`.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use fokker::bench::{Case, Cost, measure};
use fokker::{BackendConfig, BackendName, Error};

/// Measure a training step and a forward pass of a small U-Net, beside PyTorch's where there is a Python with it
#[derive(Args)]
pub struct Bench {
    /// Images in a batch, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [16, 64])]
    batch: Vec<usize>,
    /// Sides of the images, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [28])]
    size: Vec<usize>,
    /// Channels of the first level, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [32])]
    width: Vec<usize>,
    /// Repetitions; the median of the last half counts
    #[arg(long, default_value_t = 12)]
    repetitions: usize,
    /// The backend, as in configurations
    #[arg(long, default_value = "flex", value_parser = backend)]
    backend: BackendName,
    /// A Python with torch and diffusers, which measures the same in turn
    #[arg(long)]
    python: Option<PathBuf>,
    /// PyTorch's part
    #[arg(long, default_value = "reference/unet_bench.py")]
    script: PathBuf,
    /// Measure one case in this process and print it as JSON
    #[arg(long, hide = true)]
    alone: bool,
}

fn backend(name: &str) -> Result<BackendName, String> {
    let found = BackendName::ALL.into_iter().find(|backend| backend.name() == name);
    found.ok_or_else(|| format!("one of {}", BackendName::ALL.map(BackendName::name).join(", ")))
}

impl Bench {
    /// Measures.
    pub fn run(self) -> Result<(), Error> {
        let cases: Vec<Case> = self
            .width
            .iter()
            .flat_map(|&width| self.size.iter().map(move |&size| (width, size)))
            .flat_map(|(width, size)| self.batch.iter().map(move |&batch| (width, size, batch)))
            .map(|(width, size, batch)| Case { batch, size, width, repetitions: self.repetitions })
            .collect();
        if self.alone {
            let chosen = BackendConfig { name: self.backend, device: 0 }.resolve()?;
            for case in cases {
                let cost = measure(case, &chosen.device)?;
                println!("{}", serde_json::to_string(&cost).map_err(|error| Error::Usage(error.to_string()))?);
            }
            return Ok(());
        }
        println!("| width | size | batch | step ms | forward ms | peak MiB | PyTorch step | forward | peak | ratios |");
        println!("|---|---|---|---|---|---|---|---|---|---|");
        for case in cases {
            let ours = self.ours(case)?;
            let mut line = format!(
                "| {} | {} | {} | {:.1} | {:.1} | {:.0} |",
                case.width, case.size, case.batch, ours.train_ms, ours.forward_ms, ours.peak_mib
            );
            if let Some(python) = &self.python {
                let theirs = self.theirs(python, case)?;
                line += &format!(
                    " {:.1} | {:.1} | {:.0} | {:.2}, {:.2}, {:.2} |",
                    theirs.train_ms,
                    theirs.forward_ms,
                    theirs.peak_mib,
                    ours.train_ms / theirs.train_ms,
                    ours.forward_ms / theirs.forward_ms,
                    ours.peak_mib / theirs.peak_mib
                );
            }
            println!("{line}");
        }
        Ok(())
    }

    /// A case in a process of its own, so that its memory is its own.
    fn ours(&self, case: Case) -> Result<Cost, Error> {
        let program = std::env::current_exe().map_err(|error| Error::Usage(error.to_string()))?;
        let mut command = Command::new(program);
        command.args(["bench", "--alone", "--backend", self.backend.name()]);
        cost(command, case)
    }

    fn theirs(&self, python: &PathBuf, case: Case) -> Result<Cost, Error> {
        let mut command = Command::new(python);
        command.arg(&self.script);
        cost(command, case)
    }
}

fn cost(mut command: Command, case: Case) -> Result<Cost, Error> {
    let Case { batch, size, width, repetitions } = case;
    for (name, value) in [("batch", batch), ("size", size), ("width", width), ("repetitions", repetitions)] {
        command.args([format!("--{name}"), value.to_string()]);
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |message: String| Error::Usage(format!("{program}: {message}"));
    let output = command.stderr(std::process::Stdio::inherit()).output().map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().ok_or_else(|| failed("measured nothing".into()))?;
    serde_json::from_str(last).map_err(|error| failed(format!("{error} in {last}")))
}
