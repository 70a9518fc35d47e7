//! Loss and norm of the gradient of a step, and when they are read.
//!
//! On an asynchronous device, reading a number waits for everything before it. There the numbers of
//! several steps are read together; what depends on them in between is decided on the device.

use burn::tensor::Tensor;

/// Loss and gradient of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepReading {
    /// Steps done before it.
    pub(crate) step: u64,
    /// The loss.
    pub(crate) loss: f64,
    /// The norm of its gradient, before clipping.
    pub(crate) gradient_norm: f64,
    /// Smallest and largest diffusion time of the batch.
    pub(crate) times: [f64; 2],
}

impl StepReading {
    /// What is not finite, if anything.
    pub(crate) fn non_finite(&self) -> Option<&'static str> {
        match (self.loss.is_finite(), self.gradient_norm.is_finite()) {
            (false, _) => Some("loss"),
            (true, false) => Some("gradient"),
            (true, true) => None,
        }
    }
}

/// Readings whose numbers are still on the device.
#[derive(Default)]
pub(crate) struct Unread {
    /// Loss and norm, `[2]`.
    numbers: Vec<Tensor<1>>,
    /// The rest.
    readings: Vec<StepReading>,
}

impl Unread {
    /// Remembers loss and norm, `[1]` each, of a step.
    pub(crate) fn push(&mut self, step: u64, loss: Tensor<1>, gradient_norm: Tensor<1>, times: [f64; 2]) {
        self.numbers.push(Tensor::cat(vec![loss, gradient_norm], 0));
        self.readings.push(StepReading { step, loss: f64::NAN, gradient_norm: f64::NAN, times });
    }

    /// Everything that is not read yet, oldest first, in one transfer. Norms are multiplied by `share`.
    pub(crate) fn read(&mut self, share: f64) -> Vec<StepReading> {
        if self.readings.is_empty() {
            return Vec::new();
        }
        let numbers = Tensor::cat(std::mem::take(&mut self.numbers), 0).into_data_as::<f64>();
        let numbers = numbers.as_slice::<f64>().expect("converted to f64 just above");
        let mut readings = std::mem::take(&mut self.readings);
        for (reading, numbers) in readings.iter_mut().zip(numbers.chunks_exact(2)) {
            (reading.loss, reading.gradient_norm) = (numbers[0], numbers[1] * share);
        }
        readings
    }
}

/// What a step's gradients are to be multiplied by, `[1]`, if `share` of them is the gradient: so that its norm stays below
/// a limit; −1 if loss or norm is not finite.
pub(crate) fn scale_on_device(loss: Tensor<1>, norm: Tensor<1>, share: f64, limit: Option<f64>) -> Tensor<1> {
    let finite = loss.is_finite().bool_and(norm.clone().is_finite());
    let scale = match limit {
        Some(limit) => norm.recip().mul_scalar(limit).clamp_max(share),
        None => norm.full_like(share),
    };
    scale.mask_fill(finite.bool_not(), -1.0)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn gradients_are_scaled_to_the_limit_and_marked_where_they_are_not_finite() {
        let one = |number: f32| Tensor::<1>::from_floats([number], &Device::flex());
        let scale = |loss: f32, norm: f32, share: f64, limit: Option<f64>| {
            scale_on_device(one(loss), one(norm), share, limit).into_scalar::<f64>()
        };
        assert_eq!(scale(1.0, 8.0, 1.0, Some(2.0)), 0.25);
        assert_eq!(scale(1.0, 0.0, 0.5, Some(2.0)), 0.5);
        // Of two micro-batches whose gradients add up to 8 the mean is 4.
        assert_eq!(scale(1.0, 8.0, 0.5, Some(2.0)), 0.25);
        assert_eq!(scale(1.0, 8.0, 0.5, Some(5.0)), 0.5);
        assert_eq!(scale(1.0, 8.0, 0.5, None), 0.5);
        for (loss, norm) in [(f32::NAN, 1.0), (1.0, f32::NAN), (f32::INFINITY, 1.0), (1.0, f32::INFINITY)] {
            assert_eq!(scale(loss, norm, 1.0, Some(1.0)), -1.0);
            assert_eq!(scale(loss, norm, 1.0, None), -1.0);
        }
    }
}
