//! Models of diffusers: read as runs, and runs written as them.
//!
//! | file | what |
//! |---|---|
//! | `folder.rs` | where a folder has its network, weights, averages and scheduler |
//! | `scheduler/` | a scheduler's settings as process, parameterisation and sampler, and back |
//! | `import.rs` | a folder becomes a run |
//! | `export.rs`, `card.rs` | a run becomes a folder |
//!
//! What neither side has a word for is refused, by its key.

mod card;
mod export;
mod fields;
mod folder;
mod import;
mod python_json;
mod scheduler;
#[cfg(test)]
mod tests;

pub use export::{ExportRequest, Exported, export};
pub use folder::DiffusersFolder;
pub use import::{ImportRequest, Imported, import};
pub use scheduler::{SchedulerReading, read_scheduler};
