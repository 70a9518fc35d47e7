//! How far the opening of a data set has come, and who hears of it.

use std::ops::ControlFlow;
use std::sync::Arc;

/// How far the opening of a data set has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadProgress<'a> {
    /// A file is downloaded.
    Download {
        /// The file's name.
        file: &'a str,
        /// Bytes received so far.
        received: u64,
        /// Bytes in all, where the server says so.
        total: Option<u64>,
    },
    /// Files of a folder or an archive are listed.
    Listing {
        /// Files found so far.
        found: usize,
    },
    /// Pictures of a folder are decoded.
    Pictures {
        /// Pictures decoded so far.
        done: usize,
        /// Pictures in all.
        total: usize,
    },
}

/// Is called now and then while a data set is opened, and once at the end of each work. If it breaks, opening ends with
/// [`DatasetError::Stopped`](crate::DatasetError::Stopped).
pub type ProgressCallback = Arc<dyn Fn(LoadProgress<'_>) -> ControlFlow<()> + Send + Sync>;
