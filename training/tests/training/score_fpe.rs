//! The score Fokker–Planck equation: exact scores satisfy it, two routes to its residual agree, and the gradient of the
//! penalty is that of differences.

use std::sync::Arc;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use fokker_kernels::memo::Memo;
use fokker_model::divergence::inner_product;
use fokker_model::precision::cast;
use fokker_model::{
    BatchTimes, Calculus, Conditioning, Derivatives, MixtureScore, Mlp, MlpConfig, NetworkScore, Output,
    Parameterization, Probe, Score, SmoothScore, UNet, UNetConfig,
};
use fokker_process::{Covariance, GaussianMixture, Process, ProcessConfig};
use fokker_random::{Index, Stream, normals};
use fokker_training::loss::DivergenceEstimator;
use fokker_training::score_fpe::*;
use fokker_training::{Objective, TimeSampling, Weighting};

const KINDS: [&str; 4] = ["ve", "rve", "vp", "sub_vp"];

fn process(kind: &str) -> Arc<dyn Process> {
    ProcessConfig::named(kind).unwrap().build().unwrap()
}

fn draw(count: usize, dimension: usize, index: u64) -> Tensor<2> {
    let values = normals(9, Stream::Test, index, count * dimension);
    Tensor::from_data(TensorData::new(values, [count, dimension]), (&Device::flex(), DType::F64))
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.inner().into_data_as::<f64>().as_slice::<f64>().unwrap().to_vec()
}

fn mixture() -> GaussianMixture {
    let covariances = vec![Covariance::Isotropic(0.3), Covariance::Full(vec![vec![0.5, 0.2], vec![0.2, 0.4]])];
    GaussianMixture::new(vec![0.2, 0.8], vec![vec![1.0, 0.5], vec![-1.0, 0.0]], covariances).unwrap()
}

fn mlp(seed: u64) -> Mlp {
    let config = MlpConfig { width: 10, blocks: 2, embedding_width: 6, ..MlpConfig::new(2) };
    cast(Mlp::new(&config, seed, &Device::flex()).unwrap(), FloatDType::F64)
}

fn score_of(network: Mlp, kind: &str) -> NetworkScore<Mlp> {
    let table = Parameterization { output: Output::Edm, conditioning: Conditioning::LogSigma, sigma_data: 1.0 };
    NetworkScore::new(network, process(kind), table)
}

/// Times at which the noise has these shares of the data.
fn times<const N: usize>(process: &dyn Process, ratios: [f64; N]) -> Vec<f64> {
    ratios.map(|ratio| process.time_of_log_snr(-2.0 * ratio.ln())).to_vec()
}

#[test]
fn the_score_of_a_mixture_satisfies_the_equation() {
    for kind in KINDS {
        let process = process(kind);
        let score = MixtureScore::new(mixture(), process.clone());
        let x = draw(6, 2, 1);
        let t = times(&*process, [0.05, 0.1, 0.3, 1.0, 3.0, 10.0]);
        let residual = residual(&score, x.clone(), &t, &Directions::axes(&x), Differentiation::Exact);
        let (_, rate) = score.score_rate(x, &t);
        for (example, (residual, rate)) in values(residual).chunks(2).zip(values(rate).chunks(2)).enumerate() {
            let size = |v: &[f64]| v.iter().fold(0.0f64, |size, value| size.max(value.abs()));
            // What the two sides of the equation lose in double precision.
            assert!(size(residual) <= 1e-11 * size(rate).max(1.0), "{kind}, {example}: {residual:?} {rate:?}");
            assert!(size(residual) <= 1e-5, "{kind}, {example}: {residual:?}");
        }
    }
}

/// Indices for a probe of each example.
fn test_indices(examples: u64, number: u64) -> impl Iterator<Item = Index> {
    (0..examples).map(move |example| Index::test(example << 20 | number))
}

