//! The gradients of weight and bias: one product of two matrices. One of the two is never written down.
//!
//! `∂weight[o, k, l, i] = Σ gradient[n, y, x, o] · in[n, y·stride + k − before, x·stride + l − before, i]` is the product of a matrix
//! with a row for each output channel and one with a column for each tap and input channel, over all pixels of all images.
//!
//! ```text
//!            taps × input channels                  a cube of units: a tile of TILE × TILE sums,
//!          ┌───────┬───────┬─────┐                  over a share of the pixels, DEPTH of them at a time
//!  output  │ tile  │ tile  │ …   │                  a unit: EACH × EACH of them
//! channels ├───────┼───────┤     │
//!          │ …     │       │     │   bias: the sums of the first matrix, in the first column of tiles
//! ```
//!
//! Where there are many pixels and few tiles, the pixels are divided among several cubes, and a second kernel adds up what they have.

use burn::backend::ops::FloatTensorOps;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::*;
use cubecl::zspace::metadata::Metadata;

use crate::conv2d::geometry::Geometry;
use crate::tensors::cube::{Primitive, STEP, empty, view};

/// Rows and columns of a tile.
const TILE: usize = 64;
/// Rows and columns of a unit's part of a tile.
const EACH: usize = 4;
/// Units along a tile's side.
const SIDE: usize = TILE / EACH;
/// Units of a cube.
const UNITS: usize = SIDE * SIDE;
/// Pixels that are read at a time.
const DEPTH: usize = 8;
/// Cubes that keep a large GPU busy.
const CUBES: usize = 256;
/// Pixels for which a cube of its own is worth while.
const SHARE: usize = 1024;
/// Cubes along an axis, the least that a device offers.
const MOST_CUBES: usize = u16::MAX as usize;

/// Whether [`weight_gradient`] is for a convolution of this image: single precision on a device without matrix units, with which
/// Burn's kernels are faster.
pub(super) fn takes(geometry: &Geometry, x: &Primitive) -> bool {
    let properties = x.client.properties();
    let matrix_units = &properties.features.matmul;
    let rows = geometry.batch * geometry.output_pixels();
    // Places are counted in 32 bits.
    let most = [geometry.batch * geometry.input_length(), rows * geometry.outputs, geometry.outputs * geometry.taps()];
    x.dtype() == DType::F32
        && matrix_units.cmma.is_empty()
        && matrix_units.mma.is_empty()
        && properties.hardware.max_units_per_cube as usize >= UNITS
        && most.iter().all(|numbers| *numbers <= u32::MAX as usize / 2)
        && geometry.taps().div_ceil(TILE) <= MOST_CUBES
}

/// The gradients of weight, `[outputs, inputs, kernel height, kernel width]` with neighbouring input channels, and bias. The gradient
/// is contiguous.
pub(super) fn weight_gradient(geometry: &Geometry, x: Primitive, gradient: Primitive) -> [Primitive; 2] {
    let Geometry { inputs, outputs, kernel: [rows, columns], .. } = *geometry;
    let x = into_contiguous(x);
    let pixels = geometry.batch * geometry.output_pixels();
    let tiles = [geometry.taps(), outputs].map(|length| length.div_ceil(TILE));
    let pieces = (CUBES / (tiles[0] * tiles[1])).min(pixels / SHARE).max(1);
    let [start, length] = [outputs * geometry.taps(), outputs].map(|numbers| numbers.next_multiple_of(STEP));
    let sizes = SizesLaunch::new(
        pixels,
        pixels.div_ceil(pieces * DEPTH),
        outputs,
        inputs,
        geometry.taps(),
        geometry.size[0],
        geometry.size[1],
        geometry.output_pixels(),
        geometry.output_size()[1],
        columns,
        geometry.stride,
        geometry.before,
        start,
        start + length,
    );
    let sums = empty(&x, [pieces, start + length], DType::F32);
    let client = x.client.clone();
    let cubes = CubeCount::new_3d(tiles[0] as u32, tiles[1] as u32, pieces as u32);
    let (x, gradient, out) = (x.into_tensor_arg(), gradient.into_tensor_arg(), sums.clone().into_tensor_arg());
    products::launch(&client, cubes, CubeDim::new_1d(UNITS as u32), x, gradient, out, sizes);
    let sums = if pieces == 1 { sums } else { Cube::float_sum_dim(sums, 0) };
    let strides = [geometry.taps(), 1, columns * inputs, inputs];
    [
        view(&sums, 0..start, Metadata::new([outputs, inputs, rows, columns], strides)),
        view(&sums, start..start + length, Metadata::new([outputs], [1])),
    ]
}

