//! A run at a glance: `report.html` in its folder, the page of [`fokker_dashboard`] with all numbers inside.

use fokker_model::Network;
use fokker_training::{Callback, Metrics, Moment, Outcome, RunFolder, TrainingError};

use crate::error::Error;

/// Writes the page of a run whenever the loss on held-out data or the samples are measured, and at the end. A page that cannot be written is
/// a warning: no reason to lose a run.
#[derive(Clone, Debug)]
pub struct ReportPage {
    run: RunFolder,
}

impl ReportPage {
    /// For a run.
    pub fn new(run: &RunFolder) -> Self {
        Self { run: run.clone() }
    }

    fn write<N: Network<D>, const D: usize>(&self, at: &mut Moment<'_, N, D>) {
        if let Err(error) = write_report(&self.run) {
            at.warn(error.to_string());
        }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for ReportPage {
    fn line(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        if line.is_validated() || !line.evaluation.is_empty() {
            self.write(at);
        }
        Ok(())
    }

    fn end(&mut self, at: &mut Moment<'_, N, D>, _outcome: Outcome) -> Result<(), TrainingError> {
        self.write(at);
        Ok(())
    }
}

/// Writes the page of a run. What cannot be read is shown on it as a problem of the run.
///
/// # Errors
/// A file that cannot be written.
pub fn write_report(run: &RunFolder) -> Result<(), Error> {
    Ok(fokker_files::write(&run.report(), fokker_dashboard::report(run.path()).as_bytes())?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_page_has_the_numbers_every_picture_and_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path().join("digits"));
        run.create("name = \"<digits>\"").unwrap();
        fs::write(run.metrics(), "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":0.25}\nnot a line\n").unwrap();
        fs::create_dir(run.samples()).unwrap();
        fs::write(run.samples().join("step-00000002.png"), b"").unwrap();
        write_report(&run).unwrap();
        let page = fs::read_to_string(run.report()).unwrap();
        for part in
            ["<h1 id=\"title\">digits</h1>", "[0.5,0.25]", "step-00000002.png", "\\u003cdigits>", "1 line is damaged"]
        {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
}