/// Once backwards through the divergence, and by second derivatives forwards.
#[test]
fn two_routes_to_the_residual_agree() {
    for kind in KINDS {
        let score = score_of(mlp(3), kind);
        let (x, w) = (draw(4, 2, 1), draw(4, 2, 2));
        let t = times(Score::<2>::process(&score), [0.1, 0.4, 1.0, 4.0]);
        let probes = vec![Probe::Rademacher.draw(1, test_indices(4, 0), &x)];
        for directions in [Directions::axes(&x), Directions::probes(probes)] {
            let whole = residual(&score, x.clone(), &t, &directions, Differentiation::Exact);
            let want = values(inner_product(whole, w.clone()));
            let got = values(residual_along(&score, x.clone(), &t, w.clone(), &directions, Differentiation::Exact).0);
            let scale = want.iter().fold(0.0f64, |scale, value| scale.max(value.abs()));
            assert!(scale > 1e-3, "a network does not satisfy the equation");
            for (got, want) in got.iter().zip(&want) {
                assert!((got - want).abs() < 1e-9 * scale, "{kind}: {got} {want}");
            }
        }
    }
}

/// Against differences of the score's values alone.
#[test]
fn the_residual_is_that_of_differences() {
    let score = score_of(mlp(3), "vp");
    let (x, t, step) = (draw(3, 2, 1), [0.2, 0.4, 0.7], 1e-4);
    let process = process("vp");
    let axis = |k: usize| Directions::axes(&x).vectors[k].clone();
    let moved = |x: &Tensor<2>, k: usize, step: f64| x.clone() + axis(k).mul_scalar(step);
    let part = |v: Tensor<2>, k: usize| inner_product(v, axis(k));
    let numbers = |value: &dyn Fn(f64) -> f64| {
        let numbers: Vec<f64> = t.iter().map(|&t| value(t)).collect();
        Tensor::<1>::from_data(TensorData::new(numbers, [3]), (&Device::flex(), DType::F64))
    };
    let potential = |x: Tensor<2>| {
        let s = score.score(x.clone(), &t);
        let slope = |k: usize| {
            let ahead = score.score(moved(&x, k, step), &t);
            part(ahead - score.score(moved(&x, k, -step), &t), k).div_scalar(2.0 * step)
        };
        let inside = slope(0) + slope(1) + inner_product(s.clone(), s.clone());
        inside * numbers(&|t| 0.5 * process.diffusion_squared(t)) - inner_product(x, s) * numbers(&|t| process.drift(t))
    };
    let at = |by: f64| score.score(x.clone(), &t.map(|t| t + by));
    let rate = (at(step) - at(-step)).div_scalar(2.0 * step);
    let residual = residual(&score, x.clone(), &t, &Directions::axes(&x), Differentiation::Exact);
    for k in 0..2 {
        let gradient = (potential(moved(&x, k, 1e-3)) - potential(moved(&x, k, -1e-3))).div_scalar(2e-3);
        let want = values(part(rate.clone(), k) - gradient);
        for (got, want) in values(part(residual.clone(), k)).iter().zip(&want) {
            // Differences of second order with a step of 1e-3.
            assert!((got - want).abs() < 1e-4 * want.abs().max(1.0), "{got} {want}");
        }
    }
}

/// Adds to one entry of one parameter.
struct Nudge {
    parameter: usize,
    entry: usize,
    by: f64,
    seen: usize,
}

impl ModuleMapper for Nudge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.seen += 1;
        if self.seen != self.parameter + 1 {
            return param;
        }
        let (entry, by) = (self.entry, self.by);
        param.map(|tensor| {
            let mut change = vec![0.0f64; tensor.dims().iter().product()];
            change[entry] = by;
            let place = (&tensor.device(), DType::F64);
            tensor.clone() + Tensor::from_data(TensorData::new(change, tensor.dims()), place)
        })
    }
}

