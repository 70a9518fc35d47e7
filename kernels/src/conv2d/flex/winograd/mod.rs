//! Convolutions of 3 × 3 at stride 1 with 36 multiplications for 16 pixels rather than 144 (Winograd's F(4 × 4, 3 × 3);
//! Lavin & Gray 2016).
//!
//! Pixels are cut into tiles of 4 × 4. A linear map takes a tile's 6 × 6 pixels of the input to 36 numbers, another
//! one the 3 × 3 taps; in between is a product of matrices over channels for each of the 36. The maps' factors, up to
//! 8 and down to 1/24, cost about one decimal digit against the direct sum's rounding.

mod convolve;
mod maps;
mod places;
mod sizes;
mod squares;
mod tiles;
mod weight_gradient;
mod wide;

pub(super) use convolve::{forward, input_gradient};
pub(super) use sizes::suits;
pub(super) use weight_gradient::sum_images;
pub(super) use wide::{is_wide, sum_batch};
