//! Samples as files: what a name means, pictures and arrays, and what is left of a draw that was interrupted.
//!
//! | name | images | vectors and other arrays |
//! | --- | --- | --- |
//! | `.png`, `.jpg`, `.jpeg`, `.webp` | one grid | the density of points in the plane |
//! | `.npy`, `.npz`, `.safetensors` | `[count, channels, height, width]` in data units | `[count, dimension]` |
//! | `.csv` | a row for each sample, in data units | the same |
//! | a folder: no extension, a `/` at the end, or a folder that is there | `000000.png` and so on | one `.csv` for each batch |
//!
//! Letters are large or small. Every other name is refused before anything is drawn.

mod array_file;
mod choice_grid;
mod density;
mod drawn;
mod format;
mod kind;
mod not_finite;
mod picture;
mod picture_format;
mod trajectory;
mod writer;

pub use array_file::ArrayFormat;
pub use choice_grid::ChoiceGrid;
pub use drawn::Samples;
pub use format::SampleFormat;
pub use kind::SampleKind;
pub use not_finite::NotFinite;
pub use picture::{LARGEST_GIF, Pictures, save_animation};
pub use picture_format::PictureFormat;
pub use trajectory::{TrajectoryWriter, write_trajectory};
pub use writer::{SampleWriter, write_samples};