/// The gradient of one entry of one parameter.
struct Entry<'a> {
    gradients: &'a GradientsParams,
    parameter: usize,
    entry: usize,
    seen: usize,
    value: f64,
}

impl ModuleVisitor for Entry<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.seen += 1;
        if self.seen == self.parameter + 1 {
            self.value = values(self.gradients.get::<D>(param.id).unwrap())[self.entry];
        }
    }
}

fn penalty_gradient_is_that_of_differences(config: &RegularizerConfig, projection: Option<Tensor<2>>, what: &str) {
    let points = draw(5, 2, 1);
    let directions = match config.estimator {
        Estimator::Squared => {
            Directions::draw(config.divergence, &points, |law, n| law.draw(1, test_indices(5, n), &points))
        }
        _ => Directions::axes(&points),
    };
    let draw = RegularizerDraw {
        times: vec![0.15, 0.3, 0.5, 0.7, 0.9],
        importance: vec![1.0, 0.5, 2.0, 1.0, 0.3],
        directions,
        projection,
        points,
    };
    let network = mlp(5);
    let value = |network: Mlp| {
        let score = score_of(network, "vp");
        values(regularizer(config, &score, &score, &draw, 5, &mut Memo::disabled()).0)[0]
    };
    let live = score_of(network.clone().train(), "vp");
    let (loss, _) = regularizer(config, &live, &score_of(network.clone(), "vp"), &draw, 5, &mut Memo::new());
    assert!((values(loss.clone())[0] - value(network.clone())).abs() < 1e-12);
    let gradients = GradientsParams::from_grads(loss.backward(), live.network());
    for (parameter, entry) in [(0, 3), (1, 2), (2, 7), (4, 11), (6, 5), (8, 1), (10, 0)] {
        let mut found = Entry { gradients: &gradients, parameter, entry, seen: 0, value: f64::NAN };
        live.network().visit(&mut found);
        let nudged = |by: f64| value(network.clone().map(&mut Nudge { parameter, entry, by, seen: 0 }));
        let want = (nudged(1e-5) - nudged(-1e-5)) / 2e-5;
        let error = (found.value - want).abs() / want.abs().max(1e-3);
        assert!(error < 1e-4, "{what}, parameter {parameter}: {} {want}", found.value);
    }
}

#[test]
fn the_penalty_has_an_exact_gradient() {
    let norm = RegularizerConfig::new(1.0);
    penalty_gradient_is_that_of_differences(&norm, None, "norm");
    let projected = RegularizerConfig { estimator: Estimator::Projected, ..norm };
    penalty_gradient_is_that_of_differences(&projected, Some(draw(5, 2, 7)), "projected");
    let log_snr = RegularizerConfig { unit: Unit::LogSnr, ..norm };
    penalty_gradient_is_that_of_differences(&log_snr, None, "log-SNR");
    let differentiation = Differentiation::FiniteDifference { behind: 0.001, ahead: 0.0005, space: Some(0.01) };
    let differences = RegularizerConfig { differentiation, ..projected };
    penalty_gradient_is_that_of_differences(&differences, Some(draw(5, 2, 7)), "differences");
    for divergence in [
        DivergenceEstimator::Exact,
        DivergenceEstimator::Hutchinson { probes: 2, probe: Probe::Gaussian },
        DivergenceEstimator::Hutchinson { probes: 3, probe: Probe::Gaussian },
    ] {
        let squared = RegularizerConfig { estimator: Estimator::Squared, divergence, ..log_snr };
        squared.validate().unwrap();
        penalty_gradient_is_that_of_differences(&squared, None, &format!("{divergence:?}"));
    }
}

