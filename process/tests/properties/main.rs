//! Properties that every process has, checked for processes drawn at random with a fixed seed.

mod cases;
mod chains;
mod config;
mod derivative;
mod fokker_planck;
mod identities;
mod mixture;
mod near_zero;
mod transitions;
