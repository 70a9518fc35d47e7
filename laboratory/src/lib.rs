//! The Fokker–Planck laboratory: the one equation that all the papers share, to run, look at and trust.
//!
//! ```text
//! ∂p/∂t = −∇·(a p) + Δ(σ² p)          dX = a dt + √2 σ dB          [Aamari 2025, Prop. 2.5]
//! ```
//!
//! - [`grid`] and [`fokker_planck`]: the density equation on grids, in one and two dimensions, forwards and backwards,
//!   and its transport form. Positive, conservative, and exact at equilibrium.
//! - [`stochastic`]: the equation with noise of Seo, its condition, spaces, constants and energy bounds.
//! - [`paths`]: Brownian paths that can be refined, Itô equations with state-dependent noise, their laws, Itô's formula.
//! - [`matrix`]: equations with matrix-valued noise: their paths, their density in the plane, all of their reverses.
//! - [`laws`]: mixtures on a line, scores, Kullback–Leibler divergence along flows, the bound of [Aamari 2025, Prop. 4.3].
//! - [`check`]: what a person may choose, and what is refused by name.
//!
//! Everything is `f64` on the host; no tensor, no network. What needs a trained network is handed in as a
//! [`laws::Score`].
//!
//! ```
//! use fokker_laboratory::fokker_planck::{Forward, Scheme, Solver};
//! use fokker_laboratory::grid::{Axis, Field};
//! use fokker_laboratory::laws::LineMixture;
//! use fokker_process::ProcessConfig;
//!
//! let process = ProcessConfig::default().build()?;
//! let data = LineMixture::new(&[0.3, 0.7], &[-2.0, 2.0], &[0.5, 0.5])?;
//! let axis = Axis::new(-8.0, 8.0, 200)?;
//! let mut density = data.field(axis);
//! let solver = Solver::new(Forward::new(&*process, 1), Scheme::Extrapolated);
//! solver.run(&mut density, 0.0, process.horizon(), 200, &())?;
//! let exact = data.diffused(&*process, process.horizon()).field(axis);
//! assert!((density.mass() - 1.0).abs() < 1e-12);
//! assert!(density.l1_distance(&exact) < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod check;
mod error;
pub mod fokker_planck;
pub mod grid;
pub mod laws;
pub mod matrix;
pub mod paths;
pub mod score_fpe;
pub mod stochastic;
mod watch;

pub use error::LaboratoryError;
pub use watch::Watch;
