//! Samplers against diffusers' schedulers and NumPy statements of published algorithms, after every step
//! (reference/sampler_traces.py, reference/published_samplers.py).

use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::problems::{ProductMixture, device, process, tensor, values};
use burn::tensor::Tensor;
use fokker_sampling::{Brownian, SamplerConfig};

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    sampler: SamplerConfig,
    process: serde_json::Value,
    start: Vec<f64>,
    draws: Vec<Vec<f64>>,
    states: Vec<Vec<f64>>,
}

const SHAPE: [usize; 2] = [4, 3];

/// The draws of the reference, in the order they are asked for.
struct Recorded(VecDeque<Vec<f64>>);

impl Brownian<2> for Recorded {
    fn increment(&mut self, t0: f64, t1: f64, like: &Tensor<2>) -> Tensor<2> {
        self.normal(like).mul_scalar((t1 - t0).abs().sqrt())
    }

    fn increment_and_integral(&mut self, _: f64, _: f64, _: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        panic!("no reference asks for it")
    }

    fn normal(&mut self, like: &Tensor<2>) -> Tensor<2> {
        tensor(self.0.pop_front().expect("a draw more than the reference"), like.dims())
    }
}

#[test]
fn states_agree_with_the_reference_after_every_step() {
    device();
    let read = |name: &str| -> Vec<Case> {
        let path = format!("{}/../reference/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let cases = [read("samplers"), read("published_samplers")];
    assert_eq!(cases.each_ref().map(Vec::len), [24, 6]);
    let mut wrong = Vec::new();
    for case in cases.into_iter().flatten() {
        let mixture = ProductMixture::two_bumps(process(case.process));
        case.sampler.validate(&*mixture.process).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let mut states: Vec<Vec<f64>> = Vec::new();
        let mut observe = |step: usize, x: &Tensor<2>| {
            if step > 0 {
                states.push(values(x));
            }
            ControlFlow::Continue(())
        };
        let mut recorded = Recorded(case.draws.into());
        let drawn = case.sampler.walk(&mixture, tensor(case.start, SHAPE), &mut recorded, &mut observe).unwrap();
        if case.sampler.denoise {
            states.push(values(&drawn.samples));
        }
        assert!(recorded.0.is_empty(), "{}: {} draws are left", case.name, recorded.0.len());
        assert_eq!(states.len(), case.states.len(), "{}", case.name);
        let mut largest = (0.0, 0);
        for (step, (got, expected)) in states.iter().zip(&case.states).enumerate() {
            let size = expected.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
            let error = got.iter().zip(expected).fold(0.0, |error: f64, (a, b)| error.max((a - b).abs())) / size;
            if error.is_nan() || error > largest.0 {
                largest = (error, step + 1);
            }
        }
        println!("{:<45} {:.1e} at step {} of {}", case.name, largest.0, largest.1, states.len());
        if largest.0.is_nan() || largest.0 > 1e-5 {
            wrong.push(format!("{}: {:.1e} at step {}", case.name, largest.0, largest.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
