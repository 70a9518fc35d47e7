//! Inverse problems, against closed forms.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problems::{ProductMixture, device, process, tensor, values};
use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;
use fokker_sampling::inverse::{LinearOperator, Mask, PosteriorGradient, Replacement};
use fokker_sampling::{Equation, Method, SamplerConfig};
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
