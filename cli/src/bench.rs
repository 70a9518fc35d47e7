//! `fokker bench`.

use std::path::PathBuf;
use std::process::Command;

use burn::tensor::Device;
use clap::Args;
use fokker::model::Precision;
use fokker::sampling::{Method, SamplerConfig};
use fokker::{BackendConfig, BackendName, Error};
use fokker_bench::{
    Case, LaunchReason, Machine, PenaltyCost, StepCost, Workload, count_launches, measure, measure_penalty,
    measure_sampling, measure_trainer,
};
use serde_json::{Value, json};

use super::bench_gpu::GpuArgs;
use super::configuration;
use super::numbers::positive;

/// Measure what training and drawing cost, next to PyTorch where a Python has it
#[derive(Args)]
pub struct Bench {
    /// What to measure, separated by commas
    #[arg(long, value_delimiter = ',', default_values = ["machine", "steps", "sampling", "trainer"])]
    parts: Vec<BenchPart>,
    /// Images in a batch, separated by commas. Each list is gone through with the first of the other two
    #[arg(long, value_delimiter = ',', default_values_t = [64, 1, 4, 16, 256, 512], value_parser = positive)]
    batch: Vec<usize>,
    /// Sides of the images, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [28, 16, 32, 64], value_parser = positive)]
    size: Vec<usize>,
    /// Channels of the first level, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [32, 64, 128], value_parser = positive)]
    width: Vec<usize>,
    /// Precisions of the network's values in steps, and with --parts gpu, separated by commas; single precision is measured in turn
    /// with the others
    #[arg(long, value_delimiter = ',', default_value = "f32,bf16")]
    precision: Vec<Precision>,
    /// Repetitions; the median of the last half counts
    #[arg(long, default_value_t = 12, value_parser = positive)]
    repetitions: usize,
    /// How often each case is measured, in turn with PyTorch or other cases. Of steps the best counts, for other work on a
    /// machine only slows
    #[arg(long, default_value_t = 1, value_parser = positive)]
    rounds: usize,
    /// Samplers, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "ddim,dpm_solver_pp_2m,unipc,probability_flow,ancestral")]
    samplers: Vec<Method>,
    /// Numbers of steps of the samplers, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [10, 50], value_parser = positive)]
    sampler_steps: Vec<usize>,
    /// The configuration whose training is taken apart, or whose launches are counted: a file or a recipe
    #[arg(long, default_value = "mnist_vp_small")]
    config: PathBuf,
    /// Change a key of that configuration, such as --set training.batch_size=64
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
    /// Training steps of that configuration which count, in each round
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..1 << 32))]
    trainer_steps: u64,
    /// The backend of steps and sampling, as in configurations
    #[arg(long, default_value = "flex", value_parser = backend)]
    backend: BackendName,
    /// A Python with torch and diffusers, which takes the same steps in turn
    #[arg(long)]
    python: Option<PathBuf>,
    /// PyTorch's part
    #[arg(long, default_value = "reference/unet_bench.py")]
    script: PathBuf,
    /// With --parts launches: sides of the images, in place of the data's
    #[arg(long, value_parser = positive)]
    launch_size: Option<usize>,
    /// With --parts launches and gpu: a file in which the numbers are written as JSON as well
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    gpu: GpuArgs,
    /// Measure the first case in this process and print it as JSON
    #[arg(long, hide = true)]
    alone: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum BenchPart {
    /// Arithmetic and memory traffic a second
    Machine,
    /// Training step and forward pass: time, memory, and what they would take at least
    Steps,
    /// Images a second by sampler and steps
    Sampling,
    /// What a training step is made of
    Trainer,
    /// What a penalty on the score Fokker–Planck residual adds to a training step
    Penalty,
    /// The kernels that a training step of --config launches on the GPU of --backend, and why
    Launches,
    /// A network of 35.7 million parameters, for a GPU: images a second in training and drawing, memory
    Gpu,
}

fn backend(name: &str) -> Result<BackendName, String> {
    let found = BackendName::ALL.into_iter().find(|backend| backend.name() == name);
    found.ok_or_else(|| format!("one of {}", BackendName::ALL.map(BackendName::name).join(", ")))
}