/// `γ 2/(D T)` times the mean of `‖ε‖/D`, or of its square: over all pairs of probes that of two is that of the exact divergence.
#[test]
fn the_penalty_is_in_the_papers_units() {
    let (points, t) = (draw(3, 2, 1), vec![0.4, 1.5, 4.0]);
    let (gamma, importance) = (0.7, vec![1.0, 0.5, 2.0]);
    let score = score_of(mlp(5), "ornstein_uhlenbeck");
    let process = process("ornstein_uhlenbeck");
    assert!((process.horizon() - 5.0).abs() < 1e-12);
    let penalty = |estimator: Estimator, divergence: DivergenceEstimator, directions: Directions<2>| {
        let config = RegularizerConfig { estimator, divergence, unit: Unit::LogSnr, ..RegularizerConfig::new(gamma) };
        let draw = RegularizerDraw {
            points: points.clone(),
            times: t.clone(),
            importance: importance.clone(),
            directions,
            projection: None,
        };
        values(regularizer(&config, &score, &score, &draw, 3, &mut Memo::new()).0)[0]
    };
    let whole = residual(&score, points.clone(), &t, &Directions::axes(&points), Differentiation::Exact);
    let squares = values(inner_product(whole.clone(), whole));
    let want = |power: i32| {
        let each = squares.iter().zip(&t).zip(&importance).map(|((square, &t), importance)| {
            let unit = process.std(t).powi(3) / process.diffusion_squared(t);
            importance * (unit * square.sqrt()).powi(power)
        });
        gamma * 2.0 / (2.0 * 5.0) * each.sum::<f64>() / (3.0 * 2.0)
    };
    let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-9 * want, "{got} {want}");
    close(penalty(Estimator::Norm, DivergenceEstimator::Exact, Directions::axes(&points)), want(1));
    close(penalty(Estimator::Squared, DivergenceEstimator::Exact, Directions::axes(&points)), want(2));
    // The sign vectors of the plane, opposite ones being the same.
    let signs = [1.0, -1.0].map(|second| {
        Tensor::<2>::from_data(TensorData::new([1.0, second].repeat(3), [3, 2]), (&Device::flex(), DType::F64))
    });
    let two = DivergenceEstimator::Hutchinson { probes: 2, probe: Probe::Rademacher };
    let pair = |one: usize, other: usize| {
        penalty(Estimator::Squared, two, Directions::probes(vec![signs[one].clone(), signs[other].clone()]))
    };
    close(0.25 * (pair(0, 0) + pair(0, 1) + pair(1, 0) + pair(1, 1)), want(2));
    // One probe, as in the paper: more than the norm of the residual.
    let one =
        |k: usize| penalty(Estimator::Norm, DivergenceEstimator::default(), Directions::probes(vec![signs[k].clone()]));
    assert!(0.5 * (one(0) + one(1)) > want(1) * (1.0 + 1e-6));
}

#[test]
fn one_probe_is_refused_where_the_square_needs_two() {
    let penalty = RegularizerConfig { estimator: Estimator::Squared, ..RegularizerConfig::new(1.0) };
    let message = penalty.validate().unwrap_err().to_string();
    assert!(message.contains("objective.regularizer.divergence") && message.contains("probes = 2"), "{message}");
    let report = ResidualsConfig { divergence: Some(DivergenceEstimator::default()), ..ResidualsConfig::new(1) };
    let message = report.validate().unwrap_err().to_string();
    assert!(message.contains("residuals.divergence.probes"), "{message}");
}

/// Whether the mean square is zero within three standard errors, which the report has as that of its root.
fn is_zero(report: &Residuals) -> bool {
    let positive = report.r_fp.max(0.0);
    let error = (positive + report.r_fp_error).powi(2) - positive.powi(2);
    report.r_fp.powi(2) < 3.0 * error
}

