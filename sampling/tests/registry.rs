//! What the registry says of each sampler is measured, and a sampler of a program's own is one among the others.

#[path = "sampling/problems/mod.rs"]
mod problems;

use std::ops::ControlFlow;
use std::sync::Arc;

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;
use fokker_sampling::{
    BackwardNoise, Brownian, DataRange, Equation, FlowSampler, HEUN, ImageNoise, Method, MethodInfo, Noise, Numbers,
    Sampler, SamplerConfig, SamplerKind, SamplingError, Schedule, Step, Threshold, TimeGrid, Walk, denoised_at,
    noise_at, register_sampler,
};
use problems::{ProductMixture, device, process, tensor, values};
use serde_json::json;

fn vp() -> Arc<dyn Process> {
    process(json!({ "kind": "vp", "min_time": 0.005 }))
}

/// Draws numbers and counts how often.
struct Counted(ImageNoise, usize);

impl Brownian<2> for Counted {
    fn increment(&mut self, t0: f64, t1: f64, like: &Tensor<2>) -> Tensor<2> {
        self.1 += 1;
        self.0.increment(t0, t1, like)
    }

    fn increment_and_integral(&mut self, t0: f64, t1: f64, like: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        self.1 += 1;
        self.0.increment_and_integral(t0, t1, like)
    }

    fn normal(&mut self, like: &Tensor<2>) -> Tensor<2> {
        self.1 += 1;
        Brownian::normal(&mut self.0, like)
    }
}

fn few_steps(method: Method) -> SamplerConfig {
    let steps = (method.info().schedule != Schedule::Adaptive).then_some(5);
    SamplerConfig { steps, denoise: false, ..SamplerConfig::new(method) }
}

/// The state after all steps, and the number of draws.
fn walk(config: &SamplerConfig, score: &ProductMixture) -> (Vec<f64>, usize) {
    let mut noise = Counted(ImageNoise::new(3, fokker_random::Index::test, 0, 2), 0);
    let x = tensor(vec![0.4, -1.1, 0.8, 0.2], [2, 2]);
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    let drawn = config.walk(score, x, &mut noise, &mut observe).unwrap();
    (values(&drawn.samples), noise.1)
}

#[test]
fn samplers_draw_noise_as_their_rows_say() {
    device();
    let mixture = ProductMixture::two_bumps(vp());
    for method in Method::scalar() {
        let config = few_steps(method);
        let quiet = SamplerConfig { backward_noise: Some(0.0.into()), ..config.clone() };
        let noisy: [serde_json::Value; 2] = [json!({ "eta": 1.0 }), json!({ "churn": { "amount": 3.0 } })];
        match method.info().noise {
            Noise::None => assert_eq!(walk(&config, &mixture).1, 0, "{method:?}"),
            Noise::Always => assert!(walk(&config, &mixture).1 >= 5, "{method:?}"),
            // Quiet one way and noisy another.
            Noise::Optional(_) if method.info().strong_order.is_some() => {
                assert_eq!(walk(&quiet, &mixture).1, 0, "{method:?}");
                assert!(walk(&config, &mixture).1 > 0, "{method:?}");
            }
            Noise::Optional(_) => {
                assert_eq!(walk(&config, &mixture).1, 0, "{method:?}");
                let more = noisy.into_iter().filter_map(|option| with(&config, option).ok());
                assert!(more.map(|config| walk(&config, &mixture).1).max() > Some(0), "{method:?}");
            }
        }
    }
}

/// A configuration with one more option; an error if the method does not take it.
fn with(config: &SamplerConfig, option: serde_json::Value) -> Result<SamplerConfig, SamplingError> {
    let mut all = serde_json::to_value(config).unwrap();
    all.as_object_mut().unwrap().extend(option.as_object().unwrap().clone());
    let config: SamplerConfig = serde_json::from_value(all).unwrap();
    config.validate(&*vp()).map(|()| config)
}

