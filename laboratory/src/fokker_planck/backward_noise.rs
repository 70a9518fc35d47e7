//! The backward noise σ̃ in units of the forward noise [Aamari 2025, Thm 2.10].

/// σ̃(t) ≥ 0, as a multiple of the forward noise at the same time t of the process.
#[derive(Clone, Copy)]
pub enum BackwardNoise<'a> {
    /// The same at all times.
    Constant(f64),
    /// A schedule in the time of the forward process.
    Schedule(&'a (dyn Fn(f64) -> f64 + Sync)),
}

impl BackwardNoise<'_> {
    /// σ̃ at time t of the forward process.
    pub fn at(&self, t: f64) -> f64 {
        match self {
            Self::Constant(noise) => *noise,
            Self::Schedule(schedule) => schedule(t),
        }
    }
}

impl From<f64> for BackwardNoise<'_> {
    fn from(noise: f64) -> Self {
        Self::Constant(noise)
    }
}
