//! Likelihoods of Gaussian mixtures, where the truth is known, and of scores that are wrong on purpose, where an
//! independent implementation knows it (reference/likelihood.py).

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problems::{device, process, tensor};
use burn::tensor::{DType, Device, Tensor, TensorData};
use fokker_model::{
    BatchTimes, Calculus, Conditioning, Derivatives, Divergence, MixtureScore, Output, Parameterization, Plain, Score,
    SmoothScore, TimeDual,
};
use fokker_process::{Covariance, GaussianMixture, Process};
use fokker_random::{Stream, normals, rng};
use fokker_sampling::likelihood::{
    ChainConfig, Decoder, DivergenceMethod, Draw, Estimate, GaussianPrior, LikelihoodConfig, LikelihoodSolver,
    LogDensity, Prior, Truncation, chain_bound, diffusion_bound, kl_bound, log_density,
};
use fokker_sampling::{PosteriorVariance, ToleranceConfig};
use serde_json::{Value, json};

/// A score that is wrong by a factor: no closed form knows its density.
struct Scaled {
    truth: MixtureScore,
    factor: f64,
}

impl Score<2> for Scaled {
    fn process(&self) -> &dyn Process {
        Score::<2>::process(&self.truth)
    }

    fn noise(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        self.truth.noise(x, t).mul_scalar(self.factor)
    }
}

impl SmoothScore<2> for Scaled {
    fn noise_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        C::affine(self.truth.noise_in::<C>(x, clock), self.factor, 0.0)
    }
}

/// The exact velocity `α′ E[x₀] + σ′ E[ε]`, read as a network's output: what flow matching would have learnt without an error.
struct OfVelocity(MixtureScore);

impl OfVelocity {
    const TABLE: Parameterization =
        Parameterization { output: Output::Velocity, conditioning: Conditioning::Time, sigma_data: 0.5 };

    fn read<C: Calculus>(
        &self,
        x: C::Array<2>,
        clock: &BatchTimes<C>,
        estimate: fokker_model::Estimate,
    ) -> C::Array<2> {
        let process = Score::<2>::process(&self.0);
        let of_data =
            clock.scale(self.0.denoised_in::<C>(x.clone(), clock), |t| TimeDual::mean_scale_derivative(process, t));
        let of_noise = clock.scale(self.0.noise_in::<C>(x.clone(), clock), |t| TimeDual::std_derivative(process, t));
        let velocity = C::add(of_data, of_noise);
        let factors = |t: f64| Self::TABLE.estimate(estimate, process, t);
        C::add(clock.scale(x, |t| factors(t).input), clock.scale(velocity, |t| factors(t).output))
    }
}

impl Score<2> for OfVelocity {
    fn process(&self) -> &dyn Process {
        Score::<2>::process(&self.0)
    }

    fn noise(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        self.read::<Plain>(x, &BatchTimes::fixed(t), fokker_model::Estimate::Noise)
    }

    fn denoised(&self, x: Tensor<2>, t: &[f64]) -> Tensor<2> {
        self.read::<Plain>(x, &BatchTimes::fixed(t), fokker_model::Estimate::Denoised)
    }
}

impl SmoothScore<2> for OfVelocity {
    fn noise_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        self.read::<C>(x, clock, fokker_model::Estimate::Noise)
    }

    fn denoised_in<C: Calculus>(&self, x: C::Array<2>, clock: &BatchTimes<C>) -> C::Array<2> {
        self.read::<C>(x, clock, fokker_model::Estimate::Denoised)
    }
}

