//! Losses that are minimised by the score, and differ by what they ask of the data and of the network.
//!
//! | name | minimises the mean of | asks for |
//! |---|---|---|
//! | [`denoising`] | `‖s_θ − ∇ log p(x_t \| x₀)‖²` | a value |
//! | [`expanded`] | `‖s_θ‖² − 2 s_θ · ∇ log p(x_t \| x₀)` | a value |
//! | [`explicit`] | `‖s_θ − ∇ log p_t‖²` | a value, and the true score |
//! | [`implicit`] | `‖s_θ‖² + 2 div s_θ` | a divergence |
//! | [`sliced`] | `(v · s_θ)² + 2 vᵀ J v` | a product with the Jacobian |
//! | `higher_order` | the same for derivatives of the score | two products, or a second derivative |
//!
//! The first four differ by constants in θ ([Lecture 6, Prop. 1], where the factor ½ is left out here; [SDE tutorial,
//! eq. 4.1.16] for the implicit one; Hyvärinen 2005). Every function returns, for each example, `σ²/dimension` times the
//! term in the table: the units of a squared error in the noise, in which a [weighting](crate::Weighting) is stated.

mod denoising;
mod expanded;
mod explicit;
mod flattened;
mod higher_order;
mod implicit;
mod kind;
mod named;
mod own;
pub(crate) mod phase_space;
mod sliced;

use burn::tensor::{Tensor, TensorData};
use fokker_model::divergence::inner_product;
use fokker_model::per_example::scale_examples;
use fokker_model::{Divergence, Probe};
use fokker_process::Process;
use fokker_random::Index;
use serde::{Deserialize, Serialize};

pub use denoising::denoising;
pub use expanded::expanded;
pub use explicit::explicit;
pub use higher_order::{first_derivative, second_derivative};
pub use implicit::implicit;
pub use kind::{LossConfig, LossEntry, LossKind};
pub use own::{LossBatch, LossFunction, OwnLoss};
pub use phase_space::state;
pub use sliced::sliced;

use crate::error::{MOST_PROBES, TrainingError, require_size};

/// Which loss is minimised.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// Denoising score matching (Vincent 2011; [Lai 2023, eq. 3]).
    #[default]
    Denoising,
    /// The same with its square multiplied out [Lecture 6, Prop. 1, third line, and eq. 1.30].
    Expanded,
    /// Explicit score matching, for data whose score is known: Gaussian mixtures.
    Explicit,
    /// Implicit score matching (Hyvärinen 2005; [SDE tutorial, eq. 4.1.16]).
    Implicit {
        /// How the divergence is computed.
        divergence: DivergenceEstimator,
    },
    /// Sliced score matching (Song et al. 2020b; [SDE tutorial, eq. 4.1.18]).
    Sliced {
        /// `‖s‖²` instead of `(v · s)²`, its mean over `v`.
        variance_reduced: bool,
        /// Probes for each example.
        probes: usize,
        /// Their law.
        probe: Probe,
    },
    /// Denoising score matching, and the same for the score's derivatives (Meng et al. 2021; Lu et al. 2022c).
    HigherOrder {
        /// Weight of the Jacobian's error.
        first: f64,
        /// Weight of the error of the gradient of the Jacobian's trace; 0 leaves it out.
        second: f64,
    },
    /// The residual of the score Fokker–Planck equation, and the score at the first time alone [Lai 2023, eq. 11], for
    /// data whose score is known.
    InitialValue,
    /// A loss of a program of its own.
    Own(OwnLoss),
}

/// A divergence, as a configuration names it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DivergenceEstimator {
    /// One product for each coordinate: for few dimensions.
    Exact,
    /// Random probes (Hutchinson 1989).
    Hutchinson {
        /// Probes for each example.
        #[serde(default = "one")]
        probes: usize,
        /// Their law.
        #[serde(default)]
        probe: Probe,
    },
}

impl Default for DivergenceEstimator {
    fn default() -> Self {
        Self::Hutchinson { probes: 1, probe: Probe::Rademacher }
    }
}

fn one() -> usize {
    1
}

/// Copies of the batch in one evaluation of an exact divergence.
const BLOCK: usize = 8;

impl DivergenceEstimator {
    /// Checks the numbers; `key` is the section, for messages.
    ///
    /// # Errors
    /// No probe.
    pub fn validate(&self, key: &str) -> Result<(), TrainingError> {
        match self {
            Self::Hutchinson { probes, .. } => require_size(&format!("{key}.probes"), *probes as u64, MOST_PROBES),
            Self::Exact => Ok(()),
        }
    }

