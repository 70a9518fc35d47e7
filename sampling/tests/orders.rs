//! The order of the deterministic solvers, in double precision. A binary of its own: a device's precision is set once
//! for a whole process.

use std::ops::ControlFlow;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use fokker_model::MixtureScore;
use fokker_process::{GaussianMixture, Process, ProcessConfig};
use fokker_sampling::{Method, SamplerConfig, TimeGrid};

fn process(kind: &str) -> Arc<dyn Process> {
    let config: ProcessConfig = serde_json::from_value(serde_json::json!({ "kind": kind })).unwrap();
    config.build().unwrap().into()
}

fn mixture() -> GaussianMixture {
    GaussianMixture::isotropic(vec![0.3, 0.7], vec![vec![-1.0, 0.5], vec![0.8, -0.3]], vec![0.04, 0.09]).unwrap()
}

fn draw(sampler: &SamplerConfig, score: &MixtureScore, count: usize, first: u64, device: &Device) -> Vec<[f64; 2]> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    let drawn = sampler.sample::<2>(score, [count, 2], 3, first, device, &mut observe).unwrap();
    let data = drawn.into_data_as::<f64>();
    data.as_slice::<f64>().unwrap().chunks(2).map(|point| [point[0], point[1]]).collect()
}

#[test]
fn heun_is_of_second_order_and_euler_maruyama_of_first() {
    // One point under the flow: the error against a very fine solution falls with the order.
    let score = MixtureScore::new(mixture(), process("vp"));
    let solve = |method: Method, backward_noise, steps| {
        let mut sampler = SamplerConfig::new(method);
        (sampler.steps, sampler.denoise, sampler.backward_noise) = (Some(steps), false, backward_noise);
        sampler.grid = Some(TimeGrid::LogSnr);
        draw_f64(&sampler, &score)
    };
    let exact = solve(Method::ProbabilityFlow, None, 6400);
    let order = |method, backward_noise| {
        let error = |steps| {
            let got = solve(method, backward_noise, steps);
            got.iter().zip(&exact).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).sum::<f64>()
        };
        (error(100) / error(400)).log2() / 2.0
    };
    let (heun, euler) = (order(Method::ProbabilityFlow, None), order(Method::ReverseSde, Some(0.0)));
    assert!((heun - 2.0).abs() < 0.2, "Heun: {heun}");
    assert!((euler - 1.0).abs() < 0.2, "Euler: {euler}");
}

/// In double precision, so that rounding does not hide the order.
fn draw_f64(sampler: &SamplerConfig, score: &MixtureScore) -> Vec<[f64; 2]> {
    let mut device = Device::flex();
    // Every solution after the first finds the precision set already.
    let _ = device.configure((burn::tensor::FloatDType::F64, burn::tensor::IntDType::I64));
    assert_eq!(Tensor::<1>::zeros([1], &device).dtype(), burn::tensor::DType::F64);
    draw(sampler, score, 32, 0, &device)
}
