//! Samplers and likelihoods, against closed forms and independent traces, all in double precision.

mod conditions;
mod encoding;
mod golden_traces;
mod guidance;
mod interpolants;
mod laws;
mod likelihood;
mod orders;
mod phase_space;
mod problems;
mod starts;
