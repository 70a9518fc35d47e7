//! How a training ends.

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done.
    Finished,
    /// Nothing was left to learn before the last step (`training.early_stopping`), and it saved.
    EndedEarly,
    /// It was asked to stop, and saved.
    Interrupted,
}