/// The mixture of [Lai 2023, Appx. B] under VE: an exact score has no residual, yet one probe sees one.
#[test]
fn an_exact_score_has_no_residual_in_reports() {
    let covariances = vec![Covariance::Isotropic(1.0), Covariance::Isotropic(1.0)];
    let data = GaussianMixture::new(vec![0.2, 0.8], vec![vec![-5.0, -5.0], vec![5.0, 5.0]], covariances).unwrap();
    let process = process("ve");
    let mut rng = fokker_random::rng(1, Stream::Test, 0);
    let sample: Vec<f64> = (0..4000).flat_map(|_| data.sample(&*process, process.min_time(), &mut rng)).collect();
    let x0 = Tensor::<2>::from_data(TensorData::new(sample, [4000, 2]), (&Device::flex(), DType::F64));
    let truth = MixtureScore::new(data, process.clone());
    let config = |divergence: Option<DivergenceEstimator>| ResidualsConfig { divergence, ..ResidualsConfig::new(1) };
    let two = DivergenceEstimator::Hutchinson { probes: 2, probe: Probe::Rademacher };
    // r_FP with one probe by numerical integration in double precision (reference: reviews of the formula, σ = 2, 3, 8).
    for (std, one_probe) in [(2.0, 0.106592), (3.0, 0.475085), (8.0, 0.134313)] {
        let t = times(&*process, [std])[0];
        let exact = config(None).measure(&truth, &x0, 1, t);
        assert!(exact.r_fp < 1e-10 && exact.r_fp_one_probe.is_none(), "{exact:?}");
        let report = config(Some(two)).measure(&truth, &x0, 1, t);
        assert!(is_zero(&report), "{report:?}");
        let seen = report.r_fp_one_probe.unwrap();
        assert!((seen / one_probe - 1.0).abs() < 0.1, "σ = {std}: {seen}, not {one_probe}");
    }
}

/// A score that is none: 1.3 times another.
struct Scaled(MixtureScore);

impl Score<2> for Scaled {
    fn process(&self) -> &dyn Process {
        Score::<2>::process(&self.0)
    }

    fn noise(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        self.0.noise(x, t).mul_scalar(1.3)
    }
}

impl SmoothScore<2> for Scaled {
    fn noise_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        C::affine(self.0.noise_in::<C>(x, clock), 1.3, 0.0)
    }
}

/// Above 32 dimensions two probes are taken unless something else is asked for, and neither a true score nor a wrong one is judged by
/// their noise.
#[test]
fn reports_in_many_dimensions_are_without_bias() {
    let dimension = 40;
    let mean = |sign: f64| vec![0.4 * sign; dimension];
    let covariances = || vec![Covariance::Isotropic(0.2), Covariance::Isotropic(0.2)];
    let law = |first: f64| {
        GaussianMixture::new(vec![first, 1.0 - first], vec![mean(1.0), mean(-1.0)], covariances()).unwrap()
    };
    let (process, x0) = (process("vp"), draw(400, dimension, 1).mul_scalar(0.3));
    let t = times(&*process, [1.0])[0];
    let truth = MixtureScore::new(law(0.3), process.clone());
    let config = ResidualsConfig::new(1);
    let report = config.measure(&truth, &x0, 1, t);
    assert!(is_zero(&report), "{report:?}");
    assert!(report.r_fp_one_probe.unwrap() > 5.0 * report.r_fp.max(0.0), "{report:?}");
    // A score that is none of a density's: with the exact divergence the mean length, which is at most the root mean square.
    let wrong = Scaled(MixtureScore::new(law(0.3), process));
    let report = config.measure(&wrong, &x0, 1, t);
    let exact = ResidualsConfig { divergence: Some(DivergenceEstimator::Exact), ..config }.measure(&wrong, &x0, 1, t);
    assert!(exact.r_fp_one_probe.is_none());
    let gap = report.r_fp / exact.r_fp - 1.0;
    assert!(gap.abs() < 0.1, "{report:?} {exact:?}");
}

/// Collects the gradients of all parameters.
struct All<'a>(&'a GradientsParams, &'a mut Vec<f64>);

impl ModuleVisitor for All<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.1.extend(self.0.get::<D>(param.id).into_iter().flat_map(values));
    }
}

