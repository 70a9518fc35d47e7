//! Every sampler with an exact score reproduces the mixture: in its law, at every backward noise, and at its price.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problems::{ProductMixture, device, process, values};
use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;
use fokker_sampling::*;
use serde_json::json;

/// 2000 points in 20 dimensions are 40 000 independent draws from one law. Their distance from its distribution
/// function exceeds 1.95/√40000 = 0.0098 once in a thousand times, so a bias of 1 % fails; that of the discretisation
/// is kept to a quarter of it by the number of steps.
const SHAPE: [usize; 2] = [2000, 20];
const BOUND: f64 = 0.0098 + 0.0025;

fn vp() -> Arc<dyn Process> {
    process(json!({ "kind": "vp", "min_time": 0.005 }))
}

fn ve() -> Arc<dyn Process> {
    process(json!({ "kind": "ve", "sigma_min": 0.02, "sigma_max": 60.0, "min_time": 0.05 }))
}

fn draw(sampler: &SamplerConfig, score: &dyn Score<2>, shape: [usize; 2]) -> Drawn<2> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    sampler.draw(score, shape, 11, 0, &device(), &mut observe).unwrap()
}

fn distance(sampler: &SamplerConfig, process: Arc<dyn Process>) -> f64 {
    sampler.validate(&*process).unwrap();
    let mixture = ProductMixture::two_bumps(process.clone());
    let drawn = draw(sampler, &mixture, SHAPE);
    assert_eq!(sampler.score_calls(&*process).unwrap_or(drawn.score_calls), drawn.score_calls, "{sampler:?}");
    mixture.kolmogorov(process.min_time(), &values(&drawn.samples))
}

/// Steps enough for a bias far below the bound; the last state is compared with the law of the smallest time.
fn sampler(method: Method) -> SamplerConfig {
    let mut sampler = SamplerConfig::new(method);
    sampler.denoise = false;
    let info = method.info();
    if method.takes(SamplerOption::Grid) {
        sampler.grid = Some(TimeGrid::LogSnr);
        sampler.steps = Some(match info.order {
            Some(order) if order >= 3.0 => 40,
            Some(order) if order >= 2.0 => 60,
            _ => 400,
        });
    }
    if method == Method::PREDICTOR_CORRECTOR {
        sampler.corrector = Some(CorrectorConfig { steps: 1, snr: 0.1, rule: CorrectorRule::Expected });
    }
    sampler
}

