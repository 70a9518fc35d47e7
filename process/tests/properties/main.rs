//! Properties that every process has, checked for processes drawn at random with a fixed seed.

mod cases;
mod chains;
mod check;
mod config;
mod fokker_planck;
mod interpolant;
mod matrix;
mod mixture;
mod near_zero;
mod pure_noise;
