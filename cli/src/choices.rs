//! `fokker sample` with lists of classes or weights: a grid of all of them from the same noise.

use std::path::{Path, PathBuf};

use fokker::samples::{ChoiceGrid, SampleFormat};
use fokker::{CheckpointSampler, Choices, DrawRequest, Error, SampleWriter};
use serde_json::json;

use super::terminal::Terminal;
use super::{beginning, drawn};

/// Lists of classes, by their names as they were given, and of weights.
pub struct ChoiceLists {
    /// The classes; empty for that of the request.
    pub classes: Vec<String>,
    /// The weights of guidance.
    pub guidance: Vec<f64>,
}

/// Where samples go: a picture of all choices, or one after the other.
enum Out {
    Grid(ChoiceGrid),
    Row(SampleWriter),
}

impl ChoiceLists {
    /// Draws each choice and writes all of them.
    pub fn run(
        self,
        run: &Path,
        checkpoint: &CheckpointSampler,
        request: &DrawRequest,
        out: &Path,
    ) -> Result<(), Error> {
        let config = checkpoint.config();
        let classes = self.classes.iter().map(|name| config.class_number(name)).collect::<Result<Vec<_>, _>>()?;
        let choices = Choices { classes, guidance: self.guidance.clone() };
        checkpoint.check_choices(request, &choices)?;
        let samples = checkpoint.samples();
        let mut writer = match SampleFormat::of(out, &samples)? {
            SampleFormat::Picture(_) => {
                let weights = self.guidance.iter().map(|weight| format!("w = {weight}")).collect();
                let classes = if self.classes.is_empty() { vec![String::new()] } else { self.classes.clone() };
                let numbers = (request.first, request.count);
                Out::Grid(ChoiceGrid::open(out, &samples, numbers, classes, weights)?)
            }
            _ => {
                let count = request.count.saturating_mul(choices.count());
                Out::Row(SampleWriter::open(out, &samples, (0, count), 1)?)
            }
        };
        let terminal = Terminal::new();
        if let Some(begins) = &request.beginning {
            beginning::say(begins, &request.sampler, checkpoint, &terminal);
        }
        let mut written = 0;
        let size = samples.size();
        let drawing = checkpoint.draw_choices(request, &choices, &terminal, |batch| {
            written += (batch.values.len() / size) as u64;
            match &mut writer {
                Out::Grid(grid) => grid.write(batch.class, batch.weight, batch.values),
                Out::Row(row) => row.write(batch.values)?,
            }
            Ok(())
        });
        let (not_finite, file) = match (writer, drawing.is_ok()) {
            (Out::Grid(grid), done) => {
                let found = grid.not_finite().check("samples");
                (found, if done { grid.finish().map(|()| Some(out.to_path_buf()))? } else { grid.finish_early()? })
            }
            (Out::Row(row), done) => {
                let found = row.not_finite().check("samples");
                (found, if done { row.finish().map(|()| Some(out.to_path_buf()))? } else { row.finish_early()? })
            }
        };
        let files: Vec<PathBuf> = file.into_iter().collect();
        let all = (request.count * choices.count()) as u64;
        let calls = drawing.as_ref().ok().map(|cost| cost.network_calls);
        let mut object = drawn::object(run, checkpoint, request, (request.count as u64, calls), &files)?;
        object["finished"] = json!(written == all);
        object["classes"] = json!(self.classes);
        object["guidance"] = json!(self.guidance);
        object["order"] = json!(["class", "guidance", "sample"]);
        object["drawn"] = json!(written);
        drawn::print(object, &files);
        if drawing.is_err() {
            eprintln!("{written} of {all} samples are drawn");
        }
        eprintln!("{} network calls for a batch", drawing?.network_calls);
        not_finite
    }
}
