//! Walks that begin on the way, from data with noise (SDEdit): for a Gaussian their law is known exactly.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problems::{ProductMixture, device, process, tensor, values};
use burn::tensor::Tensor;
use fokker_process::Process;
use fokker_sampling::*;
use serde_json::json;

/// 10 000 independent draws.
const SHAPE: [usize; 2] = [500, 20];
const START: f64 = -1.3;

fn vp() -> Arc<dyn Process> {
    process(json!({ "kind": "vp", "min_time": 0.005 }))
}

fn start() -> Tensor<2> {
    tensor(vec![START; SHAPE[0] * SHAPE[1]], SHAPE)
}

fn draw(sampler: &SamplerConfig, mixture: &ProductMixture, strength: f64) -> Drawn<2> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    let numbers = Numbers { seed: 5, first: 0 };
    sampler.draw_from(mixture, start(), strength, numbers, &mut observe).unwrap()
}

/// Data of law N(m, s²), a start x₀ and the last time ε. With s_t² = α_t² s² + σ_t², the flow multiplies the distance from the mean by
/// s_ε/s_t. The reverse SDE draws from the law of x_ε given x_t, in which x_t = a x_ε + √v z.
fn law(process: &dyn Process, t: f64, has_noise: bool) -> (f64, f64) {
    let (m, s, last) = (0.4, 0.6, process.min_time());
    let at = |t: f64| (process.mean_scale(t), process.std(t));
    let ((alpha, sigma), (alpha_end, sigma_end)) = (at(t), at(last));
    let (here, end) = ((alpha * s).hypot(sigma), (alpha_end * s).hypot(sigma_end));
    let step = process.transition(last, t);
    let factor = if has_noise { step.scale * end * end / (here * here) } else { end / here };
    let fresh = if has_noise { (end * step.std / here).powi(2) } else { 0.0 };
    (alpha_end * m + factor * alpha * (START - m), (factor * sigma).powi(2) + fresh)
}

