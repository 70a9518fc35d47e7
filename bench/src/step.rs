//! A training step and a forward pass.
//!
//! A step is a forward pass on noisy images, the mean squared error against the noise, its gradient, and Adam's update
//! with the running average of the weights.

use burn::optim::GradientsParams;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use fokker::model::{Calculus, Context, Network, Plain, Precision, UNet};
use fokker::random::{Stream, normals};
use fokker::training::{ModuleOptimizer, OptimizerConfig, Weights};
use serde::{Deserialize, Serialize};

use super::memory::{peak_mib, resident_mib};
use super::{median_ms, network};
use fokker::Error;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Images in a batch.
    pub batch: usize,
    /// Sides of an image, a multiple of 4.
    pub size: usize,
    /// Channels of the first level, a multiple of 8.
    pub width: usize,
    /// Repetitions; the median of the last half counts.
    pub repetitions: usize,
    /// The precision of the network's values.
    pub precision: Precision,
}

impl Case {
    /// Checks that there is an image, that the network's levels fit it, and that all has room in memory.
    ///
    /// # Errors
    /// The numbers that do not fit.
    pub fn check(&self) -> Result<(), Error> {
        let &Self { batch, size, width, .. } = self;
        if batch == 0 {
            return Err(Error::field("batch", batch, "must be at least 1"));
        }
        if size == 0 || !size.is_multiple_of(4) {
            return Err(Error::field("size", size, "must be a multiple of 4"));
        }
        check_room(["batch", "size", "width"], batch, size, width)
    }
}

/// Checks that the largest arrays have room in memory: the weights of the widest convolution, and a batch in the channels of
/// the first level. `fields` are the names of batch, size and width in a
/// request.
pub(super) fn check_room(fields: [&'static str; 3], batch: usize, size: usize, width: usize) -> Result<(), Error> {
    // Numbers in an array: 8 GiB in single precision.
    const MOST: usize = 1 << 31;
    let fits = |factors: &[usize]| {
        let product = factors.iter().try_fold(1usize, |product, &factor| product.checked_mul(factor));
        product.is_some_and(|product| product <= MOST)
    };
    if !fits(&[9, 2, width, 4, width]) {
        return Err(Error::field(fields[2], width, format!("a convolution would have more than {MOST} weights")));
    }
    if !fits(&[batch, size, size, width]) {
        let (name, value) = if batch > size.saturating_mul(size) { (fields[0], batch) } else { (fields[1], size) };
        let message = format!("{batch} images of side {size} in {width} channels would have more than {MOST} numbers");
        return Err(Error::field(name, value, message));
    }
    Ok(())
}

/// Checks that a device computes in a precision.
///
/// # Errors
/// A precision that it does not compute in.
pub(super) fn check_precision(precision: Precision, device: &Device) -> Result<(), Error> {
    if precision.dtype().is_some_and(|dtype| !device.supports_dtype(dtype)) {
        let message = format!("{device:?} does not compute in it; take f32");
        return Err(Error::field("precision", precision.name(), message));
    }
    Ok(())
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepCost {
    /// Milliseconds of a training step.
    pub train_ms: f64,
    /// Milliseconds of a forward pass without gradients.
    pub forward_ms: f64,
    /// Largest resident memory of the process while it trained, in MiB; zero where the system does not say.
    pub peak_mib: f64,
    /// That before there was a network.
    pub start_mib: f64,
}

impl StepCost {
    /// The smaller of each figure.
    pub fn least(self, other: Self) -> Self {
        Self {
            train_ms: self.train_ms.min(other.train_ms),
            forward_ms: self.forward_ms.min(other.forward_ms),
            peak_mib: self.peak_mib.min(other.peak_mib),
            start_mib: self.start_mib.min(other.start_mib),
        }
    }
}

/// Measures a case in this process, which should be a fresh one.
///
/// # Errors
/// Sizes that do not fit.
pub fn measure(case: Case, device: &Device) -> Result<StepCost, Error> {
    fokker_kernels::with_cpu_runtime(|| {
        case.check()?;
        let Case { batch, size, width, repetitions, precision } = case;
        let precision = precision.on(device);
        check_precision(precision, device)?;
        let start_mib = resident_mib();
        let network = UNet::new(&network(width)?, 0, device)?;
        let shape = [batch, 1, size, size];
        let numbers = |index: u64| TensorData::new(normals(0, Stream::Test, index, batch * size * size), shape);
        let noise_levels = TensorData::new((0..batch).map(|i| (i * 37 % 1000) as f32).collect::<Vec<_>>(), [batch]);

        let train_device = device.clone().autodiff();
        let mut weights = Weights::new(network.clone());
        let mut optimizer = ModuleOptimizer::new(OptimizerConfig::default());
        let mut index = 0;
        let mut next = |device: &Device| {
            index += 1;
            Tensor::<4>::from_data(numbers(index), device)
        };
        let train_ms = median_ms(repetitions, || {
            let (x, noise) = (next(&train_device), next(&train_device));
            let levels = Tensor::<1>::from_data(noise_levels.clone(), &train_device);
            let error = evaluate(&weights.network, x + noise.clone(), levels, precision) - noise;
            let loss = error.square().mean();
            let mut gradients = GradientsParams::from_grads(loss.backward(), &weights.network);
            optimizer.step(&mut weights, &mut gradients, 1e-3, 1.0, 0.999);
            loss.into_scalar::<f32>();
        });
        let peak_mib = peak_mib();
        let forward_ms = median_ms(repetitions, || {
            let levels = Tensor::<1>::from_data(noise_levels.clone(), device);
            evaluate(&network, next(device), levels, precision).sum().into_scalar::<f32>();
        });
        Ok(StepCost { train_ms, forward_ms, peak_mib, start_mib })
    })
}

/// The network's output in single precision, computed in a precision.
fn evaluate(network: &UNet, x: Tensor<4>, levels: Tensor<1>, precision: Precision) -> Tensor<4> {
    let context = Context::default();
    match precision.dtype() {
        Some(dtype) => {
            let output = network.forward::<Plain>(Plain::to_precision(x, dtype), levels, &context);
            Plain::to_precision(output, FloatDType::F32)
        }
        None => network.forward::<Plain>(x, levels, &context),
    }
}
