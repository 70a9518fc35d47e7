//! Losses of a program of its own.

use std::sync::Arc;

use burn::tensor::Tensor;
use fokker_model::Derivatives;
use fokker_registry::Settings;

use super::flattened::Flattened;

/// What a loss of one's own has of a batch. Examples are vectors, whatever their shape is: an image of `[channels, height,
/// width]` has its numbers in this order.
pub struct LossBatch<'a> {
    /// The score under training, with its derivatives.
    pub score: &'a dyn Derivatives<2>,
    /// The data, `[batch, dimension]`.
    pub x0: Tensor<2>,
    /// Standard normal noise, `[batch, dimension]`.
    pub noise: Tensor<2>,
    /// A diffusion time for each example.
    pub t: &'a [f64],
}

/// A loss of one's own.
///
/// ```
/// use burn::tensor::Tensor;
/// use fokker_training::loss::{LossBatch, LossFunction, noisy};
/// use fokker_training::{Loss, register_loss};
/// use serde::{Deserialize, Serialize};
///
/// /// The absolute error in the noise.
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Absolute {
///     factor: f64,
/// }
///
/// register_loss!(Absolute as "absolute");
///
/// impl LossFunction for Absolute {
///     fn errors(&self, batch: LossBatch<'_>) -> Tensor<1> {
///         let LossBatch { score, x0, noise, t } = batch;
///         let estimate = score.noise(noisy(score.process(), &x0, &noise, t), t);
///         (estimate - noise).abs().mean_dim(1).flatten(0, 1).mul_scalar(self.factor)
///     }
/// }
///
/// // In a plan, or as `objective.loss` of a configuration.
/// let loss: Loss = serde_json::from_str(r#"{ "kind": "absolute", "factor": 2.0 }"#)?;
/// assert_eq!(loss, Loss::own(Absolute { factor: 2.0 }));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub trait LossFunction: Settings {
    /// The loss of each example, `[batch]`, before it is weighed: in the units of a squared error in the noise, per coordinate,
    /// if [weightings](crate::Weighting) and learning rates are to carry over.
    fn errors(&self, batch: LossBatch<'_>) -> Tensor<1>;

    /// How many evaluations of the network are held at once for the backward pass, for estimates of memory: a value is one, a
    /// product with the Jacobian another.
    fn evaluations(&self) -> f64 {
        1.0
    }
}

/// A loss of one's own, shared.
#[derive(Clone, Debug)]
pub struct OwnLoss(Arc<dyn LossFunction>);

impl PartialEq for OwnLoss {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.0.as_any())
    }
}

impl OwnLoss {
    /// Shares a loss.
    pub fn new(loss: impl LossFunction + 'static) -> Self {
        Self(Arc::new(loss))
    }

    /// The loss itself.
    pub fn function(&self) -> &dyn LossFunction {
        &*self.0
    }

    /// [`LossFunction::evaluations`].
    pub fn evaluations(&self) -> f64 {
        self.0.evaluations()
    }

    /// The loss of each example of a batch of any rank.
    pub(crate) fn errors<const D: usize>(
        &self,
        score: &dyn Derivatives<D>,
        x0: Tensor<D>,
        noise: Tensor<D>,
        t: &[f64],
    ) -> Tensor<1> {
        let shape = x0.dims();
        let flat = |x: Tensor<D>| x.reshape([shape[0], shape[1..].iter().product()]);
        let score = Flattened::new(score, shape);
        self.0.errors(LossBatch { score: &score, x0: flat(x0), noise: flat(noise), t })
    }
}
