//! `metrics.jsonl`, read as it grows.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use crate::columns::Columns;
use crate::folder;

/// Reads what is new of a file of metrics, and only that.
///
/// The file may be written at the same time: a line counts once its end is there. If what was read is no longer there, because the
/// run went back to an earlier step or the file was replaced, it is read again from the beginning.
///
/// ```
/// use fokker_dashboard::MetricsReader;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("metrics.jsonl");
/// std::fs::write(&path, "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"lo")?;
/// let mut reader = MetricsReader::default();
/// assert!(reader.read(&path)?);
/// assert_eq!(reader.columns().steps(), [1]);
/// assert!(!reader.read(&path)?, "nothing is new");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MetricsReader {
    columns: Columns,
    /// Bytes that are done with.
    done: u64,
    /// The last of them, to see whether they are still there.
    tail: Vec<u8>,
    lines: u64,
    damaged: u64,
    first_damaged: u64,
    /// Bytes after the last end of a line.
    unfinished: u64,
    /// In a line that is too long to be one.
    skipping: bool,
}

/// Bytes that are compared.
const TAIL: usize = 128;
/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;
/// A line that is longer than this is none.
const LONGEST_LINE: usize = 1 << 22;
/// Bytes that one call reads, so that a first look at many runs shows something soon.
const AT_ONCE: u64 = 64 << 20;

impl MetricsReader {
    /// What was read so far.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Lines that are no lines of metrics: how many, and the number of the first, counted from 1.
    pub fn damaged(&self) -> Option<(u64, u64)> {
        (self.damaged > 0).then_some((self.damaged, self.first_damaged))
    }

    /// Whether the file ends within a line.
    pub fn ends_within_a_line(&self) -> bool {
        self.unfinished > 0
    }

    /// Reads what is new, and returns whether anything is. A file that is not there is empty.
    ///
    /// # Errors
    /// A file that cannot be read, or that is no file.
    pub fn read(&mut self, path: &Path) -> std::io::Result<bool> {
        let mut file = match folder::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let was_there = self.done + self.unfinished > 0;
                *self = Self::default();
                return Ok(was_there);
            }
            file => file?,
        };
        let length = file.metadata()?.len();
        let mut changed = false;
        if length < self.done || !self.tail_is_there(&mut file)? {
            *self = Self::default();
            changed = true;
        }
        if length == self.done + self.unfinished && !changed {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(self.done))?;
        let (mut waiting, mut chunk) = (Vec::new(), vec![0; CHUNK]);
        let limit = self.done + AT_ONCE;
        loop {
            let count = file.read(&mut chunk)?;
            waiting.extend_from_slice(&chunk[..count]);
            let whole = waiting.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            changed |= whole > 0;
            self.take(&waiting[..whole]);
            waiting.drain(..whole);
            if waiting.len() > LONGEST_LINE {
                self.skip(&waiting);
                waiting.clear();
            }
            if count == 0 || self.done >= limit {
                self.unfinished = waiting.len() as u64;
                return Ok(changed);
            }
        }
    }

    fn tail_is_there(&self, file: &mut File) -> std::io::Result<bool> {
        let mut found = vec![0; self.tail.len()];
        file.seek(SeekFrom::Start(self.done - found.len() as u64))?;
        file.read_exact(&mut found)?;
        Ok(found == self.tail)
    }

    /// Whole lines.
    fn take(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.lines += 1;
            let line = line.trim_ascii();
            let is_end_of_long_line = std::mem::take(&mut self.skipping);
            let is_metrics =
                !is_end_of_long_line && serde_json::from_slice(line).is_ok_and(|line| self.columns.push(&line));
            if !is_metrics && !line.is_empty() {
                self.damaged += 1;
                if self.damaged == 1 {
                    self.first_damaged = self.lines;
                }
            }
        }
        self.pass(bytes);
    }

    /// A piece of a line that is too long.
    fn skip(&mut self, bytes: &[u8]) {
        self.skipping = true;
        self.pass(bytes);
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.done += bytes.len() as u64;
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;
    use std::path::PathBuf;

    use super::*;

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        (folder, path)
    }

    fn append(path: &Path, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_line_counts_once_it_is_whole() {
        let (_folder, path) = file();
        let mut reader = MetricsReader::default();
        assert!(!reader.read(&path).unwrap(), "there is no file");
        append(&path, "{\"step\":1,\"loss\":1}\n{\"step\":2,");
        assert!(reader.read(&path).unwrap());
        assert_eq!((reader.columns().steps(), reader.ends_within_a_line()), (&[1][..], true));
        append(&path, "\"loss\":2}");
        assert!(!reader.read(&path).unwrap());
        append(&path, "\n");
        assert!(reader.read(&path).unwrap());
        assert_eq!((reader.columns().steps(), reader.ends_within_a_line()), (&[1, 2][..], false));
        assert_eq!(reader.damaged(), None);
    }

    /// As when a run is resumed from an earlier step: shorter, or as long with other lines, or longer again.
    #[test]
    fn a_file_that_was_written_anew_is_read_anew() {
        let (_folder, path) = file();
        let line = |step: u64, loss: u64| format!("{{\"step\":{step},\"loss\":{loss}}}\n");
        let mut reader = MetricsReader::default();
        fs::write(&path, [line(1, 1), line(2, 1), line(3, 1)].concat()).unwrap();
        reader.read(&path).unwrap();
        fs::write(&path, line(1, 1)).unwrap();
        assert!(reader.read(&path).unwrap());
        assert_eq!(reader.columns().steps(), [1]);
        fs::write(&path, [line(1, 1), line(2, 5), line(3, 5), line(4, 5)].concat()).unwrap();
        reader.read(&path).unwrap();
        fs::write(&path, [line(1, 1), line(2, 7), line(3, 7), line(4, 7), line(5, 7)].concat()).unwrap();
        assert!(reader.read(&path).unwrap());
        assert_eq!((reader.columns().steps().len(), reader.columns().get("loss", 2)), (5, 7.0));
        fs::remove_file(&path).unwrap();
        assert!(reader.read(&path).unwrap());
        assert!(reader.columns().steps().is_empty());
    }

    #[test]
    fn damaged_lines_are_counted_and_left_out() {
        let (_folder, path) = file();
        let mut bytes =
            b"{\"step\":1,\"loss\":NaN}\n\n{\"step\":2,\"loss\":1e999}\n[1]\n{\"step\":3,\"loss\":0.5}\n\xff\xfe\0\n"
                .to_vec();
        bytes.extend(std::iter::repeat_n(b'x', LONGEST_LINE + 3 * CHUNK));
        bytes.extend(b"\n{\"step\":4,\"loss\":null}\n{\"step\":5,\"loss\":[[[1]]]}\n");
        fs::write(&path, bytes).unwrap();
        let mut reader = MetricsReader::default();
        reader.read(&path).unwrap();
        assert_eq!(reader.columns().steps(), [3, 4, 5]);
        assert_eq!(reader.damaged(), Some((5, 1)));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_an_error() {
        let (folder, path) = file();
        fs::create_dir(&path).unwrap();
        assert!(MetricsReader::default().read(&path).is_err());
        fs::remove_dir(&path).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "{\"step\":1}\n").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(MetricsReader::default().read(&path).is_err());
    }
}
