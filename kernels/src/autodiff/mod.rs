//! What Burn's automatic differentiation lacks: operations with several results, and blocks that are computed again.

mod multi_output;
mod recompute;

pub(crate) use multi_output::{MultiOutputOp, multi_output};
pub use recompute::{TensorFn, recomputed};
