//! `fokker lab`.

mod bound;
mod condition;
mod density;
mod input;
mod paths;

use clap::Subcommand;
use fokker::Error;

/// The Fokker–Planck laboratory: densities on grids, paths, conditions
#[derive(Subcommand)]
pub enum Lab {
    Density(density::Density),
    Bound(bound::Bound),
    Condition(condition::ConditionOf),
    Paths(paths::Paths),
}

impl Lab {
    /// Does what was asked.
    pub fn run(self) -> Result<(), Error> {
        match self {
            Self::Density(command) => command.run(),
            Self::Bound(command) => command.run(),
            Self::Condition(command) => command.run(),
            Self::Paths(command) => command.run(),
        }
    }
}
