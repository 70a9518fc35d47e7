//! Lines of metrics for TensorBoard.

use std::fs;
use std::path::PathBuf;

use fokker_model::{Network, StateDict};

use super::{Callback, Moment};
use crate::checkpoint;
use crate::error::TrainingError;
use crate::metrics::Metrics;
use crate::optimizer::OptimizerKind;
use crate::outcome::Outcome;
use crate::run::RunFolder;
use crate::tensorboard::EventsWriter;

/// Writes every line of metrics, and every preview that is a picture, to a file that TensorBoard reads. With each validation loss come
/// histograms of the weights, and how large the gradient of each tensor is. What cannot be written is left out, with one warning.
#[derive(Debug)]
pub struct TensorBoard {
    run: RunFolder,
    /// The step of the newest preview that was written.
    pictured: u64,
    writer: Option<EventsWriter>,
    /// Whether the last line could not be written: there is one warning, not one for each line.
    failing: bool,
}

impl TensorBoard {
    /// For a run. The file is made with the first line.
    pub fn new(run: &RunFolder) -> Self {
        Self { run: run.clone(), pictured: 0, writer: None, failing: false }
    }
}

impl TensorBoard {
    /// Writes the previews that are new since the last call, in the order of their steps.
    fn pictures(&mut self) -> Result<(), TrainingError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let entries =
            fs::read_dir(self.run.samples()).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let pictures = entries.filter(|path| path.extension().is_some_and(|ending| ending == "png"));
        let mut pictures: Vec<(u64, PathBuf)> =
            pictures.filter_map(|path| Some((checkpoint::step_of(&path.with_extension(""))?, path))).collect();
        pictures.retain(|(step, _)| *step > self.pictured);
        pictures.sort();
        for (step, path) in pictures {
            self.pictured = step;
            writer.picture("samples", step, &path)?;
        }
        Ok(())
    }
}

/// Writes how the weights are spread, and for each tensor `√(Σ v)`: the root of the running mean of its squared gradient's norm. The
/// second moments `v` of Adam hold it, of gradients that are clipped already. Where ranks share a training, none has all moments: they
/// get the weights alone. Layers that Muon updates have no second moment, which is saved as zeros, and none is written.
fn layers<N: Network<D>, const D: usize>(
    writer: &mut EventsWriter,
    at: &Moment<'_, N, D>,
) -> Result<(), TrainingError> {
    let saved = at.trainer.own_state();
    writer.histograms("weights", at.step(), &StateDict::of(&saved.model))?;
    if at.trainer.ranks().size() > 1 {
        return Ok(());
    }
    let optimizer = &at.trainer.plan().optimizer;
    let decay = optimizer.betas[1];
    // What of the mean is there yet (Kingma & Ba 2015, sec. 3).
    let share = 1.0 - decay.powf(saved.state.updates as f64);
    let moments = StateDict::of(&saved.moments.second);
    let norm = |numbers: &[f32]| (numbers.iter().map(|&v| f64::from(v)).sum::<f64>() / share).sqrt();
    let has_moment = |norm: &f64| optimizer.kind != OptimizerKind::Muon || *norm > 0.0;
    let norms = moments.shapes().filter_map(|(name, _)| {
        let norm = Some(norm(moments.get(name)?.1)).filter(has_moment)?;
        Some((format!("gradients/{name}"), norm))
    });
    writer.scalars(at.step(), norms)
}

impl<N: Network<D>, const D: usize> Callback<N, D> for TensorBoard {
    fn start(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        self.pictured = at.step();
        self.writer = Some(EventsWriter::new(self.run.path(), at.step()));
        Ok(())
    }

    fn line(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let mut written = writer.metrics(line);
        if line.validation_loss.is_some() {
            written = written.and_then(|()| layers(writer, at));
        }
        let written = written.and_then(|()| self.pictures());
        if let (Err(error), false) = (&written, self.failing) {
            let cause = error.without_remedy();
            at.warn(format!("{cause}. Training goes on, and TensorBoard will not show this step"));
        }
        self.failing = written.is_err();
        Ok(())
    }

    fn made_up(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        let written = self.writer.as_mut().map_or(Ok(()), |writer| writer.evaluation(line));
        if let Err(error) = written {
            at.warn(format!("{}. TensorBoard will not show the evaluation", error.without_remedy()));
        }
        Ok(())
    }

    /// Previews that came after the last line.
    fn end(&mut self, at: &mut Moment<'_, N, D>, _outcome: Outcome) -> Result<(), TrainingError> {
        if let Err(error) = self.pictures() {
            at.warn(error.without_remedy());
        }
        Ok(())
    }
}
