//! Guidance and inverse problems, against closed forms.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problems::{ProductMixture, device, process, tensor, values};
use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;
use fokker_sampling::inverse::{LinearOperator, Mask, PosteriorGradient, Replacement};
use fokker_sampling::{ClassifierFree, Equation, Method, SamplerConfig};
use serde_json::json;

fn vp() -> Arc<dyn Process> {
    process(json!({ "kind": "vp", "min_time": 0.001 }))
}

fn sample(method: Method, score: &dyn Score<2>, shape: [usize; 2]) -> Vec<f64> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    let sampler = SamplerConfig { steps: Some(60), ..SamplerConfig::new(method) };
    values(&sampler.sample(score, shape, 2, 0, &device(), &mut observe).unwrap())
}

/// Of a Gaussian N(0.4, 0.6²) with σ_y = 0.3, the measured coordinate has the posterior of two Gaussians multiplied,
/// the other one the prior.
#[test]
fn posterior_gradients_give_the_posterior_of_a_gaussian() {
    device();
    let gaussian = ProductMixture::gaussian(vp());
    let mask = tensor(vec![1.0, 0.0], [1, 2]);
    let posterior = PosteriorGradient {
        score: gaussian,
        operator: Mask { mask },
        measured: tensor(vec![1.5, 0.0], [1, 2]),
        noise_std: 0.3,
        data_std: 0.6,
    };
    let precision: f64 = 1.0 / 0.36 + 1.0 / 0.09;
    let expected = [((0.4 / 0.36 + 1.5 / 0.09) / precision, precision.powf(-0.5)), (0.4, 0.6)];
    for method in [Method::DPM_SOLVER_PP_2M, Method::PROBABILITY_FLOW, Method::SRA] {
        let points = sample(method, &posterior, [4000, 2]);
        for (coordinate, (mean, std)) in expected.into_iter().enumerate() {
            let column: Vec<f64> = points.iter().skip(coordinate).step_by(2).copied().collect();
            let n = column.len() as f64;
            let got = column.iter().sum::<f64>() / n;
            let spread = (column.iter().map(|x| (x - got).powi(2)).sum::<f64>() / n).sqrt();
            // Four standard errors, and two percent for 60 steps.
            assert!((got - mean).abs() < (4.0 / n.sqrt() + 0.02) * std, "{method:?} {got} {mean}");
            assert!((spread / std - 1.0).abs() < 4.0 / (2.0 * n).sqrt() + 0.02, "{method:?} {spread} {std}");
        }
    }
}

#[test]
fn replaced_data_agree_with_the_measurement_under_every_sampler_with_a_final_step() {
    device();
    let mask = Mask { mask: tensor(vec![1.0, 0.0, 1.0], [1, 3]) };
    let measured = mask.apply(tensor(vec![0.7, 9.0, -1.2], [1, 3]));
    let score = Replacement { score: ProductMixture::two_bumps(vp()), operator: mask, measured };
    for method in Method::scalar().filter(|method| method.info().equation != Equation::Langevin) {
        let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
        let mut sampler = SamplerConfig::new(method);
        if method != Method::DORMAND_PRINCE {
            sampler.steps = Some(30);
        }
        let points = values(&sampler.sample(&score, [50, 3], 2, 0, &device(), &mut observe).unwrap());
        for point in points.chunks(3) {
            assert!((point[0] - 0.7).abs() < 1e-9 && (point[2] + 1.2).abs() < 1e-9, "{method:?} {point:?}");
            // The other coordinate is drawn from its own law, which the measurement says nothing about.
            assert!(point[1].abs() < 4.0, "{method:?} {point:?}");
        }
    }
}

#[test]
fn guidance_is_confined_to_its_interval_and_rescaled_to_the_deviation() {
    device();
    let (conditional, unconditional) = (ProductMixture::gaussian(vp()), ProductMixture::two_bumps(vp()));
    let x = tensor(vec![0.3, -0.8, 1.2, 0.1, 0.5, -0.2], [2, 3]);
    let process = vp();
    let ratio = |t: f64| process.std(t) / process.mean_scale(t);
    let times = [0.2, 0.6];
    let guided = ClassifierFree::new(conditional.clone(), unconditional.clone(), 3.0);
    let plain = values(&conditional.noise(x.clone(), &times));
    let full = values(&guided.noise(x.clone(), &times));
    let within = guided.clone().within(ratio(0.5), ratio(0.7));
    let got = values(&within.noise(x.clone(), &times));
    // The first example lies outside of the interval, the second inside.
    assert!(got[..3].iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-12));
    assert!(got[3..].iter().zip(&full[3..]).all(|(a, b)| (a - b).abs() < 1e-12));
    let deviation = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / 3.0;
        (v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0).sqrt()
    };
    let rescaled = values(&guided.clone().rescaled(1.0).noise(x.clone(), &times));
    for k in [0, 3] {
        assert!((deviation(&rescaled[k..k + 3]) / deviation(&plain[k..k + 3]) - 1.0).abs() < 1e-9);
        assert!(rescaled[k..k + 3].iter().zip(&full[k..]).all(|(a, b)| a * b > 0.0));
    }
    let half = values(&guided.rescaled(0.5).noise(x, &times));
    assert!((0..6).all(|k| (half[k] - 0.5 * (rescaled[k] + full[k])).abs() < 1e-9));
}
