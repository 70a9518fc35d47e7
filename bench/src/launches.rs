//! Which kernels a training step launches on a GPU, and why.

use std::sync::Arc;

use burn::tensor::Device;
use fokker::datasets::{ClassCount, Dataset};
use fokker::model::{Network, NetworkVisitor};
use fokker::training::{Callback, Callbacks, Moment, Trainer, TrainingConfig, TrainingError, TrainingPlan};
use fokker::{Error, RunConfig};
use fokker_kernels::{LaunchReason, LaunchReasons};

/// The kernels that a training step of a configuration launches on a device, the most frequent first; none on the CPU. The step
/// is the fourth: the buffers of the optimiser are made in the first, and kernels are chosen in the first ones. Examples are zeros, of
/// the data's shape or, if they are images, of `size`: the data themselves are not read.
///
/// # Errors
/// As [`train`](fokker::train()); data whose classes are only known once they are read; a `size` for what has none.
pub fn count_launches(config: &RunConfig, size: Option<usize>, device: &Device) -> Result<Vec<LaunchReason>, Error> {
    let mut shape = config.data.shape()?;
    match (&mut shape[..], size) {
        ([_, height, width], Some(size)) => (*height, *width) = (size, size),
        (_, Some(size)) => return Err(Error::field("launch_size", size, "is for images")),
        (_, None) => {}
    }
    let classes = match config.data.class_count()? {
        ClassCount::None => None,
        ClassCount::Known(classes) => Some(classes),
        ClassCount::WhenOpened => {
            return Err(Error::Usage("the number of classes is not known without the data".into()));
        }
    };
    let data: Arc<dyn Dataset> = Arc::new(Zeros { shape, classes, is_image: config.data.is_image() });
    config.network.build(config.seed, device, Counting { config, data, device })?
}

/// The step that counts.
const STEP: u64 = 4;

struct Counting<'a> {
    config: &'a RunConfig,
    data: Arc<dyn Dataset>,
    device: &'a Device,
}

impl NetworkVisitor for Counting<'_> {
    type Output = Result<Vec<LaunchReason>, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Self::Output {
        let Self { config, data, device } = self;
        // Nothing is read from the device in these steps.
        let training =
            TrainingConfig { steps: STEP + 1, log_every: u64::MAX, validate_every: 0, ..config.training.clone() };
        let plan = TrainingPlan { training, residuals: None, averages: None, ..config.training_plan(data, None)? };
        let mut count = Count::default();
        Trainer::new(plan, network, device)?.train(&mut Callbacks::new().with(&mut count))?;
        Ok(count.seen)
    }
}

/// Watches the step that counts.
#[derive(Default)]
struct Count {
    watching: Option<LaunchReasons>,
    seen: Vec<LaunchReason>,
}

impl<N: Network<D>, const D: usize> Callback<N, D> for Count {
    fn step(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        if at.step() == STEP - 1 {
            self.watching = Some(LaunchReasons::new());
        } else if let Some(watching) = self.watching.take() {
            self.seen = watching.end();
        }
        Ok(())
    }
}

/// Examples of zeros, of the first class.
struct Zeros {
    shape: Vec<usize>,
    classes: Option<usize>,
    is_image: bool,
}

impl Dataset for Zeros {
    fn name(&self) -> &str {
        "zeros"
    }

    fn len(&self) -> usize {
        1 << 20
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn classes(&self) -> Option<usize> {
        self.classes
    }

    fn is_image(&self) -> bool {
        self.is_image
    }

    fn example(&self, _: usize, out: &mut [f32]) -> Option<usize> {
        out.fill(0.0);
        self.classes.map(|_| 0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn moons() -> RunConfig {
        RunConfig::parse(include_str!("../../configs/moons_2d.toml"), Path::new("moons_2d.toml"), &[]).unwrap()
    }

    #[test]
    fn a_size_is_for_images() {
        let config = moons();
        let refused = count_launches(&config, Some(8), &Device::flex()).unwrap_err().to_string();
        assert!(refused.contains("launch_size 8"), "{refused}");
    }

    #[test]
    fn the_processor_launches_nothing() {
        let config = moons();
        assert_eq!(count_launches(&config, None, &Device::flex()).unwrap(), []);
    }
}
