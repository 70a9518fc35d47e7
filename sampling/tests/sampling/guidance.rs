//! Guidance: each formula against an independent evaluation in double precision, on laws whose scores are known.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problems::{ProductMixture, device, process, tensor, values};
use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;
use fokker_sampling::{Guidance, GuidanceMethod, Guided, Method, Projection, SamplerConfig};
use serde_json::json;

const X: [f64; 6] = [0.3, -0.8, 1.2, 0.1, 0.5, -0.2];
const T: [f64; 2] = [0.2, 0.6];

fn vp() -> Arc<dyn Process> {
    process(json!({ "kind": "vp", "min_time": 0.001 }))
}

fn straight() -> Arc<dyn Process> {
    process(json!({ "kind": "linear_path" }))
}

/// Two examples of three numbers, at two times.
fn x() -> Tensor<2> {
    tensor(X.to_vec(), [2, 3])
}

fn guided(process: &Arc<dyn Process>, guidance: impl Into<Guidance>) -> Guided<ProductMixture, ProductMixture, 2> {
    Guided::new(ProductMixture::gaussian(process.clone()), ProductMixture::two_bumps(process.clone()), guidance)
}

/// The expected data of score and guide at the numbers of example `k`, one by one.
fn data(process: &Arc<dyn Process>, k: usize, x: &[f64]) -> [Vec<f64>; 2] {
    [ProductMixture::gaussian(process.clone()), ProductMixture::two_bumps(process.clone())]
        .map(|law| x.iter().map(|&x| law.denoised_of(T[k], x)).collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn assert_near(got: &[f64], expected: &[f64]) {
    // Coefficients are rounded a few dozen times; 1/α is at most 12 here.
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-11 * (1.0 + expected.abs()), "{got} {expected}");
    }
}

/// The data that a guided score predicts, and those that belong to the noise that it predicts, have to be the same.
fn assert_predicts(process: &Arc<dyn Process>, guidance: Guidance, expected: &[f64]) {
    assert_near(&values(&guided(process, guidance).denoised(x(), &T)), expected);
    let noise = values(&guided(process, guidance).noise(x(), &T));
    let data: Vec<f64> =
        (0..6).map(|k| (X[k] - process.std(T[k / 3]) * noise[k]) / process.mean_scale(T[k / 3])).collect();
    assert_near(&data, expected);
}

#[test]
fn linear_guidance_is_linear_and_of_weight_one_the_plain_score() {
    device();
    for process in [vp(), straight()] {
        for weight in [0.0, 1.0, 3.5, -1.0] {
            let expected: Vec<f64> = (0..2)
                .flat_map(|k| {
                    let [score, guide] = data(&process, k, &X[3 * k..][..3]);
                    (0..3).map(move |i| guide[i] + weight * (score[i] - guide[i]))
                })
                .collect();
            assert_predicts(&process, weight.into(), &expected);
        }
        let plain = ProductMixture::gaussian(process.clone());
        assert_eq!(values(&guided(&process, 1.0).noise(x(), &T)), values(&plain.noise(x(), &T)));
    }
}

#[test]
fn guidance_is_confined_to_its_interval_and_rescaled_to_the_deviation() {
    device();
    let process = vp();
    let ratio = |t: f64| process.std(t) / process.mean_scale(t);
    let noise = |guidance: Guidance| values(&guided(&process, guidance).noise(x(), &T));
    let (plain, full) = (noise(1.0.into()), noise(3.0.into()));
    let apg = GuidanceMethod::Apg(Projection { eta: 0.3, radius: Some(0.1), momentum: 0.0 });
    for method in [Guidance::default().method, apg, GuidanceMethod::CfgZeroStar { zero_init: 0 }] {
        let full = noise(Guidance::from(3.0).by(method));
        let got = noise(Guidance::from(3.0).by(method).within(ratio(0.5), ratio(0.7)));
        // The first example lies outside of the interval, the second inside.
        assert_near(&got[..3], &plain[..3]);
        assert_near(&got[3..], &full[3..]);
    }
    let deviation = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / 3.0;
        (v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0).sqrt()
    };
    let rescaled = noise(Guidance::from(3.0).by(GuidanceMethod::Linear { rescale: 1.0 }));
    for k in [0, 3] {
        assert!((deviation(&rescaled[k..k + 3]) / deviation(&plain[k..k + 3]) - 1.0).abs() < 1e-9);
        assert!(rescaled[k..k + 3].iter().zip(&full[k..]).all(|(a, b)| a * b > 0.0));
    }
    let half = noise(Guidance::from(3.0).by(GuidanceMethod::Linear { rescale: 0.5 }));
    assert!((0..6).all(|k| (half[k] - 0.5 * (rescaled[k] + full[k])).abs() < 1e-9));
}

