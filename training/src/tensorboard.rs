//! Metrics as TensorBoard reads them: records of protocol buffers in `events.out.tfevents.*`.
//!
//! A record is the length of its data as `u64`, a checksum of that, the data, a checksum of them; checksums are
//! CRC-32C, rotated and shifted (TensorFlow's `tfrecord` format). The messages are the fields that scalars need of
//! TensorFlow's `event.proto` and `summary.proto`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::error::TrainingError;
use crate::trainer::Metrics;

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// Writes an events file. Every session of a run has its own, and TensorBoard shows them as one run: what an earlier
/// session wrote of steps that are done again is hidden.
#[derive(Debug)]
pub struct EventsWriter {
    file: File,
    path: PathBuf,
}

impl EventsWriter {
    /// Starts a file in a run's folder, for a session that has done `step` steps.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn create(folder: &Path, step: u64) -> Result<Self, TrainingError> {
        let seconds = now();
        let path = folder.join(format!("events.out.tfevents.{:010}.{:08}.fokker", seconds as u64, step));
        let file = File::create(&path).map_err(|error| TrainingError::file("cannot write", &path, error))?;
        let mut writer = Self { file, path };
        writer.write(Event { wall_time: seconds, step: 0, what: Some(What::FileVersion("brain.Event:2".into())) })?;
        Ok(writer)
    }

    /// Writes a line of metrics as scalars.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn metrics(&mut self, line: &Metrics) -> Result<(), TrainingError> {
        let named = [
            ("loss/training", Some(line.loss)),
            ("loss/validation", line.validation_loss),
            ("gradient norm", Some(line.gradient_norm)),
            ("learning rate", Some(line.learning_rate)),
            ("examples per second", Some(line.examples_per_second)),
            ("epoch", Some(line.epoch)),
        ];
        let scalar = |(tag, value): (&str, Option<f64>)| Some(Scalar { tag: tag.into(), simple_value: value? as f32 });
        let residuals = line.residuals.iter().flat_map(|residuals| {
            let named = [
                ("r_dsm", residuals.r_dsm),
                ("r_fp", residuals.r_fp),
                ("r_fp uniform", residuals.r_fp_uniform),
                ("curl", residuals.curl),
            ];
            named.map(|(tag, value)| Scalar {
                tag: format!("{tag}/t = {:.3e}", residuals.t),
                simple_value: value as f32,
            })
        });
        let summary = Summary { value: named.into_iter().filter_map(scalar).chain(residuals).collect() };
        self.write(Event { wall_time: now(), step: line.step as i64, what: Some(What::Summary(summary)) })
    }

    fn write(&mut self, event: Event) -> Result<(), TrainingError> {
        let record = record(&event.encode_to_vec());
        self.file.write_all(&record).map_err(|error| TrainingError::file("cannot write", &self.path, error))
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()].concat()
}

fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that TensorBoard itself writes for the same event (reference/events.py).
    #[test]
    fn a_record_is_what_other_writers_write() {
        let event = Event {
            wall_time: 1.5,
            step: 7,
            what: Some(What::Summary(Summary { value: vec![Scalar { tag: "loss".into(), simple_value: 0.25 }] })),
        };
        let hex: String = record(&event.encode_to_vec()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, EXPECTED);
    }

    const EXPECTED: &str = "1a00000000000000129bd82d09000000000000f83f10072a0d0a0b0a046c6f7373150000803ec9d07b8d";
}
