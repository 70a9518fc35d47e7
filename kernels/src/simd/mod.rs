//! The inner loops, written for what the processor can do.
//!
//! Every inner loop is written once, over [`Vector`], and compiled for AVX-512, for AVX2 with FMA, and for any
//! processor at all. A process uses one of the three throughout, so its results do not depend on the data's shape.

mod factors;
mod gather_matmul;
pub(crate) mod instruction_set;
mod kernel;
mod padding;
mod pair_unit;
#[cfg(any(test, all(target_arch = "x86_64", target_os = "linux")))]
mod tiles;
mod transpose;
mod vector;

pub(crate) use gather_matmul::{GatherMatmul, PANEL};
pub(crate) use instruction_set::multiversion;
pub(crate) use kernel::{Kernel, dispatch};
pub(crate) use padding::{COLUMNS, add_pixels, padded, with_all_padded, with_padded, write_all_padded, write_padded};
pub(crate) use pair_unit::PairUnit;
pub use pair_unit::{instruction_sets, prefers_bfloat16};
pub(crate) use transpose::{transpose_over, transpose_over_in_parallel, transposed};
pub(crate) use vector::Vector;
