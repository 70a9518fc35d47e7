//! One step of a numerical method, and the noise it may ask for.

use burn::tensor::Tensor;

use super::dynamics::{Dynamics, Flow};

/// The increments of a Brownian motion, one path for each example of the batch.
///
/// Calls follow each other in the direction of integration.
pub trait Brownian<const D: usize> {
    /// `w(t1) − w(t0)`, an array like `like` with variance `|t1 − t0|`.
    fn increment(&mut self, t0: f64, t1: f64, like: &Tensor<D>) -> Tensor<D>;

    /// The increment and the integral `∫ (w(t) − w(t0)) dt` from `t0` to `t1`, jointly Gaussian: what methods of strong
    /// order 3/2 need (Kloeden & Platen 1992, sec. 10.4).
    fn increment_and_integral(&mut self, t0: f64, t1: f64, like: &Tensor<D>) -> (Tensor<D>, Tensor<D>);

    /// Independent draws from N(0, 1) that belong to no path, shaped like `like`, whose examples are the batch's.
    fn normal(&mut self, like: &Tensor<D>) -> Tensor<D>;

    /// The increment divided by its deviation: N(0, 1).
    fn unit_increment(&mut self, t0: f64, t1: f64, like: &Tensor<D>) -> Tensor<D> {
        self.increment(t0, t1, like).div_scalar((t1 - t0).abs().sqrt())
    }
}

/// A numerical method for stochastic equations with additive noise, [`Dynamics`]; stateless.
pub trait SdeSolver<const D: usize> {
    /// From `x` at `t0` to `t1`, which is earlier when sampling.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn step(
        &self,
        dynamics: &dyn Dynamics<D>,
        x: Tensor<D>,
        t0: f64,
        t1: f64,
        brownian: &mut dyn Brownian<D>,
    ) -> Tensor<D>;
}

/// A numerical method for ordinary differential equations, [`Flow`]; stateless. Every [`Tableau`](crate::Tableau) is one.
pub trait OdeSolver<const D: usize> {
    /// From `x` at `t0` to `t1`, which is earlier when sampling.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn step(&self, flow: &dyn Flow<D>, x: Tensor<D>, t0: f64, t1: f64) -> Tensor<D>;
}
