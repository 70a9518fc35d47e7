//! Kinds by name: how a configuration finds the process, the data set or the network that it names.
//!
//! A *family* is a trait whose implementors are settings, such as `ProcessKind`. A *kind* is one such type together with
//! its name. The file that defines a kind registers it, and a table `{ kind = "name", … }` of any configuration is then
//! read as that type. Kinds of a program of one's own are registered by the same line as the built-in ones, and are the
//! same to everything that reads configurations.
//!
//! ```
//! use fokker_registry::{Settings, family, register};
//! use serde::{Deserialize, Serialize};
//!
//! pub trait ShapeKind: Settings {
//!     fn area(&self) -> f64;
//! }
//!
//! family! {
//!     /// A shape by its `kind`.
//!     pub struct Shape, ShapeEntry of dyn ShapeKind, "shape"
//! }
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Square {
//!     side: f64,
//! }
//!
//! impl ShapeKind for Square {
//!     fn area(&self) -> f64 {
//!         self.side * self.side
//!     }
//! }
//!
//! register!(ShapeEntry, Square, "square");
//!
//! let shape: Shape = toml::from_str("kind = 'square'\nside = 3").unwrap();
//! assert_eq!((shape.kind(), shape.area()), ("square", 9.0));
//! assert_eq!(shape, Square { side: 3.0 }.into());
//! assert_eq!(toml::to_string(&shape).unwrap(), "kind = \"square\"\nside = 3.0\n");
//!
//! let error = toml::from_str::<Shape>("kind = 'square'\nside = 'long'").unwrap_err();
//! assert!(error.to_string().contains("side: invalid type: string \"long\", expected f64"));
//! let error = toml::from_str::<Shape>("kind = 'circle'").unwrap_err();
//! assert!(error.to_string().contains("unknown shape `circle`, expected one of `square`"));
//! ```
//!
//! # How it works
//!
//! `register!` puts an [`Entry`] into a list that the linker makes (crate `inventory`); nothing runs and nothing is
//! stored at run time. So a kind is there in every program that its crate is linked into. The compiler leaves out a crate
//! that a program depends on and never mentions: such a crate of kinds needs a `use my_kinds as _;`.
//!
//! Settings are read through [`Fields`], whose errors name the key; serde's own tagged enums lose it on the way.

#![forbid(unsafe_code)]

mod entry;
mod family;
mod named;
mod settings;

#[doc(hidden)]
pub use inventory;
#[doc(hidden)]
pub use serde;

pub use entry::{Entry, Family, find, kinds, named, read, write};
pub use named::{Fields, Value};
pub use settings::{Named, Settings};
