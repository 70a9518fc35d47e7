//! `fokker reproduce score-fpe`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use fokker::Error;
use fokker_reproduce::score_fpe::{Exhibit, Reproduction, Scale};

use super::results::print_file;
use super::terminal::Terminal;

/// Table 1, Figures 1 to 6 and the propositions of [Lai 2023]: train the networks, measure them, draw. Goes on where it was interrupted
#[derive(Args)]
pub struct ScoreFpe {
    /// How much is computed: smoke (seconds), cpu (one to two hours on two cores), hours (Table 1 with five weights and three seeds in about three hours on two cores) or full (the paper's 200 epochs, for a GPU)
    #[arg(long, default_value = "cpu")]
    scale: Scale,
    /// Only these: table1, figure1 … figure6, proposition1 … proposition3, and figure1_cifar10, which no other choice includes
    #[arg(long, value_delimiter = ',')]
    only: Vec<Exhibit>,
    /// Weights of the regulariser in Table 1; the scale's if absent (0 and 1, or the paper's five)
    #[arg(long, value_delimiter = ',')]
    gamma: Option<Vec<f64>>,
    /// Seeds of Table 1; the scale's if absent. With several, the table has means and deviations over them
    #[arg(long, value_delimiter = ',')]
    seeds: Option<Vec<u64>>,
    /// Where to: a folder, made if it is not there
    #[arg(long, default_value = "score-fpe")]
    out: PathBuf,
    /// Change a key of every run, such as --set backend.name=flex
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

impl ScoreFpe {
    /// Trains, measures, draws.
    pub fn run(self) -> Result<(), Error> {
        let parts = if self.only.is_empty() { Exhibit::WITHOUT_CIFAR10.to_vec() } else { self.only };
        let Self { scale, gamma: gammas, seeds, out: folder, changes, .. } = self;
        let monitor = Arc::new(Terminal::new());
        let reproduction = Reproduction { scale, parts, gammas, seeds, folder, changes, monitor };
        reproduction.make(&mut print_file)
    }
}