/// A sampler without memory goes the same way if another one takes each step.
#[test]
fn samplers_remember_as_their_rows_say() {
    device();
    let mixture = ProductMixture::two_bumps(vp());
    let process = &*mixture.process;
    for method in Method::scalar().filter(|method| method.info().schedule == Schedule::Grid) {
        let config = few_steps(method);
        let mut noise = Counted(ImageNoise::new(3, fokker_random::Index::test, 0, 2), 0);
        let mut x = tensor(vec![0.4, -1.1, 0.8, 0.2], [2, 2]);
        let times = config.times(process);
        for index in 0..5 {
            let mut fresh = config.build::<2>(process).unwrap();
            x = fresh.step(&mixture, x, &Step { times: &times, index, total: 5 }, &mut noise);
        }
        assert_eq!(values(&x) != walk(&config, &mixture).0, method.info().has_memory, "{method:?}");
        assert!(!method.is_single_step() || !method.info().has_memory && method.info().equation != Equation::Langevin);
    }
}

/// DDIM, written in data and noise, with a share of the noise left out.
struct Mine {
    share: f64,
}

impl<const D: usize> Sampler<D> for Mine {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = step.levels(score.process());
        let data = denoised_at(score, &x, t.time).mul_scalar(s.mean_scale);
        data + noise_at(score, &x, t.time).mul_scalar(s.std * self.share)
    }
}

struct MineKind;

impl SamplerKind for MineKind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(Mine { share: config.parameter("share") })
    }
}

static MINE: MethodInfo = MethodInfo {
    aliases: &["my_own"],
    order: Some(1.0),
    parameters: &[("share", 1.0)],
    ..MethodInfo::new("mine", "A sampler of a test.")
};
register_sampler!(&MINE, &MineKind);

#[test]
fn a_sampler_of_ones_own_is_one_among_the_others() {
    device();
    let mixture = ProductMixture::two_bumps(vp());
    let mine: Method = "my_own".parse().unwrap();
    assert_eq!(mine, Method::of(&MINE));
    assert_eq!(Method::all().filter(|&method| method == mine).count(), 1);
    assert!(Method::all().count() == 31 && "magic".parse::<Method>().unwrap_err().to_string().contains(", mine, "));
    let read = |json: serde_json::Value| serde_json::from_value::<SamplerConfig>(json).unwrap();
    let config = read(json!({ "kind": "mine", "steps": 30 }));
    assert_eq!(config.score_calls(&*mixture.process), Some(31));
    let draw = |config: &SamplerConfig| {
        let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
        let drawn = config.draw(&mixture, [4, 3], 7, 0, &device(), &mut observe).unwrap();
        (values(&drawn.samples), drawn.score_calls)
    };
    let ddim = draw(&SamplerConfig { steps: Some(30), ..SamplerConfig::new(Method::DDIM) }).0;
    let (got, calls) = draw(&config);
    // Two calls where DDIM makes one; the same numbers up to rounding.
    assert_eq!(calls, 61);
    assert!(got.iter().zip(&ddim).all(|(a, b)| (a - b).abs() < 1e-9));
    let half = read(json!({ "kind": "mine", "steps": 30, "parameters": { "share": 0.5 } }));
    assert!(draw(&half).0.iter().zip(&ddim).any(|(a, b)| (a - b).abs() > 1e-2));
    let refused = read(json!({ "kind": "mine", "parameters": { "shares": 0.5 } }));
    let message = refused.validate(&*mixture.process).unwrap_err().to_string();
    assert!(message.contains("'shares'") && message.contains("there are share"), "{message}");
    let refused = read(json!({ "kind": "mine", "eta": 0.5 })).validate(&*mixture.process).unwrap_err().to_string();
    assert!(refused.contains("eta") && refused.contains("ddim"), "{refused}");
    let text = serde_json::to_value(&half).unwrap();
    assert_eq!((text["kind"].as_str(), &text["parameters"]["share"]), (Some("mine"), &json!(0.5)));
}

