//! Samplers with the exact score of a Gaussian mixture reproduce the mixture.

use std::ops::ControlFlow;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use fokker_model::{MixtureScore, Score};
use fokker_process::{Covariance, GaussianMixture, MixtureComponent, Process, ProcessConfig};
use fokker_random::{Stream, normals};
use fokker_sampling::{Method, SamplerConfig, TimeGrid};

fn process(kind: &str) -> Arc<dyn Process> {
    ProcessConfig::named(kind).unwrap().build().unwrap()
}

fn mixture() -> GaussianMixture {
    GaussianMixture::with_variances(vec![0.3, 0.7], vec![vec![-1.0, 0.5], vec![0.8, -0.3]], vec![0.04, 0.09]).unwrap()
}

fn draw(sampler: &SamplerConfig, score: &MixtureScore, count: usize, first: u64, device: &Device) -> Vec<[f64; 2]> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    let drawn = sampler.sample::<2>(score, [count, 2], 3, first, device, &mut observe).unwrap();
    let data = drawn.into_data_as::<f64>();
    data.as_slice::<f64>().unwrap().chunks(2).map(|point| [point[0], point[1]]).collect()
}

/// Largest distance between the empirical distribution function of a coordinate and the mixture's.
fn kolmogorov(points: &[[f64; 2]], coordinate: usize) -> f64 {
    let normal = |x: f64, mean: f64, std: f64| 0.5 * (1.0 + statrs::function::erf::erf((x - mean) / std / 2f64.sqrt()));
    let means = [[-1.0, 0.8], [0.5, -0.3]][coordinate];
    let mut values: Vec<f64> = points.iter().map(|point| point[coordinate]).collect();
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    values.iter().enumerate().fold(0.0, |largest: f64, (rank, &x)| {
        let cdf = 0.3 * normal(x, means[0], 0.2) + 0.7 * normal(x, means[1], 0.3);
        largest.max((cdf - rank as f64 / n).abs()).max((cdf - (rank as f64 + 1.0) / n).abs())
    })
}

const POINTS: usize = 8000;

/// The statistic of `n` exact draws exceeds 1.95/√n once in a thousand times, which is 0.0218 here. To that the bias of
/// the discretisation is added, which the number of steps keeps below a quarter of it.
const BOUND: f64 = 0.0218 + 0.005;

#[track_caller]
fn assert_reproduces_the_mixture(kind: &str, sampler: &SamplerConfig) {
    let score = MixtureScore::new(mixture(), process(kind));
    let points = draw(sampler, &score, POINTS, 0, &Device::flex());
    for coordinate in 0..2 {
        let distance = kolmogorov(&points, coordinate);
        assert!(distance < BOUND, "{kind} {:?} coordinate {coordinate}: {distance}", sampler.kind);
    }
}

/// The last state has the law of the mixture with noise of the smallest time, which is what is compared; its
/// expectation given the data would be narrower.
fn sampler(method: Method, steps: usize) -> SamplerConfig {
    let mut sampler = SamplerConfig::new(method);
    (sampler.steps, sampler.denoise) = (Some(steps), false);
    sampler.grid = Some(TimeGrid::Karras { rho: 7.0 });
    sampler
}

#[test]
fn the_probability_flow_reproduces_the_mixture_under_every_process() {
    for kind in ["vp", "ve", "sub_vp", "rve", "edm", "cosine", "ddpm_chain"] {
        assert_reproduces_the_mixture(kind, &sampler(Method::PROBABILITY_FLOW, 40));
    }
}

#[test]
fn the_stochastic_samplers_reproduce_the_mixture() {
    for (kind, method) in [
        ("vp", Method::REVERSE_SDE),
        ("ve", Method::REVERSE_SDE),
        ("sub_vp", Method::REVERSE_SDE),
        ("vp", Method::ANCESTRAL),
        ("ve", Method::ANCESTRAL),
    ] {
        assert_reproduces_the_mixture(kind, &sampler(method, 300));
    }
}