/// The sizes of a convolution, and how it is divided.
#[derive(CubeLaunch, CubeType)]
struct Sizes {
    /// Of the gradients of all images.
    pixels: usize,
    /// How often a cube reads `DEPTH` of them.
    steps: usize,
    outputs: usize,
    inputs: usize,
    /// Taps times inputs.
    columns: usize,
    height: usize,
    width: usize,
    /// Of the gradient of an image.
    out_pixels: usize,
    out_width: usize,
    kernel_width: usize,
    stride: usize,
    before: usize,
    /// Where the gradient of the bias begins.
    bias: usize,
    /// Numbers of a piece.
    length: usize,
}

#[cube(launch)]
fn products(x: &Tensor<f32>, gradient: &Tensor<f32>, sums: &mut Tensor<f32>, sizes: Sizes) {
    let mut of_gradient = Shared::<[f32]>::new_slice(DEPTH * TILE);
    let mut of_image = Shared::<[f32]>::new_slice(DEPTH * TILE);
    let unit = UNIT_POS as usize;
    // What the unit reads: of every fourth pixel one channel, and one channel at one tap.
    let lane = unit % TILE;
    let output = CUBE_POS_Y as usize * TILE + lane;
    let column = CUBE_POS_X as usize * TILE + lane;
    let tap = column / sizes.inputs;
    let input = column % sizes.inputs;
    let tap_y = tap / sizes.kernel_width;
    let tap_x = tap % sizes.kernel_width;
    let mut tile = Array::<f32>::new(comptime!(EACH * EACH));
    #[unroll]
    for place in 0..comptime!(EACH * EACH) {
        tile[place] = 0.0f32;
    }
    let mut bias = 0.0f32;
    let first = CUBE_POS_Z as usize * sizes.steps * DEPTH;
    for step in 0..sizes.steps {
        #[unroll]
        for part in 0..comptime!(DEPTH * TILE / UNITS) {
            let depth = part * comptime!(UNITS / TILE) + unit / TILE;
            let pixel = first + step * DEPTH + depth;
            let mut of_output = 0.0f32;
            let mut of_column = 0.0f32;
            if pixel < sizes.pixels {
                if output < sizes.outputs {
                    of_output = gradient[pixel * sizes.outputs + output];
                }
                let image = pixel / sizes.out_pixels;
                let within = pixel % sizes.out_pixels;
                let from_y = within / sizes.out_width * sizes.stride + tap_y;
                let from_x = within % sizes.out_width * sizes.stride + tap_x;
                let is_inside = from_y >= sizes.before
                    && from_y < sizes.before + sizes.height
                    && from_x >= sizes.before
                    && from_x < sizes.before + sizes.width;
                if column < sizes.columns && is_inside {
                    let row = image * sizes.height + from_y - sizes.before;
                    of_column = x[(row * sizes.width + from_x - sizes.before) * sizes.inputs + input];
                }
            }
            of_gradient[depth * TILE + lane] = of_output;
            of_image[depth * TILE + lane] = of_column;
        }
        sync_cube();
        #[unroll]
        for depth in 0..DEPTH {
            #[unroll]
            for row in 0..EACH {
                let value = of_gradient[depth * TILE + unit / SIDE * EACH + row];
                #[unroll]
                for column in 0..EACH {
                    tile[row * EACH + column] += value * of_image[depth * TILE + unit % SIDE * EACH + column];
                }
            }
            if unit < TILE {
                bias += of_gradient[depth * TILE + unit];
            }
        }
        sync_cube();
    }
    let start = CUBE_POS_Z as usize * sizes.length;
    #[unroll]
    for row in 0..EACH {
        let output = CUBE_POS_Y as usize * TILE + unit / SIDE * EACH + row;
        #[unroll]
        for place in 0..EACH {
            let column = CUBE_POS_X as usize * TILE + unit % SIDE * EACH + place;
            if output < sizes.outputs && column < sizes.columns {
                sums[start + output * sizes.columns + column] = tile[row * EACH + place];
            }
        }
    }
    if CUBE_POS_X == 0 && unit < TILE && output < sizes.outputs {
        sums[start + sizes.bias + output] = bias;
    }
}
