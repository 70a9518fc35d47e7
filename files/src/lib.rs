//! Files that are written whole or not at all, and folders that one process works in at a time; reading at a place, and the room
//! that a disk has.
//!
//! A file is first written under a temporary name in the same folder, then synced, then renamed. A program that is
//! killed, or a disk that fills up, leaves what was there before as it was.
//!
//! ```
//! use std::io::Write;
//!
//! let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("new/report.txt");
//! fokker_files::write(&path, b"first").unwrap();
//! // A writer that fails leaves the file alone.
//! let failed = fokker_files::write_with(&path, |file| {
//!     file.write_all(b"half")?;
//!     Err(std::io::Error::other("no more"))
//! });
//! assert!(failed.is_err());
//! assert_eq!(std::fs::read(&path).unwrap(), b"first");
//! ```

#![forbid(unsafe_code)]

mod error;
mod growing;
mod lock;
mod log;
mod place;
mod room;
mod together;
mod whole;

pub use error::FileError;
pub use growing::GrowingFile;
pub use lock::{Lock, LockError, LockHolder};
pub use log::Log;
pub use place::read_exact_at;
pub use room::free_room;
pub use together::write_together;
pub use whole::{check_writable, temporary_name, write, write_named, write_with};
