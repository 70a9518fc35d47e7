//! Losses, precision, resumed runs and the score Fokker–Planck equation.

mod losses;
mod power_averages;
mod precision;
mod ranks;
mod resume;
mod score_fpe;
#[path = "../support/mod.rs"]
mod support;
mod tensorboard;
