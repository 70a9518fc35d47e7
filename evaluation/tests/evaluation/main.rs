//! Tests of the metrics.

mod arrays;
mod clouds;
mod error_bars;
mod extractors;
mod golden;
#[cfg(feature = "onnx")]
mod onnx;
mod refusals;
