//! Data sets: parts, pictures, batches.

mod archives;
mod arrays;
mod augmentation;
mod batches;
mod cache;
mod conditions;
mod folder;
mod folder_contents;
mod framing;
mod labels;
mod opening;
mod pictures;