/// Neither what is shared between the penalty and the loss changes them, nor in how many parts they are computed.
#[test]
fn the_objective_is_the_sum_of_loss_and_penalty() {
    let (network, x0) = (mlp(5), draw(6, 2, 1));
    let live = score_of(network.train(), "vp");
    for (estimator, examples, at_once, points) in [
        (Estimator::Norm, None, None, Points::Loss),
        (Estimator::Projected, None, None, Points::Loss),
        (Estimator::Norm, Some(4), None, Points::Loss),
        (Estimator::Norm, None, Some(4), Points::Loss),
        (Estimator::Norm, Some(5), Some(2), Points::Loss),
        (Estimator::Norm, None, Some(4), Points::Data),
        (Estimator::Projected, Some(5), Some(3), Points::Data),
    ] {
        let penalty = RegularizerConfig { estimator, examples, at_once, points, ..RegularizerConfig::new(0.3) };
        let objective = Objective {
            weighting: Weighting::Likelihood,
            time: TimeSampling::Importance,
            regularizer: Some(penalty),
            ..Objective::default()
        };
        let process = process("vp");
        let randomness = objective.draw(&*process, 3, 4, 60, &x0);
        let penalty = randomness.regularizer.clone().unwrap();
        assert_eq!(penalty.times.len(), examples.unwrap_or(6));
        let config = objective.regularizer.unwrap();
        let frozen = live.clone().map_network(|network| network.valid());
        let apart = Objective { regularizer: None, ..objective.clone() };
        let gradient = |loss: Tensor<1>| {
            let value = values(loss.clone())[0];
            let gradients = GradientsParams::from_grads(loss.backward(), live.network());
            let mut numbers = vec![value];
            live.network().visit(&mut All(&gradients, &mut numbers));
            numbers
        };
        let loss = apart.loss(&live, None, x0.clone(), randomness.clone()).unwrap();
        let want = gradient(
            loss + regularizer(&config, &live, &frozen, &penalty, penalty.times.len(), &mut Memo::with_gradients()).0,
        );
        let got = gradient(objective.loss(&live, None, x0.clone(), randomness).unwrap());
        assert_eq!(got.len(), want.len());
        let size = want.iter().fold(0.0f64, |size, value| size.max(value.abs()));
        for (got, want) in got.iter().zip(&want) {
            assert!(
                (got - want).abs() < 1e-12 * size,
                "{estimator:?}, {points:?}, {at_once:?}: {got} {want}, of {size}"
            );
        }
    }
}

/// A U-Net in single precision, and images for it.
fn unet(attention: bool) -> (NetworkScore<UNet>, impl Fn(u64) -> Tensor<4>) {
    let config = UNetConfig {
        layers_per_block: 1,
        norm_num_groups: 4,
        add_attention: attention,
        ..UNetConfig::with_levels(1, &[(32, false), (32, attention)])
    };
    let network = UNet::new(&config, 1, &Device::flex()).unwrap();
    let table = Parameterization { output: Output::Edm, conditioning: Conditioning::LogSigma, sigma_data: 1.0 };
    let image = |index| {
        let values = normals(9, Stream::Test, index, 2 * 64);
        Tensor::<4>::from_data(TensorData::new(values, [2, 1, 8, 8]), (&Device::flex(), DType::F32))
    };
    (NetworkScore::new(network, process("vp"), table), image)
}