impl Bench {
    /// Measures.
    pub fn run(self) -> Result<(), Error> {
        let chosen = BackendConfig { name: self.backend, device: 0 }.resolve()?;
        let device = chosen.device;
        self.record.as_deref().map_or(Ok(()), fokker_files::check_writable)?;
        let cases = self.cases()?;
        if self.alone {
            let cost = measure(cases[0], &device)?;
            println!("{}", serde_json::to_string(&cost).map_err(|error| Error::Usage(error.to_string()))?);
            return Ok(());
        }
        let has = |part: BenchPart| self.parts.contains(&part);
        let machine =
            (has(BenchPart::Machine) || has(BenchPart::Steps)).then(|| Machine::measure(&device, self.repetitions));
        if let Some(machine) = &machine {
            let (operations, bytes) = (machine.operations / 1e9, machine.bytes / 1e9);
            let instructions = fokker::kernels::instruction_sets();
            println!("machine: {operations:.0} billion operations a second, {bytes:.1} GB/s; {instructions}\n");
        }
        if let Some(machine) = machine.filter(|_| has(BenchPart::Steps)) {
            self.steps(&cases, &machine)?;
        }
        if has(BenchPart::Sampling) {
            self.sampling(cases[0], &device)?;
        }
        if has(BenchPart::Trainer) {
            self.trainer()?;
        }
        if has(BenchPart::Penalty) {
            self.penalty()?;
        }
        let mut record = json!({
            "fokker": env!("CARGO_PKG_VERSION"),
            "backend": self.backend.name(),
            "device": chosen.description,
        });
        if has(BenchPart::Launches) {
            record["launches"] = self.launches(&device)?;
        }
        if has(BenchPart::Gpu) {
            record["gpu"] = self.gpu.run(&self.precision, &device, self.python.as_deref())?;
        }
        if let Some(file) = &self.record {
            fokker_files::write(file, format!("{record}\n").as_bytes())?;
        }
        Ok(())
    }

    /// The first of every list, and each of the others in its place.
    fn cases(&self) -> Result<Vec<Case>, Error> {
        let (Some(&batch), Some(&size), Some(&width)) = (self.batch.first(), self.size.first(), self.width.first())
        else {
            return Err(Error::Usage("--batch, --size and --width need a number each".into()));
        };
        let Some(&precision) = self.precision.first() else {
            return Err(Error::Usage("--precision needs a name".into()));
        };
        let first = Case { batch, size, width, repetitions: self.repetitions, precision };
        first.check()?;
        let batches = self.batch.iter().skip(1).map(|&batch| Case { batch, ..first });
        let sizes = self.size.iter().skip(1).map(|&size| Case { size, ..first });
        let widths = self.width.iter().skip(1).map(|&width| Case { width, ..first });
        Ok(std::iter::once(first).chain(batches).chain(sizes).chain(widths).collect())
    }

    fn steps(&self, cases: &[Case], machine: &Machine) -> Result<(), Error> {
        let theirs = self.python.is_some();
        print!(
            "| precision | width | size | batch | step ms | forward ms | peak MiB | floor ms: by definition, Winograd, memory |"
        );
        println!("{}", if theirs { " PyTorch: step | forward | peak | ratios |" } else { "" });
        println!("{}", "|---".repeat(if theirs { 12 } else { 8 }) + "|");
        for &case in cases {
            let Case { batch, size, width, .. } = case;
            let cases = || self.precision.iter().map(|&precision| Case { precision, ..case });
            let mut costs = Vec::new();
            for case in cases() {
                costs.push((case.precision, self.ours(case)?, self.theirs(case)?));
            }
            for _ in 1..self.rounds {
                for (case, (_, ours, theirs)) in cases().zip(&mut costs) {
                    *ours = ours.least(self.ours(case)?);
                    *theirs = self.theirs(case)?.zip(*theirs).map(|(one, other)| one.least(other));
                }
            }
            let work = Workload::of(width, size)?;
            let ([definition, winograd], traffic) =
                (work.arithmetic_ms(batch, machine), work.traffic_ms(batch, machine));
            for (precision, ours, theirs) in costs {
                print!("| {} | {width} | {size} | {batch} |", precision.name());
                print!(" {:.1} | {:.1} |", ours.train_ms, ours.forward_ms);
                print!(" {:.0} ({:.0}) |", ours.peak_mib, ours.start_mib);
                print!(" {definition:.1}, {winograd:.1}, {traffic:.1} |");
                if let Some(theirs) = theirs {
                    print!(
                        " {:.1} | {:.1} | {:.0} ({:.0}) | {:.2}, {:.2}, {:.2} |",
                        theirs.train_ms,
                        theirs.forward_ms,
                        theirs.peak_mib,
                        theirs.start_mib,
                        ours.train_ms / theirs.train_ms,
                        ours.forward_ms / theirs.forward_ms,
                        ours.peak_mib / theirs.peak_mib
                    );
                }
                println!();
            }
        }
        println!(
            "\nIn brackets: memory before there is a network. The floor is that of single precision. Ratios: step, forward, peak, ours to \
             PyTorch's best.\n"
        );
        Ok(())
    }

