//! Averages of the weights whose length is chosen after the training (Karras et al. 2024, "Analyzing and Improving the Training
//! Dynamics of Diffusion Models", section 3 and appendix C).
//!
//! An exponential average forgets at one rate for ever; a power-function average remembers a fixed share of the training,
//!
//! ```text
//! θ̂_γ(t) = ∫₀ᵗ p_γ(τ) θ(τ) dτ,    p_γ(τ) = (γ + 1) τ^γ / t^(γ+1),
//! ```
//!
//! so its length is a share of the training: σ_rel, the deviation of `τ` under `p_γ`, divided by `t`. It is updated like any other average, with
//! the decay `β_γ(t) = (1 − 1/t)^(γ+1)`.
//!
//! Two such averages are tracked, and snapshots of them are kept. Any other length is a linear combination of the snapshots. The
//! coefficients follow from the profiles alone: the combined profile is the nearest to the wanted one.

mod config;
mod profile;
mod reconstruction;
mod snapshots;

pub use config::PowerAverageConfig;
pub use profile::PowerProfile;
pub use reconstruction::Reconstruction;
pub use snapshots::{Snapshot, list_snapshots, load_snapshot, save_snapshot};
