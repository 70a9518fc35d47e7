//! A walk that begins on the way, from data with noise: SDEdit (Meng et al. 2022).
//!
//! The data `x₀` are brought to a time `t` of the forward process, `x_t = α(t) x₀ + σ(t) z`, and the reverse process is walked from
//! there. The strength names the time: it is the share of the grid that is walked, from 0, which returns the data, to 1, which is a draw
//! from noise and has forgotten them. On a grid of equal steps in time it is the `t₀` of Meng et al.
//!
//! For data from `N(m, s²)` and any start `x₀`, a flow or reverse SDE with the exact score ends in a Gaussian: see the tests.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::method::Schedule;
use crate::sampler::{Diagnostics, Observe};
use crate::walk::{Drawn, Numbers};

impl SamplerConfig {
    /// Checks that a walk may begin on the way, with a strength.
    ///
    /// # Errors
    /// A strength outside of 0 to 1; a sampler whose walk must begin in noise, with the reason.
    pub fn validate_start(&self, strength: f64) -> Result<(), SamplingError> {
        if !(0.0..=1.0).contains(&strength) {
            let message =
                format!("{strength} does not lie between 0, which returns the start, and 1, which forgets it");
            return Err(SamplingError::argument("strength", message));
        }
        match self.kind.info().begins_in_noise {
            Some(reason) => Err(SamplingError::argument(
                "start",
                format!(
                    "{} cannot begin with data: {reason}. A sampler on a grid of noise levels can, such as probability_flow or \
                     ancestral",
                    self.kind.name()
                ),
            )),
            None => Ok(()),
        }
    }

    /// The times of a walk with a strength above 0: the last share of the grid.
    pub fn times_of_strength(&self, process: &dyn Process, strength: f64) -> Vec<f64> {
        match self.kind.info().schedule {
            Schedule::Grid => self.grid().last_times(process, self.steps_or_points(), strength),
            Schedule::Adaptive => vec![self.grid().last_times(process, 1, strength)[0], process.min_time()],
            Schedule::SmallestTime => self.times(process),
        }
    }

    /// Number of steps that are reported on the way of a strength; a sampler that chooses its steps reports percents.
    pub fn steps_of_strength(&self, process: &dyn Process, strength: f64) -> usize {
        match self.kind.info().schedule {
            _ if strength == 0.0 => 0,
            _ if strength == 1.0 => self.steps(),
            Schedule::Adaptive => 100,
            _ => self.times_of_strength(process, strength).len() - 1,
        }
    }

    /// Draws images that begin with data. Image `i` of a seed has the noise that it has in [`SamplerConfig::draw`], which this is for
    /// strength 1.
    ///
    /// # Shapes
    /// `data`: `[batch, …]`, the images' number first → the same
    ///
    /// # Errors
    /// As [`SamplerConfig::validate`] and [`SamplerConfig::validate_start`]; [`SamplingError::Stopped`] when `observe` breaks.
    pub fn draw_from<const D: usize>(
        &self,
        score: &dyn Score<D>,
        data: Tensor<D>,
        strength: f64,
        numbers: Numbers,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        self.validate_start(strength)?;
        let process = score.process();
        let whole = self.walk_under(process)?;
        if strength == 0.0 {
            return match observe(0, &data).is_break() {
                true => Err(SamplingError::Stopped),
                false => Ok(Drawn { samples: data, score_calls: 0, diagnostics: Diagnostics::default() }),
            };
        }
        let mut sampler = self.build::<D>(process)?;
        let normal = numbers.prior(data.dims(), &data.device());
        if strength == 1.0 {
            return whole.draw_of(&mut *sampler, score, normal, numbers, observe);
        }
        let times = self.times_of_strength(process, strength);
        let (scale, std) = (process.mean_scale(times[0]), process.std(times[0]));
        let x = data.mul_scalar(scale) + normal.mul_scalar(std);
        let mut noise = numbers.on_the_way(x.dims()[0]);
        whole.along_times(times).run(&mut *sampler, score, x, &mut noise, observe)
    }

    /// Draws images of given noise of unit deviation, such as [`SamplerConfig::encode`] makes.
    ///
    /// # Shapes
    /// `normal`: `[batch, …]`, the images' number first → the same
    ///
    /// # Errors
    /// As [`SamplerConfig::draw`].
    pub fn draw_of<const D: usize>(
        &self,
        score: &dyn Score<D>,
        normal: Tensor<D>,
        numbers: Numbers,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let walk = self.walk_under(score.process())?;
        let mut sampler = self.build::<D>(score.process())?;
        walk.draw_of(&mut *sampler, score, normal, numbers, observe)
    }
}
