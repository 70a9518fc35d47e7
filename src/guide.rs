//! A second network that guides the first: autoguidance.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use fokker_model::{AnyNetwork, ConditionShape, Network, NetworkVisitor};
use fokker_process::Process;
use fokker_training::read_state;

use crate::checkpoint_choice::CheckpointChoice;
use crate::config::RunConfig;
use crate::draw::ScoreSpec;
use crate::error::Error;
use crate::experiment::{find_checkpoint_at, with_averaged};

/// A checkpoint whose score guides another one's (Karras et al. 2024b): an earlier step of the same run, or another run of the same data and
/// process that learnt less. Its averaged weights are taken, under the condition of the samples.
#[derive(Clone, Debug)]
pub struct Guide {
    checkpoint: PathBuf,
    step: u64,
    config: Arc<RunConfig>,
}

/// A network that was read, with what turns it into a score.
pub(crate) struct GuideNetwork<const D: usize> {
    pub network: AnyNetwork<D>,
    pub reading: ScoreSpec,
}

impl Guide {
    /// A checkpoint of a run, or one by its own folder.
    ///
    /// # Errors
    /// As [`find_checkpoint_at`]; a configuration that cannot be read.
    pub fn open(run: impl AsRef<Path>, choice: CheckpointChoice) -> Result<Self, Error> {
        let checkpoint = find_checkpoint_at(run.as_ref(), choice)?;
        let config = RunConfig::load(&checkpoint.join("config.toml"), &[])?;
        Ok(Self { step: read_state(&checkpoint)?.step, checkpoint, config: Arc::new(config) })
    }

    /// The folder of the checkpoint.
    pub fn checkpoint(&self) -> &Path {
        &self.checkpoint
    }

    /// Its step.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The configuration that it was trained with.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// Checks that it has a score of the same noisy data as a network of this process, for samples of this shape and condition.
    ///
    /// # Errors
    /// What differs, by name.
    pub(crate) fn check(
        &self,
        process: &dyn Process,
        shape: &[usize],
        takes: ConditionShape,
        unconditional: bool,
    ) -> Result<(), Error> {
        let refuse = |message: String| Err(Error::field("guide", self.checkpoint.display(), message));
        let own = self.config.data.shape()?;
        if own != shape {
            return refuse(format!("was trained on data of shape {own:?}, and the samples have {shape:?}"));
        }
        if let Some(difference) = difference(&*self.config.build_process()?, process) {
            return refuse(format!(
                "was trained under another process: {difference}; take a run of the same section process"
            ));
        }
        let condition = self.config.network.condition();
        if condition.is_some() && condition != takes {
            return refuse(format!(
                "takes another condition ({condition:?}) than the network that it would guide ({takes:?})"
            ));
        }
        if unconditional && condition.classes.is_some() && !self.config.network.has_null_class() {
            return refuse("has no null class (network.null_class = false), which is what stands for no class".into());
        }
        Ok(())
    }

    /// Checks that its data mean the same as those of a run.
    ///
    /// # Errors
    /// Another scale of the data, or other classes.
    pub(crate) fn check_data(&self, other: &RunConfig) -> Result<(), Error> {
        let refuse = |message: &str| Err(Error::field("guide", self.checkpoint.display(), message));
        let own = &self.config;
        if own.start != other.start {
            return refuse("was trained with another start (the section start)");
        }
        let scale = |config: &RunConfig| (config.preprocessing.scale, config.preprocessing.standardization.clone());
        if scale(own) != scale(other) {
            return refuse("was trained on data of another scale (preprocessing.scale)");
        }
        if let (Some(names), Some(others)) = (own.data.class_names(), other.data.class_names())
            && own.network.condition().classes.is_some()
            && names != others
        {
            return refuse("was trained with other classes");
        }
        if own.condition != other.condition && own.network.condition().is_some() {
            return refuse("was trained under other conditions (the section condition)");
        }
        Ok(())
    }

    /// Reads the network.
    ///
    /// # Errors
    /// A damaged checkpoint, or one of data of another rank.
    pub(crate) fn load<const D: usize>(&self, device: &Device) -> Result<GuideNetwork<D>, Error> {
        let reading = ScoreSpec {
            process: self.config.build_process()?,
            parameterization: self.config.parameterization,
            start: None,
        };
        let network = with_averaged(&self.checkpoint, &self.config, device, Take::<D>)?
            .ok_or_else(|| Error::field("guide", self.checkpoint.display(), "its samples have another rank"))?;
        Ok(GuideNetwork { network, reading })
    }
}

/// Takes a network of the rank `D`.
struct Take<const D: usize>;

impl<const D: usize> NetworkVisitor for Take<D> {
    type Output = Result<Option<AnyNetwork<D>>, Error>;

    fn visit<N: Network<R>, const R: usize>(self, network: N) -> Self::Output {
        let network: Box<dyn Any> = Box::new(AnyNetwork::<R>::new(network));
        Ok(network.downcast().ok().map(|network| *network))
    }
}

/// What makes a guide's process another one: noisy data of the same time must have the same law.
fn difference(guide: &dyn Process, own: &dyn Process) -> Option<String> {
    const TIMES: u32 = 16;
    if guide.horizon() != own.horizon() {
        return Some(format!("its horizon is {}, not {}", guide.horizon(), own.horizon()));
    }
    if guide.min_time() > own.min_time() {
        return Some(format!("its smallest time {} is above {}", guide.min_time(), own.min_time()));
    }
    if guide.phase_space().is_some() != own.phase_space().is_some() {
        return Some("one of them has velocities".into());
    }
    let range = own.horizon() - own.min_time();
    let times = (0..=TIMES).map(|k| own.min_time() + range * f64::from(k) / f64::from(TIMES));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (a.abs() + b.abs());
    let differ = |&t: &f64| {
        let same = near(guide.mean_scale(t), own.mean_scale(t)) && near(guide.std(t), own.std(t));
        !(same && near(guide.prior_std(), own.prior_std()))
    };
    times.into_iter().find(differ).map(|t| {
        let kernel = |process: &dyn Process| format!("{:.6} x0 + {:.6} eps", process.mean_scale(t), process.std(t));
        format!("at t = {t:.4} its noisy data are {}, not {}", kernel(guide), kernel(own))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fokker_process::{Ve, Vp};

    #[test]
    fn processes_with_another_kernel_are_named() {
        assert_eq!(difference(&Vp::default(), &Vp::default()), None);
        let message = difference(&Ve::default(), &Vp::default()).unwrap();
        assert!(message.contains("horizon") || message.contains("noisy data"), "{message}");
        let faster = Vp::new(0.1, 30.0).unwrap();
        assert!(difference(&faster, &Vp::default()).unwrap().contains("noisy data"));
    }
}
