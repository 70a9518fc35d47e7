//! Convolutions on the CPU: of the image, of the gradient in the image, and of the gradient in the weight.
//!
//! Those of 3 × 3 are [Winograd's](winograd), the others products of matrices that are read in place.

mod forward;
mod input_gradient;
mod weight_gradient;
mod weight_gradient_of_pairs;
mod weight_order;
mod winograd;

pub(crate) use forward::forward;
pub(crate) use input_gradient::input_gradient;
pub(crate) use weight_gradient::weight_gradient;