#[test]
fn projected_guidance_without_its_three_changes_is_linear() {
    device();
    let nothing = GuidanceMethod::Apg(Projection { eta: 1.0, radius: None, momentum: 0.0 });
    for process in [vp(), straight()] {
        let linear = values(&guided(&process, 4.0).denoised(x(), &T));
        assert_predicts(&process, Guidance::from(4.0).by(nothing), &linear);
    }
}

/// Three calls in a row, so that the momentum has something to remember; the radius cuts the first example alone.
#[test]
fn projected_guidance_is_its_formula() {
    device();
    let (weight, eta, radius, momentum) = (4.0, 0.25, 0.2, -0.6);
    let method = GuidanceMethod::Apg(Projection { eta, radius: Some(radius), momentum });
    for process in [vp(), straight()] {
        let guided = guided(&process, Guidance::from(weight).by(method));
        let mut former = [0.0; 6];
        let mut norms = Vec::new();
        for shift in [0.0, 0.4, -0.3] {
            let x = X.map(|x| x + shift);
            let got = values(&guided.denoised(tensor(x.to_vec(), [2, 3]), &T));
            for k in 0..2 {
                let [score, guide] = data(&process, k, &x[3 * k..][..3]);
                let sum: Vec<f64> = (0..3).map(|i| score[i] - guide[i] + momentum * former[3 * k + i]).collect();
                former[3 * k..][..3].copy_from_slice(&sum);
                let norm = dot(&sum, &sum).sqrt();
                norms.push(norm);
                let difference: Vec<f64> = sum.iter().map(|d| d * (radius / norm).min(1.0)).collect();
                let along = dot(&difference, &score) / dot(&score, &score);
                let expected: Vec<f64> = (0..3)
                    .map(|i| {
                        let parallel = along * score[i];
                        score[i] + (weight - 1.0) * (difference[i] - parallel + eta * parallel)
                    })
                    .collect();
                assert_near(&got[3 * k..][..3], &expected);
            }
        }
        assert!(norms.iter().any(|&norm| norm > radius) && norms.iter().any(|&norm| norm < radius), "{norms:?}");
    }
}

/// The velocity `α′ x₀ + σ′ ε` of predicted data.
fn velocity(process: &dyn Process, k: usize, x: &[f64], data: &[f64]) -> Vec<f64> {
    let t = T[k];
    let noise = |x: f64, data: f64| (x - process.mean_scale(t) * data) / process.std(t);
    let of = |(&x, &data): (&f64, &f64)| {
        process.mean_scale_derivative(t) * data + process.std_derivative(t) * noise(x, data)
    };
    x.iter().zip(data).map(of).collect()
}

#[test]
fn cfg_zero_star_is_its_formula_and_its_scale_is_the_best() {
    device();
    let weight = 3.0;
    for process in [vp(), straight()] {
        let zero_star = Guidance::from(weight).by(GuidanceMethod::CfgZeroStar { zero_init: 0 });
        let got = values(&guided(&process, zero_star).denoised(x(), &T));
        // The two forms of the prediction belong together.
        assert_predicts(&process, zero_star, &got);
        for k in 0..2 {
            let own = &X[3 * k..][..3];
            let [score, guide] = data(&process, k, own).map(|data| velocity(&*process, k, own, &data));
            let got = velocity(&*process, k, own, &got[3 * k..][..3]);
            let scale = dot(&score, &guide) / dot(&guide, &guide);
            let expected: Vec<f64> = (0..3).map(|i| weight * score[i] + (1.0 - weight) * scale * guide[i]).collect();
            assert_near(&got, &expected);
            // The guide's part of what was got is the projection: no other scale brings the guide nearer.
            let part: Vec<f64> = (0..3).map(|i| (got[i] - weight * score[i]) / (1.0 - weight)).collect();
            let error = |factor: f64| -> f64 { (0..3).map(|i| (score[i] - factor * part[i]).powi(2)).sum() };
            assert!(error(1.0) < error(1.01) && error(1.0) < error(0.99));
        }
    }
}