#[test]
fn ancestral_updates_are_refused_where_there_is_no_chain() {
    let message = sampler(Method::ANCESTRAL, 10).validate(&*process("sub_vp")).unwrap_err().to_string();
    assert!(message.contains("sub_vp") && message.contains("reverse_sde"), "{message}");
}

#[test]
fn a_sample_does_not_depend_on_the_batch_it_is_drawn_in() {
    let score = MixtureScore::new(mixture(), process("vp"));
    for method in Method::scalar() {
        // One chooses its steps.
        let steps = (method != Method::DORMAND_PRINCE).then_some(12);
        let sampler = SamplerConfig { steps, ..SamplerConfig::new(method) };
        let together = draw(&sampler, &score, 7, 10, &Device::flex());
        for (offset, expected) in together.iter().enumerate() {
            assert_eq!(draw(&sampler, &score, 1, 10 + offset as u64, &Device::flex())[0], *expected, "{method:?}");
        }
    }
}

#[test]
fn guidance_of_weight_one_is_the_conditional_score_and_zero_the_unconditional() {
    use fokker_sampling::Guided;
    let process = process("vp");
    let conditional = MixtureScore::new(
        GaussianMixture::with_variances(vec![1.0], vec![vec![0.8, -0.3]], vec![0.09]).unwrap(),
        process.clone(),
    );
    let unconditional = MixtureScore::new(mixture(), process);
    let device = Device::flex();
    let x = Tensor::<2>::from_floats([[0.3, 0.2], [-0.5, 1.0]], &device);
    let noise = |weight: f64| {
        let guided = Guided::new(conditional.clone(), unconditional.clone(), weight);
        guided.noise(x.clone(), &[0.4, 0.6]).into_data_as::<f64>().as_slice::<f64>().unwrap().to_vec()
    };
    let at = |score: &MixtureScore| {
        score.noise(x.clone(), &[0.4, 0.6]).into_data_as::<f64>().as_slice::<f64>().unwrap().to_vec()
    };
    assert_eq!(noise(1.0), at(&conditional));
    assert_eq!(noise(0.0), at(&unconditional));
    let (zero, one, three) = (noise(0.0), noise(1.0), noise(3.0));
    for k in 0..4 {
        // Linear in the weight, up to single precision.
        assert!((three[k] - (zero[k] + 3.0 * (one[k] - zero[k]))).abs() < 1e-5);
    }
}

const DIMENSION: usize = 20;

/// Three bumps in 20 dimensions, each with correlations of its own: `S = 0.05 + 0.3 A Aᵀ/20` with normal numbers in `A`
/// has deviations from 0.22 to about 1.1 along its axes.
fn correlated() -> GaussianMixture {
    let covariance = |component: u64| {
        let a = normals(5, Stream::Test, component, DIMENSION * DIMENSION);
        let row = |i: usize| a[DIMENSION * i..][..DIMENSION].iter().map(|&x| f64::from(x));
        let entry = |i: usize, j: usize| {
            let product: f64 = row(i).zip(row(j)).map(|(x, y)| x * y).sum();
            0.3 * product / DIMENSION as f64 + if i == j { 0.05 } else { 0.0 }
        };
        Covariance::Full((0..DIMENSION).map(|i| (0..DIMENSION).map(|j| entry(i, j)).collect()).collect())
    };
    let mean = |component: u64| normals(6, Stream::Test, component, DIMENSION).into_iter().map(f64::from).collect();
    GaussianMixture::new(vec![0.2, 0.3, 0.5], (0..3).map(mean).collect(), (0..3).map(covariance).collect()).unwrap()
}

