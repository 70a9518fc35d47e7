//! Data sets: parts, pictures, batches.

mod arrays;
mod batches;
mod conditions;
mod folder;
mod folder_contents;
mod pictures;
