//! The laboratory against closed forms and independent solutions.

mod bounds;
mod calculus;
mod density;
mod golden;
mod interpolant;
mod lecture;
mod matrix;
mod operators;
mod paths;
mod reversal;
mod reverse;
mod score_fpe;
mod stochastic;
mod support;
mod triple;
mod variational;
