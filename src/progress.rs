//! Progress: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Progress of a work of known length, on standard error.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    what: String,
    unit: &'static str,
    total: u64,
    start: Instant,
    first: u64,
    last_line: Instant,
}

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// A work of `total` units, of which `done` are done already.
    pub fn new(what: &str, unit: &'static str, done: u64, total: u64) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let template = format!("{{prefix}} {{wide_bar}} {{pos}}/{{len}} {unit} {{per_sec}} {{eta}} left {{msg}}");
            let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(total).with_style(style).with_prefix(what.to_string()).with_position(done);
            bar.reset_eta();
            bar
        });
        let now = Instant::now();
        Self { bar, what: what.into(), unit, total, start: now, first: done, last_line: now }
    }

    /// `done` units are done; `message` is what else there is to say.
    pub fn update(&mut self, done: u64, message: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(message.to_string());
                bar.set_position(done);
            }
            None if self.last_line.elapsed() >= LINE_EVERY || done == self.total => {
                let rate = (done - self.first) as f64 / self.start.elapsed().as_secs_f64();
                let left = match done > self.first {
                    true => format!(", {} left", clock(Duration::from_secs_f64((self.total - done) as f64 / rate))),
                    false => String::new(),
                };
                let (what, unit, total) = (&self.what, self.unit, self.total);
                eprintln!("{what}: {done}/{total} {unit}, {rate:.2} {unit}/s{left}{}", separated(message));
                self.last_line = Instant::now();
            }
            None => {}
        }
    }

    /// Prints a line that stays.
    pub fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn separated(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(", {message}") }
}

/// A duration as minutes and seconds, or hours and minutes.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 3600 {
        0 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        hours => format!("{hours}h{:02}m", seconds / 60 % 60),
    }
}
