//! Metrics as TensorBoard reads them: records of protocol buffers in `events.out.tfevents.*`.
//!
//! A record is the length of its data as `u64`, a checksum of that, the data, a checksum of them; checksums are
//! CRC-32C, rotated and shifted (TensorFlow's `tfrecord` format). The messages are the fields that scalars, pictures and histograms
//! need of TensorFlow's `event.proto` and `summary.proto`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fokker_files::{FileError, Log};
use fokker_model::StateDict;
use prost::Message;

use crate::error::TrainingError;
use crate::histogram::Histogram;
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
    value: Vec<Named>,
}

/// `Summary.Value`
#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(oneof = "Shown", tags = "2, 4, 5")]
    shown: Option<Shown>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Shown {
    #[prost(float, tag = "2")]
    Scalar(f32),
    #[prost(message, tag = "4")]
    Image(Image),
    #[prost(message, tag = "5")]
    Histogram(Histogram),
}

/// `Summary.Image`
#[derive(Clone, PartialEq, Message)]
struct Image {
    #[prost(int32, tag = "1")]
    height: i32,
    #[prost(int32, tag = "2")]
    width: i32,
    /// The number of channels.
    #[prost(int32, tag = "3")]
    colorspace: i32,
    #[prost(bytes = "vec", tag = "4")]
    encoded_image_string: Vec<u8>,
}

impl Image {
    /// A file in PNG; none if it is something else.
    fn from_png(file: Vec<u8>) -> Option<Self> {
        let header = file.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..)?.strip_prefix(b"IHDR")?;
        let side = |bytes: &[u8]| i32::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok();
        let (width, height) = (side(header.get(..4)?)?, side(header.get(4..8)?)?);
        // The type of colour is grey, colours, a palette of colours, grey and alpha, colours and alpha.
        let colorspace = match header.get(9)? {
            0 => 1,
            4 => 2,
            6 => 4,
            _ => 3,
        };
        Some(Self { height, width, colorspace, encoded_image_string: file })
    }
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
        let residuals = line.residuals.iter().flat_map(|residuals| {
            let named = [
                ("r_dsm", residuals.r_dsm),
                ("r_fp", residuals.r_fp),
                ("r_fp uniform", residuals.r_fp_uniform),
                ("curl", residuals.curl),
            ];
            let at = |(tag, value)| (format!("{tag}/t = {:.3e}", residuals.t), value);
            named.map(at)
        });
        let levels = line
            .noise_levels
            .iter()
            .map(|level| (format!("error in the noise/log-SNR = {:.2}", level.log_snr), level.loss));
        let lists = residuals.chain(levels).chain(evaluation(line));
        let named = named.into_iter().filter_map(|(tag, value)| Some((tag.to_string(), value?)));
        self.scalars(line.step, named.chain(lists))
    }

    /// Writes the evaluation of a line alone.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn evaluation(&mut self, line: &Metrics) -> Result<(), TrainingError> {
        self.scalars(line.step, evaluation(line))
    }

    /// Writes numbers under their tags; those that are not finite are left out.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn scalars(&mut self, step: u64, numbers: impl Iterator<Item = (String, f64)>) -> Result<(), TrainingError> {
        let scalar = |(tag, value): (String, f64)| {
            let value = value as f32;
            value.is_finite().then_some(Named { tag, shown: Some(Shown::Scalar(value)) })
        };
        let summary = Summary { value: numbers.filter_map(scalar).collect() };
        self.write(Event { wall_time: now(), step: step as i64, what: Some(What::Summary(summary)) })
    }

    /// Writes a picture that was drawn after `step` steps, as the file in PNG that it is. A file of another format is left out.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn picture(&mut self, tag: &str, step: u64, path: &Path) -> Result<(), TrainingError> {
        let file = fs::read(path).map_err(|error| FileError::new("cannot read", path, error))?;
        let Some(image) = Image::from_png(file) else { return Ok(()) };
        let value = Named { tag: tag.into(), shown: Some(Shown::Image(image)) };
        let summary = Summary { value: vec![value] };
        self.write(Event { wall_time: now(), step: step as i64, what: Some(What::Summary(summary)) })
    }

    /// Writes how the numbers of each tensor are spread after `step` steps, under `folder` and the tensor's name.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn histograms(&mut self, folder: &str, step: u64, tensors: &StateDict) -> Result<(), TrainingError> {
        let spread = |name: &str| {
            let shown = Shown::Histogram(Histogram::of(tensors.get(name)?.1)?);
            Some(Named { tag: format!("{folder}/{name}"), shown: Some(shown) })
        };
        let summary = Summary { value: tensors.shapes().filter_map(|(name, _)| spread(name)).collect() };
        self.write(Event { wall_time: now(), step: step as i64, what: Some(What::Summary(summary)) })
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

/// The numbers of an evaluation under their tags.
fn evaluation(line: &Metrics) -> impl Iterator<Item = (String, f64)> {
    line.evaluation.iter().map(|(name, value)| (format!("evaluation/{name}"), *value))
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
            what: Some(What::Summary(Summary {
                value: vec![Named { tag: "loss".into(), shown: Some(Shown::Scalar(0.25)) }],
            })),
        };
        let hex: String = record(&event.encode_to_vec()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, EXPECTED);
    }

    /// The same for a picture; the file is as long as a header says, and nothing of it is decoded.
    #[test]
    fn a_picture_is_the_file_with_its_size() {
        let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0".to_vec();
        file.extend([7; 4]);
        let image = Image::from_png(file.clone()).unwrap();
        let size = (image.width, image.height, image.colorspace);
        assert_eq!((size, &image.encoded_image_string), ((3, 2, 3), &file));
        let summary = Summary { value: vec![Named { tag: "samples".into(), shown: Some(Shown::Image(image)) }] };
        let event = Event { wall_time: 1.5, step: 7, what: Some(What::Summary(summary)) };
        let hex: String = record(&event.encode_to_vec()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, EXPECTED_PICTURE);
        assert_eq!(Image::from_png(b"GIF89a".to_vec()), None);
        assert_eq!(Image::from_png(file[..20].to_vec()), None);
    }

    /// The same for a histogram of 1, 2, 2 and 4, which has thirty bins. Three of them hold something.
    #[test]
    fn a_histogram_has_its_bins_and_their_limits() {
        let histogram = Histogram::of(&[1.0, 2.0, 2.0, 4.0]).unwrap();
        let value = Named { tag: "weights/a".into(), shown: Some(Shown::Histogram(histogram)) };
        let summary = Summary { value: vec![value] };
        let event = Event { wall_time: 1.5, step: 7, what: Some(What::Summary(summary)) };
        let record = record(&event.encode_to_vec());
        assert_eq!((record.len(), crc32c::crc32c(&record)), EXPECTED_HISTOGRAM);
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

    /// The length, and the checksum.
    const EXPECTED_HISTOGRAM: (usize, u32) = (578, 1_158_328_078);
    const EXPECTED: &str = "1a00000000000000129bd82d09000000000000f83f10072a0d0a0b0a046c6f7373150000803ec9d07b8d";
    const EXPECTED_PICTURE: &str = "4300000000000000b18525a009000000000000f83f10072a360a340a0773616d706c65732229080210031803222189504e470d0a1a0a\
                                    0000000d4948445200000003000000020802000000070707079734f0fa";
}
