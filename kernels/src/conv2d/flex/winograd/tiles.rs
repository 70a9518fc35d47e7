//! Tiles of 4 × 4 pixels, and the images that they are taken from.

use super::places::OUTSIDE;
use super::sizes::{SIDE, SQUARE, TILE};

/// Tiles transformed at a time: what belongs to them stays in the second cache.
const BLOCK: usize = 42;

/// The tiles of a few images that are convolved together.
pub(super) struct Tiles {
    /// Images that are taken together, so that even small ones fill a block.
    pub images: usize,
    /// Rows and columns of tiles in an image.
    pub size: [usize; 2],
    /// Pixels in a row of the output.
    pub width: usize,
    /// The pixel of the input at each of a tile's 6 × 6 places, if there is one.
    inputs: Vec<Option<usize>>,
    /// The pixel of the output at each of a tile's 4 × 4 places, if there is one.
    outputs: Vec<Option<usize>>,
}

impl Tiles {
    /// Tiles of `batch` outputs of this size, whose pixel `p` meets the pixels `p − before ..= p − before + 2` of the input.
    pub(super) fn new(input: [usize; 2], output: [usize; 2], before: usize, batch: usize) -> Self {
        let size = output.map(|length| length.div_ceil(TILE));
        let per_image = size[0] * size[1];
        // An even number of parts, as equal as may be, rather than a small one left over.
        let parts = batch.div_ceil((BLOCK / per_image).max(1)).next_multiple_of(2);
        let images = batch.div_ceil(parts).max(1);
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        let pixel = |image: usize, [y, x]: [usize; 2], size: [usize; 2], before: usize| {
            let (y, x) = (y.checked_sub(before)?, x.checked_sub(before)?);
            (y < size[0] && x < size[1]).then_some((image * size[0] + y) * size[1] + x)
        };
        for image in 0..images {
            for tile in 0..per_image {
                let corner = [tile / size[1] * TILE, tile % size[1] * TILE];
                let at = |place: usize, width: usize| [corner[0] + place / width, corner[1] + place % width];
                inputs.extend((0..SQUARE).map(|place| pixel(image, at(place, SIDE), input, before)));
                outputs.extend((0..TILE * TILE).map(|place| pixel(image, at(place, TILE), output, 0)));
            }
        }
        Self { images, size, width: output[1], inputs, outputs }
    }

    /// Where the tiles' pixels are among pixels of so many numbers: those of the input, and those of the output.
    pub(super) fn places(&self, input_channels: usize, output_channels: usize) -> [Vec<usize>; 2] {
        let places = |pixels: &[Option<usize>], channels: usize| {
            pixels.iter().map(|pixel| pixel.map_or(OUTSIDE, |pixel| pixel * channels)).collect()
        };
        [places(&self.inputs, input_channels), places(&self.outputs, output_channels)]
    }

    /// Tiles of one image.
    pub(super) fn per_image(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// The blocks of so many tiles: the first tile of each, and how many.
    pub(super) fn blocks(tiles: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..tiles).step_by(BLOCK).map(move |first| (first, BLOCK.min(tiles - first)))
    }

    /// Tiles of the largest block.
    pub(super) fn block(&self) -> usize {
        BLOCK.min(self.images * self.per_image())
    }
}
