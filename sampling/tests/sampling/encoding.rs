//! Walks from data to noise. The flow carries quantiles to quantiles, so that the noise of every datum is known exactly.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problems::{ProductMixture, device, process, tensor, values};
use burn::tensor::Tensor;
use fokker_process::Process;
use fokker_sampling::*;
use serde_json::json;

const POINTS: [f64; 6] = [0.12, 0.3, 0.45, 0.6, 0.77, 0.91];

fn sampler(method: Method, steps: usize, grid: TimeGrid) -> SamplerConfig {
    let mut sampler = SamplerConfig::new(method);
    (sampler.steps, sampler.denoise) = (Some(steps), false);
    if method == Method::DORMAND_PRINCE {
        sampler.steps = None;
    }
    if method.takes(SamplerOption::Grid) {
        sampler.grid = Some(grid);
    }
    if method.takes(SamplerOption::LowerOrderFinal) {
        sampler.lower_order_final = Some(false);
    }
    if method.takes(SamplerOption::BackwardNoise) {
        sampler.backward_noise = Some(0.0.into());
    }
    sampler
}

fn at(mixture: &ProductMixture, t: f64) -> Vec<f64> {
    POINTS.iter().map(|&p| mixture.quantile(t, p)).collect()
}

fn encode(sampler: &SamplerConfig, mixture: &ProductMixture, data: &[f64]) -> Drawn<2> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    sampler.encode(mixture, tensor(data.to_vec(), [3, 2]), &mut observe).unwrap()
}

fn decode(sampler: &SamplerConfig, mixture: &ProductMixture, noise: Tensor<2>) -> Vec<f64> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    values(&sampler.draw_of(mixture, noise, Numbers::default(), &mut observe).unwrap().samples)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Errors of the noise against its quantiles, and of the way back against the data.
fn errors(sampler: &SamplerConfig, mixture: &ProductMixture) -> [f64; 2] {
    let process = &*mixture.process;
    let data = at(mixture, process.min_time());
    let noise = encode(sampler, mixture, &data).samples;
    let std = process.prior_std();
    let exact: Vec<f64> = at(mixture, process.horizon()).iter().map(|x| x / std).collect();
    [distance(&values(&noise), &exact), distance(&decode(sampler, mixture, noise), &data)]
}

fn encoders() -> impl Iterator<Item = Method> {
    Method::all().filter(|method| method.info().encodes != Encodes::No)
}

/// Twice the steps make the errors smaller by two to the order. A method with memory begins with a step of first order where the data are,
/// which leaves it with second order.
#[test]
fn encoding_has_the_order_of_the_solver_and_so_has_the_way_back() {
    device();
    let mut wrong = Vec::new();
    let vp = process(json!({ "kind": "vp", "min_time": 0.05 }));
    let path = process(json!({ "kind": "linear_path", "min_time": 0.05 }));
    for (process, grid) in [(vp, TimeGrid::LogSnr), (path, TimeGrid::Karras { rho: 3.0 })] {
        let name = process.name();
        let pure = process.reaches_pure_noise();
        let mixture = ProductMixture::two_bumps(process);
        for method in encoders().filter(|&method| method != Method::DORMAND_PRINCE) {
            let info = method.info();
            let mut order = info.order.unwrap();
            if info.has_memory || pure && info.encodes == Encodes::ToNoise {
                order = order.min(2.0);
            }
            let first = if order >= 3.0 { 40 } else { 160 };
            let measured = [first, 2 * first].map(|steps| errors(&sampler(method, steps, grid.clone()), &mixture));
            let found = [0, 1].map(|k| (measured[0][k] / measured[1][k]).log2());
            println!("{name:<12} {:<22} {order}: {found:.2?} {:.8?}", info.name, measured[1]);
            // The way back may be of a higher order, where the errors of both ways cancel. Where that of a solver and that of its closed
            // step have opposite signs, the order shows late.
            if !(found[0] > order - 0.3 && found[1] > order - 0.3) {
                wrong.push(format!("{name} {}: {found:.2?} instead of {order}", info.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// For data from N(m, s²) the noise is `(α_T m + (x₀ − m) √(α_T² s² + σ_T²)/s)/σ`, and the way back leads to the data: with the last step to
/// the data themselves on both ways, up to the square of the smallest noise level.
#[test]
fn a_gaussian_is_scaled_and_comes_back() {
    device();
    for kind in ["vp", "ve", "sub_vp", "edm", "linear_path", "trigonometric_path"] {
        let process = process(json!({ "kind": kind }));
        let mixture = ProductMixture::gaussian(process.clone());
        let (m, s, t) = (0.4, 0.6, process.horizon());
        let data = [-1.0, -0.2, 0.1, 0.4, 0.9, 2.0];
        let width = (process.mean_scale(t) * s).hypot(process.std(t));
        let exact: Vec<f64> =
            data.iter().map(|x| (process.mean_scale(t) * m + (x - m) * width / s) / process.prior_std()).collect();
        let level = process.std(process.min_time()) / process.mean_scale(process.min_time());
        let tolerance = ToleranceConfig { absolute: 1e-6, relative: 1e-6 };
        let fine = SamplerConfig { tolerance: Some(tolerance), ..SamplerConfig::new(Method::DORMAND_PRINCE) };
        let rk4 = SamplerConfig { steps: Some(100), ..SamplerConfig::new(Method::RUNGE_KUTTA_4) };
        for sampler in [fine, rk4] {
            let encoded = encode(&sampler, &mixture, &data);
            // One call for the first step, from the data.
            assert!(encoded.score_calls > 1);
            let noise = values(&encoded.samples);
            let back = decode(&sampler, &mixture, encoded.samples);
            let (there, home) = (distance(&noise, &exact), distance(&back, &data));
            println!("{kind:<18} {:<15} {there:.1e} {home:.1e}, level² {:.1e}", sampler.kind.name(), level * level);
            let bound = 1e-5 + 3.0 * (level / s).powi(2);
            assert!(there < bound && home < bound, "{kind} {}: {there} {home}", sampler.kind.name());
        }
    }
}

#[test]
fn what_draws_noise_or_goes_one_way_cannot_encode() {
    let process: Arc<dyn Process> = process(json!({ "kind": "vp" }));
    let refusal = |sampler: &SamplerConfig| sampler.validate_encoding(&*process).unwrap_err().to_string();
    for method in Method::scalar().filter(|method| method.info().encodes == Encodes::No) {
        let message = refusal(&SamplerConfig::new(method));
        assert!(message.contains(method.name()) && message.contains("probability_flow"), "{message}");
    }
    let noisy = SamplerConfig { eta: Some(0.5), ..SamplerConfig::new(Method::DDIM) };
    assert!(refusal(&noisy).contains("draws noise"));
    assert!(refusal(&SamplerConfig::new(Method::EXPONENTIAL_EULER)).contains("draws noise"));
    let churned = ChurnConfig { amount: 5.0, ..ChurnConfig::default() };
    assert!(refusal(&SamplerConfig { churn: Some(churned), ..SamplerConfig::new(Method::EDM_HEUN) }).contains("noise"));
    assert_eq!(encoders().count(), 16);
    let langevin = crate::problems::process(json!({ "kind": "critically_damped_langevin" }));
    let message = SamplerConfig::new(Method::PHASE_FLOW).validate_encoding(&*langevin).unwrap_err().to_string();
    assert!(message.contains("velocities"), "{message}");
}
