//! Burn's tensors, which choose their backend at run time, taken apart for the kernels of one backend.

pub(crate) mod cube;
pub(crate) mod dispatch;
pub(crate) mod flex;