    fn sampling(&self, case: Case, device: &Device) -> Result<(), Error> {
        println!("| sampler | steps | network calls | images a second |\n|---|---|---|---|");
        for &method in &self.samplers {
            for &steps in &self.sampler_steps {
                let sampler = SamplerConfig { steps: Some(steps), ..SamplerConfig::new(method) };
                let cost = measure_sampling(case, &sampler, device)?;
                let (name, rate) = (method.name(), cost.images_per_second);
                println!("| `{name}` | {steps} | {} | {rate:.1} |", cost.calls);
            }
        }
        println!("\nBatches of {} images of {}×{}, width {}.\n", case.batch, case.size, case.size, case.width);
        Ok(())
    }

    fn trainer(&self) -> Result<(), Error> {
        let config = configuration::read(&self.config, &self.changes)?;
        let cost = measure_trainer(&config, self.trainer_steps)?;
        let (checkpoint, every) = (cost.checkpoint_ms, cost.checkpoint_every);
        println!("{}, batch {}: {:.1} ms a step", config.name, config.training.batch_size, cost.step_ms);
        println!("and {checkpoint:.0} ms for a checkpoint after {every} of them\n\n{}", cost.table());
        Ok(())
    }

    /// Prints the kernels of a step. Returns them for the record.
    fn launches(&self, device: &Device) -> Result<Value, Error> {
        let config = configuration::read(&self.config, &self.changes)?;
        let launches = count_launches(&config, self.launch_size, device)?;
        let all: usize = launches.iter().map(|launch| launch.count).sum();
        println!("{}, batch {}: {all} kernels a step\n", config.name, config.training.batch_size);
        println!("| kernel | launches |\n|---|---|");
        let mut kernels: Vec<(&str, usize)> = Vec::new();
        for LaunchReason { kernel, count, .. } in &launches {
            match kernels.iter_mut().find(|(name, _)| name == kernel) {
                Some((_, sum)) => *sum += count,
                None => kernels.push((kernel, *count)),
            }
        }
        kernels.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (kernel, count) in &kernels {
            println!("| {kernel} | {count} |");
        }
        println!("\n| kernel | launches | reason: functions, the innermost first |\n|---|---|---|");
        for LaunchReason { kernel, reason, count } in &launches {
            println!("| {kernel} | {count} | {reason} |");
        }
        println!();
        let kernels: Vec<Value> =
            kernels.iter().map(|(kernel, count)| json!({ "kernel": kernel, "launches": count })).collect();
        let batch = config.training.batch_size;
        Ok(json!({ "config": config.name, "batch": batch, "launches": all, "kernels": kernels }))
    }

    fn penalty(&self) -> Result<(), Error> {
        let config = configuration::read(&self.config, &self.changes)?;
        let costs = measure_penalty(&config, self.rounds, self.trainer_steps)?;
        println!("{}, batch {}, {} rounds\n", config.name, config.training.batch_size, self.rounds);
        println!("| penalty | ms a step, the best round | times a plain step | median of the rounds (range) |");
        println!("|---|---|---|---|");
        let plain = costs.first().map_or(f64::NAN, PenaltyCost::best);
        for cost in &costs {
            let mut ratio = cost.ratio.clone();
            ratio.sort_by(f64::total_cmp);
            let [least, middle, most] = [0, ratio.len() / 2, ratio.len() - 1].map(|place| ratio[place]);
            let (name, best) = (cost.name, cost.best());
            println!("| {name} | {best:.1} | {:.2} | {middle:.2} ({least:.2} to {most:.2}) |", best / plain);
        }
        println!();
        Ok(())
    }

    /// A case in a process of its own, so that its memory is its own.
    fn ours(&self, case: Case) -> Result<StepCost, Error> {
        let program = std::env::current_exe().map_err(|error| Error::Usage(error.to_string()))?;
        let mut command = Command::new(program);
        command.args(["bench", "--alone", "--backend", self.backend.name()]);
        cost(command, case)
    }

    fn theirs(&self, case: Case) -> Result<Option<StepCost>, Error> {
        let Some(python) = &self.python else { return Ok(None) };
        let mut command = Command::new(python);
        command.arg(&self.script);
        cost(command, case).map(Some)
    }
}

fn cost(mut command: Command, case: Case) -> Result<StepCost, Error> {
    let Case { batch, size, width, repetitions, precision } = case;
    for (name, value) in [("batch", batch), ("size", size), ("width", width), ("repetitions", repetitions)] {
        command.args([format!("--{name}"), value.to_string()]);
    }
    command.args(["--precision", precision.name()]);
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |message: String| Error::Usage(format!("{program}: {message}"));
    let output = command.stderr(std::process::Stdio::inherit()).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("ended with {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().ok_or_else(|| failed("measured nothing".into()))?;
    serde_json::from_str(last).map_err(|error| failed(format!("{error} in {last}")))
}
