//! Trains a score network on MNIST under the VP process and draws digits with three samplers.
//!
//! ```text
//! cargo run --release --example mnist_vp
//! ```
//!
//! With a GPU this is configs/mnist_vp.toml, without one configs/mnist_vp_small.toml. Started again, it goes on where
//! it was stopped. `--set key=value` changes the configuration, as in `fokker train`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fokker::sampling::{Method, SamplerConfig};
use fokker::{BackendConfig, DrawRequest, Error, Monitor, Progress, RunConfig, find_checkpoint, sample, train};

/// Shows what is said, and every hundredth step; stops at Ctrl-C.
#[derive(Debug, Default)]
struct Lines {
    stop: Arc<AtomicBool>,
}

impl Monitor for Lines {
    fn begin(&self, what: &str, unit: &'static str, _done: u64, total: u64) -> Box<dyn Progress> {
        let what = what.to_string();
        Box::new(Steps { what, unit, total })
    }

    fn say(&self, line: &str) {
        eprintln!("{line}");
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

struct Steps {
    what: String,
    unit: &'static str,
    total: u64,
}

impl Progress for Steps {
    fn update(&mut self, done: u64, message: &str) {
        if done.is_multiple_of(100) {
            eprintln!("{}: {done}/{} {} {message}", self.what, self.total, self.unit);
        }
    }
}

fn main() -> ExitCode {
    fokker::kernels::keep_freed_memory();
    tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().with_target(false).init();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let changes: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--set").collect();
    let gpu = BackendConfig::default().resolve()?.backend.is_gpu();
    let recipe = if gpu { "mnist_vp" } else { "mnist_vp_small" };
    if !gpu {
        eprintln!("no GPU answers: training the small recipe, configs/{recipe}.toml, on the processor");
    }
    let path = PathBuf::from(format!("configs/{recipe}.toml"));
    let config = RunConfig::load(&path, &changes)?;
    let folder = config.run_folder();
    let monitor = Lines::default();
    #[cfg(unix)]
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGINT, monitor.stop.clone()) {
        eprintln!("Ctrl-C will stop the program without saving: {error}");
    }
    let trained = train(&config, folder.join("config.toml").is_file(), &monitor)?;
    if !trained.finished {
        eprintln!("saved; the same command goes on");
        return Err(Error::Interrupted);
    }
    let checkpoint = find_checkpoint(&folder)?;
    for method in [Method::REVERSE_SDE, Method::PROBABILITY_FLOW, Method::ANCESTRAL] {
        let sampler = match method == config.sampler.kind {
            true => config.sampler.clone(),
            false => SamplerConfig { steps: Some(if gpu { 1000 } else { 50 }), ..SamplerConfig::new(method) },
        };
        let request = DrawRequest { batch_size: 100, ..DrawRequest::new(sampler, 100) };
        let samples = sample(&checkpoint, &changes, |_| Ok(request), &monitor)?;
        let out = folder.join("samples").join(format!("{}.png", method.name()));
        samples.save_in_rows_of(10, &out)?;
        println!("{}", out.display());
    }
    Ok(())
}
