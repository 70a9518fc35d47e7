//! Sizes of a convolution, and where its pixels and taps are in a padded image.

use burn::tensor::bf16;

use crate::number::{Number, pair_channels};

/// The sizes that determine a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Images.
    pub batch: usize,
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Height and width of the input.
    pub size: [usize; 2],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Step between output pixels.
    pub stride: usize,
    /// Zeros before the first row and column.
    pub before: usize,
    /// Zeros after the last row and column.
    pub after: usize,
}

impl Geometry {
    /// The sizes of a convolution of such tensors, unless one of them is empty or the kernel does not fit.
    ///
    /// # Panics
    /// If the numbers of input channels differ.
    pub(crate) fn of(
        x: [usize; 4],
        weight: [usize; 4],
        stride: usize,
        (before, after): (usize, usize),
    ) -> Option<Self> {
        let ([batch, height, width, inputs], [outputs, weight_inputs, rows, columns]) = (x, weight);
        assert_eq!(inputs, weight_inputs, "the weight of a convolution has as many input channels as the image");
        let (size, kernel) = ([height, width], [rows, columns]);
        let fits = (0..2).all(|d| size[d] + before + after >= kernel[d]);
        let empty = x.contains(&0) || weight.contains(&0) || stride == 0;
        (fits && !empty).then_some(Self { batch, inputs, outputs, size, kernel, stride, before, after })
    }

    /// Height and width of the output.
    pub(crate) fn output_size(&self) -> [usize; 2] {
        std::array::from_fn(|d| (self.size[d] + self.before + self.after - self.kernel[d]) / self.stride + 1)
    }

    /// Numbers in an image of the input.
    pub(super) fn input_length(&self) -> usize {
        self.inputs * self.size[0] * self.size[1]
    }

    /// Pixels of the output.
    pub(super) fn output_pixels(&self) -> usize {
        self.output_size().iter().product()
    }

    /// Numbers in an image of the output.
    pub(super) fn output_length(&self) -> usize {
        self.outputs * self.output_pixels()
    }

    /// Weights of one output channel: input channels times taps.
    pub(super) fn taps(&self) -> usize {
        self.inputs * self.kernel[0] * self.kernel[1]
    }

    /// Multiplications and additions for an image.
    pub(super) fn products(&self) -> usize {
        self.output_length() * self.taps()
    }

    /// The frame in which the input is convolved.
    pub(super) fn input_frame(&self) -> Frame {
        let size = self.size.map(|length| length + self.before + self.after);
        Frame { channels: self.inputs, inner: self.size, size, before: [self.before; 2] }
    }

    /// Where the first tap of every output pixel is in the input's frame.
    pub(super) fn output_places(&self) -> Vec<usize> {
        let [height, width] = self.output_size();
        let frame = self.input_frame();
        (0..height).flat_map(|y| (0..width).map(move |x| frame.place([y * self.stride, x * self.stride]))).collect()
    }

    /// Where every channel's taps are, from a pixel's first tap in the first channel on.
    pub(super) fn tap_places(&self) -> Vec<usize> {
        let frame = self.input_frame();
        let [height, width] = self.kernel;
        let taps = |channel| (0..height).flat_map(move |y| (0..width).map(move |x| frame.place([y, x]) + channel));
        (0..self.inputs).flat_map(taps).collect()
    }
}

/// Steps of channels and taps that go channel by channel, in the order tap by tap.
pub(super) fn tap_by_tap(steps: &[usize], channels: usize) -> Vec<usize> {
    let taps = steps.len() / channels;
    (0..taps).flat_map(|tap| (0..channels).map(move |channel| steps[channel * taps + tap])).collect()
}

/// Images with zeros around them, pixel by pixel in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Channels of the image.
    pub channels: usize,
    /// Height and width of the image.
    pub inner: [usize; 2],
    /// Height and width with the zeros.
    pub size: [usize; 2],
    /// Rows and columns of zeros before the image.
    pub before: [usize; 2],
}

impl Frame {
    /// Where a pixel begins.
    pub(super) fn place(&self, [y, x]: [usize; 2]) -> usize {
        (y * self.size[1] + x) * self.channels
    }

    /// Runs `body` with the framed image in single precision.
    pub(super) fn with<S: Number, T>(&self, image: &[S], body: impl FnOnce(&[f32]) -> T) -> T {
        if let Some(image) = S::as_single(image).filter(|_| self.size == self.inner) {
            return body(image);
        }
        crate::buffer::with_scratch(self.channels * self.size[0] * self.size[1], |framed| {
            self.fill(image, self.channels, framed, S::widen);
            body(framed)
        })
    }

    /// Runs `body` with the framed image, whose `channels` are in pairs: this is the frame of the pairs.
    pub(super) fn with_pairs<T>(&self, image: &[bf16], channels: usize, body: impl FnOnce(&[f32]) -> T) -> T {
        crate::buffer::with_scratch(self.channels * self.size[0] * self.size[1], |framed| {
            self.fill(image, channels, framed, |row, to| pair_channels(row, channels, to));
            body(framed)
        })
    }

    /// Has `copy` copy the rows of an image of so many channels into its frame.
    fn fill<S>(&self, image: &[S], channels: usize, to: &mut [f32], copy: impl Fn(&[S], &mut [f32])) {
        let [row, inner_row] = [self.size, self.inner].map(|size| size[1] * self.channels);
        let left = self.before[1] * self.channels;
        let (above, rest) = to.split_at_mut(self.before[0] * row);
        let (rows, below) = rest.split_at_mut(self.inner[0] * row);
        above.fill(0.0);
        below.fill(0.0);
        for (image, row) in image.chunks_exact(self.inner[1] * channels).zip(rows.chunks_exact_mut(row)) {
            row[..left].fill(0.0);
            copy(image, &mut row[left..left + inner_row]);
            row[left + inner_row..].fill(0.0);
        }
    }
}
