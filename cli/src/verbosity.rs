//! How much the program says: `-v`, `-q`, `RUST_LOG`.

use std::sync::OnceLock;

use clap::{ArgAction, Args};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::output;

/// Whether only errors are shown.
static QUIET: OnceLock<bool> = OnceLock::new();

/// What is shown on standard error.
#[derive(Args)]
pub struct Verbosity {
    /// Show how long each phase takes; twice: every detail. RUST_LOG has the last word
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Show errors only: no progress, no warnings
    #[arg(short, long, global = true)]
    quiet: bool,
}

impl Verbosity {
    /// Sets what is shown from now on.
    pub fn set(&self) {
        QUIET.get_or_init(|| self.quiet);
        let level = match (self.quiet, self.verbose) {
            (true, _) => "error",
            (false, 0) => "warn",
            (false, 1) => "warn,fokker=debug",
            (false, _) => "info,fokker=trace",
        };
        let asked = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
        let filter = asked.or_else(|| level.parse().ok()).unwrap_or_default();
        // The layer would print its own errors with the standard `eprintln!`, which panics when nobody reads.
        let layer = fmt::layer().with_writer(output::error_stream).with_target(false).log_internal_errors(false);
        let subscriber = tracing_subscriber::registry().with(filter);
        match self.verbose {
            0 => subscriber.with(layer.without_time()).init(),
            _ => subscriber.with(layer.with_timer(fmt::time::uptime()).with_span_events(FmtSpan::CLOSE)).init(),
        }
    }
}

/// Whether only errors are shown.
pub fn is_quiet() -> bool {
    QUIET.get().copied().unwrap_or(false)
}
