//! What the tests of the command line share: the command itself, and runs small enough for a test.

#![allow(dead_code)] // Each test binary uses some of it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder of the checkout.
pub fn checkout() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The command in a folder, with the checkout's digits.
pub fn command(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fokker"));
    command.args(arguments).current_dir(folder).env("FOKKER_DATA", checkout().join("datasets/data"));
    command
}

/// The command as a terminal starts it. Shells let what they start in the background ignore Ctrl-C, and so does the program then:
/// tests may run in the background.
pub fn in_foreground(arguments: &[&str], folder: &Path) -> Command {
    let command = command(arguments, folder);
    let mut started = foreground(command.get_program());
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    started.args(command.get_args()).current_dir(folder).envs(set);
    started
}

/// A program as a terminal starts it.
pub fn foreground(program: &OsStr) -> Command {
    let mut env = Command::new("env");
    env.arg("--default-signal=INT,HUP").arg(program);
    env
}

/// Sends a signal, such as `INT`, to a process.
#[track_caller]
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// What the command does to its end.
pub fn fokker(arguments: &[&str], folder: &Path) -> Output {
    command(arguments, folder).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The command succeeds; what it says on standard output.
#[track_caller]
pub fn succeed(arguments: &[&str], folder: &Path) -> String {
    let output = fokker(arguments, folder);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The command fails with a short message that contains all of `parts`, and does not panic.
#[track_caller]
pub fn assert_refused(output: &Output, code: i32, parts: &[&str]) {
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    assert!(message.lines().count() < 25, "more than a screen: {message}");
    for part in parts {
        assert!(message.contains(part), "'{part}' is not in: {message}");
    }
}

/// A picture that was written, as grey levels.
pub fn grey_picture(path: &Path) -> fokker::datasets::Picture {
    let grey = fokker::datasets::Channels::Grey(fokker::datasets::Background::WHITE);
    fokker::datasets::Picture::load(path, grey).unwrap()
}

/// The configuration of a network small enough for a test, on toy data or on digits.
pub fn write_config(folder: &Path, name: &str, data: &str, network: &str) -> PathBuf {
    let scale = if data.contains("mnist") { "minus_one_one" } else { "none" };
    let config = format!(
        r#"
name = "{name}"
backend = {{ name = "flex" }}
data = {data}
preprocessing = {{ scale = "{scale}" }}
process = {{ kind = "vp" }}
network = {network}
parameterization = {{ output = "edm", conditioning = "log_sigma" }}
objective = {{ weighting = {{ kind = "edm" }}, time = {{ kind = "log_normal" }} }}
optimizer = {{ kind = "adam" }}
training = {{ steps = 6, batch_size = 8, learning_rate = 1e-3, ema_decay = 0.9, log_every = 2 }}
checkpoints = {{ every = 2, keep = 2 }}
previews = {{ every = 3, count = 4 }}
sampler = {{ kind = "probability_flow", steps = 4 }}
"#
    );
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, config).unwrap();
    path
}

pub const MOONS: &str = r#"{ kind = "moons" }"#;
pub const DIGITS: &str = r#"{ kind = "mnist" }"#;
pub const MLP: &str = r#"{ kind = "mlp", dimension = 2, width = 16, blocks = 1 }"#;
pub const UNET: &str = r#"{ kind = "unet", in_channels = 1, out_channels = 1, block_out_channels = [8, 8],
  layers_per_block = 1, down_block_types = ["DownBlock2D", "DownBlock2D"], up_block_types = ["UpBlock2D", "UpBlock2D"],
  norm_num_groups = 4, add_attention = false, num_class_embeds = 11 }"#;
