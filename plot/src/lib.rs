//! Figures as data, and what is made of them: PNG, SVG, CSV and a page.
//!
//! Text is measured and drawn with a subset of DejaVu Sans that is part of the program, so pictures look the same on a
//! machine without fonts; in an SVG it is text, in whatever sans-serif the reader has.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod axis;
mod chart;
mod clip;
mod drawing;
mod error;
mod figure;
mod legend;
mod page;
mod palette;
mod save;
mod table;

pub use error::PlotError;
pub use figure::{Figure, Heat, Layer, Legend, Panel};
pub use page::{escape, page};
pub use palette::{Colour, Shades};
pub use save::{Saved, folder, png, save, svg};
pub use table::Table;
