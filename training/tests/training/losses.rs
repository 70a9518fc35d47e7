//! The losses differ by constants in θ, and are least at the truth ([Lecture 6, Prop. 1]; Lu et al. 2022c).
//!
//! Expectations are trapezoidal sums over `x₀` and `ε` in one dimension: for integrands that fall like a Gaussian the
//! error of a spacing `h` is about `e^{−2π²/h²}`, which is nothing at `h = 1/4`.

use std::sync::Arc;

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use fokker_model::precision::cast;
use fokker_model::{
    Conditioning, Derivatives, Divergence, MixtureScore, Mlp, MlpConfig, NetworkScore, Output, Parameterization, Probe,
    Score,
};
use fokker_process::{GaussianMixture, Process, ProcessConfig};
use fokker_training::loss::{
    self, DivergenceEstimator, LossBatch, LossFunction, denoising, expanded, explicit, first_derivative, implicit,
    second_derivative, sliced,
};
use fokker_training::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

fn process(kind: &str) -> Arc<dyn Process> {
    ProcessConfig::named(kind).unwrap().build().unwrap()
}

fn column(values: Vec<f64>) -> Tensor<2> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count, 1]), (&Device::flex(), DType::F64))
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data_as::<f64>().as_slice::<f64>().unwrap().to_vec()
}

const WEIGHTS: [f64; 2] = [0.3, 0.7];
const MEANS: [f64; 2] = [-1.0, 0.8];
const STDS: [f64; 2] = [0.4, 0.3];

fn truth(process: &Arc<dyn Process>) -> MixtureScore {
    let means = MEANS.iter().map(|&mean| vec![mean]).collect();
    let variances = STDS.iter().map(|std| std * std).collect();
    MixtureScore::new(GaussianMixture::with_variances(WEIGHTS.to_vec(), means, variances).unwrap(), process.clone())
}

fn mlp(seed: u64) -> Mlp {
    let config = MlpConfig { width: 8, blocks: 1, embedding_width: 4, ..MlpConfig::new(1) };
    cast(Mlp::new(&config, seed, &Device::flex()).unwrap(), FloatDType::F64)
}

fn score(seed: u64, process: &Arc<dyn Process>, output: Output) -> NetworkScore<Mlp> {
    let table = Parameterization { output, conditioning: Conditioning::LogSigma, sigma_data: 0.8 };
    NetworkScore::new(mlp(seed), process.clone(), table)
}

/// Nodes of a trapezoidal sum over the joint law of data and noise.
struct Nodes {
    x0: Tensor<2>,
    noise: Tensor<2>,
    weights: Vec<f64>,
}