/// Two bumps, three oblique ones in the plane, four in eight dimensions.
fn mixture(dimension: usize) -> GaussianMixture {
    match dimension {
        1 => GaussianMixture::with_variances(vec![0.3, 0.7], vec![vec![-1.0], vec![1.0]], vec![0.09, 0.16]),
        2 => GaussianMixture::new(
            vec![0.2, 0.5, 0.3],
            vec![vec![0.0, 0.5], vec![1.5, -1.0], vec![-1.2, -0.8]],
            vec![
                Covariance::Full(vec![vec![0.16, 0.08], vec![0.08, 0.09]]),
                Covariance::Isotropic(0.09),
                Covariance::Diagonal(vec![0.04, 0.25]),
            ],
        ),
        _ => {
            let mean = |k: u64| normals(3, Stream::Test, k, dimension).into_iter().map(f64::from).collect();
            GaussianMixture::with_variances(vec![1.0; 4], (0..4).map(mean).collect(), vec![0.25, 0.1, 0.3, 0.15])
        }
    }
    .unwrap()
}

fn processes() -> Vec<Arc<dyn Process>> {
    ["vp", "ve", "rve", "sub_vp", "linear_path", "trigonometric_path"]
        .into_iter()
        .map(|kind| process(json!({ "kind": kind })))
        .collect()
}

/// Draws from p_t, point after point.
fn draws(mixture: &GaussianMixture, process: &dyn Process, t: f64, count: u64) -> Vec<f64> {
    (0..count).flat_map(|k| mixture.sample(process, t, &mut rng(5, Stream::Test, k))).collect()
}

