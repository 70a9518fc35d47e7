//! Conditions: what a network gets with an example, next to the noisy data.
//!
//! A condition has up to three parts: a class, a vector of numbers, and an array of the data's size with any number of channels. A
//! class and numbers come with the data ([`Dataset::classes`](crate::Dataset::classes),
//! [`Dataset::vector_size`](crate::Dataset::vector_size)), and so can an array
//! ([`Dataset::array_channels`](crate::Dataset::array_channels)). Vectors and arrays can also be made of the examples themselves, by a
//! [transformation](TransformationKind): a part of a picture, the picture in small, numbers that are measured in it.
//!
//! | file | what |
//! |---|---|
//! | `conditions.rs` | the conditions of several examples |
//! | `config.rs` | the section `condition` of a configuration, and the units that a run finds |
//! | `reader.rs` | from an example, or from what a user gives, to the network's numbers |
//! | `conditioned.rs` | a data set with the conditions that a configuration asks for |
//! | `transformation.rs` | what a transformation is |
//! | `part.rs`, `small.rs`, `strokes.rs` | the transformations that come with fokker |

mod conditioned;
mod conditions;
mod config;
mod part;
mod reader;
mod small;
mod strokes;
mod transformation;

pub use conditioned::Conditioned;
pub(crate) use conditions::Writer;
pub use conditions::{Conditions, Rows};
pub use config::ConditionConfig;
pub use part::PartConfig;
pub use reader::ConditionReader;
pub use small::SmallConfig;
pub use strokes::SlantAndThickness;
pub use transformation::{Measured, TransformationConfig, TransformationEntry, TransformationKind};
