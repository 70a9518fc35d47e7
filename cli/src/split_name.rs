//! The parts of a data set by their names.

use fokker::datasets::Split;

/// The parts of the data.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum SplitName {
    /// What neither the network nor a choice has seen, such as a published test set
    Test,
    /// What was held out while training, and choices are made by
    Validation,
    /// What the network has seen
    Train,
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Test => Self::Test,
            SplitName::Validation => Self::Validation,
            SplitName::Train => Self::Train,
        }
    }
}
