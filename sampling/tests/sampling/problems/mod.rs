//! A library of problems with their exact solutions, each solution next to its problem.

#![allow(dead_code)] // Each test binary uses some of it.

use std::sync::{Arc, OnceLock};

use burn::tensor::{DType, Device, FloatDType, IntDType, Tensor, TensorData};
use fokker_model::Score;
use fokker_process::{Process, ProcessConfig};
use fokker_sampling::{Brownian, Dynamics};

/// A device in double precision, so that rounding hides no order. A precision is set once for a whole process.
pub fn device() -> Device {
    static SET: OnceLock<()> = OnceLock::new();
    let mut device = Device::flex();
    SET.get_or_init(|| {
        device.configure((FloatDType::F64, IntDType::I64)).expect("nothing used the device before");
    });
    assert_eq!(Tensor::<1>::zeros([1], &device).dtype(), DType::F64);
    device
}

pub fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), &device())
}

pub fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.clone().into_data_as::<f64>().as_slice::<f64>().unwrap().to_vec()
}

pub fn process(config: serde_json::Value) -> Arc<dyn Process> {
    serde_json::from_value::<ProcessConfig>(config).unwrap().build().unwrap()
}

/// Points whose coordinates are independent, each a mixture of normal distributions; under every linear process they
/// remain so. One component is a Gaussian.
#[derive(Clone, Debug)]
pub struct ProductMixture {
    /// Weight, mean and standard deviation of each component.
    pub components: Vec<[f64; 3]>,
    pub process: Arc<dyn Process>,
}

impl ProductMixture {
    pub fn gaussian(process: Arc<dyn Process>) -> Self {
        Self { components: vec![[1.0, 0.4, 0.6]], process }
    }

    pub fn two_bumps(process: Arc<dyn Process>) -> Self {
        Self { components: vec![[0.3, -1.0, 0.5], [0.7, 0.9, 0.4]], process }
    }

    fn at(&self, t: f64) -> impl Iterator<Item = [f64; 3]> {
        let (scale, std) = (self.process.mean_scale(t), self.process.std(t));
        self.components.iter().map(move |[w, m, s]| [*w, scale * m, (scale * s).hypot(std)])
    }

    /// Of each component: ln(weight/deviation), mean, 1/variance.
    fn terms(&self, t: f64) -> Vec<[f64; 3]> {
        self.at(t).map(|[w, m, s]| [(w / s).ln(), m, 1.0 / (s * s)]).collect()
    }

    /// The score of one coordinate.
    pub fn score_of(&self, t: f64, x: f64) -> f64 {
        score_of(&self.terms(t), x)
    }

    /// The expected datum of one coordinate.
    pub fn denoised_of(&self, t: f64, x: f64) -> f64 {
        denoised_of(&self.terms(t), &self.posterior_means(t), x)
    }

    /// Of each component: what the mean of the datum is at 0, and how it grows with `x`.
    fn posterior_means(&self, t: f64) -> Vec<[f64; 2]> {
        let (scale, std) = (self.process.mean_scale(t), self.process.std(t));
        let of = |&[_, m, s]: &[f64; 3]| {
            let slope = scale * s * s / ((scale * s).powi(2) + std * std);
            [m - slope * scale * m, slope]
        };
        self.components.iter().map(of).collect()
    }

    /// The distribution function of a coordinate of p_t.
    pub fn cdf(&self, t: f64, x: f64) -> f64 {
        self.at(t).map(|[w, m, s]| w * 0.5 * statrs::function::erf::erfc((m - x) / (s * 2f64.sqrt()))).sum()
    }

    fn density(&self, t: f64, x: f64) -> f64 {
        self.at(t).map(|[w, m, s]| w * (-0.5 * ((x - m) / s).powi(2)).exp() / (s * std::f64::consts::TAU.sqrt())).sum()
    }

    /// The inverse of `cdf`. The probability flow carries quantiles to quantiles, so this is also its exact solution.
    pub fn quantile(&self, t: f64, p: f64) -> f64 {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for [_, m, s] in self.at(t) {
            (low, high) = (low.min(m - 12.0 * s), high.max(m + 12.0 * s));
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.cdf(t, middle) < p { low = middle } else { high = middle }
        }
        let x = 0.5 * (low + high);
        x - (self.cdf(t, x) - p) / self.density(t, x)
    }

