//! A step of a grid.

use fokker_process::Process;

use super::level::Level;

/// Where a sampler is: a step of its grid.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The times of the grid, falling.
    pub times: &'a [f64],
    /// The step goes from `times[index]` to `times[index + 1]`.
    pub index: usize,
    /// Number of steps, the final denoising counted.
    pub total: usize,
}

impl Step<'_> {
    /// The time at the beginning.
    pub fn from(&self) -> f64 {
        self.times[self.index]
    }

    /// The time at the end.
    pub fn to(&self) -> f64 {
        self.times[self.index + 1]
    }

    /// Both levels.
    pub fn levels(&self, process: &dyn Process) -> (Level, Level) {
        (Level::at(process, self.from()), Level::at(process, self.to()))
    }

    /// Number of steps that are left, this one counted.
    pub fn remaining(&self) -> usize {
        self.total - self.index
    }
}
