//! Metrics as TensorBoard reads them: records of protocol buffers in `events.out.tfevents.*`.
//!
//! A record is the length of its data as `u64`, a checksum of that, the data, a checksum of them; checksums are
//! CRC-32C, rotated and shifted (TensorFlow's `tfrecord` format). The messages are the fields that scalars need of
//! TensorFlow's `event.proto` and `summary.proto`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fokker_files::Log;
use prost::Message;

use crate::error::TrainingError;
use crate::metrics::Metrics;

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// `SessionLog.SessionStatus.START`
const SESSION_START: i32 = 1;

const PREFIX: &str = "events.out.tfevents.";

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

/// Writes an events file. Every session of a run has its own, and TensorBoard shows them as one run: a session begins
/// with a record that makes TensorBoard drop what earlier ones wrote of steps that are done again.
#[derive(Debug)]
pub struct EventsWriter {
    folder: PathBuf,
    /// Steps done when the session began.
    step: u64,
    /// Absent before the first record.
    log: Option<Log>,
}

impl EventsWriter {
    /// A file in a run's folder, for a session that has done `step` steps. It is made with the first record.
    pub fn new(folder: &Path, step: u64) -> Self {
        Self { folder: folder.into(), step, log: None }
    }

    /// Makes the file. TensorBoard reads files in the order of their names, so the time in the name is later than that
    /// of every file that is there, whatever the clock says.
    fn create(&self) -> Result<Log, TrainingError> {
        let names = fs::read_dir(&self.folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
        let seconds = |name: OsString| name.to_str()?.strip_prefix(PREFIX)?.split('.').next()?.parse::<u64>().ok();
        let newest = names.filter_map(seconds).max().map_or(0, |newest| newest + 1);
        let name = format!("{PREFIX}{:010}.{:08}.fokker", newest.max(now() as u64), self.step);
        let path = self.folder.join(name);
        let mut log = Log::create(&path)?;
        let version = What::FileVersion("brain.Event:2".into());
        let start = What::SessionLog(SessionLog { status: SESSION_START });
        let version = record(&Event { wall_time: now(), step: 0, what: Some(version) }.encode_to_vec());
        let start = Event { wall_time: now(), step: self.step as i64 + 1, what: Some(start) };
        if let Err(error) = log.append(&[version, record(&start.encode_to_vec())].concat()) {
            // The next attempt makes another file.
            let _ = fs::remove_file(path);
            return Err(error.into());
        }
        Ok(log)
    }

    /// Writes a line of metrics as scalars; numbers that are not finite are left out.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn metrics(&mut self, line: &Metrics) -> Result<(), TrainingError> {
        let named = [
            ("loss/training", line.loss),
            ("loss/validation", line.validation_loss),
            ("gradient norm", line.gradient_norm),
            ("learning rate", Some(line.learning_rate)),
            ("examples per second", line.examples_per_second),
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
        let all = named.into_iter().filter_map(scalar).chain(residuals);
        let summary = Summary { value: all.filter(|scalar| scalar.simple_value.is_finite()).collect() };
        self.write(Event { wall_time: now(), step: line.step as i64, what: Some(What::Summary(summary)) })
    }

    fn write(&mut self, event: Event) -> Result<(), TrainingError> {
        if self.log.is_none() {
            self.log = Some(self.create()?);
        }
        match &mut self.log {
            Some(log) => Ok(log.append(&record(&event.encode_to_vec()))?),
            None => Ok(()),
        }
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

    #[test]
    fn sessions_are_in_the_order_of_their_names_whatever_the_clock_says() {
        let folder = tempfile::tempdir().unwrap();
        // From a clock that was ahead.
        fs::write(folder.path().join(format!("{PREFIX}4000000000.00000000.fokker")), b"").unwrap();
        for step in [4, 4] {
            let mut events = EventsWriter::new(folder.path(), step);
            events.metrics(&Metrics { loss: Some(f64::NAN), ..Metrics::default() }).unwrap();
        }
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.to_str().unwrap().into()).collect();
        names.sort();
        let expected = ["4000000000.00000000", "4000000001.00000004", "4000000002.00000004"];
        assert_eq!(names, expected.map(|name| format!("{PREFIX}{name}.fokker")));
    }

    const EXPECTED: &str = "1a00000000000000129bd82d09000000000000f83f10072a0d0a0b0a046c6f7373150000803ec9d07b8d";
}
