//! The laboratory against closed forms and independent solutions.

mod bounds;
mod calculus;
mod density;
mod golden;
mod paths;
mod reverse;
mod stochastic;
mod support;
