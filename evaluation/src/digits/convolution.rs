//! A convolution of 3×3 by a matrix product, and its gradient.

use nalgebra::{DMatrix, DVector};

/// The places of a 3×3 window.
const WINDOW: usize = 9;

/// A convolution of 3×3 with one pixel of zeros around the image.
///
/// An image is a matrix with a column for each channel; the pixels of a channel lie row after row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Convolution {
    /// `[9 · in, out]`: a column is PyTorch's `weight[out]`.
    pub(super) weight: DMatrix<f32>,
    pub(super) bias: DVector<f32>,
}

impl Convolution {
    pub(super) fn zeros(inputs: usize, outputs: usize) -> Self {
        Self { weight: DMatrix::zeros(WINDOW * inputs, outputs), bias: DVector::zeros(outputs) }
    }

    /// The convolved image, and its windows, which the gradient needs.
    pub(super) fn forward(&self, image: &DMatrix<f32>, side: usize) -> (DMatrix<f32>, DMatrix<f32>) {
        let windows = windows(image, side);
        let mut out = &windows * &self.weight;
        for (mut column, bias) in out.column_iter_mut().zip(self.bias.iter()) {
            column.add_scalar_mut(*bias);
        }
        (out, windows)
    }

    /// Adds the gradient of the weights to `sum`, and returns that of the image.
    pub(super) fn backward(
        &self,
        windows: &DMatrix<f32>,
        gradient: &DMatrix<f32>,
        side: usize,
        sum: &mut Self,
    ) -> DMatrix<f32> {
        sum.weight += windows.transpose() * gradient;
        for (sum, column) in sum.bias.iter_mut().zip(gradient.column_iter()) {
            *sum += column.sum();
        }
        scattered(&(gradient * self.weight.transpose()), side)
    }
}

/// The rows of a shifted image that lie within it: from `0..side` to those of `shift` −1, 0 or 1.
fn within(shift: isize, side: usize) -> std::ops::Range<usize> {
    (-shift).max(0) as usize..(side as isize - shift.max(0)) as usize
}

/// For every pixel, the 3×3 pixels around it in every channel: column `9 c + 3 dy + dx`.
fn windows(image: &DMatrix<f32>, side: usize) -> DMatrix<f32> {
    let mut windows = DMatrix::zeros(side * side, WINDOW * image.ncols());
    for (number, mut column) in windows.column_iter_mut().enumerate() {
        let pixels = image.column(number / WINDOW);
        let (dy, dx) = shift(number);
        let columns = within(dx, side);
        for y in within(dy, side) {
            let to = y * side + columns.start;
            let from = (y as isize + dy) as usize * side + (columns.start as isize + dx) as usize;
            column.rows_mut(to, columns.len()).copy_from(&pixels.rows(from, columns.len()));
        }
    }
    windows
}

/// The transpose of [`windows`]: every window's values are added to the pixels that they came from.
fn scattered(windows: &DMatrix<f32>, side: usize) -> DMatrix<f32> {
    let mut image = DMatrix::zeros(side * side, windows.ncols() / WINDOW);
    for (number, column) in windows.column_iter().enumerate() {
        let mut pixels = image.column_mut(number / WINDOW);
        let (dy, dx) = shift(number);
        let columns = within(dx, side);
        for y in within(dy, side) {
            let from = y * side + columns.start;
            let to = (y as isize + dy) as usize * side + (columns.start as isize + dx) as usize;
            let mut place = pixels.rows_mut(to, columns.len());
            place += column.rows(from, columns.len());
        }
    }
    image
}

/// Where a column of the windows looks, from the pixel.
fn shift(number: usize) -> (isize, isize) {
    let place = number % WINDOW;
    (place as isize / 3 - 1, place as isize % 3 - 1)
}

/// The maximum of every 2×2 pixels, and which pixel it was. A last row and column of an odd side are left out.
pub(super) fn pooled(image: &DMatrix<f32>, side: usize) -> (DMatrix<f32>, Vec<usize>) {
    let half = side / 2;
    let mut places = Vec::with_capacity(half * half * image.ncols());
    let mut out = DMatrix::zeros(half * half, image.ncols());
    for (mut to, from) in out.column_iter_mut().zip(image.column_iter()) {
        for place in 0..half * half {
            let corner = place / half * 2 * side + place % half * 2;
            let around = [corner, corner + 1, corner + side, corner + side + 1];
            let largest =
                around.into_iter().fold(corner, |best, other| if from[other] > from[best] { other } else { best });
            to[place] = from[largest];
            places.push(largest);
        }
    }
    (out, places)
}

/// The gradient of [`pooled`].
pub(super) fn unpooled(gradient: &DMatrix<f32>, places: &[usize], side: usize) -> DMatrix<f32> {
    let mut image = DMatrix::zeros(side * side, gradient.ncols());
    for (number, (&place, &value)) in places.iter().zip(gradient.iter()).enumerate() {
        image[(place, number / gradient.nrows())] += value;
    }
    image
}
