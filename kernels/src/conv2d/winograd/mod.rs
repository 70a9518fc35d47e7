//! Convolutions of 3 × 3 at stride 1 with 16 multiplications for 4 pixels rather than 36 (Winograd's F(2 × 2, 3 × 3);
//! Lavin & Gray 2016).
//!
//! Pixels are cut into tiles of 2 × 2. A linear map takes a tile's 4 × 4 pixels of the input to 16 numbers, another
//! one the 3 × 3 taps; in between is a product of matrices over channels for each of the 16. In single precision its
//! rounding is that of the direct sum.

mod convolve;
mod tiles;
mod transforms;
mod weight_gradient;

pub(super) use convolve::{forward, input_gradient};
pub(super) use weight_gradient::sum_images;

use super::geometry::Geometry;

/// Numbers that stand for a tile or for a channel's taps.
const SQUARE: usize = 16;

/// Whether a convolution can be, and is worth being, computed this way.
pub(super) fn suits(geometry: &Geometry) -> bool {
    geometry.kernel == [3, 3]
        && geometry.stride == 1
        && geometry.before <= 2
        && geometry.inputs.min(geometry.outputs) >= 16
}
