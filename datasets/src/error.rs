//! What can go wrong between a config and a batch, said so that the reader knows what to do next.

use std::path::PathBuf;

/// An error of this crate. Every message names the file or the key, the cause, and where possible the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A progress callback asked to stop.
    #[error("stopped")]
    Stopped,
    /// A value of the config that cannot be.
    #[error("config key `{key}`: {problem}")]
    Config {
        /// The key, with its section.
        key: String,
        /// What is wrong with its value, and what would be right.
        problem: String,
    },
    /// A file that is in none of the places it may be in, and could not be downloaded.
    #[error(
        "{dataset}: `{file}` was not found (looked in {}); {cause}. Remedy: put it at {} by hand, from {url}",
        list(.looked_in), .put_at.display()
    )]
    Missing {
        /// The data set.
        dataset: &'static str,
        /// The file's name.
        file: &'static str,
        /// The folders that were looked in, in that order.
        looked_in: Box<[PathBuf]>,
        /// Why it was not downloaded.
        cause: String,
        /// Where the file would be found next time.
        put_at: PathBuf,
        /// Where it can be had.
        url: String,
    },
    /// A file or folder that could not be read.
    #[error("cannot read {}: {source}", .file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file or folder that could not be written.
    #[error("{0}. Downloads and unpacked archives go to the folder in FOKKER_DATA, ./data if that is not set")]
    Write(#[from] fokker_files::FileError),
    /// Decoded pictures that could not be kept on the disk.
    #[error(
        "{0}. Decoded pictures are kept in the folder that the environment variable FOKKER_CACHE names; data.storage = \"memory\" \
         needs none"
    )]
    Cache(fokker_files::FileError),
    /// A file whose bytes are not the published ones.
    #[error(
        "{} is damaged or another file: its SHA-256 is {found}, expected {}. Remedy: delete it and fetch it again",
        .file.display(), .expected.join(" or ")
    )]
    Checksum {
        /// The file.
        file: PathBuf,
        /// The SHA-256 sums that are right, in hexadecimal digits.
        expected: Vec<String>,
        /// The SHA-256 sum of the file.
        found: String,
    },
    /// A file whose contents do not follow its format.
    #[error("{}: {problem}. Remedy: replace the file by an intact one", .file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// What was expected and what was found.
        problem: String,
    },
    /// A file of numbers that does not hold what it should.
    #[error("{}: {problem}", .file.display())]
    Array {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A picture that could not be decoded.
    #[error("cannot read the picture {}: {problem}", .file.display())]
    Picture {
        /// The picture.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Pictures of a folder that could not be decoded, all of them.
    #[error(
        "folder {}: {list}\nRemedy: repair them, take them out of the folder, or leave them out with \
         data.unreadable = \"skip\"", .folder.display()
    )]
    Pictures {
        /// The folder.
        folder: PathBuf,
        /// How many, and the first of them with what is wrong with each, a line each.
        list: String,
    },
    /// A folder that does not hold what it should.
    #[error("folder {}: {problem}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The thread that makes batches ahead could not be started.
    #[error("cannot start the thread that makes batches ahead: {source}")]
    Thread {
        /// The cause.
        source: std::io::Error,
    },
}

impl DatasetError {
    /// A value in the configuration that cannot be; `key` is the full path, such as `data.noise`.
    pub fn config(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Config { key: key.into(), problem: problem.into() }
    }
}

fn list(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}
