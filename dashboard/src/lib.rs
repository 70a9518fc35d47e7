//! Runs of fokker on a page: what they have recorded, one over the other, while they are trained and afterwards.
//!
//! A run is a folder, and this crate reads folders alone: it writes nothing into them, and a run is never slower or less safe for
//! being looked at. It knows no configuration, no network, no device. Two pages come out of the same source:
//!
//! | | made by | has its data from |
//! |---|---|---|
//! | the live page | [`Server`], with the feature `server` | requests, and a stream of events |
//! | `report.html` | [`report`] | itself: numbers are written into the page |
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("config.toml"), "name = \"moons\"")?;
//! std::fs::write(folder.path().join("metrics.jsonl"), "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":0.25}\n")?;
//! let page = fokker_dashboard::report(folder.path());
//! assert!(page.starts_with("<!doctype html>") && page.contains("0.25"));
//! # Ok::<(), std::io::Error>(())
//! ```

#![deny(unsafe_code, clippy::print_stdout, clippy::print_stderr)]

mod columns;
#[cfg(feature = "server")]
mod find;
mod folder;
mod metrics;
mod page;
mod profiles;
mod record;
mod sampling;
#[cfg(feature = "server")]
mod server;

pub use columns::Columns;
pub use metrics::MetricsReader;
pub use page::report;
pub use profiles::Profiles;
pub use record::RunRecord;
pub use sampling::{Scale, View};
#[cfg(feature = "server")]
pub use server::{Server, ServerConfig, ServerError};
