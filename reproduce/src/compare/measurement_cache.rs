//! What an interrupted comparison has measured already, so that it goes on where it stopped.

use std::path::PathBuf;
use std::{fs, io};

use fokker::sampling::SamplerConfig;
use fokker_files::{FileError, Log};
use serde::{Deserialize, Serialize};

use fokker::Error;

/// One measurement, a line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    /// All that the numbers depend on besides the sampler.
    of: String,
    sampler: SamplerConfig,
    calls: usize,
    distance: f64,
}

/// A file of measurements that is there until the comparison is complete.
#[derive(Debug)]
pub(super) struct MeasurementCache {
    path: PathBuf,
    of: String,
    notes: Vec<Note>,
}

impl MeasurementCache {
    /// Those of an earlier attempt at the comparison that `of` describes, if there are any.
    pub(super) fn open(path: PathBuf, of: String) -> Self {
        let text = fs::read_to_string(&path).unwrap_or_default();
        // A last line that was not written to its end is no JSON.
        let notes = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Self { path, of, notes }
    }

    /// The calls and the distance of a sampler: as noted, or as measured now and noted.
    pub(super) fn get(
        &mut self,
        sampler: &SamplerConfig,
        measure: impl FnOnce(&SamplerConfig) -> Result<(usize, f64), Error>,
    ) -> Result<(usize, f64), Error> {
        if let Some(known) = self.notes.iter().find(|note| note.of == self.of && note.sampler == *sampler) {
            return Ok((known.calls, known.distance));
        }
        let (calls, distance) = measure(sampler)?;
        let note = Note { of: self.of.clone(), sampler: sampler.clone(), calls, distance };
        self.append(&note)?;
        self.notes.push(note);
        Ok((calls, distance))
    }

    fn append(&self, note: &Note) -> Result<(), FileError> {
        let failed = |error: io::Error| FileError::new("cannot write", &self.path, error);
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let line = serde_json::to_string(note).map_err(|error| failed(error.into()))?;
        // The line begins on a new one even after one that was broken off.
        Log::open(&self.path)?.append(format!("\n{line}").as_bytes())
    }

    /// The comparison is complete: the next one measures anew.
    pub(super) fn discard(self) -> Result<(), Error> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::File { path: self.path, message: error.to_string() })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use fokker::sampling::Method;

    use super::*;

    #[test]
    fn what_was_noted_is_not_measured_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/notes.jsonl");
        let open = |of: &str| MeasurementCache::open(path.clone(), of.into());
        let (ddim, unipc) = (SamplerConfig::new(Method::DDIM), SamplerConfig::new(Method::UNIPC));
        let never = |_: &SamplerConfig| -> Result<(usize, f64), Error> { panic!("measured again") };
        assert_eq!(open("a").get(&ddim, |_| Ok((20, 0.1))).unwrap(), (20, 0.1));
        // Broken off in the middle of a line.
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}\n{{\"of\":\"a\",\"samp")).unwrap();
        assert_eq!(open("a").get(&unipc, |_| Ok((10, 0.2))).unwrap(), (10, 0.2));
        let mut notes = open("a");
        assert_eq!(notes.get(&ddim, never).unwrap(), (20, 0.1));
        assert_eq!(notes.get(&unipc, never).unwrap(), (10, 0.2));
        // Another comparison has other numbers; after Ctrl-C nothing is noted.
        assert_eq!(open("b").get(&ddim, |_| Ok((30, 0.3))).unwrap(), (30, 0.3));
        let steps = SamplerConfig { steps: Some(7), ..ddim };
        assert!(notes.get(&steps, |_| Err(Error::Interrupted)).is_err());
        assert_eq!(notes.get(&steps, |_| Ok((7, 0.7))).unwrap(), (7, 0.7));
        notes.discard().unwrap();
        assert_eq!(open("a").notes, []);
    }
}