/// Where a wrong covariance shows: along the narrowest and the widest axis of every bump, and where a wrong weight does:
/// from bump to bump.
fn directions(mixture: &GaussianMixture) -> Vec<Vec<f64>> {
    let components: Vec<MixtureComponent> = mixture.components().collect();
    let mut directions: Vec<Vec<f64>> = Vec::new();
    for (k, component) in components.iter().enumerate() {
        let by_variance = |a: &usize, b: &usize| component.variances[*a].total_cmp(&component.variances[*b]);
        let axes = component.axes.as_ref().expect("a full covariance has axes of its own");
        for axis in [(0..DIMENSION).min_by(by_variance), (0..DIMENSION).max_by(by_variance)].into_iter().flatten() {
            directions.push((0..DIMENSION).map(|i| axes[DIMENSION * i + axis]).collect());
        }
        let next = &components[(k + 1) % components.len()];
        let between: Vec<f64> = component.mean.iter().zip(&next.mean).map(|(a, b)| a - b).collect();
        let length = dot(&between, &between).sqrt();
        directions.push(between.into_iter().map(|x| x / length).collect());
    }
    directions
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The distance of points' projections from the mixture's law along a direction `u`: a mixture of `N(u·m, uᵀSu)`.
fn projected_kolmogorov(law: &GaussianMixture, points: &[f64], direction: &[f64]) -> f64 {
    let parts: Vec<[f64; 3]> = law
        .components()
        .map(|component| {
            let axes = component.axes.as_ref().expect("a full covariance has axes of its own");
            let along = |axis: usize| (0..DIMENSION).map(|i| axes[DIMENSION * i + axis] * direction[i]).sum::<f64>();
            let variance: f64 = (0..DIMENSION).map(|axis| component.variances[axis] * along(axis).powi(2)).sum();
            [component.weight, dot(&component.mean, direction), variance.sqrt()]
        })
        .collect();
    let mut values: Vec<f64> = points.chunks(DIMENSION).map(|point| dot(point, direction)).collect();
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    values.iter().enumerate().fold(0.0, |largest: f64, (rank, x)| {
        let cdf = |&[w, m, s]: &[f64; 3]| w * 0.5 * statrs::function::erf::erfc((m - x) / (s * 2f64.sqrt()));
        let cdf: f64 = parts.iter().map(cdf).sum();
        largest.max((cdf - rank as f64 / n).abs()).max((cdf - (rank as f64 + 1.0) / n).abs())
    })
}

/// 4000 points along nine directions. Kolmogorov's statistic of `n` exact draws exceeds λ/√n with probability
/// 2 exp(−2λ²); at λ = 2.45 one of the 81 below does once in a thousand times. A quarter of that is for the steps.
#[test]
fn correlated_bumps_in_twenty_dimensions_are_reproduced() {
    const POINTS: usize = 4000;
    let bound = 1.25 * 2.45 / (POINTS as f64).sqrt();
    let (mixture, process) = (correlated(), process("vp"));
    let (score, directions) = (MixtureScore::new(mixture.clone(), process.clone()), directions(&mixture));
    let law = mixture.diffused(&*process, process.min_time());
    let mut samplers = vec![SamplerConfig { denoise: false, ..SamplerConfig::new(Method::DORMAND_PRINCE) }];
    for (method, steps) in [
        (Method::PROBABILITY_FLOW, 25),
        (Method::DDIM, 100),
        (Method::DPM_SOLVER_3M, 30),
        (Method::DPM_SOLVER_PP_2M, 30),
        (Method::UNIPC, 30),
        (Method::ANCESTRAL, 150),
        (Method::SDE_DPM_SOLVER_PP_2M, 50),
        (Method::STOCHASTIC_HEUN, 75),
    ] {
        let grid = Some(TimeGrid::LogSnr);
        samplers.push(SamplerConfig { steps: Some(steps), grid, denoise: false, ..SamplerConfig::new(method) });
    }
    let mut wrong = Vec::new();
    for sampler in samplers {
        let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
        let drawn = sampler.sample::<2>(&score, [POINTS, DIMENSION], 3, 0, &Device::flex(), &mut observe).unwrap();
        let drawn = drawn.into_data_as::<f64>();
        let points = drawn.as_slice::<f64>().unwrap();
        let distances = directions.iter().map(|direction| projected_kolmogorov(&law, points, direction));
        let distance = distances.fold(0.0, f64::max);
        println!("{:<24} {distance:.4}", sampler.kind.name());
        if distance.is_nan() || distance >= bound {
            wrong.push(format!("{}: {distance:.4}", sampler.kind.name()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}, the bound is {bound:.4}");
}
