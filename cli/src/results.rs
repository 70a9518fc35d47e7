//! What commands print on standard output: text, or with `--json` one JSON object to a line.

use std::path::Path;
use std::sync::OnceLock;

use clap::Args;
use serde_json::{Value, json};

static JSON: OnceLock<bool> = OnceLock::new();

/// How results are printed.
#[derive(Args)]
pub struct Form {
    /// Print results as JSON, one object to a line
    #[arg(long, global = true)]
    json: bool,
}

impl Form {
    /// Sets how results are printed from now on.
    pub fn set(&self) {
        JSON.get_or_init(|| self.json);
    }
}

/// Prints a result: the object, or lines of text.
pub fn print_result(object: Value, text: impl FnOnce() -> String) {
    match JSON.get() {
        Some(true) => println!("{object}"),
        _ => print!("{}", text()),
    }
}

/// Prints the name of a file or a folder that was written.
pub fn print_file(path: &Path) {
    print_result(json!({ "file": path }), || format!("{}\n", path.display()));
}