/// Five standard errors of a mean and of a variance of 10 000 draws, and as much as a hundredth for the discretisation.
#[test]
fn at_every_strength_the_law_is_the_gaussian_that_it_should_be() {
    device();
    let process = vp();
    let mixture = ProductMixture::gaussian(process.clone());
    let mut wrong = Vec::new();
    let admitted = |method: &Method| {
        let info = method.info();
        info.begins_in_noise.is_none() && info.equation != Equation::Langevin && *method != Method::PREDICTOR_CORRECTOR
    };
    for method in Method::scalar().filter(admitted) {
        let info = method.info();
        let mut sampler = SamplerConfig::new(method);
        sampler.denoise = false;
        if method.takes(SamplerOption::Grid) {
            sampler.grid = Some(TimeGrid::LogSnr);
            sampler.steps = Some(if info.order >= Some(2.0) { 60 } else { 400 });
        }
        for strength in [0.25, 0.5] {
            let drawn = values(&draw(&sampler, &mixture, strength).samples);
            let t = sampler.times_of_strength(&*process, strength)[0];
            let (mean, variance) = law(&*process, t, sampler.draws_noise());
            let count = drawn.len() as f64;
            let found_mean = drawn.iter().sum::<f64>() / count;
            let found_variance = drawn.iter().map(|x| (x - found_mean).powi(2)).sum::<f64>() / count;
            let bounds = (5.0 * (variance / count).sqrt() + 0.01, (5.0 * (2.0 / count).sqrt() + 0.01) * variance);
            println!(
                "{:<22} {strength} t = {t:.4}: {found_mean:.4} {mean:.4}, {found_variance:.5} {variance:.5}",
                info.name
            );
            let off = ((found_mean - mean).abs(), (found_variance - variance).abs());
            if !(off.0 < bounds.0 && off.1 < bounds.1) {
                wrong.push(format!("{} {strength}: off by {off:?}, allowed {bounds:?}", info.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Strength 0 returns the start and asks nothing; strength 1 is a draw from noise, bit for bit, and so is less where the process begins in
/// pure noise; the calls are the share of a whole draw's.
#[test]
fn the_ends_of_strength_are_the_start_and_a_draw() {
    device();
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    for kind in ["vp", "ve", "linear_path"] {
        let process = process(json!({ "kind": kind }));
        let mixture = ProductMixture::two_bumps(process.clone());
        for method in [Method::PROBABILITY_FLOW, Method::UNIPC, Method::REVERSE_SDE, Method::DORMAND_PRINCE] {
            let sampler = SamplerConfig::new(method);
            if method == Method::REVERSE_SDE && process.reaches_pure_noise() {
                continue;
            }
            let none = draw(&sampler, &mixture, 0.0);
            assert_eq!((values(&none.samples), none.score_calls), (values(&start()), 0), "{kind} {method:?}");
            let whole = sampler.draw(&mixture, SHAPE, 5, 0, &device(), &mut observe).unwrap();
            let all = draw(&sampler, &mixture, 1.0);
            assert_eq!((values(&all.samples), all.score_calls), (values(&whole.samples), whole.score_calls));
            if method != Method::DORMAND_PRINCE {
                let (steps, calls) = (sampler.steps(), method.info().calls_per_step);
                assert_eq!(sampler.times_of_strength(&*process, 0.5), sampler.times(&*process)[steps / 2..]);
                assert_eq!(draw(&sampler, &mixture, 0.5).score_calls, calls * steps / 2 + 1, "{kind} {method:?}");
            }
        }
    }
}

/// A strength names a time, whatever the number of steps; grids of points have their last ones.
#[test]
fn shares_of_grids_begin_where_they_should() {
    let process = vp();
    for grid in [TimeGrid::Uniform, TimeGrid::Quadratic, TimeGrid::LogSnr, TimeGrid::Karras { rho: 7.0 }] {
        for share in [1e-10, 0.03, 0.37, 0.5, 0.999] {
            let begins = grid.last_times(&*process, 10, share)[0];
            for steps in [7, 40] {
                let times = grid.last_times(&*process, steps, share);
                assert!((times[0] - begins).abs() < 1e-7, "{grid:?} {share} {steps}: {} {begins}", times[0]);
                assert!(times.windows(2).all(|pair| pair[0] > pair[1]), "{grid:?} {share} {steps}: {times:?}");
                assert_eq!(times[times.len() - 1], process.min_time());
                assert_eq!(times.len() - 1, if share < 1e-6 { 0 } else { (share * steps as f64).ceil() as usize });
            }
        }
    }
    // Of equal steps in time it is the share of the time, as in Meng et al.
    let (horizon, last) = (process.horizon(), process.min_time());
    let begins = TimeGrid::Uniform.last_times(&*process, 8, 0.3)[0];
    assert!((begins - (last + 0.3 * (horizon - last))).abs() < 1e-12);
    let chain = TimeGrid::Trailing { train_steps: 1000 };
    let all = chain.times(&*process, 10);
    assert_eq!(chain.last_times(&*process, 10, 0.34), all[7..]);
    assert_eq!(chain.last_times(&*process, 10, 1e-3), all[9..]);
}

#[test]
fn what_cannot_begin_with_data_is_refused_with_the_reason() {
    let refusal =
        |method: Method, strength: f64| SamplerConfig::new(method).validate_start(strength).unwrap_err().to_string();
    for method in [Method::LANGEVIN, Method::METROPOLIS_LANGEVIN] {
        let message = refusal(method, 0.5);
        assert!(message.contains(method.name()) && message.contains("smallest time"), "{message}");
    }
    for method in [Method::SSCS, Method::PHASE_FLOW, Method::PHASE_REVERSE] {
        assert!(refusal(method, 0.5).contains("velocities"));
    }
    for strength in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let message = refusal(Method::DDIM, strength);
        assert!(message.starts_with("strength: ") && message.contains("between 0"), "{message}");
    }
}
