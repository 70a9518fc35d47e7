//! Table 1, Figures 1 to 6 and the propositions of [Lai 2023], "Regularizing score-based models with score Fokker–Planck equations".
//!
//! Everything is made of runs, in `runs/` of the folder: each is one of the configurations `configs/score_fpe_*.toml` with
//! another weight, and with the numbers of a [`Scale`]. A run that is there is not trained again, one that was interrupted
//! is resumed, and the measurements of a run are kept in its folder.

mod arrows;
mod cell;
mod density;
mod digits;
mod exhibit;
mod initial_value;
mod measure;
mod propositions;
mod residual_curves;
mod run;
mod scale;
mod table;
mod time_left;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fokker_plot::Figure;

pub use cell::{Cell, Lambda, Row, Sde};
pub use exhibit::Exhibit;
pub use scale::{Scale, ScaleSettings};

use fokker::Error;
use fokker::Monitor;

/// What is made, where, and at what scale.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// How much is computed.
    pub scale: Scale,
    /// What is made.
    pub parts: Vec<Exhibit>,
    /// The weights `γ` in Table 1; the scale's if absent.
    pub gammas: Option<Vec<f64>>,
    /// The seeds of Table 1; the scale's if absent.
    pub seeds: Option<Vec<u64>>,
    /// Where: `runs/`, tables, figures and a page.
    pub folder: PathBuf,
    /// `key=value` changes of every run's configuration.
    pub changes: Vec<String>,
    /// Who hears of progress.
    pub monitor: Arc<dyn Monitor>,
}

impl Reproduction {
    /// Makes it; `tell` is given each file that is done.
    ///
    /// # Errors
    /// Data or a backend that is not there, a run of another configuration in the folder, a monitor that stops it.
    pub fn make(&self, tell: &mut dyn FnMut(&Path)) -> Result<(), Error> {
        let mut done = Vec::new();
        for part in &self.parts {
            let figures = match part {
                Exhibit::Table1 => {
                    table::make(self, tell)?;
                    Vec::new()
                }
                Exhibit::Figure1 => vec![residual_curves::mnist(self)?],
                Exhibit::Figure1Cifar10 => vec![residual_curves::cifar10(self)?],
                Exhibit::Figure2 => vec![density::make(self)?],
                Exhibit::Figure3 => vec![digits::make(self)?],
                Exhibit::Figure4 => vec![initial_value::samples(self)?],
                Exhibit::Figure5 => vec![initial_value::flow(self)?],
                Exhibit::Figure6 => vec![initial_value::residuals(self)?],
                Exhibit::Proposition1 | Exhibit::Proposition2 | Exhibit::Proposition3 => {
                    vec![propositions::make(self, *part)?]
                }
            };
            for figure in figures {
                let saved = fokker_plot::save(&figure, &self.folder)?;
                tell(&saved.png);
                done.push((figure, saved));
            }
        }
        if !done.is_empty() {
            let page = self.folder.join("index.html");
            fokker_files::write(&page, fokker_plot::page("[Lai 2023], reproduced", &done)?.as_bytes())?;
            tell(&page);
        }
        Ok(())
    }

    fn numbers(&self) -> ScaleSettings {
        self.scale.numbers()
    }

    /// The weights in Table 1.
    fn gammas(&self) -> Vec<f64> {
        self.gammas.clone().unwrap_or_else(|| self.numbers().gammas.to_vec())
    }

    /// The seeds of Table 1.
    fn seeds(&self) -> Vec<u64> {
        self.seeds.clone().unwrap_or_else(|| self.numbers().seeds.to_vec())
    }

    /// Where the runs are.
    fn runs(&self) -> PathBuf {
        self.folder.join("runs")
    }

    /// A figure that says at which scale it was made.
    fn figure(&self, part: Exhibit, title: &str, caption: String) -> Figure {
        Figure {
            name: part.name().into(),
            title: title.into(),
            caption: format!("[Lai 2023, {}]. {caption} Scale {}.", part.title(), self.scale.name()),
            panels: Vec::new(),
            columns: 1,
            panel_size: (420, 320),
            tables: Vec::new(),
        }
    }
}
