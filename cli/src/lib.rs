//! The command line of fokker, as a library: a program of one's own that calls [`main`] has all of its commands.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     fokker_cli::main()
//! }
//! ```

#![deny(unsafe_code, clippy::print_stdout, clippy::print_stderr)]

// First, because its macros take the place of the standard ones in all modules that follow.
#[macro_use]
mod output;

mod bench;
mod bench_gpu;
mod check;
mod compare_samplers;
mod configuration;
mod devices;
mod exit_code;
mod generate;
mod go_on;
mod init;
mod lab;
mod likelihood;
mod message;
mod numbers;
mod reproduce;
mod results;
mod sample;
mod score_fpe;
mod signals;
mod terminal;
mod train;
mod verbosity;
mod watching;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use fokker::Error;

/// Reads the process's arguments, does what they say, and returns the exit code.
pub fn main() -> ExitCode {
    fokker::kernels::keep_freed_memory();
    let cli = Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    cli.verbosity.set();
    cli.form.set();
    let done = cli.run();
    if let Err(error) = &done {
        eprintln!("error: {}", message::of(error));
    }
    match (done, output::failed()) {
        (Err(error), _) => exit_code::of(&error),
        (Ok(()), None) => ExitCode::SUCCESS,
        (Ok(()), Some(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Train score-based diffusion models and draw from them.
#[derive(Parser)]
#[command(version, about, after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 Ctrl-C.")]
struct Cli {
    #[command(flatten)]
    verbosity: verbosity::Verbosity,
    #[command(flatten)]
    form: results::Form,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Train(train::Train),
    Resume(train::Resume),
    Sample(sample::Sample),
    CompareSamplers(compare_samplers::CompareSamplers),
    Likelihood(likelihood::Likelihood),
    Reproduce(reproduce::Reproduce),
    #[command(subcommand)]
    Lab(lab::Lab),
    Bench(bench::Bench),
    Devices(devices::Devices),
    #[command(subcommand)]
    Config(check::Config),
    #[command(subcommand)]
    Generate(generate::Generate),
}

impl Cli {
    /// Reads a command line, the name of the program first.
    ///
    /// # Errors
    /// What is wrong with it, or the help that was asked for.
    fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = numbers::allow_negative(Self::command());
        let matches = command.try_get_matches_from_mut(arguments)?;
        numbers::refuse_not_finite(&command, &matches)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }

    /// Does what was asked.
    fn run(self) -> Result<(), Error> {
        match self.command {
            Command::Init(command) => command.run(),
            Command::Train(command) => command.run(),
            Command::Resume(command) => command.run(),
            Command::Sample(command) => command.run(),
            Command::CompareSamplers(command) => command.run(),
            Command::Likelihood(command) => command.run(),
            Command::Reproduce(command) => command.run(),
            Command::Lab(command) => command.run(),
            Command::Bench(command) => command.run(),
            Command::Devices(command) => command.run(),
            Command::Config(command) => command.run(),
            Command::Generate(command) => command.run(),
        }
    }
}
