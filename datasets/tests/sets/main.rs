//! Data sets: parts, pictures, batches.

mod batches;
mod folder;
mod folder_contents;
mod pictures;
