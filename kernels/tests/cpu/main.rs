//! Operations on the CPU, against Burn's and central differences.

mod adam;
mod bfloat16;
mod conv2d;
mod conv_transpose2d;
mod fused;
mod group_norm;
mod group_norm_derivatives;
mod many_inputs;
mod running_average;
#[path = "../support/mod.rs"]
mod support;
