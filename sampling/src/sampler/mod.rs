//! What every sampler is: steps along falling times, from a score.

mod diagnostics;
mod level;
mod predictions;
mod step;

use std::ops::ControlFlow;

use burn::tensor::Tensor;
use fokker_model::Score;

use crate::solvers::Brownian;

pub use self::diagnostics::Diagnostics;
pub use self::level::Level;
pub use self::predictions::{denoised_at, noise_at, score_at};
pub use self::step::Step;

/// Hears of a walk on its way: the number of steps done, and the state. `Break` ends the walk.
pub type Observe<'a, const D: usize> = &'a mut dyn FnMut(usize, &Tensor<D>) -> ControlFlow<()>;

/// A method that turns noise into samples. It takes process and score, and may remember the steps before.
///
/// [`Walk`](crate::Walk) walks any sampler; [`register_sampler`](crate::register_sampler) gives it a name.
pub trait Sampler<const D: usize> {
    /// From `x` at the beginning of the step to its end.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D>;

    /// The last step, to the data themselves: the expected data given the state at `t` (Tweedie).
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn finish(&mut self, score: &dyn Score<D>, x: Tensor<D>, t: f64, _noise: &mut dyn Brownian<D>) -> Tensor<D> {
        denoised_at(score, &x, t)
    }

    /// All steps of a grid, from the given one on. `observe` is called after each of them; `None` if it breaks off. A
    /// sampler that chooses its steps itself replaces this.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn walk(
        &mut self,
        score: &dyn Score<D>,
        mut x: Tensor<D>,
        first: Step,
        noise: &mut dyn Brownian<D>,
        observe: Observe<D>,
    ) -> Option<Tensor<D>> {
        for index in first.index..first.times.len() - 1 {
            x = self.step(score, x, &Step { index, ..first }, noise);
            if observe(index + 1, &x).is_break() {
                return None;
            }
        }
        Some(x)
    }

    /// What the sampler knows of its last walk.
    fn diagnostics(&self) -> Diagnostics {
        Diagnostics::default()
    }
}
