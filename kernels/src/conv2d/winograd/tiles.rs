//! Tiles of 2 × 2 pixels, and the images that they are taken from.

use crate::simd::{padded, transpose_over};

/// Tiles transformed at a time: what belongs to them stays in the second cache.
const BLOCK: usize = 56;

/// The tiles of a few images that are convolved together.
pub(super) struct Tiles {
    /// Images that are taken together, so that even small ones fill a block.
    pub images: usize,
    /// Tiles of one image.
    pub per_image: usize,
    /// Pixels of an image of the input.
    input_pixels: usize,
    /// Pixels of an image of the output.
    output_pixels: usize,
    /// The pixel of the input at each of a tile's 4 × 4 places, or the pixel of zeros.
    inputs: Vec<usize>,
    /// The pixel of the output at each of a tile's 2 × 2 places, or one pixel beyond.
    outputs: Vec<usize>,
}

impl Tiles {
    /// Tiles of an output of this size, whose pixel `p` meets the pixels `p − before ..= p − before + 2` of the input.
    pub(super) fn new(input: [usize; 2], output: [usize; 2], before: usize) -> Self {
        let count = output.map(|length| length.div_ceil(2));
        let per_image = count[0] * count[1];
        let images = (BLOCK / per_image).max(1);
        let [input_pixels, output_pixels] = [input, output].map(|[height, width]| height * width);
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        let pixel = |[y, x]: [usize; 2], size: [usize; 2], before: usize| {
            let (y, x) = (y.checked_sub(before)?, x.checked_sub(before)?);
            (y < size[0] && x < size[1]).then_some(y * size[1] + x)
        };
        for image in 0..images {
            for tile in 0..per_image {
                let corner = [tile / count[1] * 2, tile % count[1] * 2];
                for place in 0..16 {
                    let at = [corner[0] + place / 4, corner[1] + place % 4];
                    inputs.push(pixel(at, input, before).map_or(images * input_pixels, |p| image * input_pixels + p));
                }
                for place in 0..4 {
                    let at = [corner[0] + place / 2, corner[1] + place % 2];
                    outputs.push(pixel(at, output, 0).map_or(images * output_pixels, |p| image * output_pixels + p));
                }
            }
        }
        Self { images, per_image, input_pixels, output_pixels, inputs, outputs }
    }

    /// Where the tiles' pixels are among pixels of `channels` numbers: those of the input, and those of the output.
    pub(super) fn places(&self, input_channels: usize, output_channels: usize) -> [Vec<usize>; 2] {
        let scaled = |pixels: &[usize], channels: usize| pixels.iter().map(|pixel| pixel * channels).collect();
        [scaled(&self.inputs, input_channels), scaled(&self.outputs, output_channels)]
    }

    /// Numbers of all pixels of the input, with the pixel of zeros.
    pub(super) fn input_length(&self, channels: usize) -> usize {
        (self.images * self.input_pixels + 1) * channels
    }

    /// Numbers of all pixels of the output, and one beyond.
    pub(super) fn output_length(&self, channels: usize) -> usize {
        (self.images * self.output_pixels + 1) * channels
    }

    /// The blocks of the first `images` images' tiles: the first tile of each, and how many.
    pub(super) fn blocks(&self, images: usize) -> impl Iterator<Item = (usize, usize)> {
        let tiles = images * self.per_image;
        (0..tiles).step_by(BLOCK).map(move |first| (first, BLOCK.min(tiles - first)))
    }

    /// Tiles of the largest block.
    pub(super) fn block(&self) -> usize {
        BLOCK.min(self.images * self.per_image)
    }
}

/// Writes images `[channels, pixels]` as pixels `[padded channels]`, and zeros into the pixel after the last place.
pub(super) fn channels_last(images: &[f32], [channels, pixels]: [usize; 2], to: &mut [f32]) {
    let columns = padded(channels);
    for (image, to) in images.chunks_exact(channels * pixels).zip(to.chunks_mut(pixels * columns)) {
        transpose_over(image, pixels, [channels, pixels], to, [columns, columns]);
    }
    let last = to.len() - columns;
    to[last..].fill(0.0);
}
