//! The normalisation on the CPU, with all its derivatives: one set of loops over numbers that carry derivatives along.

mod backward;
mod blocks;
mod forward;
mod jet;
pub(super) mod shape;
mod sigmoid;

pub(super) use backward::{Gradients, backward};
pub(super) use forward::forward;
