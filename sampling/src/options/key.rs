//! The keys of options.

/// An option that some samplers take. `steps`, `denoise` and `threshold` are no options: every sampler has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SamplerOption {
    /// The times of the steps.
    Grid,
    /// `σ̃` of the reverse family.
    BackwardNoise,
    /// The variance of an ancestral step.
    Variance,
    /// DDIM's η.
    Eta,
    /// The order of a family.
    Order,
    /// The member of a family.
    SolverType,
    /// Steps of lower order at the end.
    LowerOrderFinal,
    /// The sampler between corrections.
    Predictor,
    /// Langevin corrections.
    Corrector,
    /// Noise that is added on the way.
    Churn,
    /// The steps of Langevin dynamics.
    Langevin,
    /// What adaptive steps may err by.
    Tolerance,
}

impl SamplerOption {
    /// The key in the section `sampler` of a configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::BackwardNoise => "backward_noise",
            Self::Variance => "variance",
            Self::Eta => "eta",
            Self::Order => "order",
            Self::SolverType => "solver_type",
            Self::LowerOrderFinal => "lower_order_final",
            Self::Predictor => "predictor",
            Self::Corrector => "corrector",
            Self::Churn => "churn",
            Self::Langevin => "langevin",
            Self::Tolerance => "tolerance",
        }
    }
}
