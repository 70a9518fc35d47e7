//! What the program shows while it works: a bar on a terminal, plain lines elsewhere, all on standard error.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use fokker::{Monitor, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{output, signals, verbosity};

/// Shows progress, and stops the work at a signal.
#[derive(Debug)]
pub struct Terminal {
    /// Absent where standard error is no terminal.
    bars: Option<MultiProgress>,
}

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Terminal {
    /// Listens to signals from now on.
    pub fn new() -> Self {
        signals::listen();
        Self { bars: (stderr().is_terminal() && !output::is_muted()).then(MultiProgress::new) }
    }

    /// A work of `total` units, of which `done` are done already.
    pub fn shown(&self, what: &str, unit: &'static str, done: u64, total: u64) -> Box<dyn Progress + Send> {
        if verbosity::is_quiet() {
            return Box::new(());
        }
        let now = Instant::now();
        let Some(bars) = &self.bars else {
            return Box::new(Lines { what: what.into(), unit, total, start: now, first: done, last_line: now });
        };
        let template = format!("{{prefix}} {{wide_bar}} {{pos}}/{{len}} {unit} {{per_sec}} {{eta}} left {{msg}}");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(total).with_style(style).with_prefix(what.to_string()).with_position(done);
        let bar = bars.add(bar);
        bar.reset_eta();
        Box::new(Bar(bar))
    }
}

impl Monitor for Terminal {
    fn begin(&self, what: &str, unit: &'static str, done: u64, total: u64) -> Box<dyn Progress> {
        self.shown(what, unit, done, total)
    }

    fn say(&self, line: &str) {
        match &self.bars {
            _ if verbosity::is_quiet() => {}
            // That a line cannot be shown is no reason to end the work.
            Some(bars) => drop(bars.println(line)),
            None => eprintln!("{line}"),
        }
    }

    fn warn(&self, line: &str) {
        self.say(&format!("warning: {line}"));
    }

    fn should_stop(&self) -> bool {
        signals::received().is_some()
    }
}

/// A bar that is redrawn.
struct Bar(ProgressBar);

impl Progress for Bar {
    fn update(&mut self, done: u64, message: &str) {
        self.0.set_message(message.to_string());
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A line from time to time.
struct Lines {
    what: String,
    unit: &'static str,
    total: u64,
    start: Instant,
    first: u64,
    last_line: Instant,
}

impl Progress for Lines {
    fn update(&mut self, done: u64, message: &str) {
        if self.last_line.elapsed() < LINE_EVERY && done != self.total {
            return;
        }
        let new = done.saturating_sub(self.first);
        let rate = new as f64 / self.start.elapsed().as_secs_f64();
        let left = Duration::try_from_secs_f64(self.total.saturating_sub(done) as f64 / rate);
        let left = left.map_or_else(|_| String::new(), |left| format!(", {} left", clock(left)));
        let message = if message.is_empty() { String::new() } else { format!(", {message}") };
        let (what, unit, total) = (&self.what, self.unit, self.total);
        eprintln!("{what}: {done}/{total} {unit}, {rate:.2} {unit}/s{left}{message}");
        self.last_line = Instant::now();
    }
}

/// A duration as minutes and seconds, or hours and minutes.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 3600 {
        0 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        hours => format!("{hours}h{:02}m", seconds / 60 % 60),
    }
}