    /// Largest distance between the empirical distribution function and that of p_t.
    pub fn kolmogorov(&self, t: f64, values: &[f64]) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        sorted.iter().enumerate().fold(0.0, |largest: f64, (rank, &x)| {
            let cdf = self.cdf(t, x);
            largest.max((cdf - rank as f64 / n).abs()).max((cdf - (rank as f64 + 1.0) / n).abs())
        })
    }
}

/// The mean over the components of a mixture, by its [terms](ProductMixture::terms) at a time, given that a coordinate is `x`.
fn mean_given(terms: &[[f64; 3]], x: f64, value: impl Fn(usize) -> f64) -> f64 {
    let log = |[log, m, precision]: &[f64; 3]| log - 0.5 * (x - m) * (x - m) * precision;
    let largest = terms.iter().map(log).fold(f64::NEG_INFINITY, f64::max);
    let (mut total, mut sum) = (0.0, 0.0);
    for (component, term) in terms.iter().enumerate() {
        let below = log(term) - largest;
        let weight = if below == 0.0 { 1.0 } else { below.exp() };
        total += weight;
        sum += weight * value(component);
    }
    sum / total
}

fn score_of(terms: &[[f64; 3]], x: f64) -> f64 {
    mean_given(terms, x, |component| (terms[component][1] - x) * terms[component][2])
}

fn denoised_of(terms: &[[f64; 3]], means: &[[f64; 2]], x: f64) -> f64 {
    mean_given(terms, x, |component| means[component][0] + means[component][1] * x)
}

impl Score<2> for ProductMixture {
    fn process(&self) -> &dyn Process {
        &*self.process
    }

    fn noise(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        let at = |t| (self.terms(t), self.process.std(t));
        each(x, t, at, |(terms, std), x| -std * score_of(terms, x))
    }

    /// The mean of the components' `m + α s² (x − α m)/(α² s² + σ²)`, which has a value where `α = 0`.
    fn denoised(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        let at = |t| (self.terms(t), self.posterior_means(t));
        each(x, t, at, |(terms, means), x| denoised_of(terms, means, x))
    }
}

/// A function of each coordinate, and of what is made of the time of each row.
fn each<T>(x: Tensor<2>, t: &[f64], at: impl Fn(f64) -> T, map: impl Fn(&T, f64) -> f64) -> Tensor<2> {
    let ([batch, dimension], device, dtype) = (x.dims(), x.device(), x.dtype());
    let mut points = values(&x);
    let mut found = (f64::NAN, at(t[0]));
    for (point, &t) in points.chunks_mut(dimension).zip(t) {
        if found.0 != t {
            found = (t, at(t));
        }
        point.iter_mut().for_each(|x| *x = map(&found.1, *x));
    }
    Tensor::from_data(TensorData::new(points, [batch, dimension]), (&device, dtype))
}

/// `dx = (λ − ½ν² − e^x) dt + ν dw`: the logarithm of the stochastic Verhulst equation (Kloeden & Platen 1992, eq.
/// 4.4.58), nonlinear with additive noise. With `y_t = exp((λ − ½ν²) t + ν w_t)` the solution is `x_t = ln(e^{x_0}
/// y_t/(1 + e^{x_0} ∫ y))`.
pub struct LogVerhulst {
    pub growth: f64,
    pub noise: f64,
}

impl LogVerhulst {
    /// At the end of every path. Over a fine interval of length δ the integral of `y` is taken from the path's
    /// increment and integral, with an error of mean zero and order δ².
    pub fn solution(&self, x0: f64, path: &Replay) -> Vec<f64> {
        let (rate, noise) = (self.growth - 0.5 * self.noise.powi(2), self.noise);
        let count = path.fine[0].0.len();
        let (mut log, mut integral): (Vec<f64>, Vec<f64>) = (vec![0.0; count], vec![0.0; count]);
        for (pair, (increments, integrals)) in path.times.windows(2).zip(&path.fine) {
            let h = pair[1] - pair[0];
            for i in 0..count {
                let squares = 0.5 * noise * noise * (h * increments[i].powi(2) / 3.0 + h * h / 6.0);
                integral[i] += log[i].exp() * (h + 0.5 * rate * h * h + noise * integrals[i] + squares);
                log[i] += rate * h + noise * increments[i];
            }
        }
        log.iter().zip(integral).map(|(log, integral)| x0 + log - (x0.exp() * integral).ln_1p()).collect()
    }
}

