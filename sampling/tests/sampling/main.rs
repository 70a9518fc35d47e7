//! Samplers and likelihoods, against closed forms and independent traces.

mod closed_forms;
mod conditions;
mod golden_traces;
mod laws;
mod likelihood;
mod orders;
mod problems;
mod registry;
