//! A run that is there, to draw from.

use std::path::{Path, PathBuf};

use fokker_ranks::{Place, Ranks};

use crate::config::RunConfig;
use crate::draw_options::Draw;
use crate::error::Error;
use crate::experiment::{CheckpointSampler, find_checkpoint};
use crate::samples::Samples;

/// A run, or one of its checkpoints, to draw from. Samples are drawn from the averaged weights, where the run's `backend`
/// section says.
///
/// ```
/// # let runs = tempfile::tempdir()?;
/// # let changes = ["training.steps=2", "training.batch_size=8", "previews.every=0", "sampler.steps=2", "backend.name=flex"];
/// # let changes = changes.map(String::from).into_iter().chain([format!("runs={:?}", runs.path())]);
/// # let config = fokker::RunConfig::load("configs/moons_2d.toml".as_ref(), &changes.collect::<Vec<_>>())?;
/// # fokker::train(&config, false, &())?;
/// # let path = config.run_folder();
/// use fokker::{Draw, Run};
///
/// // The newest checkpoint of the run in this folder.
/// let run = Run::open(&path)?;
/// run.draw(16)?.save(path.join("moons.png"))?;
/// let others = run.draw(Draw::new(16).seed(1).steps(3))?;
/// assert_eq!((others.count(), others.shape()), (16, &[2][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Run {
    checkpoint: PathBuf,
    sampler: CheckpointSampler,
}

impl Run {
    /// The run in a folder, at its newest whole checkpoint; or a checkpoint by its own folder.
    ///
    /// # Errors
    /// A folder that is neither, a run without checkpoints, a damaged checkpoint; a backend that is not there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, &[])
    }

    /// The same with changes of the configuration, such as `backend.name=flex`.
    ///
    /// # Errors
    /// Those of [`Run::open`]; a change that is no `key=value`, or of a key that there is not.
    pub fn open_with(path: impl AsRef<Path>, changes: &[String]) -> Result<Self, Error> {
        Self::open_at(path, changes, Ranks::alone().place())
    }

    /// The same for a rank, on the device that is its own.
    ///
    /// # Errors
    /// Those of [`Run::open_with`].
    pub fn open_at(path: impl AsRef<Path>, changes: &[String], place: Place) -> Result<Self, Error> {
        let checkpoint = find_checkpoint(path.as_ref())?;
        let sampler = CheckpointSampler::open_at(&checkpoint, changes, place)?;
        Ok(Self { checkpoint, sampler })
    }

    /// The configuration that the checkpoint was trained with.
    pub fn config(&self) -> &RunConfig {
        self.sampler.config()
    }

    /// The folder of the checkpoint.
    pub fn checkpoint(&self) -> &Path {
        &self.checkpoint
    }

    /// Draws samples: so many, or as a [`Draw`] says. What it leaves out is as the run's `sampler` section says.
    ///
    /// # Errors
    /// A sampler that does not fit the process, a class that there is not, a monitor that stops it.
    pub fn draw<'a>(&self, draw: impl Into<Draw<'a>>) -> Result<Samples, Error> {
        let (draw, config) = (draw.into(), self.config());
        let request =
            draw.request(&config.sampler, |class| config.class_number(class), |given| config.conditions(given))?;
        let monitor = draw.watched_by();
        if let Some(warning) = config.guidance_warning(draw.classifier_free_weight()) {
            monitor.warn(&warning);
        }
        self.sampler.collect(&request, monitor)
    }
}