/// On a straight path a velocity of 0 leaves the state where it is, in the first steps and no longer.
#[test]
fn the_first_steps_of_cfg_zero_star_stay() {
    device();
    let process = straight();
    let sampler = SamplerConfig { steps: Some(8), ..SamplerConfig::new(Method::DDIM) };
    let guidance = Guidance::from(2.0).by(GuidanceMethod::CfgZeroStar { zero_init: 3 });
    guidance.validate(&sampler, &*process).unwrap();
    let score = guided(&process, guidance).along(&sampler.times(&*process));
    let mut states = Vec::new();
    let mut observe = |_: usize, x: &Tensor<2>| {
        states.push(values(x));
        ControlFlow::Continue(())
    };
    sampler.sample(&score, [4, 3], 0, 0, &device(), &mut observe).unwrap();
    for stayed in &states[1..=3] {
        assert_near(stayed, &states[0]);
    }
    assert!(states[4].iter().zip(&states[3]).all(|(a, b)| (a - b).abs() > 1e-6));
}

/// The momentum is each sample's own, and begins anew with each batch.
#[test]
fn a_guided_sample_does_not_depend_on_the_batch_it_is_drawn_in() {
    device();
    let method = GuidanceMethod::Apg(Projection { eta: 0.0, radius: Some(1.0), momentum: -0.5 });
    for method_of_walk in [Method::DPM_SOLVER_PP_2M, Method::PROBABILITY_FLOW, Method::ANCESTRAL] {
        let sampler = SamplerConfig { steps: Some(10), ..SamplerConfig::new(method_of_walk) };
        let draw = |first: u64, count: usize| {
            let score = guided(&vp(), Guidance::from(3.0).by(method));
            let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
            values(&sampler.sample(&score, [count, 3], 1, first, &device(), &mut observe).unwrap())
        };
        let together = draw(5, 4);
        let apart: Vec<f64> = [draw(5, 1), draw(6, 3)].concat();
        assert_eq!(together, apart, "{method_of_walk:?}");
    }
}

#[test]
fn what_has_no_meaning_is_refused_by_name() {
    let (vp, straight) = (vp(), straight());
    let langevin = process(json!({ "kind": "critically_damped_langevin" }));
    let flow = SamplerConfig { steps: Some(10), ..SamplerConfig::new(Method::PROBABILITY_FLOW) };
    let apg = |change: fn(&mut Projection)| {
        let mut projection = Projection::default();
        change(&mut projection);
        Guidance::from(2.0).by(GuidanceMethod::Apg(projection))
    };
    let stay = |zero_init| Guidance::from(2.0).by(GuidanceMethod::CfgZeroStar { zero_init });
    let remember = apg(|projection| projection.momentum = -0.5);
    let cases: [(Guidance, &SamplerConfig, &Arc<dyn Process>, &str); 10] = [
        (f64::NAN.into(), &flow, &vp, "guidance: NaN"),
        (Guidance::from(2.0).within(3.0, 1.0), &flow, &vp, "guidance interval"),
        (Guidance::from(2.0).by(GuidanceMethod::Linear { rescale: 1.5 }), &flow, &vp, "guidance rescale: 1.5"),
        (apg(|projection| projection.momentum = -1.0), &flow, &vp, "guidance momentum"),
        (apg(|projection| projection.radius = Some(0.0)), &flow, &vp, "guidance radius"),
        (remember, &SamplerConfig::new(Method::DORMAND_PRINCE), &vp, "guidance momentum: dormand_prince"),
        (stay(10), &flow, &straight, "guidance zero-init: 10 of 10"),
        (stay(1), &SamplerConfig::new(Method::REVERSE_SDE), &straight, "guidance zero-init: reverse_sde"),
        (stay(0), &SamplerConfig::new(Method::SSCS), &langevin, "guidance method"),
        (remember, &SamplerConfig::new(Method::SSCS), &langevin, "guidance method"),
    ];
    for (guidance, sampler, process, expected) in cases {
        let message = guidance.validate(sampler, &**process).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
    stay(1).validate(&flow, &*straight).unwrap();
    remember.validate(&flow, &*vp).unwrap();
}