impl Nodes {
    fn new() -> Self {
        let axis: Vec<f64> = (-32..=32).map(|node| f64::from(node) / 4.0).collect();
        let density = |z: f64| 0.25 * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        let (mut x0, mut noise, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for ((weight, mean), std) in WEIGHTS.iter().zip(MEANS).zip(STDS) {
            for &z in &axis {
                for &eps in &axis {
                    x0.push(mean + std * z);
                    noise.push(eps);
                    weights.push(weight * density(z) * density(eps));
                }
            }
        }
        Self { x0: column(x0), noise: column(noise), weights }
    }

    fn mean(&self, each: &[f64]) -> f64 {
        assert_eq!(each.len(), self.weights.len());
        self.weights.iter().zip(each).map(|(weight, value)| weight * value).sum()
    }

    fn of(&self, loss: impl Fn(Tensor<2>, Tensor<2>, &[f64]) -> Tensor<1>, t: f64) -> f64 {
        self.mean(&values(loss(self.x0.clone(), self.noise.clone(), &vec![t; self.weights.len()])))
    }
}

#[test]
fn the_losses_differ_by_constants() {
    let nodes = Nodes::new();
    for (kind, t) in [("vp", 0.2), ("ve", 0.6), ("blurred_ve", 0.6), ("sub_vp", 0.4)] {
        let process = process(kind);
        let truth = truth(&process);
        let ones = column(vec![1.0; nodes.weights.len()]);
        let probes = Divergence::Hutchinson(vec![ones.clone()]);
        let all = |seed: u64| -> [f64; 6] {
            let score = score(seed, &process, Output::Edm);
            [
                nodes.of(|x0, noise, t| denoising(&score, x0, noise, t), t),
                nodes.of(|x0, noise, t| expanded(&score, x0, noise, t), t),
                nodes.of(|x0, noise, t| explicit(&score, &truth, x0, noise, t), t),
                nodes.of(|x0, noise, t| implicit(&score, x0, noise, t, &Divergence::Exact { block: 1 }), t),
                nodes.of(|x0, noise, t| implicit(&score, x0, noise, t, &probes), t),
                nodes.of(|x0, noise, t| sliced(&score, x0, noise, t, std::slice::from_ref(&ones), false), t),
            ]
        };
        let networks = [all(1), all(2), all(3)];
        assert!((networks[0][0] - networks[1][0]).abs() > 1e-3, "the networks are different");
        for loss in 1..6 {
            let constants = networks.map(|losses| losses[0] - losses[loss]);
            for constant in constants {
                assert!((constant - constants[0]).abs() < 1e-9, "{kind}, loss {loss}: {constants:?}");
            }
        }
        // That of the expanded loss is E‖ε‖²; denoising has the variance of ε given x_t over explicit matching.
        assert!((networks[0][0] - networks[0][1] - 1.0).abs() < 1e-9);
        assert!(networks[0][0] - networks[0][2] > 0.0);
    }
}

/// Regression on the velocity of single paths is regression on that of their mean, up to a constant (Lipman et al. 2023, Theorem 2):
/// with the velocity of the mixture in closed form, in pure noise as well.
#[test]
fn flow_matching_differs_from_regression_on_the_velocity_by_a_constant() {
    let nodes = Nodes::new();
    for (kind, t) in [("linear_path", 0.3), ("linear_path", 1.0), ("trigonometric_path", 0.7), ("vp", 0.2)] {
        let process = process(kind);
        let truth = truth(&process);
        let constants = [1, 2, 3].map(|seed| {
            let table =
                Parameterization { output: Output::Velocity, conditioning: Conditioning::Time, sigma_data: 0.8 };
            let score = NetworkScore::new(mlp(seed), process.clone(), table);
            let noisy = |x0: &Tensor<2>, noise: &Tensor<2>, t: &[f64]| loss::noisy(&*process, x0, noise, t);
            let of_paths = |x0: Tensor<2>, noise: Tensor<2>, t: &[f64]| {
                let found = score.velocity(noisy(&x0, &noise, t), t);
                let target =
                    x0.mul_scalar(process.mean_scale_derivative(t[0])) + noise.mul_scalar(process.std_derivative(t[0]));
                (found - target).square().flatten(0, 1)
            };
            let of_mean = |x0: Tensor<2>, noise: Tensor<2>, t: &[f64]| {
                let x = noisy(&x0, &noise, t);
                (score.velocity(x.clone(), t) - truth.velocity(x, t)).square().flatten(0, 1)
            };
            nodes.of(of_paths, t) - nodes.of(of_mean, t)
        });
        let [first, second, third] = constants;
        assert!((first - second).abs() < 1e-9 && (first - third).abs() < 1e-9, "{kind} {t}: {constants:?}");
    }
}

/// The weighting `velocity` makes the error in the velocity of every output, where α = 0 too.
#[test]
fn the_objective_of_flow_matching_is_the_error_in_the_velocity() {
    let (x0, noise) = (column(vec![0.3, -1.2, 0.9]), column(vec![0.5, -0.7, 1.3]));
    for (kind, outputs, times) in [
        ("linear_path", &Output::ALL[2..], [0.1, 0.6, 1.0]),
        ("trigonometric_path", &Output::ALL[2..], [0.1, 0.6, 1.0]),
        ("vp", &Output::ALL[..], [0.1, 0.4, 0.8]),
    ] {
        let process = process(kind);
        for &output in outputs {
            let table = Parameterization { output, conditioning: Conditioning::Time, sigma_data: 0.8 };
            table.validate_under(&*process).unwrap();
            let score = NetworkScore::new(mlp(4), process.clone(), table);
            let objective =
                Objective { weighting: Weighting::Velocity, time: TimeSampling::Uniform, ..Objective::default() };
            let draws = times.map(|t| TimeDraw { t, importance: 1.0 }).to_vec();
            let probes = fokker_training::loss::LossProbes::None;
            let randomness = Randomness { noise: noise.clone(), times: draws, probes, regularizer: None };
            let loss = values(objective.loss(&score, None, x0.clone(), randomness).unwrap())[0];
            let x = loss::noisy(&*process, &x0, &noise, &times);
            let found = values(score.velocity(x, &times));
            let (x0, noise) = (values(x0.clone()), values(noise.clone()));
            let each = (0..3).map(|k| {
                let (of_data, of_noise) = (process.mean_scale_derivative(times[k]), process.std_derivative(times[k]));
                (found[k] - of_data * x0[k] - of_noise * noise[k]).powi(2)
            });
            let want = each.sum::<f64>() / 3.0;
            assert!((loss - want).abs() < 1e-10 * want, "{kind} {output:?}: {loss} {want}");
        }
    }
}

#[test]
fn objectives_that_are_infinite_in_pure_noise_are_refused() {
    let path = process("linear_path");
    let refuse = |objective: Objective, key: &str| {
        let message = objective.validate_under(&*path, &Parameterization::default()).unwrap_err().to_string();
        assert!(message.contains(key) && message.contains("linear_path"), "{message}");
    };
    refuse(Objective { time: TimeSampling::Importance, ..Objective::default() }, "objective.time");
    refuse(Objective { loss: Loss::Expanded, ..Objective::default() }, "objective.loss");
    let coupled = Objective { coupling: Coupling::OptimalTransport, loss: Loss::Explicit, ..Objective::default() };
    assert!(coupled.validate().unwrap_err().to_string().contains("objective.coupling"));
}

/// With the true score, regression of a moment `B` on `x` leaves `E B² − E(E[B|x])²`, and the mean is the derivative.
#[test]
fn derivatives_of_the_true_score_are_the_moments_of_the_noise() {
    let nodes = Nodes::new();
    for (kind, t) in [("vp", 0.2), ("ve", 0.6)] {
        let process = process(kind);
        let truth = truth(&process);
        let (times, count) = (vec![t; nodes.weights.len()], nodes.weights.len());
        let ones = column(vec![1.0; count]);
        let (scale, std) = (process.mean_scale(t), process.std(t));
        let x = nodes.x0.clone().mul_scalar(scale) + nodes.noise.clone().mul_scalar(std);
        let e = values(nodes.noise.clone() - Score::noise(&truth, x.clone(), &times));
        let second = truth.score_second(x, &times, ones.clone(), ones.clone());
        let covariance: Vec<f64> = values(second.along_v).iter().map(|j| std * std * j + 1.0).collect();
        let third: Vec<f64> = values(second.mixed).iter().map(|j| std.powi(3) * j).collect();

        let got = nodes.of(|x0, noise, t| first_derivative(&truth, x0, noise, t, ones.clone()), t);
        let each: Vec<f64> = e.iter().zip(&covariance).map(|(e, c)| e.powi(4) - c * c).collect();
        assert!((got - nodes.mean(&each)).abs() < 1e-9, "{kind}: {got} {}", nodes.mean(&each));

        let directions = || [ones.clone(), ones.clone()];
        let got = nodes.of(|x0, noise, t| second_derivative(&truth, x0, noise, t, directions()), t);
        let moment = |e: f64, c: f64| -(e * e - c) * e + 2.0 * c * e;
        let each: Vec<f64> =
            e.iter().zip(&covariance).zip(&third).map(|((&e, &c), k)| moment(e, c).powi(2) - k * k).collect();
        assert!((got - nodes.mean(&each)).abs() < 1e-9, "{kind}: {got} {}", nodes.mean(&each));
    }
}

/// The loss of the raw output is the loss of the noise, whatever the output means.
#[test]
fn the_objective_weighs_the_error_in_the_noise() {
    let process = process("vp");
    let (x0, noise) = (column(vec![0.3, -1.2, 0.9]), column(vec![0.5, -0.7, 1.3]));
    for output in Output::ALL {
        let score = score(4, &process, output);
        let objective =
            Objective { weighting: Weighting::Likelihood, time: TimeSampling::Uniform, ..Objective::default() };
        let times: Vec<TimeDraw> = [0.1, 0.4, 0.8].map(|t| TimeDraw { t, importance: 2.0 }).to_vec();
        let randomness = Randomness {
            noise: noise.clone(),
            times: times.clone(),
            probes: fokker_training::loss::LossProbes::None,
            regularizer: None,
        };
        let loss = values(objective.loss(&score, None, x0.clone(), randomness).unwrap())[0];
        let t: Vec<f64> = times.iter().map(|draw| draw.t).collect();
        let errors = values(denoising(&score, x0.clone(), noise.clone(), &t));
        let weight = |t: f64| 2.0 * process.diffusion_squared(t) / process.std(t).powi(2);
        let want = t.iter().zip(errors).map(|(&t, error)| weight(t) * error).sum::<f64>() / 3.0;
        assert!((loss - want).abs() < 1e-10 * want, "{output:?}: {loss} {want}");
    }
}

/// Denoising, written as a program would write a loss of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnDenoising {}

register_loss!(OwnDenoising as "own_denoising");

impl LossFunction for OwnDenoising {
    fn errors(&self, batch: LossBatch<'_>) -> Tensor<1> {
        let LossBatch { score, x0, noise, t } = batch;
        denoising(score, x0, noise, t)
    }
}

#[test]
fn a_loss_of_ones_own_is_weighed_like_the_others() {
    let process = process("vp");
    let (x0, noise) = (column(vec![0.3, -1.2, 0.9]), column(vec![0.5, -0.7, 1.3]));
    let score = score(4, &process, Output::Edm);
    let value = |loss: Loss| {
        let objective = Objective { loss, ..Objective::default() };
        let times = [0.1, 0.4, 0.8].map(|t| TimeDraw { t, importance: 1.0 }).to_vec();
        let probes = fokker_training::loss::LossProbes::None;
        let randomness = Randomness { noise: noise.clone(), times, probes, regularizer: None };
        values(objective.loss(&score, None, x0.clone(), randomness).unwrap())[0]
    };
    let (own, built_in) = (value(Loss::own(OwnDenoising {})), value(Loss::Denoising));
    assert!((own / built_in - 1.0).abs() < 1e-12, "{own} {built_in}");
}

/// A configuration reaches all of them, and is written as it was read.
#[test]
fn losses_are_read_and_written_by_kind() {
    let kinds = [
        Loss::Denoising,
        Loss::Expanded,
        Loss::Explicit,
        Loss::Implicit { divergence: DivergenceEstimator::Exact },
        Loss::Sliced { variance_reduced: false, probes: 3, probe: Probe::Gaussian },
        Loss::HigherOrder { first: 0.5, second: 0.25 },
        Loss::InitialValue,
        Loss::own(OwnDenoising {}),
    ];
    for loss in kinds {
        let written = serde_json::to_value(&loss).unwrap();
        assert_eq!(serde_json::from_value::<Loss>(written.clone()).unwrap(), loss, "{written}");
    }
    let read = |value| serde_json::from_value::<Loss>(value);
    let sliced = Loss::Sliced { variance_reduced: true, probes: 1, probe: Probe::Rademacher };
    assert_eq!(read(json!({ "kind": "sliced" })).unwrap(), sliced);
    assert_eq!(serde_json::to_value(&sliced).unwrap()["kind"], "sliced");
    let unknown = read(json!({ "kind": "slyced" })).unwrap_err().to_string();
    assert!(
        unknown.contains("`slyced`") && unknown.contains("`sliced`") && unknown.contains("`own_denoising`"),
        "{unknown}"
    );
    assert!(read(json!({ "kind": "sliced", "prob": 1 })).unwrap_err().to_string().contains("prob"));
}
