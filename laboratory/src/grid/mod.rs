//! Grids of equal cells on a box in one or two dimensions, and functions on them.

mod axis;
mod field;

pub use axis::Axis;
pub use field::Field;
pub(crate) use field::{GAUSS, integral_along};
