//! The papers' figures, each from one configuration.
//!
//! | `kind` | figure |
//! |---|---|
//! | `langevin` | [`Langevin`](LangevinFigure): [SDE tutorial, Figures 1–3] |
//! | `exploding` | [`Exploding`](ExplodingConfig): [SDE tutorial, Figures 4 and 5] |
//! | `there_and_back` | [Aamari 2025, Figure 1] for densities in the plane |
//! | `digits` | [Aamari 2025, Figure 1] for a row of digits |
//! | `brownian` | [Aamari 2025, Figure 2] |
//! | `ornstein_uhlenbeck` | [Aamari 2025, Figure 3] |
//! | `relaxation` | [Aamari 2025, Figure 4] |
//! | `bound` | [Aamari 2025, Prop. 4.1–4.3] |
//! | `density_paths` | [Seo, eq. 1.5], [Lecture 6, eq. 1.2]: densities in time with sample paths |
//! | `lemma` | [Seo, Lemma 3.4] along a solution |
//! | `noisy_density` | [Seo, eq. 1.1] and its energy |
//! | `noisy_plane` | the same in the plane |
//! | `variational_bound` | [SDE tutorial, §3]: evidence, bound and gap |
//! | `phase_plane` | [SDE tutorial, eq. 2.3.1 and 2.4.19]: matrix-valued noise, forwards and back |
//! | `score_inequalities` | [Lai 2023, Prop. 1 and 3], both sides for scores with a known error |
//! | `score_agreement` | [Lai 2023, Prop. 2 and Lemma 3], the same |
//! | `interpolant` | Albergo et al. 2023, sec. 2.3: from one law to another |
//! | `strong_order` | methods for state-dependent noise, and ∫ B dB |

mod bound;
mod brownian;
mod config;
mod density_paths;
mod digits;
mod draws;
mod energy;
mod error;
mod exploding;
mod in_chunks;
mod interpolant;
mod langevin;
mod lemma;
mod noisy_density;
mod noisy_plane;
mod ornstein_uhlenbeck;
mod phase_plane;
mod relaxation;
mod score_agreement;
mod score_inequalities;
mod strong_order;
mod there_and_back;
mod variational_bound;
mod view;

pub use bound::BoundConfig;
pub use brownian::BrownianConfig;
pub use config::{DigitSource, FigureConfig, FigureFile};
pub use density_paths::DensityPathsConfig;
pub use digits::DigitsConfig;
pub use error::FigureError;
pub use exploding::ExplodingConfig;
pub use interpolant::InterpolantConfig;
pub use langevin::LangevinFigure;
pub use lemma::LemmaConfig;
pub use noisy_density::NoisyDensityConfig;
pub use noisy_plane::NoisyPlaneConfig;
pub use ornstein_uhlenbeck::OrnsteinUhlenbeckFigure;
pub use phase_plane::{PhasePlaneConfig, PlaneProcess};
pub use relaxation::RelaxationConfig;
pub use score_agreement::ScoreAgreementConfig;
pub use score_inequalities::ScoreInequalitiesConfig;
pub use strong_order::StrongOrderConfig;
pub use there_and_back::ThereAndBackConfig;
pub use variational_bound::VariationalBoundConfig;
pub use view::Show;