fn evaluate(score: &dyn Derivatives<2>, x: Tensor<2>, config: &LikelihoodConfig, prior: &dyn Prior) -> LogDensity {
    let examples: Vec<u64> = (0..x.dims()[0] as u64).collect();
    let draw = Draw { seed: 1, examples: &examples, number: 0 };
    log_density(score, x, config, &draw, prior, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn config(truncation: Truncation, tolerance: f64) -> LikelihoodConfig {
    let tolerance = ToleranceConfig { absolute: tolerance, relative: tolerance };
    LikelihoodConfig { truncation, tolerance: Some(tolerance), ..LikelihoodConfig::default() }
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.into_iter().collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// With the true law at the horizon, what is left is the solver's error: of ln p at the smallest time in double and in
/// single precision, and, continued to t = 0, of ln p of the data.
#[test]
fn densities_of_mixtures_are_known_to_a_ten_thousandth() {
    for dimension in [1, 2, 8] {
        let mixture = mixture(dimension);
        for process in processes() {
            let score = MixtureScore::new(mixture.clone(), process.clone());
            let horizon = process.horizon();
            let prior = |x: &[f64]| mixture.log_density(&*process, horizon, x);
            let points = draws(&mixture, &*process, 0.0, 24);
            let x = |dtype: DType| {
                let data = TensorData::new(points.clone(), [24, dimension]);
                Tensor::<2>::from_data(data, (&device(), dtype))
            };
            for (truncation, t, dtype) in [
                (Truncation::None, process.min_time(), DType::F64),
                (Truncation::None, process.min_time(), DType::F32),
                (Truncation::Extrapolated, 0.0, DType::F64),
            ] {
                let found = evaluate(&score, x(dtype), &config(truncation, 1e-6), &prior);
                let truth = |k: usize| mixture.log_density(&*process, t, &points[k * dimension..(k + 1) * dimension]);
                let error = mean((0..24).map(|k| (found.values[k][0] - truth(k)).abs()));
                assert!(error < 1e-4, "{} in {dimension}, {truncation:?}, {dtype:?}: {error:e}", process.name());
            }
        }
    }
}

/// The recipe `mixture_2d` by flow matching, from the prior N(0, I) itself: at t = 1 nothing is left of the data, so nothing but the
/// solver's tolerance and rounding separates the density from the truth.
#[test]
fn the_exact_velocity_has_the_density_of_its_mixture() {
    let means = [[0.0, 0.0], [1.5, 1.5], [-1.5, 1.5], [1.5, -1.5], [-1.5, -1.5]].map(Vec::from).to_vec();
    let mixture = GaussianMixture::with_stds(vec![0.2; 5], means, vec![0.4, 0.3, 0.3, 0.3, 0.3]).unwrap();
    for kind in ["linear_path", "trigonometric_path"] {
        let process = process(json!({ "kind": kind }));
        let score = OfVelocity(MixtureScore::new(mixture.clone(), process.clone()));
        let points = draws(&mixture, &*process, 0.0, 64);
        let prior = GaussianPrior::of(&*process);
        assert_eq!(prior.std, 1.0);
        for (dtype, tolerance, allowed) in [
            // A step is off by no more than the tolerance for each of two coordinates, in the state and in ln p; forty steps or so.
            (DType::F64, 1e-9, 1e-6),
            (DType::F64, 1e-5, 1e-3),
            // The slope has the rounding of x over the smallest time, 6e-8/1e-3, over a path of length 1.
            (DType::F32, 1e-5, 2e-3),
        ] {
            let x = Tensor::<2>::from_data(TensorData::new(points.clone(), [64, 2]), (&device(), dtype));
            let found = evaluate(&score, x, &config(Truncation::None, tolerance), &prior);
            assert_eq!(found.statistics.as_ref().unwrap().forced, 0);
            for (point, found) in points.chunks(2).zip(&found.values) {
                let exact = mixture.log_density(&*process, process.min_time(), point);
                assert!((found[0] - exact).abs() < allowed, "{kind} {dtype:?} {tolerance}: {found:?} {exact}");
            }
        }
    }
}

#[test]
fn densities_of_wrong_scores_agree_with_an_independent_solver() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../reference/golden/likelihood.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let read = |value: &Value| serde_json::from_value::<Vec<f64>>(value.clone()).unwrap();
    let rows = |value: &Value| serde_json::from_value::<Vec<Vec<f64>>>(value.clone()).unwrap();
    for case in &cases {
        let covariances = rows(&case["mixture"]["variances"]).into_iter().map(Covariance::Diagonal).collect();
        let (weights, means) = (read(&case["mixture"]["weights"]), rows(&case["mixture"]["means"]));
        let mixture = GaussianMixture::new(weights, means, covariances).unwrap();
        let process = process(case["process"].clone());
        let truth = MixtureScore::new(mixture, process.clone());
        let score = Scaled { truth, factor: case["factor"].as_f64().unwrap() };
        let (points, expected) = (rows(&case["points"]), read(&case["log_density"]));
        let x = tensor(points.concat(), [points.len(), points[0].len()]);
        let found = evaluate(&score, x, &config(Truncation::None, 1e-9), &GaussianPrior::of(&*process));
        for (found, expected) in found.values.iter().zip(&expected) {
            // Both solvers' tolerances, added up over a hundred steps or so.
            assert!((found[0] - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{case}: {found:?} {expected}");
        }
    }
    assert_eq!(cases.len(), 16);
}

/// Whatever the score is, a density carried by a flow has mass 1.
#[test]
fn the_density_of_a_wrong_score_sums_to_one() {
    let vp = process(json!({ "kind": "vp" }));
    for (dimension, cells, factor) in [(1usize, 400usize, 0.9), (2, 64, 0.95)] {
        let score = Scaled { truth: MixtureScore::new(mixture(dimension), vp.clone()), factor };
        // Wide enough for the tails of a flow that contracts too little.
        let (low, width) = (-5.0, 10.0 / cells as f64);
        let at = |k: usize| low + (k as f64 + 0.5) * width;
        let count = cells.pow(dimension as u32);
        let points = (0..count).flat_map(|k| (0..dimension).map(move |d| at(k / cells.pow(d as u32) % cells)));
        let x = tensor(points.collect(), [count, dimension]);
        let config = config(Truncation::None, 1e-5);
        let found = evaluate(&score, x, &config, &GaussianPrior::of(&*vp));
        let sum: f64 = found.values.iter().map(|value| value[0].exp()).sum::<f64>() * width.powi(dimension as i32);
        assert!((sum - 1.0).abs() < 1e-3, "{dimension}: {sum}");
    }
}

#[test]
fn probes_are_unbiased_and_their_error_is_told() {
    let (vp, mixture) = (process(json!({ "kind": "vp" })), mixture(8));
    let score = MixtureScore::new(mixture.clone(), vp.clone());
    let x = tensor(draws(&mixture, &*vp, 0.0, 16), [16, 8]);
    let prior = GaussianPrior::of(&*vp);
    // The same steps for all, so that nothing but the probes differs.
    let fixed = LikelihoodConfig {
        solver: LikelihoodSolver::Rk4,
        steps: Some(8),
        truncation: Truncation::None,
        ..LikelihoodConfig::default()
    };
    let exact = evaluate(&score, x.clone(), &fixed, &prior);
    for method in [DivergenceMethod::Hutchinson, DivergenceMethod::HutchPlusPlus] {
        let config = LikelihoodConfig { divergence: Some(method), probes: 16, sketch: 2, ..fixed.clone() };
        let found = evaluate(&score, x.clone(), &config, &prior);
        let away = found.values.iter().zip(&exact.values);
        let away: Vec<Vec<Vec<f64>>> =
            away.map(|(found, exact)| vec![found.iter().map(|value| value - exact[0]).collect()]).collect();
        let estimate = Estimate::new(&away);
        let error = estimate.standard_error_probes.unwrap();
        assert!(error > 1e-4, "probes that do not differ: {error}");
        assert!(estimate.mean.abs() < 4.0 * error, "{method:?}: {} ± {error}", estimate.mean);
    }
}

/// Directions that others span add nothing, in either precision; and paths stay smooth, so that the error control goes on.
#[test]
fn sketches_may_be_of_lower_rank() {
    let (vp, mixture) = (process(json!({ "kind": "vp" })), mixture(2));
    let score = MixtureScore::new(mixture.clone(), vp.clone());
    let points = draws(&mixture, &*vp, 0.0, 6);
    for (dtype, allowed) in [(DType::F64, 1e-10), (DType::F32, 1e-4)] {
        let on = |values: Vec<f64>| Tensor::<2>::from_data(TensorData::new(values, [6, 2]), (&device(), dtype));
        let along = |a: f64, b: f64| on([a, b].repeat(6));
        let sketch = vec![along(1.0, 0.5), along(1.0, 0.5), along(-0.3, 1.0), along(0.7, 1.5)];
        let whole = Divergence::HutchPlusPlus { sketch, probes: vec![along(1.0, -1.0)] };
        for t in [0.001, 0.1, 0.9] {
            let (found, expected) = (
                whole.of_noise(&score, on(points.clone()), &[t; 6]).1,
                Divergence::Exact { block: 2 }.of_noise(&score, on(points.clone()), &[t; 6]).1,
            );
            for (found, expected) in crate::problems::values(&found).iter().zip(crate::problems::values(&expected)) {
                assert!((found - expected).abs() < allowed * (1.0 + expected.abs()), "{t}: {found} {expected}");
            }
        }
    }
    let x = tensor(points, [6, 2]);
    let prior = GaussianPrior::of(&*vp);
    let exact = evaluate(&score, x.clone(), &config(Truncation::None, 1e-5), &prior);
    let method = Some(DivergenceMethod::HutchPlusPlus);
    let sketched = LikelihoodConfig { divergence: method, ..config(Truncation::None, 1e-5) };
    let found = evaluate(&score, x, &sketched, &prior);
    assert_eq!(found.statistics.unwrap().forced, 0);
    for (found, exact) in found.values.iter().zip(exact.values) {
        // Two directions in the plane are all there are.
        assert!((found[0] - exact[0]).abs() < 1e-3, "{found:?} {exact:?}");
    }
}

#[test]
fn methods_on_a_grid_have_their_orders() {
    let (vp, mixture) = (process(json!({ "kind": "vp", "min_time": 0.01 })), mixture(2));
    let score = MixtureScore::new(mixture.clone(), vp.clone());
    let points = draws(&mixture, &*vp, 0.0, 8);
    let prior = |x: &[f64]| mixture.log_density(&*vp, 1.0, x);
    for (solver, order, steps) in
        [(LikelihoodSolver::Euler, 1, 256), (LikelihoodSolver::Heun, 2, 128), (LikelihoodSolver::Rk4, 4, 64)]
    {
        let error = |steps: usize| {
            let config = LikelihoodConfig {
                solver,
                steps: Some(steps),
                truncation: Truncation::None,
                ..LikelihoodConfig::default()
            };
            let found = evaluate(&score, tensor(points.clone(), [8, 2]), &config, &prior);
            mean((0..8).map(|k| {
                let truth = mixture.log_density(&*vp, vp.min_time(), &points[2 * k..2 * k + 2]);
                (found.values[k][0] - truth).abs()
            }))
        };
        let (coarse, fine) = (error(steps), error(2 * steps));
        let measured = (coarse / fine).log2();
        // An error of either sign in the leading term leaves a fraction of an order.
        assert!((measured - f64::from(order)).abs() < 0.4, "{solver:?}: {measured}, from {coarse:e} to {fine:e}");
    }
}

#[test]
fn a_batch_changes_nothing() {
    let (ve, mixture) = (process(json!({ "kind": "ve" })), mixture(8));
    let score = MixtureScore::new(mixture.clone(), ve.clone());
    let points = draws(&mixture, &*ve, 0.0, 7);
    let config =
        LikelihoodConfig { divergence: Some(DivergenceMethod::Hutchinson), ..config(Truncation::Matched, 1e-4) };
    let run = |examples: &[u64]| {
        let points = examples.iter().flat_map(|&k| points[8 * k as usize..8 * k as usize + 8].to_vec()).collect();
        let draw = Draw { seed: 3, examples, number: 2 };
        let x = tensor(points, [examples.len(), 8]);
        let prior = GaussianPrior::of(&*ve);
        log_density(&score, x, &config, &draw, &prior, &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let all = run(&[0, 1, 2, 3, 4, 5, 6]);
    for part in [&[0u64, 1, 2][..], &[5, 3], &[6]] {
        let found = run(part);
        for (&k, found) in part.iter().zip(found.values) {
            for (found, expected) in found.iter().zip(&all.values[k as usize]) {
                assert!((found - expected).abs() < 1e-9, "{k}: {found} {expected}");
            }
        }
    }
    assert!(all.values.iter().all(|probes| probes.len() == 2 && probes[0] != probes[1]));
    // Ctrl-C.
    let draw = Draw { seed: 3, examples: &[0], number: 0 };
    let x = tensor(points[..8].to_vec(), [1, 8]);
    assert!(
        log_density(&score, x, &config, &draw, &GaussianPrior::of(&*ve), &mut |_| ControlFlow::Break(())).is_none()
    );
}

/// The mean of bound − truth over data: never below 0 by more than its standard error allows, and as tight as it is
/// said to be.
#[test]
fn bounds_are_never_below_the_truth() {
    let mixture = mixture(2);
    let count = 256;
    for kind in ["vp", "ve", "sub_vp", "linear_path"] {
        // A smallest time that costs something.
        let process = process(json!({ "kind": kind, "min_time": 0.02 }));
        let score = MixtureScore::new(mixture.clone(), process.clone());
        let points = draws(&mixture, &*process, 0.0, count);
        let x = tensor(points.clone(), [count as usize, 2]);
        let truth: Vec<f64> = points.chunks(2).map(|x| -mixture.log_density(&*process, 0.0, x)).collect();
        let examples: Vec<u64> = (0..count).collect();
        let draw = Draw { seed: 4, examples: &examples, number: 0 };
        let gap = |values: Vec<f64>| {
            let apart =
                values.into_iter().zip(&truth).map(|(value, truth)| vec![vec![value - truth]]).collect::<Vec<_>>();
            let estimate = Estimate::new(&apart);
            (estimate.mean, estimate.standard_error.unwrap())
        };
        let flow = |truncation| {
            let found = evaluate(&score, x.clone(), &config(truncation, 1e-5), &GaussianPrior::of(&*process));
            gap(found.values.into_iter().map(|value| -value[0]).collect())
        };
        let told = &mut |_: usize| ControlFlow::Continue(());
        let chain = |steps: u32, variance, told: &mut dyn FnMut(usize) -> ControlFlow<()>| {
            let times: Vec<f64> = (1..=steps).map(|k| process.horizon() * f64::from(k) / f64::from(steps)).collect();
            let config = ChainConfig { variance, decoder: Decoder::Gaussian, clip: false };
            gap(chain_bound(&score, &x, &times, &config, &draw, told).unwrap().totals())
        };
        let diffusion = diffusion_bound(&score, &x, Decoder::Gaussian, 128, &draw, told).unwrap();
        let gaps = [
            ("variational", flow(Truncation::Variational)),
            ("matched", flow(Truncation::Matched)),
            ("chain of 100", chain(100, PosteriorVariance::Large, told)),
            ("chain of 400", chain(400, PosteriorVariance::Large, told)),
            ("chain of 400 with small variances", chain(400, PosteriorVariance::Small, told)),
            ("diffusion", gap(diffusion.totals())),
        ];
        for (name, (gap, error)) in gaps {
            assert!(gap > -3.0 * error, "{kind}, {name}: {gap} ± {error}");
        }
        assert!(gaps[5].1.0 < 0.5, "{kind}: {gaps:?}");
        // In two dimensions the posterior is nearly normal: the matched decoder loses next to nothing.
        assert!(gaps[1].1.0 < 0.02, "{kind}: {gaps:?}");
        assert!(gaps[1].1.0 < gaps[0].1.0 + 3.0 * gaps[0].1.1, "{kind}: {gaps:?}");
    }
}

/// From pure noise the integral over λ begins at −∞. For Gaussian data of variance S its mean is known: `E|ε̂ − z|²` is
/// `S e^λ/(1 + S e^λ)` in each coordinate, so `½ ln(1 + S e^{λ(ε)})`.
#[test]
fn the_integral_from_pure_noise_is_that_of_gaussian_data() {
    let (variance, count) = (0.25, 2000);
    let law = GaussianMixture::with_variances(vec![1.0], vec![vec![0.4; 2]], vec![variance]).unwrap();
    for config in [json!({ "kind": "linear_path", "noise_std": 2.0 }), json!({ "kind": "trigonometric_path" })] {
        let process = process(config);
        let score = MixtureScore::new(law.clone(), process.clone());
        let x = tensor(draws(&law, &*process, 0.0, count), [count as usize, 2]);
        let examples: Vec<u64> = (0..count).collect();
        let draw = Draw { seed: 4, examples: &examples, number: 0 };
        let told = &mut |_: usize| ControlFlow::Continue(());
        let found = diffusion_bound(&score, &x, Decoder::Gaussian, 64, &draw, told).unwrap();
        let terms: Vec<Vec<Vec<f64>>> = found.diffusion.iter().map(|&term| vec![vec![term]]).collect();
        let estimate = Estimate::new(&terms);
        let expected = (variance * process.log_snr(process.min_time()).exp()).ln_1p();
        let error = estimate.standard_error.unwrap();
        assert!((estimate.mean - expected).abs() < 4.0 * error, "{process:?}: {} ± {error}, {expected}", estimate.mean);
        assert!(error < 0.01 * expected && found.prior.iter().all(|&term| term == 0.0), "{error}");
    }
}

/// For Gaussian data of variance S the mean square of `x₀ − x̂₀` is that of the posterior, `S σ²/(α² S + σ²)`, and with it
/// every term of the chain is known.
#[test]
fn terms_of_a_chain_are_those_of_gaussian_data() {
    let chain = process(json!({ "kind": "ddpm_chain", "steps": 50, "beta_start": 1e-3, "beta_end": 0.3 }));
    let (center, variance, count) = (0.4, 0.25, 4000);
    let law = GaussianMixture::with_variances(vec![1.0], vec![vec![center; 2]], vec![variance]).unwrap();
    let score = MixtureScore::new(law.clone(), chain.clone());
    let x = tensor(draws(&law, &*chain, 0.0, count), [count as usize, 2]);
    let examples: Vec<u64> = (0..count).collect();
    let draw = Draw { seed: 9, examples: &examples, number: 0 };
    let times: Vec<f64> = (1..=50).map(|k| f64::from(k) / 50.0).collect();
    let miss = |t: f64| {
        let (scale, noise) = (chain.mean_scale(t).powi(2), chain.std(t).powi(2));
        2.0 * variance * noise / (scale * variance + noise)
    };
    for small in [false, true] {
        let kind = if small { PosteriorVariance::Small } else { PosteriorVariance::Large };
        let config = ChainConfig { variance: kind, decoder: Decoder::Gaussian, clip: false };
        let told = &mut |_: usize| ControlFlow::Continue(());
        let found = chain_bound(&score, &x, &times, &config, &draw, told).unwrap();
        for k in 0..=50 {
            let expected = match k {
                // The decoder has the small variance of the second step.
                0 => {
                    let v = chain.posterior(times[0], times[1]).std_small.powi(2);
                    0.5 * miss(times[0]) / v + (std::f64::consts::TAU * v).ln()
                }
                50 => {
                    let (scale, noise) = (chain.mean_scale(1.0).powi(2), chain.std(1.0).powi(2));
                    noise - 1.0 - noise.ln() + scale * (variance + center * center)
                }
                _ => {
                    let posterior = chain.posterior(times[k - 1], times[k]);
                    let (tilde, v) = (posterior.std_small.powi(2), kind.std(&posterior).powi(2));
                    (v / tilde).ln() + tilde / v - 1.0 + 0.5 * posterior.x0.powi(2) / v * miss(times[k])
                }
            };
            let term: Vec<Vec<Vec<f64>>> = found.terms.iter().map(|terms| vec![vec![terms[k]]]).collect();
            let estimate = Estimate::new(&term);
            // Fifty terms twice: five standard errors.
            let error = 5.0 * estimate.standard_error.unwrap();
            assert!((estimate.mean - expected).abs() < error, "L_{k}: {} ± {error}, {expected}", estimate.mean);
        }
    }
}

/// Gaussian data and a score that is wrong by a factor stay Gaussian backwards, so the divergence is known: moments of
/// `dx = [f x − ½(1 + σ̃²) g² s] dt + σ̃ g dw̄` by fine steps of Heun's method.
#[test]
fn the_bound_on_the_divergence_is_above_it() {
    let vp = process(json!({ "kind": "vp", "min_time": 0.01 }));
    let (center, spread) = (0.8, 0.3);
    let law = GaussianMixture::with_variances(vec![1.0], vec![vec![center]], vec![spread * spread]).unwrap();
    let truth = MixtureScore::new(law.clone(), vp.clone());
    let x = tensor(draws(&law, &*vp, 0.0, 2000), [2000, 1]);
    let examples: Vec<u64> = (0..2000).collect();
    let draw = Draw { seed: 4, examples: &examples, number: 0 };
    let at_horizon = |x: &[f64]| law.log_density(&*vp, 1.0, x);
    let prior = GaussianPrior::of(&*vp);
    for (factor, backward_noise) in [(1.0, 1.0), (0.9, 1.0), (0.9, 0.5), (1.1, 2.0)] {
        let score = Scaled { truth: truth.clone(), factor };
        let settings = (backward_noise, 64);
        let told = &mut |_: usize| ControlFlow::Continue(());
        let found = kl_bound(&score, (&truth, &at_horizon), &prior, &x, settings, &draw, told).unwrap();
        let estimate = Estimate::new(&found.totals().into_iter().map(|v| vec![vec![v]]).collect::<Vec<_>>());
        let law_at = |t: f64| (vp.mean_scale(t) * center, (vp.mean_scale(t) * spread).hypot(vp.std(t)).powi(2));
        let slope = |t: f64, (mean, variance): (f64, f64)| {
            let (m, v) = law_at(t);
            let (f, g2) = (vp.drift(t), vp.diffusion_squared(t));
            let pull = 0.5 * (1.0 + backward_noise * backward_noise) * g2 * factor / v;
            (f * mean + pull * (mean - m), 2.0 * (f + pull) * variance - backward_noise * backward_noise * g2)
        };
        let (mut state, steps) = ((0.0, 1.0), 20_000);
        let time = |k: usize| 0.01f64.powf(k as f64 / steps as f64);
        for k in 0..steps {
            let (t, s) = (time(k), time(k + 1));
            let first = slope(t, state);
            let guess = (state.0 + (s - t) * first.0, state.1 + (s - t) * first.1);
            let second = slope(s, guess);
            state = (state.0 + 0.5 * (s - t) * (first.0 + second.0), state.1 + 0.5 * (s - t) * (first.1 + second.1));
        }
        let ((m, v), (mean, variance)) = (law_at(0.01), state);
        let divergence = 0.5 * ((variance / v).ln() + (v + (m - mean).powi(2)) / variance - 1.0);
        let error = estimate.standard_error.unwrap();
        assert!(estimate.mean + 3.0 * error > divergence, "{factor}: {} ± {error}, {divergence}", estimate.mean);
        // And of the size that it has in closed form: the score misses by (factor − 1) of itself.
        let (m, v) = law_at(1.0);
        let prior = 0.5 * (v + m * m - 1.0 - v.ln());
        let (low, high) = (vp.log_snr(1.0), vp.log_snr(0.01));
        let miss = |k: usize| {
            let t = vp.time_of_log_snr(low + (k as f64 + 0.5) / 4000.0 * (high - low));
            vp.std(t).powi(2) / law_at(t).1 * (high - low) / 4000.0
        };
        let coefficient = (1.0 + backward_noise * backward_noise).powi(2) / (8.0 * backward_noise * backward_noise);
        let expected = prior + coefficient * (factor - 1.0) * (factor - 1.0) * (0..4000).map(miss).sum::<f64>();
        assert!((estimate.mean - expected).abs() < 4.0 * error, "{factor}: {} ± {error}, {expected}", estimate.mean);
    }
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let vp = process(json!({ "kind": "vp" }));
    let refused = |value: Value| {
        let config: LikelihoodConfig = serde_json::from_value(value).unwrap();
        config.validate(&*vp).unwrap_err().to_string()
    };
    assert!(refused(json!({ "steps": 10 })).contains("tolerance"));
    assert!(refused(json!({ "solver": "rk4", "tolerance": { "absolute": 1e-3 } })).contains("dormand_prince"));
    assert!(refused(json!({ "solver": "rk4", "steps": 0 })).contains("steps"));
    assert!(refused(json!({ "solver": "heun", "grid": { "kind": "trailing" } })).contains("karras"));
    assert!(refused(json!({ "probes": 0 })).contains("probes"));
    assert!(refused(json!({ "tolerance": { "absolute": 0.0 } })).contains("tolerance"));
    assert!(LikelihoodConfig::default().validate(&*vp).is_ok());
    assert_eq!(Device::flex(), device(), "tests are on the CPU");
}