impl Dynamics<2> for LogVerhulst {
    fn drift(&self, x: Tensor<2>, _: f64) -> Tensor<2> {
        x.exp().neg().add_scalar(self.growth - 0.5 * self.noise.powi(2))
    }

    fn diffusion(&self, _: f64) -> f64 {
        self.noise
    }
}

/// A Brownian path known on a fine grid, replayed to any coarser one: increments are sums of the fine increments, and
/// so are their integrals.
pub struct Replay {
    /// The fine times, in the direction of integration.
    pub times: Vec<f64>,
    /// Increments and integrals over the fine intervals, `[batch, dimension]` each.
    pub fine: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Replay {
    pub fn new(times: Vec<f64>, count: usize, seed: u64) -> Self {
        use fokker_random::{Stream, normals};
        let fine = times.windows(2).enumerate().map(|(k, pair)| {
            let (h, draws) = (pair[1] - pair[0], normals(seed, Stream::Test, k as u64, 2 * count));
            let scale = h.abs().sqrt();
            let (u, v) = draws.split_at(count);
            let pairs = u.iter().zip(v).map(|(&u, &v)| {
                let (u, v) = (f64::from(u), f64::from(v));
                (scale * u, h * scale * (0.5 * u + v / 12f64.sqrt()))
            });
            pairs.unzip()
        });
        Self { fine: fine.collect(), times: times.clone() }
    }

    fn index(&self, t: f64) -> usize {
        let rising = self.times[0] < self.times[1];
        let after = self.times.partition_point(|&time| if rising { time < t } else { time > t });
        let candidates = [after.saturating_sub(1), after.min(self.times.len() - 1)];
        let distance = |k: usize| (self.times[k] - t).abs();
        let nearest = candidates.into_iter().min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap();
        let apart = self.times[nearest] - t;
        assert!(apart.abs() < 1e-9 * (1.0 + t.abs()), "{t} is not on the fine grid");
        nearest
    }

    fn between(&self, t0: f64, t1: f64) -> (Vec<f64>, Vec<f64>) {
        let (first, last) = (self.index(t0), self.index(t1));
        let count = self.fine[0].0.len();
        let (mut increment, mut integral) = (vec![0.0; count], vec![0.0; count]);
        for k in first..last {
            let h = self.times[k + 1] - self.times[k];
            for i in 0..count {
                integral[i] += increment[i] * h + self.fine[k].1[i];
                increment[i] += self.fine[k].0[i];
            }
        }
        (increment, integral)
    }
}

impl Brownian<2> for Replay {
    fn increment(&mut self, t0: f64, t1: f64, like: &Tensor<2>) -> Tensor<2> {
        tensor(self.between(t0, t1).0, like.dims())
    }

    fn increment_and_integral(&mut self, t0: f64, t1: f64, like: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (increment, integral) = self.between(t0, t1);
        (tensor(increment, like.dims()), tensor(integral, like.dims()))
    }

    fn normal(&mut self, _: &Tensor<2>) -> Tensor<2> {
        panic!("a draw that belongs to no path has no strong order")
    }
}

/// Noise that is 1 once, somewhere else in every row: row `2 + k` sees the k-th draw alone. On a linear problem the
/// rows are the responses to the single draws, and their squares add up to the exact variance of a sampler.
#[derive(Default)]
pub struct Impulses {
    draws: usize,
}

impl Impulses {
    fn unit(&mut self, like: &Tensor<2>) -> Tensor<2> {
        let [rows, columns] = like.dims();
        assert!(2 + self.draws < rows, "more draws than rows");
        let mut unit = vec![0.0; rows * columns];
        unit[(2 + self.draws) * columns..(3 + self.draws) * columns].fill(1.0);
        self.draws += 1;
        tensor(unit, like.dims())
    }
}

impl Brownian<2> for Impulses {
    fn increment(&mut self, t0: f64, t1: f64, like: &Tensor<2>) -> Tensor<2> {
        self.unit(like).mul_scalar((t1 - t0).abs().sqrt())
    }

    fn increment_and_integral(&mut self, t0: f64, t1: f64, like: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (h, u, v) = (t1 - t0, self.unit(like), self.unit(like));
        let scale = h.abs().sqrt();
        (u.clone().mul_scalar(scale), (u.mul_scalar(0.5) + v.div_scalar(12f64.sqrt())).mul_scalar(h * scale))
    }

    fn normal(&mut self, like: &Tensor<2>) -> Tensor<2> {
        self.unit(like)
    }
}