    /// The divergence; `draw(law, number)` draws one of its probes for each example.
    pub fn draw<const D: usize>(&self, draw: impl Fn(Probe, u64) -> Tensor<D>) -> Divergence<D> {
        match *self {
            Self::Exact => Divergence::Exact { block: BLOCK },
            Self::Hutchinson { probes, probe } => {
                Divergence::Hutchinson((0..probes as u64).map(|number| draw(probe, number)).collect())
            }
        }
    }
}

impl Loss {
    /// A loss of one's own.
    pub fn own(loss: impl LossFunction + 'static) -> Self {
        Self::Own(OwnLoss::new(loss))
    }

    /// How many evaluations of the network are held at once for the backward pass: a value, and its derivatives.
    pub fn evaluations(&self) -> f64 {
        match self {
            Self::Denoising | Self::Expanded | Self::Explicit => 1.0,
            Self::Implicit { .. } | Self::Sliced { .. } => 2.0,
            Self::HigherOrder { .. } => 4.0,
            Self::InitialValue => 5.0,
            Self::Own(loss) => loss.evaluations(),
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let refuse = |key: &str, message: &str| Err(TrainingError::config(format!("objective.loss.{key}"), message));
        match self {
            Self::Implicit { divergence } => divergence.validate("objective.loss.divergence"),
            Self::Sliced { probes, .. } => require_size("objective.loss.probes", *probes as u64, MOST_PROBES),
            Self::HigherOrder { first, .. } if !(first.is_finite() && *first >= 0.0) => {
                refuse("first", "must not be negative")
            }
            Self::HigherOrder { second, .. } if !(second.is_finite() && *second >= 0.0) => {
                refuse("second", "must not be negative")
            }
            _ => Ok(()),
        }
    }

    /// What the loss draws besides time and noise, a function of the seed and of the examples' positions; `index` makes
    /// the index of a position's probe from its number.
    pub fn probes<const D: usize>(
        &self,
        seed: u64,
        index: fn(u64, u64) -> Index,
        positions: impl Iterator<Item = u64> + Clone,
        like: &Tensor<D>,
    ) -> LossProbes<D> {
        let draw_one = |probe: Probe, number: u64| {
            probe.draw(seed, positions.clone().map(|position| index(position, number)), like)
        };
        let draw = |count: usize, probe: Probe| -> Vec<Tensor<D>> {
            (0..count as u64).map(|number| draw_one(probe, number)).collect()
        };
        match *self {
            Self::Denoising | Self::Expanded | Self::Explicit | Self::InitialValue | Self::Own(_) => LossProbes::None,
            Self::Implicit { divergence } => LossProbes::Divergence(divergence.draw(draw_one)),
            Self::Sliced { probes, probe, .. } => LossProbes::Directions(draw(probes, probe)),
            Self::HigherOrder { .. } => LossProbes::Directions(draw(2, Probe::Rademacher)),
        }
    }
}

/// The random directions of a loss, drawn beforehand.
#[derive(Clone, Debug)]
pub enum LossProbes<const D: usize> {
    /// It has none.
    None,
    /// Those of a divergence.
    Divergence(Divergence<D>),
    /// Directions, each like a batch.
    Directions(Vec<Tensor<D>>),
}

/// `x_t = α x₀ + σ ε`; positions and velocities, if the process has them and `x0` is a [`state`].
///
/// # Shapes
/// `x0`, `noise`: `[batch, …]`, one time for each example → like `x0`
pub fn noisy<const D: usize>(process: &dyn Process, x0: &Tensor<D>, noise: &Tensor<D>, t: &[f64]) -> Tensor<D> {
    if let Some(phase) = process.phase_space() {
        return phase_space::noisy(phase, x0, noise, t);
    }
    scale_examples(x0.clone(), t.iter().map(|&t| process.mean_scale(t)))
        + scale_examples(noise.clone(), t.iter().map(|&t| process.std(t)))
}

/// `‖x‖²` of each example, `[batch]`.
fn square_norm<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    inner_product(x.clone(), x)
}

/// Each example divided by its dimension.
fn per_coordinate<const D: usize>(values: Tensor<1>, like: &Tensor<D>) -> Tensor<1> {
    let shape = like.dims();
    values.div_scalar(shape[1..].iter().product::<usize>() as f64)
}

/// One number for each example, in the place of `like`.
fn numbers<const D: usize>(values: impl Iterator<Item = f64>, like: &Tensor<D>) -> Tensor<1> {
    let values: Vec<f64> = values.collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), (&like.device(), like.dtype()))
}
