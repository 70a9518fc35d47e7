//! Forward processes: how data turns into noise, in closed form and in `f64`.
//!
//! A process is a linear stochastic differential equation and, independently stated, its Gaussian kernel,
//!
//! ```text
//! dx = f(t) x dt + g(t) dw        x_t = α(t) x_0 + σ(t) ε,   ε ~ N(0, I),   0 < t ≤ horizon.
//! ```
//!
//! Everything a diffusion model has to know about its noise is here, behind one trait, [`Process`]: the coefficients,
//! the kernel, the log signal-to-noise ratio with its inverse, and the exact Gaussian bridges between any two times
//! that ancestral samplers walk along. Nothing here knows a tensor, a device or a network. Tests hold the two
//! statements of every process together, and to the Fokker–Planck equation.
//!
//! | `kind` | process | source |
//! |---|---|---|
//! | `vp` | [`Vp`]: variance preserving, linear β(t) | Song et al. 2021, eq. 11 |
//! | `ve` | [`Ve`]: variance exploding, geometric σ(t) | Song et al. 2021, eq. 9 |
//! | `blurred_ve` | [`BlurredVe`]: the same from blurred data | [Lecture 6, eq. 1.26–1.29] |
//! | `edm` | [`Edm`]: σ(t) = t | Karras et al. 2022 |
//! | `sub_vp` | [`SubVp`]: variance below that of VP | Song et al. 2021, eq. 12 |
//! | `rve` | [`Rve`]: reciprocal variance exploding | [Lai 2023, Appendix A] |
//! | `ornstein_uhlenbeck` | [`OrnsteinUhlenbeck`]: constant rates | [Aamari 2025, Definition 2.1] |
//! | `linear` | [`Linear`]: any rates | [Lecture 6, eq. 1.6] |
//! | `cosine` | [`Cosine`]: variance preserving, cosine ᾱ(t) | Nichol & Dhariwal 2021, eq. 17 |
//! | `critically_damped_langevin` | [`CriticallyDampedLangevin`]: data with velocities | Dockhorn et al. 2022 |
//! | `linear_path` | [`LinearPath`]: α = 1 − t, σ = t, up to pure noise | Liu et al. 2023, Lipman et al. 2023 |
//! | `trigonometric_path` | [`TrigonometricPath`]: α = cos(πt/2), σ = sin(πt/2) | Albergo & Vanden-Eijnden 2023 |
//! | `ddpm_chain` | [`DdpmChain`]: discrete variance preserving | Ho et al. 2020; [SDE tutorial, eq. 4.2.30] |
//! | `ncsn_chain` | [`NcsnChain`]: discrete variance exploding | Song & Ermon 2019; [SDE tutorial, eq. 4.2.9] |
//!
//! A [`GaussianMixture`] stays a Gaussian mixture under every one of them, so its density, score, posterior mean and
//! samples are exact at every time: the ground truth that the rest of fokker is tested against.
//!
//! Processes with matrix coefficients are in [`matrix`], bridges between two laws of data in [`interpolant`].
//!
//! A process of one's own implements [`Process`], is held to the same properties as the built-in ones by [`check()`], and is
//! named in configurations after [`register_process!`].
//!
//! ```
//! use fokker_process::{GaussianMixture, Process, Vp};
//!
//! let process = Vp::default();
//! let (alpha, sigma) = (process.mean_scale(0.5), process.std(0.5));
//! assert!((alpha * alpha + sigma * sigma - 1.0).abs() < 1e-15);
//! let lambda = process.log_snr(0.5);
//! assert!((process.time_of_log_snr(lambda) - 0.5).abs() < 1e-14);
//!
//! // Two equal bumps at ±2: by symmetry the score in the middle is zero at every time.
//! let mixture = GaussianMixture::with_variances(vec![0.5, 0.5], vec![vec![-2.0], vec![2.0]], vec![0.1, 0.1])?;
//! assert_eq!(mixture.score(&process, 0.3, &[0.0]), vec![0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod blurred_ve;
mod chain;
pub mod check;
mod config;
mod cosine;
mod critically_damped_langevin;
mod ddpm_chain;
mod edm;
mod error;
pub mod interpolant;
mod linear;
mod linear_beta;
mod linear_path;
pub mod matrix;
mod mixture;
mod mixture_error;
mod ncsn_chain;
mod ornstein_uhlenbeck;
mod polynomial;
mod process;
mod quadrature;
mod root;
mod rve;
mod sub_vp;
mod trigonometric_path;
mod variance_preserving;
mod ve;
mod vp;

#[doc(hidden)]
pub use fokker_registry as registry;

pub use blurred_ve::{BlurredVe, BlurredVeConfig};
pub use check::check;
pub use config::{ProcessConfig, ProcessEntry, ProcessKind};
pub use cosine::{Cosine, CosineConfig};
pub use critically_damped_langevin::{CriticallyDampedLangevin, CriticallyDampedLangevinConfig, PhaseKernel};
pub use ddpm_chain::{BetaSchedule, DdpmChain, DdpmChainConfig};
pub use edm::{Edm, EdmConfig};
pub use error::ProcessError;
pub use linear::{FunctionRates, Linear, LinearConfig, PolynomialRates, Rates};
pub use linear_path::{LinearPath, LinearPathConfig};
pub use mixture::{Covariance, GaussianMixture, MixtureComponent};
pub use mixture_error::MixtureError;
pub use ncsn_chain::{NcsnChain, NcsnChainConfig};
pub use ornstein_uhlenbeck::{OrnsteinUhlenbeck, OrnsteinUhlenbeckConfig};
pub use process::{Posterior, Process, ReverseStep, Transition};
pub use rve::{Rve, RveConfig};
pub use sub_vp::{SubVp, SubVpConfig};
pub use trigonometric_path::{TrigonometricPath, TrigonometricPathConfig};
pub use ve::{Ve, VeConfig};
pub use vp::{Vp, VpConfig};
