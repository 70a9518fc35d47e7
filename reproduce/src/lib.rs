//! The papers' figures and tables, and the comparison of samplers: what fokker computes, held next to what was printed.
//!
//! - [`figures`]: figures of the Fokker–Planck laboratory, one configuration each; [`catalogue`] has those of
//!   `configs/figures/`.
//! - [`score_fpe`]: Table 1 and Figures 1 to 6 of [Lai 2023], from trained networks.
//! - [`compare`]: distances of all samplers to the data over budgets of network calls.
//!
//! docs/BIBLIOGRAPHY.md explains the keys of the papers, docs/PAPERS.md which statement is where.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod catalogue;
pub mod compare;
pub mod figures;
mod propositions;
pub mod score_fpe;
