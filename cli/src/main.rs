//! The command `fokker`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    fokker_cli::main()
}