fn assert_all_reproduce_the_mixture(name: &str, process: impl Fn() -> Arc<dyn Process>) {
    device();
    let mut wrong = Vec::new();
    for method in Method::scalar().filter(|method| method.info().equation != Equation::Langevin) {
        let distance = distance(&sampler(method), process());
        println!("{name} {:<24} {distance:.4}", method.name());
        if distance.is_nan() || distance >= BOUND {
            wrong.push(format!("{name} {}: {distance:.4}", method.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_samplers_reproduce_the_mixture_under_vp() {
    assert_all_reproduce_the_mixture("vp", vp);
}

#[test]
fn all_samplers_reproduce_the_mixture_under_ve() {
    assert_all_reproduce_the_mixture("ve", ve);
}

/// A quarter of the points, so twice the distance: 10 000 draws exceed 1.95/√10000 once in a thousand times.
#[test]
fn all_samplers_reproduce_the_mixture_from_pure_noise() {
    device();
    let mut wrong = Vec::new();
    for kind in ["linear_path", "trigonometric_path"] {
        let process = process(json!({ "kind": kind, "min_time": 0.005 }));
        let mixture = ProductMixture::two_bumps(process.clone());
        let fits = |method: &Method| method.info().processes.include(&*process);
        for method in Method::all().filter(fits).filter(|method| method.info().equation != Equation::Langevin) {
            let mut sampler = sampler(method);
            sampler.grid = sampler.grid.map(|_| TimeGrid::Karras { rho: 3.0 });
            sampler.validate(&*process).unwrap();
            let drawn = draw(&sampler, &mixture, [500, 20]);
            assert_eq!(sampler.score_calls(&*process).unwrap_or(drawn.score_calls), drawn.score_calls, "{sampler:?}");
            let distance = mixture.kolmogorov(process.min_time(), &values(&drawn.samples));
            println!("{kind} {:<24} {distance:.4}", method.name());
            if distance.is_nan() || distance >= 2.0 * 0.0098 + 0.0025 {
                wrong.push(format!("{kind} {}: {distance:.4}", method.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_marginals_do_not_depend_on_the_backward_noise() {
    device();
    let knobs = [0.0, 0.5, 1.0, 2.0].map(BackwardNoise::Constant);
    let of_time = BackwardNoise::Points(vec![[0.0, 0.0], [0.5, 1.5], [1.0, 0.5]]);
    for knob in knobs.into_iter().chain([of_time]) {
        let mut sampler = sampler(Method::SRA);
        (sampler.steps, sampler.backward_noise) = (Some(150), Some(knob.clone()));
        let distance = distance(&sampler, vp());
        println!("{knob:?} {distance:.4}");
        assert!(distance < BOUND, "{knob:?}: {distance}");
    }
}

/// At a noise so large that the two bumps are one hill, a walk at a fixed time forgets where it began.
#[test]
fn langevin_dynamics_have_their_stationary_law() {
    device();
    let process = process(json!({ "kind": "edm", "sigma_min": 0.6, "sigma_max": 3.0 }));
    let langevin = |kind, step_size, steps| SamplerConfig {
        steps: Some(steps),
        denoise: false,
        langevin: Some(LangevinConfig { step_size, ..LangevinConfig::default() }),
        ..SamplerConfig::new(kind)
    };
    let plain = distance(&langevin(Method::LANGEVIN, 0.02, 1500), process.clone());
    println!("langevin {plain:.4}");
    assert!(plain < BOUND, "{plain}");
    // The law lags behind its level by d(ln σ)/(steps · δ/σ²) = 2 % in the variance.
    let mut annealed = sampler(Method::ANNEALED_LANGEVIN);
    (annealed.steps, annealed.langevin) = (Some(50), Some(LangevinConfig { step_size: 0.08, steps_per_level: 20 }));
    let annealed = distance(&annealed, process.clone());
    println!("annealed {annealed:.4}");
    assert!(annealed < BOUND, "{annealed}");
    // A step at which the walk without correction is visibly wrong.
    let coarse = distance(&langevin(Method::LANGEVIN, 0.6, 100), process.clone());
    let mixture = ProductMixture::two_bumps(process.clone());
    let drawn = draw(&langevin(Method::METROPOLIS_LANGEVIN, 0.6, 300), &mixture, [40_000, 1]);
    let corrected = mixture.kolmogorov(process.min_time(), &values(&drawn.samples));
    println!("coarse {coarse:.4} corrected {corrected:.4} accepted {:?}", drawn.diagnostics.acceptance);
    assert!(coarse > 2.0 * BOUND && corrected < BOUND, "{coarse} {corrected}");
    assert!((0.5..0.999).contains(&drawn.diagnostics.acceptance.unwrap()));
}

#[test]
fn steps_that_fit_each_sample_meet_their_tolerance() {
    device();
    let mixture = ProductMixture::two_bumps(vp());
    let process = &*mixture.process;
    let points = [0.01, 0.2, 0.35, 0.5, 0.8, 0.99];
    let start: Vec<f64> = points.iter().map(|&p| mixture.quantile(process.horizon(), p)).collect();
    let mut calls = Vec::new();
    for tolerance in [1e-2, 1e-3, 1e-4, 1e-5] {
        let mut sampler = sampler(Method::DORMAND_PRINCE);
        sampler.tolerance = Some(ToleranceConfig { absolute: tolerance, relative: tolerance });
        sampler.validate(process).unwrap();
        let solve = |start: &[f64]| {
            let mut noise = ImageNoise::new(0, fokker_random::Index::test, 0, start.len());
            let x = crate::problems::tensor(start.to_vec(), [start.len(), 1]);
            let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
            sampler.walk(&mixture, x, &mut noise, &mut observe).unwrap()
        };
        let drawn = solve(&start);
        let statistics = drawn.diagnostics.adaptive.clone().unwrap();
        assert_eq!(drawn.score_calls, 1 + 6 * statistics.rounds);
        assert_eq!(statistics.forced, 0);
        let got = values(&drawn.samples);
        for ((x, &p), single) in got.iter().zip(&points).zip(&start) {
            // In probability, which the flow does not stretch: each of 20 to 100 steps may err by the tolerance, and
            // the density is below 1.
            let error = (mixture.cdf(process.min_time(), *x) - p).abs();
            assert!(error < 20.0 * tolerance, "{p}: {error:e} at {tolerance:e}");
            // Alone, a sample takes the very same steps.
            assert_eq!(values(&solve(&[*single]).samples)[0], *x);
        }
        calls.push(drawn.score_calls);
    }
    assert!(calls.windows(2).all(|pair| pair[0] < pair[1]), "{calls:?}");
}

#[test]
fn every_sampler_costs_what_it_says() {
    device();
    let mixture = ProductMixture::two_bumps(vp());
    let calls = |sampler: &SamplerConfig| {
        let drawn = draw(sampler, &mixture, [3, 2]);
        assert_eq!(sampler.score_calls(&*mixture.process), Some(drawn.score_calls), "{sampler:?}");
        drawn.score_calls
    };
    // Ten steps and the final denoising, written out by hand.
    let expected = |method: Method| match method.name() {
        "reverse_sde" | "exponential_euler" | "reverse_diffusion" | "ancestral" => 11,
        "euler" | "ddim" | "dpm_solver_1" | "dpm_solver_2m" | "dpm_solver_3m" => 11,
        "dpm_solver_pp_2m" | "dpm_solver_pp_3m" | "sde_dpm_solver_pp_2m" | "sde_dpm_solver_pp_3m" => 11,
        "unipc" | "langevin" => 11,
        "stochastic_heun" | "sra" | "probability_flow" | "dpm_solver_2" => 21,
        "dpm_solver_pp_2s" | "edm_heun" => 21,
        "dpm_solver_3" => 31,
        "rk4" => 41,
        "annealed_langevin" => 51,
        // One correction before each step and before the denoising.
        "predictor_corrector" => 22,
        // The score of the first state; then each proposal's and the middle's.
        "metropolis_langevin" => 22,
        other => panic!("{other}: count its calls by hand"),
    };
    for method in Method::scalar().filter(|&method| method != Method::DORMAND_PRINCE) {
        let mut sampler = SamplerConfig { steps: Some(10), ..SamplerConfig::new(method) };
        assert_eq!(calls(&sampler), expected(method), "{}", method.name());
        sampler.denoise = false;
        let final_calls = if method == Method::PREDICTOR_CORRECTOR { 2 } else { 1 };
        assert_eq!(calls(&sampler), expected(method) - final_calls, "{}", method.name());
    }
}

#[test]
fn a_sample_does_not_depend_on_its_batch() {
    device();
    let mixture = ProductMixture::two_bumps(vp());
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    for method in Method::scalar() {
        let mut sampler = SamplerConfig::new(method);
        if method != Method::DORMAND_PRINCE {
            sampler.steps = Some(6);
        }
        if method == Method::EDM_HEUN {
            sampler.churn = Some(ChurnConfig { amount: 3.0, ..ChurnConfig::default() });
        }
        let mut some = |first, count| {
            values(&sampler.sample::<2>(&mixture, [count, 3], 4, first, &device(), &mut observe).unwrap())
        };
        let together = some(5, 4);
        for k in 0..4 {
            assert_eq!(some(5 + k as u64, 1), together[3 * k..3 * k + 3], "{}", method.name());
        }
    }
}

#[test]
fn combinations_without_sense_are_refused_with_the_reason() {
    let refuse = |json: serde_json::Value, process: &dyn Process, parts: &[&str]| {
        let sampler: SamplerConfig = serde_json::from_value(json.clone()).unwrap();
        let message = sampler.validate(process).unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{json}: '{part}' is not in: {message}");
        }
    };
    let (vp, sub_vp) = (vp(), process(json!({ "kind": "sub_vp" })));
    refuse(json!({ "kind": "reverse_diffusion" }), &*sub_vp, &["sub_vp", "chains"]);
    refuse(json!({ "kind": "ddim", "eta": 1.5 }), &*vp, &["eta", "ancestral"]);
    refuse(json!({ "kind": "ddim", "tolerance": { "relative": 1e-4 } }), &*vp, &["tolerance", "dormand_prince"]);
    refuse(json!({ "kind": "dormand_prince", "steps": 20 }), &*vp, &["steps", "tolerance"]);
    refuse(json!({ "kind": "predictor_corrector", "predictor": "unipc" }), &*vp, &["predictor", "single steps"]);
    refuse(json!({ "kind": "predictor_corrector", "predictor": "ancestral" }), &*sub_vp, &["ancestral", "sub_vp"]);
    refuse(json!({ "kind": "unipc", "solver_type": "midpoint" }), &*vp, &["solver_type", "bh1"]);
    refuse(json!({ "kind": "unipc", "order": 4 }), &*vp, &["order"]);
    refuse(json!({ "kind": "langevin", "threshold": { "kind": "clip" } }), &*vp, &["threshold", "score"]);
    refuse(json!({ "kind": "langevin", "grid": { "kind": "uniform" } }), &*vp, &["grid"]);
    refuse(json!({ "kind": "ancestral", "variance": { "interpolated": 2.0 } }), &*vp, &["variance"]);
    refuse(json!({ "kind": "edm_heun", "churn": { "noise": 0.0 } }), &*vp, &["churn"]);
    let grid = json!({ "kind": "leading", "train_steps": 10 });
    refuse(json!({ "kind": "ddim", "steps": 20, "grid": grid }), &*vp, &["grid", "10"]);
    let unknown = serde_json::from_value::<SamplerConfig>(json!({ "kind": "ddim", "etaa": 1 }));
    assert!(unknown.unwrap_err().to_string().contains("etaa"));
}
