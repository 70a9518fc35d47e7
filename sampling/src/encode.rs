//! From data to noise: the walk of a deterministic sampler the other way.
//!
//! The probability flow is a map between data and noise, and its steps may be taken in either direction (Song et al. 2021, sec. 4.3; with
//! DDIM's steps it is known as DDIM inversion, Song et al. 2020, sec. 5.4). For data from `N(0, s²)` it is a scaling: a datum `x₀` at time 0
//! arrives at `x₀ √(α²s² + σ²)/s`.
//!
//! A walk ends with the expected data, `x₀ = (x − σ ε̂(x))/α` at the smallest time. The way back therefore begins with
//! `x = α x₀ + σ ε̂(α x₀)`, which undoes that to second order in `σ/α`.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::method::{Encodes, Method};
use crate::sampler::{Observe, Sampler, Step, noise_at};
use crate::solvers::Brownian;
use crate::walk::{Drawn, Numbers, Walk};

impl SamplerConfig {
    /// Checks that the sampler walks from data to noise, under a process.
    ///
    /// # Errors
    /// Settings that do not work, as [`SamplerConfig::validate`]; a sampler that draws noise or goes one way alone, with those that do.
    pub fn validate_encoding(&self, process: &dyn Process) -> Result<(), SamplingError> {
        self.validate(process)?;
        let info = self.kind.info();
        let reason = match info.begins_in_noise {
            Some(reason) => reason,
            None if self.draws_noise() => "it draws noise on its way, with the options it has",
            None if info.encodes == Encodes::No => "its steps go from noise to data alone",
            None => return Ok(()),
        };
        let names: Vec<&str> =
            Method::all().filter(|method| method.info().encodes != Encodes::No).map(Method::name).collect();
        let message = format!("{} cannot encode: {reason}. These can: {}", info.name, names.join(", "));
        Err(SamplingError::sampler("kind", message))
    }

    /// The noise of unit deviation that data come from; [`SamplerConfig::draw_of`] brings it back to them. `observe` is called with 0 and
    /// the state at the smallest time, then after every step.
    ///
    /// # Shapes
    /// `data`: `[batch, …]` → the same
    ///
    /// # Errors
    /// As [`SamplerConfig::validate_encoding`]; [`SamplingError::Stopped`] when `observe` breaks.
    pub fn encode<const D: usize>(
        &self,
        score: &dyn Score<D>,
        data: Tensor<D>,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let process = score.process();
        self.validate_encoding(process)?;
        let mut sampler = self.build::<D>(process)?;
        if self.kind.info().encodes == Encodes::ToNoise {
            sampler = Box::new(IntoPureNoise { sampler });
        }
        self.walk_under(process)?.encode(&mut *sampler, score, data, observe)
    }
}

impl Walk {
    /// Walks from data to noise of unit deviation, along the same times the other way.
    ///
    /// # Shapes
    /// `data`: `[batch, …]` → the same
    ///
    /// # Errors
    /// A threshold that does not work; [`SamplingError::Stopped`] if `observe` breaks.
    pub fn encode<const D: usize>(
        &self,
        sampler: &mut dyn Sampler<D>,
        score: &dyn Score<D>,
        data: Tensor<D>,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let times: Vec<f64> = self.times().iter().rev().copied().collect();
        let first = Step { times: &times, index: 0, total: times.len() - 1 };
        // A deterministic sampler draws none of it.
        let mut noise = Numbers::default().on_the_way(data.dims()[0]);
        let mut encoded = self.with_score(score, |score| {
            let x = if self.denoises() { noised(score, data, times[0]) } else { data };
            if observe(0, &x).is_break() {
                return Err(SamplingError::Stopped);
            }
            let state = sampler.walk(score, x, first, &mut noise, observe).ok_or(SamplingError::Stopped)?;
            Ok((state, sampler.diagnostics()))
        })?;
        encoded.samples = encoded.samples.div_scalar(self.initial_std());
        Ok(encoded)
    }
}

/// The state whose expected data are the given ones.
fn noised<const D: usize>(score: &dyn Score<D>, data: Tensor<D>, t: f64) -> Tensor<D> {
    let x = data.mul_scalar(score.process().mean_scale(t));
    let noise = noise_at(score, &x, t);
    x + noise.mul_scalar(score.process().std(t))
}

/// A sampler whose step into pure noise is in closed form: there `x_s = σ_s ε̂(x_t)`, the limit of every exponential method.
struct IntoPureNoise<const D: usize> {
    sampler: Box<dyn Sampler<D>>,
}

impl<const D: usize> Sampler<D> for IntoPureNoise<D> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        match score.process().mean_scale(step.to()) == 0.0 {
            true => noise_at(score, &x, step.from()).mul_scalar(score.process().std(step.to())),
            false => self.sampler.step(score, x, step, noise),
        }
    }
}