/// A sampler without a name walks along any grid, with a threshold, and may be broken off.
#[test]
fn a_sampler_without_a_name_walks_as_well() {
    device();
    let mixture = ProductMixture::two_bumps(vp());
    let grid = TimeGrid::Karras { rho: 7.0 };
    let walk = Walk::along::<2>(&grid, 10, &mixture).unwrap();
    let mut heun = FlowSampler { solver: HEUN };
    let mut seen = Vec::new();
    let mut observe = |step: usize, _: &Tensor<2>| {
        seen.push(step);
        ControlFlow::Continue(())
    };
    let drawn = walk.draw(&mut heun, &mixture, [3, 2], Numbers { seed: 4, first: 1 }, &device(), &mut observe).unwrap();
    let by_name = SamplerConfig { steps: Some(10), ..SamplerConfig::new(Method::PROBABILITY_FLOW) };
    let named = by_name.draw(&mixture, [3, 2], 4, 1, &device(), &mut observe).unwrap();
    assert_eq!((values(&drawn.samples), drawn.score_calls), (values(&named.samples), named.score_calls));
    assert_eq!(seen, (0..=10).chain(0..=10).collect::<Vec<_>>());
    let narrow = DataRange::new(-0.1, 0.1);
    let within = walk.clone().within(Threshold::Clip { limit: 1.0 }, narrow);
    let clipped =
        within.draw(&mut heun, &mixture, [3, 2], Numbers::default(), &device(), &mut |_, _| ControlFlow::Continue(()));
    assert!(values(&clipped.unwrap().samples).iter().all(|x| x.abs() <= 0.1 + 1e-12));
    let mut stop =
        |step: usize, _: &Tensor<2>| if step < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let stopped = walk.draw(&mut heun, &mixture, [3, 2], Numbers::default(), &device(), &mut stop);
    assert!(matches!(stopped, Err(SamplingError::Stopped)));
    assert!(Walk::along::<2>(&TimeGrid::Times { values: vec![0.2] }, 1, &mixture).is_err());
}

/// Nothing that a configuration can say ends in a panic, whether it was validated or not.
#[test]
fn settings_without_sense_are_errors() {
    device();
    let mixture = ProductMixture::two_bumps(vp());
    let none = || TimeGrid::Times { values: Vec::new() };
    let grids = [
        none(),
        TimeGrid::NoiseLevels { values: Vec::new() },
        TimeGrid::Times { values: vec![f64::NAN, 0.1] },
        TimeGrid::Karras { rho: f64::NAN },
        TimeGrid::Leading { train_steps: 0, offset: 0, endpoint: true },
        TimeGrid::Trailing { train_steps: 0 },
        TimeGrid::Linspace { train_steps: 0, endpoint: true },
    ];
    let mut configs: Vec<SamplerConfig> =
        grids.into_iter().map(|grid| SamplerConfig { grid: Some(grid), ..SamplerConfig::new(Method::DDIM) }).collect();
    let empty = BackwardNoise::Points(Vec::new());
    configs.push(SamplerConfig { backward_noise: Some(empty), ..SamplerConfig::new(Method::REVERSE_SDE) });
    configs.push(SamplerConfig { steps: Some(0), grid: Some(none()), ..SamplerConfig::new(Method::DDIM) });
    for grid in [TimeGrid::Uniform, TimeGrid::Trailing { train_steps: 10 }] {
        configs.push(SamplerConfig { steps: Some(0), grid: Some(grid), ..SamplerConfig::new(Method::DDIM) });
    }
    let leading = TimeGrid::Leading { train_steps: 10, offset: 0, endpoint: true };
    configs.push(SamplerConfig { steps: Some(0), grid: Some(leading), ..SamplerConfig::new(Method::DDIM) });
    for config in configs {
        let (steps, times) = (config.steps(), config.times(&*mixture.process));
        println!("{steps} {} {:?}", times.len(), config.score_calls(&*mixture.process));
        let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
        let refused = config.sample(&mixture, [2, 2], 0, 0, &device(), &mut observe).unwrap_err().to_string();
        assert!(refused.starts_with("sampler."), "{refused}");
        let mut noise = ImageNoise::new(0, fokker_random::Index::test, 0, 2);
        assert!(config.walk(&mixture, tensor(vec![0.0; 4], [2, 2]), &mut noise, &mut observe).is_err());
    }
}