/// In single precision derivatives are fused and remembered, in double precision they are Burn's own operations.
#[test]
fn the_penalty_on_a_unet_is_the_same_in_both_precisions() {
    let t = [0.2, 0.6];
    let run = |score: NetworkScore<UNet>, [x, w, v]: [Tensor<4>; 3]| {
        let directions = Directions::probes(vec![v]);
        let live = score.clone().map_network(|network| network.train());
        let residual = || residual(&score, x.clone(), &t, &directions, Differentiation::Exact);
        let mut memo = Memo::new();
        let recording = memo.record();
        let whole = residual();
        drop(recording);
        let replaying = memo.replay();
        let along = residual_along(&live, x.clone(), &t, w, &directions, Differentiation::Exact).0;
        drop(replaying);
        let mut all = [values(whole), values(along.clone()), Vec::new()];
        let gradients = GradientsParams::from_grads(along.sum().backward(), live.network());
        live.network().visit(&mut All(&gradients, &mut all[2]));
        all
    };
    let (score, image) = unet(true);
    let images = [1, 2, 3].map(image);
    let wide = images.each_ref().map(|image| image.clone().cast(FloatDType::F64));
    let single = run(score.clone(), images);
    let double = run(score.map_network(|network| cast(network, FloatDType::F64)), wide);
    for (what, (single, double)) in ["residual", "along w", "gradient"].iter().zip(single.iter().zip(&double)) {
        assert_eq!(single.len(), double.len());
        let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
        let error =
            norm(&mut single.iter().zip(double).map(|(one, other)| one - other)) / norm(&mut double.iter().copied());
        // Second derivatives of 31 layers of single precision.
        assert!(error < 1e-4, "{what}: {error:e}");
    }
}

/// The second evaluation takes over what the first has computed, and nothing changes by it.
#[test]
fn what_is_remembered_gives_the_same_bits() {
    // The gradients of attention are sums whose order is not that of the first evaluation.
    let (frozen, image) = unet(false);
    let live = frozen.clone().map_network(|network| network.train());
    let (x, t, directions) = (image(1), [0.2, 0.6], Directions::probes(vec![image(2)]));
    let mut memo = Memo::with_gradients();
    let recording = memo.record();
    let whole = residual(&frozen, x.clone(), &t, &directions, Differentiation::Exact);
    drop(recording);
    // Of the score and of its derivative along the probe, in convolutions with many channels.
    assert!(memo.gradients().kept > 2 * 8, "{:?}", memo.gradients());
    // Value, derivative along the probe, derivative in time: 17 convolutions and 14 normalisations.
    let results = memo.results();
    assert!(results.kept > 3 * 25 && results.bytes > 0, "{results:?}");
    let gradient = || {
        let along = residual_along(&live, x.clone(), &t, whole.clone(), &directions, Differentiation::Exact).0;
        let bits: Vec<u64> = values(along.clone()).into_iter().map(f64::to_bits).collect();
        let gradients = GradientsParams::from_grads(along.sum().backward(), live.network());
        let mut first = Entry { gradients: &gradients, parameter: 0, entry: 3, seen: 0, value: f64::NAN };
        live.network().visit(&mut first);
        (bits, first.value.to_bits())
    };
    let replaying = memo.replay();
    let replayed = gradient();
    drop(replaying);
    assert_eq!(replayed, gradient());
    assert!(memo.results().hits > 3 * 25, "{:?}", memo.results());
    // The gradient in the image itself is computed in the first evaluation only.
    assert_eq!(memo.gradients().kept, 1, "gradients came out otherwise");
}

/// Differences converge to the exact residual: those in time with the square of the paper's steps.
#[test]
fn differences_come_close_to_the_derivatives() {
    let score = score_of(mlp(3), "vp");
    let (x, w, t) = (draw(4, 2, 1), draw(4, 2, 2), [0.2, 0.4, 0.6, 0.9]);
    let directions = Directions::axes(&x);
    let along =
        |differentiation| values(residual_along(&score, x.clone(), &t, w.clone(), &directions, differentiation).0);
    let exact = along(Differentiation::Exact);
    let error = |behind: f64, ahead: f64, space: Option<f64>| {
        let got = along(Differentiation::FiniteDifference { behind, ahead, space });
        got.iter().zip(&exact).fold(0.0f64, |error, (got, want)| error.max((got - want).abs()))
    };
    let (coarse, fine) = (error(0.001, 0.0005, None), error(0.0005, 0.00025, None));
    let order = (coarse / fine).log2();
    assert!((order - 2.0).abs() < 0.2, "{coarse:e} {fine:e}: order {order}");
    let (coarse, fine) = (error(1e-5, 1e-5, Some(0.04)), error(1e-5, 1e-5, Some(0.02)));
    let order = (coarse / fine).log2();
    assert!((order - 2.0).abs() < 0.2, "{coarse:e} {fine:e}: order {order}");
}

