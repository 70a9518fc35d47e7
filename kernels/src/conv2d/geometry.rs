//! Sizes of a convolution, and where its pixels and taps are in a padded image.

/// The sizes that determine a convolution.
#[derive(Clone, Copy, Debug)]
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
    pub(super) fn of(
        x: [usize; 4],
        weight: [usize; 4],
        stride: usize,
        (before, after): (usize, usize),
    ) -> Option<Self> {
        let ([batch, inputs, height, width], [outputs, weight_inputs, rows, columns]) = (x, weight);
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

    /// The frame in which the input is convolved.
    pub(super) fn input_frame(&self) -> Frame {
        let size = self.size.map(|length| length + self.before + self.after);
        Frame { channels: self.inputs, inner: self.size, size, before: [self.before; 2] }
    }

    /// Where the first tap of every output pixel is, within a channel of the input's frame.
    pub(super) fn output_places(&self) -> Vec<usize> {
        let [height, width] = self.output_size();
        let row = self.input_frame().size[1];
        (0..height).flat_map(|y| (0..width).map(move |x| (y * row + x) * self.stride)).collect()
    }

    /// Where every channel's taps are, from a pixel's first tap in the first channel on.
    pub(super) fn tap_places(&self) -> Vec<usize> {
        let frame = self.input_frame();
        let [height, width] = self.kernel;
        let taps = move |channel| {
            (0..height).flat_map(move |y| (0..width).map(move |x| channel * frame.plane() + y * frame.size[1] + x))
        };
        (0..self.inputs).flat_map(taps).collect()
    }
}

/// Images with zeros around them.
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
    /// Numbers in a channel.
    pub(super) fn plane(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Numbers in all channels.
    pub(super) fn length(&self) -> usize {
        self.channels * self.plane()
    }

    /// Whether there are no zeros around the image.
    pub(super) fn is_bare(&self) -> bool {
        self.size == self.inner
    }

    /// Copies an image into its frame.
    pub(super) fn fill(&self, image: &[f32], to: &mut [f32]) {
        let ([height, width], [top, left]) = (self.inner, self.before);
        for (image, plane) in image.chunks_exact(height * width).zip(to.chunks_exact_mut(self.plane())) {
            let (above, rest) = plane.split_at_mut(top * self.size[1]);
            let (rows, below) = rest.split_at_mut(height * self.size[1]);
            above.fill(0.0);
            below.fill(0.0);
            for (image, row) in image.chunks_exact(width).zip(rows.chunks_exact_mut(self.size[1])) {
                row[..left].fill(0.0);
                row[left..left + width].copy_from_slice(image);
                row[left + width..].fill(0.0);
            }
        }
    }

    /// Runs `body` with the framed image.
    pub(super) fn with<T>(&self, image: &[f32], body: impl FnOnce(&[f32]) -> T) -> T {
        if self.is_bare() {
            return body(image);
        }
        crate::buffer::with_scratch(self.length(), |framed| {
            self.fill(image, framed);
            body(framed)
        })
    }
}
