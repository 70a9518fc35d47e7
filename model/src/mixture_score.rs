//! The exact score of a diffused Gaussian mixture: the ground truth of everything that is learned.

use std::sync::Arc;

use burn::tensor::{DType, Device, Tensor, TensorData};
use fokker_process::{GaussianMixture, MixtureComponent, Process};

use crate::batch_times::BatchTimes;
use crate::calculus::Calculus;
use crate::score::{Score, SmoothScore};
use crate::time_dual::TimeDual;

/// The exact score of a diffused Gaussian mixture.
///
/// As a [`Score`] it is computed in double precision on the host, on whatever device and in whatever precision the
/// points are.
///
/// ```
/// use std::sync::Arc;
///
/// use burn::tensor::{Device, Tensor};
/// use fokker_model::{MixtureScore, Score};
/// use fokker_process::{GaussianMixture, Vp};
///
/// let data = GaussianMixture::with_variances(vec![1.0], vec![vec![0.0]], vec![1.0])?;
/// let score = MixtureScore::new(data, Arc::new(Vp::default()));
/// // N(0, 1) stays N(0, 1) under a variance-preserving process, and its score is −x.
/// let x = Tensor::<2>::from_floats([[0.5], [-2.0]], &Device::flex());
/// let sum = (score.score(x.clone(), &[0.1, 0.9]) + x).abs().max().into_scalar::<f64>();
/// assert!(sum < 1e-6);
/// # Ok::<(), fokker_process::MixtureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MixtureScore {
    mixture: GaussianMixture,
    process: Arc<dyn Process>,
}

impl MixtureScore {
    /// The score of `mixture` diffused by `process`.
    pub fn new(mixture: GaussianMixture, process: Arc<dyn Process>) -> Self {
        Self { mixture, process }
    }
}

/// At any rank: an example is a vector, however it is shaped.
impl<const D: usize> Score<D> for MixtureScore {
    fn process(&self) -> &dyn Process {
        &*self.process
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let (shape, device, dtype) = (x.dims(), x.device(), x.dtype());
        let points = x.into_data_as::<f64>();
        let points = points.as_slice::<f64>().expect("converted to f64 just above");
        let mut noise = Vec::with_capacity(points.len());
        for (point, &t) in points.chunks(self.mixture.dimension()).zip(t) {
            let std = self.process.std(t);
            noise.extend(self.mixture.score(&*self.process, t, point).into_iter().map(|score| -std * score));
        }
        Tensor::from_data(TensorData::new(noise, shape), (&device, dtype))
    }
}

/// On any calculus, in the precision of the arrays: with `v = α² S + σ²` along a component's axes and `z = x − α m`
/// there, the score is `−Σ r_k z_k/v_k`, the responsibilities `r` being the softmax of
/// `ln w − ½ Σ (z²/v + ln v)`.
impl SmoothScore<2> for MixtureScore {
    fn noise_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        let process = &*self.process;
        clock.scale(self.score_in::<C>(x, clock), |t| -TimeDual::std(process, t))
    }

    fn score_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        let process = &*self.process;
        let ([batch, dimension], (device, dtype)) = (C::dims(&x), C::place(&x));
        let row = |values: &[f64]| C::constant(matrix(values, 1, &device, dtype));
        let column = |values: C::Array<1>| C::reshape(values, [batch, 1]);
        let mean_scale = column(clock.vector(|t| TimeDual::mean_scale(process, t), &x));
        let square = column(clock.vector(|t| TimeDual::mean_scale(process, t) * TimeDual::mean_scale(process, t), &x));
        let variance = column(clock.vector(|t| TimeDual::std(process, t) * TimeDual::std(process, t), &x));
        let (mut logits, mut scores) = (Vec::new(), Vec::new());
        for component in self.mixture.components() {
            let MixtureComponent { weight, mean, variances, axes } = component;
            let mean = C::mul(mean_scale.clone(), row(&mean));
            let away = C::add(x.clone(), C::affine(mean, -1.0, 0.0));
            // The axes are the columns of a matrix: `away · axes` has the coordinates along them.
            let axes = axes.map(|axes| matrix(&axes, dimension, &device, dtype));
            let away = match &axes {
                Some(axes) => C::linear(away, axes.clone().transpose(), None),
                None => away,
            };
            let variances = C::add(C::mul(square.clone(), row(&variances)), variance.clone());
            let pull = C::mul(away.clone(), C::recip(variances.clone()));
            let exponent = C::sum_last(C::add(C::mul(away, pull.clone()), C::ln(variances)));
            logits.push(C::affine(exponent, -0.5, weight.ln()));
            let score = C::affine(pull, -1.0, 0.0);
            scores.push(match axes {
                Some(axes) => C::linear(score, axes, None),
                None => score,
            });
        }
        let responsibilities = C::softmax(C::cat(logits, 1));
        let weighted = scores
            .into_iter()
            .enumerate()
            .map(|(component, score)| C::mul(score, C::narrow(responsibilities.clone(), 1, component, 1)));
        weighted.reduce(C::add).expect("a mixture has a component")
    }
}

/// A matrix by rows.
fn matrix(values: &[f64], rows: usize, device: &Device, dtype: DType) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, values.len() / rows]), (device, dtype))
}
