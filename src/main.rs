//! The command `fokker`.

#![deny(unsafe_code, clippy::print_stdout, clippy::print_stderr)]

// First, because its macros take the place of the standard ones in all modules that follow.
#[macro_use]
mod output;

mod cli;

use std::process::ExitCode;

use fokker::Error;

fn main() -> ExitCode {
    // The subscriber would print its own errors with the standard `eprintln!`, which panics when nobody reads.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .log_internal_errors(false)
        .init();
    let cli = cli::Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    match cli.run() {
        Ok(()) => match output::failed() {
            None => ExitCode::SUCCESS,
            Some(message) => {
                eprintln!("error: {message}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("error: {error}");
            match (&error, cli::signals::received()) {
                // The code that shells report for a program that a signal has ended.
                (Error::Interrupted, Some(signal)) => ExitCode::from(128 + signal as u8),
                _ => ExitCode::from(error.exit_code()),
            }
        }
    }
}
