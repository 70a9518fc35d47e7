//! The names of the two sets of weights that a checkpoint has.

use fokker::training::WeightSet;

/// Which weights of a checkpoint.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum WeightsName {
    /// Their running average
    Average,
    /// Those that the optimiser changes
    Raw,
}

impl From<WeightsName> for WeightSet {
    fn from(name: WeightsName) -> Self {
        match name {
            WeightsName::Average => Self::Average,
            WeightsName::Raw => Self::Raw,
        }
    }
}
