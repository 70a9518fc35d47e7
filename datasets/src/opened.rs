//! The parts of a data set that were opened together.

use std::sync::Arc;

use crate::{Dataset, DatasetKind, Split};

/// Parts of a data set, and what is worth saying about how they came about.
#[derive(Clone, Default)]
pub struct Opened {
    /// What a model learns from, if it was asked for.
    pub train: Option<Arc<dyn Dataset>>,
    /// What choices are made by, if it was asked for and there is any.
    pub validation: Option<Arc<dyn Dataset>>,
    /// What results are reported on, if it was asked for and there is any.
    pub test: Option<Arc<dyn Dataset>>,
    /// The same settings with what was found, such as the names of the classes, so that a run keeps it; none if all follows from
    /// the settings.
    pub settled: Option<Arc<dyn DatasetKind>>,
    /// What was left out, skipped, or decided: a line each, for whoever prints.
    pub notes: Vec<String>,
}

impl Opened {
    /// Puts a part in its place.
    pub fn put(&mut self, split: Split, part: Arc<dyn Dataset>) {
        *self.place(split) = Some(part);
    }

    /// Takes a part out.
    pub fn take(&mut self, split: Split) -> Option<Arc<dyn Dataset>> {
        self.place(split).take()
    }

    fn place(&mut self, split: Split) -> &mut Option<Arc<dyn Dataset>> {
        match split {
            Split::Train => &mut self.train,
            Split::Validation => &mut self.validation,
            Split::Test => &mut self.test,
        }
    }
}
