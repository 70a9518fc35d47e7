//! `println!`, `print!` and `eprintln!` for this program, in place of the standard ones.
//!
//! The standard ones panic when nobody reads: `fokker devices | head -1`, or a training whose terminal was closed. Here
//! a reader who has left is no error. What else keeps standard output from being written, such as a full disk, is
//! remembered, and the program ends with exit code 1.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::sync::OnceLock;

/// What kept standard output from being written.
static FAILED: OnceLock<String> = OnceLock::new();

/// Writes to standard output.
pub fn print(text: Arguments<'_>) {
    let mut out = stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        FAILED.get_or_init(|| format!("cannot write to standard output: {error}"));
    }
}

/// Writes to standard error. If that fails there is nowhere left to report it.
pub fn print_error(text: Arguments<'_>) {
    let _ = stderr().lock().write_fmt(text);
}

/// What kept standard output from being written, if anything did.
pub fn failed() -> Option<&'static str> {
    FAILED.get().map(String::as_str)
}

macro_rules! print {
    ($($arguments:tt)*) => { $crate::output::print(format_args!($($arguments)*)) };
}

macro_rules! println {
    () => { $crate::output::print(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($arguments)*))) };
}

macro_rules! eprintln {
    ($($arguments:tt)*) => { $crate::output::print_error(format_args!("{}\n", format_args!($($arguments)*))) };
}
