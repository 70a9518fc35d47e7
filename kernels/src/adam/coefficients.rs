//! The numbers of a step in single precision.

/// The numbers of [`Adam`](super::Adam) as the loops of CPU and GPU read them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coefficients {
    /// The factor of all gradients; a GPU reads it from a buffer instead.
    pub gradient_scale: f32,
    /// `β₁, β₂`.
    pub betas: [f32; 2],
    /// `1 − β₁, 1 − β₂`.
    pub fresh: [f32; 2],
    /// The learning rate over the first moment's correction.
    pub rate: f32,
    /// The inverse of the second moment's correction.
    pub correction: f32,
    /// `ε`.
    pub epsilon: f32,
    /// The share of the weights that decays.
    pub lost: f32,
    /// Decay rate of the running average.
    pub average_decay: f32,
    /// 1 less the decay rate of the running average.
    pub average_fresh: f32,
    /// The [phase](crate::running_average::rounding) of the first number's rounding in this update.
    pub phase: u32,
}
