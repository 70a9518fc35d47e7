//! The density equation with noise (Seo): du = (f ∇·(x u) + ½ g² Δu) dt + B dW.
//!
//! Seo writes f for the rate of decay, which is −f of [`Process`](fokker_process::Process). The equation is
//! well-posed in the weighted space L²(ℝᵈ; w), w = e^{|x|²/2c}, when f − g²/2c ≥ 0 ([`Condition`]). There, with
//! N = ∫v²w, G = ∫|∇v|²w and F = ∫|∇(vw)|²/w = G − (d/c) N (Lemma 3.3), its operator satisfies
//!
//! ```text
//! ⟨v, A v⟩ = (f − g²/2c) ∫ (d/2 − |x|²/2c) v² w dx − (g²/2) F                    [Seo, proof of Lemma 3.4]
//!          ≤ (d f/2 + d g²/4c) N − (g²/2) G                                      (drop |x|²; Lemma 3.3)
//!          ≤ (d/2)(f − g²/2c) N                                                  (F ≥ 0)
//! ```
//!
//! Seo prints d f/2 − g²/4c in the second line: the last step of its proof "removes" + d g²/2c N, which is
//! positive and on the larger side. At v = e^{−|x|²/2c} and f = g²/2c the left side is 0 and the printed right side is
//! negative, so the printed inequality is false; the theorem only needs larger constants and stands. From the third
//! line follows the energy bound ([`EnergyBound`]): d/dt E N ≤ d (f − g²/2c) E N + Σ λₖ ‖B eₖ‖². The second and the third
//! line hold under the condition only: what is dropped has the factor f − g²/2c.
//!
//! Where f ≡ 0 no finite c will do, and the space is L² without weight ([`WeightedSpace::UNWEIGHTED`]): c = ∞, in which
//! every line above stands, ‖v‖ never grows without noise, and F = G. Such a process cannot have both: it widens without
//! bound, and at the variance 2c its density leaves L²(ℝᵈ; w).

mod condition;
mod constants;
mod energy;
mod equation;
mod gelfand;
mod lemmas;
mod membership;
mod noise;
mod operator;
mod weighted;

pub use condition::{Condition, DriftCase};
pub use constants::VariationalConstants;
pub use energy::EnergyBound;
pub use equation::StochasticEquation;
pub use gelfand::MOST_CELLS_OF_DUAL_NORM;
pub use noise::{Basis, Eigenvalues, NoiseConfig, QWiener};
pub use operator::{AdditiveNoise, NoiseOperator, ProportionalNoise, ScheduledNoise};
pub use weighted::{Lemma, WeightedSpace};
