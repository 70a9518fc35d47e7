//! Sizes of tiles, and the convolutions that are cut into them.

use crate::conv2d::geometry::Geometry;

/// Pixels along a tile of the output.
pub(super) const TILE: usize = 4;
/// Pixels along what a tile of the output meets of the input.
pub(super) const SIDE: usize = TILE + 2;
/// Numbers that stand for a tile or for a channel's taps.
pub(super) const SQUARE: usize = SIDE * SIDE;

/// Whether a convolution can be, and is worth being, computed this way.
pub(in crate::conv2d) fn suits(geometry: &Geometry) -> bool {
    geometry.kernel == [3, 3]
        && geometry.stride == 1
        && geometry.before <= 2
        && geometry.inputs.min(geometry.outputs) >= 16
        && geometry.output_size().into_iter().min() >= Some(TILE)
}
