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

impl MixtureScore {
    /// A value at every point of a batch, in double precision on the host.
    fn at_points<const D: usize>(&self, x: Tensor<D>, t: &[f64], value: impl Fn(f64, &[f64]) -> Vec<f64>) -> Tensor<D> {
        let (shape, device, dtype) = (x.dims(), x.device(), x.dtype());
        let points = x.into_data_as::<f64>();
        let points = points.as_slice::<f64>().expect("converted to f64 just above");
        let mut values = Vec::with_capacity(points.len());
        for (point, &t) in points.chunks(self.mixture.dimension()).zip(t) {
            values.extend(value(t, point));
        }
        Tensor::from_data(TensorData::new(values, shape), (&device, dtype))
    }

    /// The mean over the components of a vector of each, weighed by their responsibilities at `x`.
    fn mixed<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>, part: Part) -> C::Array<2> {
        let process = &*self.process;
        let ([batch, dimension], (device, dtype)) = (C::dims(&x), C::place(&x));
        let row = |values: &[f64]| C::constant(matrix(values, 1, &device, dtype));
        let column = |values: C::Array<1>| C::reshape(values, [batch, 1]);
        let mean_scale = column(clock.vector(|t| TimeDual::mean_scale(process, t), &x));
        let square = column(clock.vector(|t| TimeDual::mean_scale(process, t) * TimeDual::mean_scale(process, t), &x));
        let variance = column(clock.vector(|t| TimeDual::std(process, t) * TimeDual::std(process, t), &x));
        let (mut logits, mut parts) = (Vec::new(), Vec::new());
        for component in self.mixture.components() {
            let MixtureComponent { weight, mean, variances, axes } = component;
            let (mean, spread) = (row(&mean), row(&variances));
            let away = C::mul(mean_scale.clone(), mean.clone());
            let away = C::add(x.clone(), C::affine(away, -1.0, 0.0));
            // The axes are the columns of a matrix: `away · axes` has the coordinates along them.
            let axes = axes.map(|axes| matrix(&axes, dimension, &device, dtype));
            let away = match &axes {
                Some(axes) => C::linear(away, axes.clone().transpose(), None),
                None => away,
            };
            let variances = C::add(C::mul(square.clone(), spread.clone()), variance.clone());
            let pull = C::mul(away.clone(), C::recip(variances.clone()));
            let exponent = C::sum_last(C::add(C::mul(away, pull.clone()), C::ln(variances)));
            logits.push(C::affine(exponent, -0.5, weight.ln()));
            let along = match part {
                Part::Score => C::affine(pull, -1.0, 0.0),
                Part::Denoised => C::mul(mean_scale.clone(), C::mul(pull, spread)),
            };
            let vector = match axes {
                Some(axes) => C::linear(along, axes, None),
                None => along,
            };
            parts.push(match part {
                Part::Score => vector,
                Part::Denoised => C::add(vector, mean),
            });
        }
        let responsibilities = C::softmax(C::cat(logits, 1));
        let weighted = parts
            .into_iter()
            .enumerate()
            .map(|(component, part)| C::mul(part, C::narrow(responsibilities.clone(), 1, component, 1)));
        weighted.reduce(C::add).expect("a mixture has a component")
    }
}

/// Which vector of a component.
#[derive(Clone, Copy)]
enum Part {
    /// `−z/v`
    Score,
    /// `m + α S z/v`
    Denoised,
}

/// At any rank: an example is a vector, however it is shaped.
impl<const D: usize> Score<D> for MixtureScore {
    fn process(&self) -> &dyn Process {
        &*self.process
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.at_points(x, t, |t, point| {
            let std = self.process.std(t);
            self.mixture.score(&*self.process, t, point).into_iter().map(|score| -std * score).collect()
        })
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.at_points(x, t, |t, point| self.mixture.denoised(&*self.process, t, point))
    }

    fn velocity(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.at_points(x, t, |t, point| {
            let (of_data, of_noise) = (self.process.mean_scale_derivative(t), self.process.std_derivative(t));
            let data = self.mixture.denoised(&*self.process, t, point);
            let (score, std) = (self.mixture.score(&*self.process, t, point), self.process.std(t));
            data.into_iter().zip(score).map(|(data, score)| of_data * data - of_noise * std * score).collect()
        })
    }
}

/// On any calculus, in the precision of the arrays: with `v = α² S + σ²` along a component's axes and `z = x − α m`
/// there, the score is `−Σ r_k z_k/v_k` and the expected data are `Σ r_k (m_k + α S_k z_k/v_k)`, the responsibilities `r` being the
/// softmax of `ln w − ½ Σ (z²/v + ln v)`.
impl SmoothScore<2> for MixtureScore {
    fn noise_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        let process = &*self.process;
        clock.scale(self.score_in::<C>(x, clock), |t| -TimeDual::std(process, t))
    }

    fn denoised_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        self.mixed::<C>(x, clock, Part::Denoised)
    }

    fn score_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        self.mixed::<C>(x, clock, Part::Score)
    }
}

/// A matrix by rows.
fn matrix(values: &[f64], rows: usize, device: &Device, dtype: DType) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, values.len() / rows]), (device, dtype))
}
