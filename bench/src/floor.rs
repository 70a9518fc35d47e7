//! What a training step needs at least, and what the machine can do.
//!
//! Arithmetic: two operations for every weight of a convolution at every pixel of its output, once forward and twice
//! backward (the gradients of input and weight); all else is below a hundredth of that. Winograd's F(4 × 4, 3 × 3)
//! (Lavin & Gray 2016) takes 36 multiplications where the definition takes 144, so the floor of the convolutions of 3 × 3
//! at stride 1 is a quarter, its transforms left out.
//!
//! Memory: forward, what each operation makes is written and read again by the next; backward, it is read once more for the
//! gradient, and its own gradient is written and read: five passes. Operations are the convolutions, the normalisations
//! (with their activations), the joins and the enlargements. Adam with its average reads five numbers for every parameter
//! and writes four. Caches make it less where a batch is small.

use burn::tensor::Device;

use super::{fastest_ms, network};
use fokker::Error;

/// What one step needs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Workload {
    /// Operations of all convolutions and linear maps forward, for one image, by the definition.
    pub forward: f64,
    /// Those of them that belong to convolutions of 3 × 3 at stride 1.
    pub forward_winograd: f64,
    /// Numbers that operations make forward, for one image.
    pub made: f64,
    /// Parameters.
    pub parameters: f64,
}

/// What the machine does, with all threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Floating-point operations a second, in a product of large matrices.
    pub operations: f64,
    /// Bytes a second to and from memory, in copying.
    pub bytes: f64,
}

impl Workload {
    /// That of the network of a width on images of a size.
    ///
    /// # Errors
    /// A width that does not fit.
    pub fn of(width: usize, size: usize) -> Result<Self, Error> {
        let config = network(width)?;
        let (widths, levels) = (&config.block_out_channels, config.block_out_channels.len());
        let time = 4 * width;
        let mut work = Self::default();
        work.linear(width, time);
        work.linear(time, time);
        work.convolution(config.in_channels, width, 3, size, 1);
        let (mut side, mut channels) = (size, width);
        let mut skips = vec![channels];
        for (level, &outputs) in widths.iter().enumerate() {
            for _ in 0..config.layers_per_block {
                work.residual(channels, outputs, time, side);
                channels = outputs;
                skips.push(channels);
            }
            if level + 1 < levels {
                side = side.div_ceil(2);
                work.convolution(channels, channels, 3, side, 2);
                skips.push(channels);
            }
        }
        (0..2).for_each(|_| work.residual(channels, channels, time, side));
        for (level, &outputs) in widths.iter().enumerate().rev() {
            for _ in 0..=config.layers_per_block {
                let inputs = channels + skips.pop().expect("as many as residual blocks on the way up");
                work.made += (inputs * side * side) as f64;
                work.residual(inputs, outputs, time, side);
                channels = outputs;
            }
            if level > 0 {
                side *= 2;
                work.made += (channels * side * side) as f64;
                work.convolution(channels, channels, 3, side, 1);
            }
        }
        work.normalisation(channels, side);
        work.convolution(channels, config.out_channels, 3, side, 1);
        Ok(work)
    }

    fn residual(&mut self, inputs: usize, outputs: usize, time: usize, side: usize) {
        self.normalisation(inputs, side);
        self.convolution(inputs, outputs, 3, side, 1);
        self.linear(time, outputs);
        self.normalisation(outputs, side);
        self.convolution(outputs, outputs, 3, side, 1);
        if inputs != outputs {
            self.convolution(inputs, outputs, 1, side, 1);
        }
    }

    fn convolution(&mut self, inputs: usize, outputs: usize, kernel: usize, side: usize, stride: usize) {
        let (weights, pixels) = ((inputs * outputs * kernel * kernel) as f64, (side * side) as f64);
        self.forward += 2.0 * weights * pixels;
        if (kernel, stride) == (3, 1) {
            self.forward_winograd += 2.0 * weights * pixels;
        }
        self.made += outputs as f64 * pixels;
        self.parameters += weights + outputs as f64;
    }

    fn normalisation(&mut self, channels: usize, side: usize) {
        self.made += (channels * side * side) as f64;
        self.parameters += 2.0 * channels as f64;
    }

    fn linear(&mut self, inputs: usize, outputs: usize) {
        self.forward += 2.0 * (inputs * outputs) as f64;
        self.parameters += (inputs * outputs + outputs) as f64;
    }

    /// Milliseconds that a step takes at least for its arithmetic: by the definition, and with Winograd's products.
    pub fn arithmetic_ms(&self, batch: usize, machine: &Machine) -> [f64; 2] {
        let least = self.forward - 0.75 * self.forward_winograd;
        [self.forward, least].map(|forward| 3e3 * forward * batch as f64 / machine.operations)
    }

    /// Milliseconds that a step takes at least for its traffic.
    pub fn traffic_ms(&self, batch: usize, machine: &Machine) -> f64 {
        4e3 * (5.0 * self.made * batch as f64 + 9.0 * self.parameters) / machine.bytes
    }
}

impl Machine {
    /// Measures it, the best of some times; 20 take about five seconds.
    pub fn measure(device: &Device, times: usize) -> Self {
        const SIDE: usize = 2048;
        const NUMBERS: usize = 1 << 26;
        let matrix = burn::tensor::Tensor::<2>::ones([SIDE, SIDE], device);
        let product = fastest_ms(times, || {
            matrix.clone().matmul(matrix.clone()).slice([0..1, 0..1]).into_scalar::<f32>();
        });
        let (from, mut to) = (vec![1f32; NUMBERS], vec![0f32; NUMBERS]);
        let part = NUMBERS.div_ceil(std::thread::available_parallelism().map_or(1, usize::from));
        let copy = fastest_ms(times, || {
            std::thread::scope(|scope| {
                for (to, from) in to.chunks_mut(part).zip(from.chunks(part)) {
                    scope.spawn(|| to.copy_from_slice(from));
                }
            });
            std::hint::black_box(&to);
        });
        Self { operations: 2e3 * (SIDE as f64).powi(3) / product, bytes: 8e3 * NUMBERS as f64 / copy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted by PyTorch: `sum(p.numel() for p in model.parameters())` and `torch.utils.flop_counter.FlopCounterMode` of
    /// diffusers' network, for one image of 28 × 28 (`reference/unet_bench.py --count`).
    #[test]
    fn the_work_is_what_pytorch_counts() {
        for (width, parameters, operations) in [(32, 1_045_729.0, 371_197_952.0), (64, 4_170_177.0, 1_482_985_472.0)] {
            let work = Workload::of(width, 28).unwrap();
            assert_eq!((work.parameters, work.forward), (parameters, operations), "width {width}");
        }
    }

    #[test]
    fn widths_that_groups_do_not_divide_are_refused() {
        assert!(Workload::of(20, 28).unwrap_err().to_string().contains("width 20"));
    }
}
