//! `sessions.jsonl`: when a run was trained, on what, and where the time went.

use std::time::{SystemTime, UNIX_EPOCH};

use fokker_files::{FileError, Log};
use fokker_model::Network;
use fokker_training::{Breakdown, Callback, Moment, Outcome, RunFolder, TrainingError};
use serde_json::{Value, json};

/// Writes a line when a session begins and one when it ends. A session without a second line was killed, or is in training. Lines
/// that cannot be written are a warning: no reason to lose a run.
#[derive(Clone, Debug)]
pub struct Sessions {
    run: RunFolder,
    device: String,
}

impl Sessions {
    /// For a run, on a device that is described for a reader.
    pub fn new(run: &RunFolder, device: impl Into<String>) -> Self {
        Self { run: run.clone(), device: device.into() }
    }

    fn append(&self, line: &Value) -> Result<(), FileError> {
        Log::open(&self.run.sessions())?.append(format!("{line}\n").as_bytes())
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn seconds_of(breakdown: &Breakdown) -> Value {
    let Breakdown { steps, data, inputs, gradient, exchange, update, validation, records, observer, checkpoints } =
        *breakdown;
    json!({
        "steps": steps, "data": data, "inputs": inputs, "gradient": gradient, "exchange": exchange, "update": update,
        "validation": validation, "records": records, "observer": observer, "checkpoints": checkpoints,
    })
}

impl<N: Network<D>, const D: usize> Callback<N, D> for Sessions {
    fn start(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        let line = json!({
            "event": "start", "time": now(), "step": at.step(), "device": self.device, "version": env!("CARGO_PKG_VERSION"),
            "threads": std::thread::available_parallelism().ok(),
        });
        if let Err(error) = self.append(&line) {
            at.warn(error.to_string());
        }
        Ok(())
    }

    fn end(&mut self, at: &mut Moment<'_, N, D>, outcome: Outcome) -> Result<(), TrainingError> {
        let outcome = match outcome {
            Outcome::Finished => "finished",
            Outcome::EndedEarly => "ended early",
            Outcome::Interrupted => "interrupted",
        };
        let seconds = seconds_of(&at.trainer.breakdown());
        let line =
            json!({ "event": "end", "time": now(), "step": at.step(), "outcome": outcome, "breakdown": seconds });
        if let Err(error) = self.append(&line) {
            at.warn(error.to_string());
        }
        Ok(())
    }

    /// What a run that failed says of itself is the error; here stands when.
    fn failed(&mut self, error: TrainingError) -> TrainingError {
        let line = json!({ "event": "end", "time": now(), "outcome": "failed", "message": error.to_string() });
        if let Err(error) = self.append(&line) {
            tracing::warn!("{error}");
        }
        error
    }
}
