//! Walks between two laws of data: the equations of a stochastic interpolant (Albergo et al. 2023, sec. 2.3).
//!
//! A [`Bridge`] is the velocity `b` and the score `s` of an [`Interpolant`](fokker_process::interpolant::Interpolant), learnt or in
//! closed form. With any `ε(t) ≥ 0`,
//!
//! ```text
//! dx = (b − ε s) dt + √(2ε) dw̄,     t from 1, the start, down to 0, the data,
//! ```
//!
//! has the interpolant's density at every t. At `ε = 0` it is an ordinary equation, and the score is not asked. Solvers are those of all
//! other equations.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use fokker_process::GaussianMixture;
//! use fokker_process::interpolant::{Interpolant, InterpolatedMixtures};
//! use fokker_sampling::{BridgeDynamics, RUNGE_KUTTA_4, walk_flow};
//!
//! // From N(3, 1) at t = 1 to N(−1, ¼) at t = 0: the flow is the affine map between the two.
//! let normal = |mean: f64, std: f64| GaussianMixture::with_stds(vec![1.0], vec![vec![mean]], vec![std]);
//! let bridges = InterpolatedMixtures::new(normal(-1.0, 0.5)?, normal(3.0, 1.0)?, Interpolant::default())?;
//! let start = Tensor::<2>::from_floats([[3.0], [4.0], [1.0]], &Device::flex());
//! let data = walk_flow(&RUNGE_KUTTA_4, &BridgeDynamics::new(&bridges, &|_| 0.0), start, &[1.0, 0.75, 0.5, 0.25, 0.0]);
//! let data: Vec<f32> = data.into_data().try_to_vec().unwrap();
//! assert!(data.iter().zip([-1.0, -0.5, -2.0]).all(|(found, exact)| (found - exact).abs() < 1e-2), "{data:?}");
//! # Ok::<(), fokker_process::MixtureError>(())
//! ```

use burn::tensor::{Tensor, TensorData};
use fokker_process::interpolant::{InterpolatedLaw, InterpolatedMixtures};

use crate::solvers::{Brownian, Dynamics, Flow, OdeSolver, SdeSolver};

/// What carries one law to another.
pub trait Bridge<const D: usize> {
    /// `b = E[α′ x₀ + β′ x₁ + γ′ z | x_t]`.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn velocity(&self, x: Tensor<D>, t: f64) -> Tensor<D>;

    /// `s = ∇ln p_t = −E[z | x_t]/γ`.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn score(&self, x: Tensor<D>, t: f64) -> Tensor<D>;
}

/// Mixtures at both ends, in double precision on the host; an example is a vector, however it is shaped.
impl<const D: usize> Bridge<D> for InterpolatedMixtures {
    fn velocity(&self, x: Tensor<D>, t: f64) -> Tensor<D> {
        at_points(self, x, t, InterpolatedLaw::velocity)
    }

    fn score(&self, x: Tensor<D>, t: f64) -> Tensor<D> {
        at_points(self, x, t, InterpolatedLaw::score)
    }
}

fn at_points<const D: usize>(
    bridges: &InterpolatedMixtures,
    x: Tensor<D>,
    t: f64,
    value: fn(&InterpolatedLaw, &[f64]) -> Vec<f64>,
) -> Tensor<D> {
    let (shape, device, dtype, law) = (x.dims(), x.device(), x.dtype(), bridges.at(t));
    let points = x.into_data_as::<f64>();
    let points = points.as_slice::<f64>().expect("converted to f64 just above");
    let values: Vec<f64> = points.chunks(bridges.dimension()).flat_map(|point| value(&law, point)).collect();
    Tensor::from_data(TensorData::new(values, shape), (&device, dtype))
}

/// The equation with a noise of one's choice, downwards in t.
#[derive(Clone, Copy)]
pub struct BridgeDynamics<'a, const D: usize> {
    bridge: &'a dyn Bridge<D>,
    noise: &'a dyn Fn(f64) -> f64,
}

impl<'a, const D: usize> BridgeDynamics<'a, D> {
    /// `noise(t)` is ε ≥ 0, in squared data units per unit of time.
    pub fn new(bridge: &'a dyn Bridge<D>, noise: &'a dyn Fn(f64) -> f64) -> Self {
        Self { bridge, noise }
    }
}

impl<const D: usize> Dynamics<D> for BridgeDynamics<'_, D> {
    fn drift(&self, x: Tensor<D>, t: f64) -> Tensor<D> {
        match (self.noise)(t) {
            0.0 => self.bridge.velocity(x, t),
            noise => self.bridge.velocity(x.clone(), t) - self.bridge.score(x, t).mul_scalar(noise),
        }
    }

    fn diffusion(&self, t: f64) -> f64 {
        (2.0 * (self.noise)(t)).sqrt()
    }
}

/// The equation without noise: `dx = b dt`.
impl<const D: usize> Flow<D> for BridgeDynamics<'_, D> {
    fn drift(&self, x: Tensor<D>, t: f64) -> Tensor<D> {
        self.bridge.velocity(x, t)
    }
}

/// Walks an ordinary equation along times, from a state at the first of them to the last.
///
/// # Shapes
/// `x`: `[batch, …]` → the same
pub fn walk_flow<const D: usize>(
    solver: &dyn OdeSolver<D>,
    flow: &dyn Flow<D>,
    x: Tensor<D>,
    times: &[f64],
) -> Tensor<D> {
    times.windows(2).fold(x, |x, pair| solver.step(flow, x, pair[0], pair[1]))
}

/// Walks a stochastic equation along times, from a state at the first of them to the last.
///
/// # Shapes
/// `x`: `[batch, …]` → the same
pub fn walk_dynamics<const D: usize>(
    solver: &dyn SdeSolver<D>,
    dynamics: &dyn Dynamics<D>,
    x: Tensor<D>,
    times: &[f64],
    brownian: &mut dyn Brownian<D>,
) -> Tensor<D> {
    times.windows(2).fold(x, |x, pair| solver.step(dynamics, x, pair[0], pair[1], brownian))
}
