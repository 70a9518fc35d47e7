//! `println!`, `print!` and `eprintln!` for this program, in place of the standard ones.
//!
//! The standard ones panic when nobody reads: `fokker devices | head -1`, or a training whose terminal was closed. Here
//! a reader who has left is no error. What else keeps standard output from being written, such as a full disk, is
//! remembered, and the program ends with exit code 1.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, sink, stderr, stdout};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// What kept standard output from being written.
static FAILED: OnceLock<String> = OnceLock::new();

/// Whether nothing is written.
static MUTED: AtomicBool = AtomicBool::new(false);

/// Writes nothing from now on, or something again: of several ranks one speaks.
pub fn mute(muted: bool) {
    MUTED.store(muted, Ordering::Relaxed);
}

/// Whether nothing is written.
pub fn is_muted() -> bool {
    MUTED.load(Ordering::Relaxed)
}

/// Standard error for what writes to it itself; nowhere if nothing is written.
pub fn error_stream() -> Box<dyn Write> {
    if is_muted() { Box::new(sink()) } else { Box::new(stderr()) }
}

/// Writes to standard output.
pub fn print(text: Arguments<'_>) {
    if is_muted() {
        return;
    }
    let mut out = stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        FAILED.get_or_init(|| format!("cannot write to standard output: {error}"));
    }
}

/// Writes to standard error. If that fails there is nowhere left to report it.
pub fn print_error(text: Arguments<'_>) {
    let _ = error_stream().write_fmt(text);
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