/// The norm is what projections say on average, and the truth leaves nothing of eq. 11.
#[test]
fn projections_and_the_initial_value_problem() {
    let score = score_of(mlp(3), "vp");
    let (x, t) = (draw(1, 2, 1), [0.4]);
    let directions = Directions::axes(&x);
    let square = |v: Tensor<2>| {
        values(residual_along(&score, x.clone(), &t, v, &directions, Differentiation::Exact).0)[0].powi(2)
    };
    let whole = residual(&score, x.clone(), &t, &directions, Differentiation::Exact);
    let want = values(inner_product(whole.clone(), whole))[0];
    // In two dimensions the four sign vectors are all there are; opposite ones give the same.
    let signs =
        |second: f64| Tensor::<2>::from_data(TensorData::new(vec![1.0, second], [1, 2]), (&Device::flex(), DType::F64));
    let mean = 0.5 * (square(signs(1.0)) + square(signs(-1.0)));
    assert!((mean - want).abs() < 1e-9 * want, "{mean} {want}");

    let truth = MixtureScore::new(mixture(), process("ve"));
    let (x0, noise) = (draw(8, 2, 4), draw(8, 2, 5));
    let t = times(&*process("ve"), [0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0]);
    let left = initial_value(&truth, &truth, &truth, x0.clone(), noise, &t, &Directions::axes(&x0));
    // The root of 1e-12 stands for the root of zero.
    assert!(values(left).iter().all(|&value| value.abs() < 1.1e-6));
}

#[test]
fn a_gradient_field_has_no_curl_and_reports_are_complete() {
    let truth = MixtureScore::new(mixture(), process("vp"));
    let x = draw(64, 2, 1);
    let probes = || [0, 1].map(|number| Probe::Rademacher.draw(1, test_indices(64, number), &x));
    assert!(curl(&truth, x.clone(), 0.3, probes()) < 1e-12);
    assert!(curl(&score_of(mlp(3), "vp"), x.clone(), 0.3, probes()) > 1e-3);
    let config = ResidualsConfig { times: 5, divergence: Some(DivergenceEstimator::Exact), ..ResidualsConfig::new(1) };
    let process = process("vp");
    let all = config.times(&*process);
    assert!((all[0] - process.min_time()).abs() < 1e-12 && (all[4] - process.horizon()).abs() < 1e-12);
    let report = config.measure(&truth, &x, 1, 0.3);
    let learned = score_of(mlp(3), "vp");
    let mut parts = config.sums(&learned, &x.clone().narrow(0, 0, 20), 0, 1, 0.3);
    parts += config.sums(&learned, &x.clone().narrow(0, 20, 44), 20, 1, 0.3);
    let (whole, parts) = (config.measure(&learned, &x, 1, 0.3), parts.at(0.3));
    let pairs = [(whole.r_dsm, parts.r_dsm), (whole.r_fp, parts.r_fp), (whole.curl, parts.curl)];
    assert!(pairs.into_iter().all(|(whole, part)| (whole - part).abs() < 1e-9 * whole), "{whole:?} {parts:?}");
    assert!(report.r_fp < 1e-10 && report.r_fp_uniform < 1e-10 && report.curl < 1e-12);
    // The true score is as far from a single example's as noise is uncertain: between 0 and that of pure noise.
    assert!(0.1 < report.r_dsm * process.std(0.3) && report.r_dsm * process.std(0.3) < 1.0, "{report:?}");
}
