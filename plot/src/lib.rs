//! Figures as data, and what is made of them: PNG, SVG, CSV and a page.
//!
//! Text is measured and drawn with a subset of DejaVu Sans that is part of the program, so pictures look the same on a
//! machine without fonts; in an SVG it is text, in whatever sans-serif the reader has.
//!
//! ```
//! use fokker_plot::{Colour, Figure, Layer, Panel, Table};
//!
//! let times: Vec<f64> = (0..=50).map(|k| f64::from(k) / 50.0).collect();
//! let stds: Vec<f64> = times.iter().map(|t| t.sqrt()).collect();
//! let curve = Layer::line("σ", Colour::BLUE, times.iter().copied().zip(stds.iter().copied()));
//! let figure = Figure {
//!     name: "noise".into(),
//!     title: "Deviation of the noise".into(),
//!     caption: "Brownian motion.".into(),
//!     panels: vec![Panel::new("", "t", "σ", (0.0, 1.0), (0.0, 1.1)).with(curve)],
//!     columns: 1,
//!     panel_size: (320, 240),
//!     tables: vec![Table::of_columns("", &[("t", &times), ("std", &stds)])],
//! };
//! assert!(fokker_plot::svg(&figure)?.starts_with("<svg"));
//! # Ok::<(), fokker_plot::PlotError>(())
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod axis;
mod chart;
mod clip;
mod drawing;
mod error;
mod figure;
mod labels;
mod legend;
mod page;
mod palette;
mod save;
mod table;

pub use error::PlotError;
pub use figure::{Figure, Heat, Layer, Legend, Panel};
pub use labels::labelled;
pub use page::{escape, page};
pub use palette::{Colour, Shades};
pub use save::{Saved, folder, png, save, svg};
pub use table::Table;
