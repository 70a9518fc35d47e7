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

mod average;
mod beginning;
mod bench;
mod bench_gpu;
mod check;
mod checkpoint;
mod checkpoints;
mod choices;
mod compare_samplers;
mod condition;
mod configuration;
mod dashboard;
mod default_out;
mod devices;
mod drawn;
mod encode;
mod evaluate;
mod exit_code;
mod export;
mod flow;
mod generate;
mod go_on;
mod guidance;
mod import;
mod init;
mod interpolate;
mod lab;
mod likelihood;
mod message;
mod numbers;
mod ranks;
mod reproduce;
mod results;
mod sample;
mod score_fpe;
mod signals;
mod split_name;
mod terminal;
mod train;
mod verbosity;
mod watching;
mod weights;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use fokker::Error;

/// Reads the process's arguments, does what they say, and returns the exit code.
pub fn main() -> ExitCode {
    fokker::kernels::keep_freed_memory();
    ranks::mute_others();
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(_) if output::is_muted() => return ExitCode::SUCCESS,
        Err(error) => error.exit(),
    };
    cli.verbosity.set();
    cli.form.set();
    let done = cli.run();
    if let Err(error) = &done {
        eprintln!("error: {}", message::of(error));
    }
    match (done, output::failed()) {
        (Err(error), _) if ranks::is_said_by_another(&error) => ExitCode::SUCCESS,
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
    #[command(name = "watch")]
    Dashboard(dashboard::Dashboard),
    Sample(sample::Sample),
    Encode(encode::Encode),
    Interpolate(interpolate::Interpolate),
    CompareSamplers(compare_samplers::CompareSamplers),
    Average(average::Average),
    Evaluate(evaluate::Evaluate),
    Likelihood(likelihood::Likelihood),
    Checkpoints(checkpoints::Checkpoints),
    Import(import::Import),
    Export(export::Export),
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

impl Command {
    /// Whether several ranks can do it together.
    fn can_be_shared(&self) -> bool {
        matches!(self, Self::Train(_) | Self::Resume(_) | Self::Sample(_) | Self::Likelihood(_) | Self::Evaluate(_))
    }
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
        if !self.command.can_be_shared() {
            ranks::refuse_others()?;
        }
        match self.command {
            Command::Init(command) => command.run(),
            Command::Train(command) => command.run(),
            Command::Resume(command) => command.run(),
            Command::Dashboard(command) => command.run(),
            Command::Sample(command) => command.run(),
            Command::Encode(command) => command.run(),
            Command::Interpolate(command) => command.run(),
            Command::CompareSamplers(command) => command.run(),
            Command::Average(command) => command.run(),
            Command::Evaluate(command) => command.run(),
            Command::Likelihood(command) => command.run(),
            Command::Checkpoints(command) => command.run(),
            Command::Import(command) => command.run(),
            Command::Export(command) => command.run(),
            Command::Reproduce(command) => command.run(),
            Command::Lab(command) => command.run(),
            Command::Bench(command) => command.run(),
            Command::Devices(command) => command.run(),
            Command::Config(command) => command.run(),
            Command::Generate(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// Commands in the `sh` blocks of a document, as words.
    fn commands(document: &str) -> Vec<Vec<String>> {
        let blocks =
            document.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block);
        let text = blocks.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
        let program = |line: &str| {
            let line = line.split(" #").next().unwrap_or_default().split(['|', '>']).next().unwrap_or_default().trim();
            let arguments = line
                .strip_prefix("fokker ")
                .or_else(|| line.strip_prefix("cargo run --release -- "))
                .map(str::to_string);
            arguments.map(|arguments| shlex::split(&format!("fokker {arguments}")).expect("quotes that close"))
        };
        text.lines().flat_map(|line| line.split(" && ")).filter_map(program).collect()
    }

    #[test]
    fn commands_of_the_documents_are_ones_that_there_are() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
        let mut pages: Vec<PathBuf> = pages.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
        pages.push(root.join("README.md"));
        let mut tried = 0;
        for page in pages {
            for words in commands(&std::fs::read_to_string(&page).unwrap()) {
                let read = Cli::read(words.iter().map(OsString::from));
                if let Err(error) = read
                    && error.use_stderr()
                {
                    panic!("{}: {}: {error}", page.display(), words.join(" "));
                }
                tried += 1;
            }
        }
        assert!(tried > 40, "{tried} commands");
    }
}
