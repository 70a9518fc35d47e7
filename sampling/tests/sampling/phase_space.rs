//! Samplers of positions and velocities against closed forms.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::matrix::{CriticallyDamped, MatrixProcess};
use fokker_process::{Covariance, CriticallyDampedLangevin, GaussianMixture, Process};
use fokker_sampling::{
    BackwardNoise, Brownian, Method, PhaseReverse, Sampler, SamplerConfig, Step, SymmetricSplitting, positions,
};
use serde_json::json;

use crate::problems::{device, process, tensor, values};

/// The law of positions in the plane, with velocities, at every time; its last score is kept, as a batch has one time.
struct Truth {
    data: GaussianMixture,
    dynamics: CriticallyDamped,
    process: Arc<dyn Process>,
    last: Mutex<Option<(f64, Arc<GaussianMixture>)>>,
}

impl Truth {
    fn new(weights: Vec<f64>, means: Vec<[f64; 2]>, variances: [f64; 2]) -> Self {
        let process = process(json!({ "kind": "critically_damped_langevin" }));
        let phase = process.phase_space().unwrap();
        let start = phase.first_velocity_variance();
        let covariance = Covariance::Diagonal(vec![variances[0], variances[1], start, start]);
        let means: Vec<Vec<f64>> = means.iter().map(|[x, y]| vec![*x, *y, 0.0, 0.0]).collect();
        let data = GaussianMixture::new(weights.clone(), means, vec![covariance; weights.len()]).unwrap();
        let dynamics = CriticallyDamped::new(2, phase.dynamics().beta(), phase.dynamics().mass()).unwrap();
        Self { data, dynamics, process, last: Mutex::new(None) }
    }

    fn two_bumps() -> Self {
        Self::new(vec![0.3, 0.7], vec![[-1.0, 0.5], [0.9, -0.4]], [0.16, 0.09])
    }

    fn phase(&self) -> &CriticallyDampedLangevin {
        self.process.phase_space().unwrap()
    }

    fn at(&self, t: f64) -> Arc<GaussianMixture> {
        let mut last = self.last.lock().unwrap();
        if let Some((time, law)) = &*last
            && *time == t
        {
            return law.clone();
        }
        let law = Arc::new(self.data.carried(&self.dynamics.transition(0.0, t)));
        *last = Some((t, law.clone()));
        law
    }
}

impl Score<2> for Truth {
    fn process(&self) -> &dyn Process {
        &*self.process
    }

    /// E[ε | x, v] = −lᵀ ∇ln p.
    fn noise(&self, z: Tensor<2>, t: &[f64]) -> Tensor<2> {
        let shape = z.dims();
        let mut noise = Vec::with_capacity(shape[0] * 4);
        for (z, &t) in values(&z).chunks(4).zip(t) {
            let [xx, vx, vv] = self.phase().kernel(t).factor;
            let score = self.at(t).data_score(z);
            noise.extend((0..2).map(|i| -xx * score[i] - vx * score[i + 2]));
            noise.extend((2..4).map(|i| -vv * score[i]));
        }
        tensor(noise, shape)
    }
}

fn draw(sampler: &SamplerConfig, truth: &Truth, count: usize) -> Vec<f64> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    let drawn = sampler.draw::<2>(truth, [count, 4], 3, 0, &device(), &mut observe).unwrap();
    assert_eq!(Some(drawn.score_calls), sampler.score_calls(&*truth.process), "{:?}", sampler.kind);
    values(&positions(&*truth.process, drawn.samples))
}

#[test]
fn every_sampler_draws_the_mixture() {
    device();
    let (truth, count) = (Truth::two_bumps(), 3000);
    let with = |kind, steps, noise: Option<f64>| SamplerConfig {
        steps: Some(steps),
        backward_noise: noise.map(BackwardNoise::Constant),
        ..SamplerConfig::new(kind)
    };
    let samplers = [
        with(Method::SSCS, 60, None),
        with(Method::PHASE_FLOW, 40, None),
        with(Method::PHASE_REVERSE, 150, None),
        with(Method::PHASE_REVERSE, 150, Some(0.5)),
    ];
    for sampler in samplers {
        let points = draw(&sampler, &truth, count);
        // The components are nearly four deviations apart: which one a point is of shows in its first number.
        let left: Vec<&[f64]> = points.chunks(2).filter(|point| point[0] < -0.05).collect();
        let n = count as f64;
        let share = left.len() as f64 / n;
        // 0.3 and 0.7 are 0.9 % and 0.1 % on the other side; four standard errors, and as much for the step.
        let expected = 0.3 * 0.99123 + 0.7 * 0.00077;
        assert!((share - expected).abs() < 8.0 * (0.21 / n).sqrt(), "{sampler:?}: {share}");
        let (mean, covariance) = (truth.data.mean(), truth.data.covariance());
        for i in 0..2 {
            let found = points.chunks(2).map(|point| point[i]).sum::<f64>() / n;
            let error = (covariance[i][i] / n).sqrt();
            assert!((found - mean[i]).abs() < 8.0 * error, "{sampler:?}: mean {found} and {}", mean[i]);
            let of_left = left.iter().map(|point| point[i]).sum::<f64>() / left.len() as f64;
            let spread = left.iter().map(|point| (point[i] - of_left).powi(2)).sum::<f64>() / left.len() as f64;
            let exact = [0.16, 0.09][i];
            // The variance within a component: a standard error of 4.7 %, and the step's share of it.
            assert!((spread / exact - 1.0).abs() < 0.25, "{sampler:?}: variance {spread} and {exact}");
        }
    }
}

/// Draws that are 0 but for one number of one row: row 2 + k has a 1 for the k-th number drawn in a step.
#[derive(Default)]
struct OneByOne {
    drawn: usize,
}

impl Brownian<2> for OneByOne {
    fn increment(&mut self, t0: f64, t1: f64, like: &Tensor<2>) -> Tensor<2> {
        let [rows, numbers] = like.dims();
        let mut array = vec![0.0; rows * numbers];
        for number in 0..numbers {
            let row = 2 + self.drawn + number;
            array[row * numbers + number] = (t1 - t0).abs().sqrt();
        }
        self.drawn += numbers;
        tensor(array, [rows, numbers])
    }

    fn increment_and_integral(&mut self, _: f64, _: f64, _: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        unreachable!("these samplers need no integrals")
    }

    fn normal(&mut self, _: &Tensor<2>) -> Tensor<2> {
        unreachable!("these samplers follow paths")
    }
}

/// One coordinate with its velocity, normal.
struct Normal(Arc<dyn Process>);

const VARIANCE: f64 = 0.3;

impl Normal {
    fn covariance(&self, t: f64) -> [f64; 3] {
        let phase = self.0.phase_space().unwrap();
        let start = GaussianMixture::new(
            vec![1.0],
            vec![vec![0.0; 2]],
            vec![Covariance::Diagonal(vec![VARIANCE, phase.first_velocity_variance()])],
        );
        let covariance = start.unwrap().carried(&phase.dynamics().pair(t)).covariance();
        [covariance[0][0], covariance[0][1], covariance[1][1]]
    }
}

impl Score<2> for Normal {
    fn process(&self) -> &dyn Process {
        &*self.0
    }

    fn noise(&self, z: Tensor<2>, t: &[f64]) -> Tensor<2> {
        let [xx, xv, vv] = self.covariance(t[0]);
        let [l_xx, l_vx, l_vv] = self.0.phase_space().unwrap().kernel(t[0]).factor;
        let determinant = xx * vv - xv * xv;
        let states = values(&z);
        let noise = states.chunks(2).flat_map(|z| {
            let score = [(xv * z[1] - vv * z[0]) / determinant, (xv * z[0] - xx * z[1]) / determinant];
            [-l_xx * score[0] - l_vx * score[1], -l_vv * score[1]]
        });
        tensor(noise.collect(), z.dims())
    }
}

/// The error of the variance of positions at time 0.2, without random numbers: every step is linear, so it is known by what it
/// does to two states and to each of its draws.
fn weak_error(sampler: &mut dyn Sampler<2>, score: &Normal, steps: usize) -> f64 {
    let (rows, times) = (6, (0..=steps).map(|k| 1.0 - 0.8 * k as f64 / steps as f64).collect::<Vec<f64>>());
    let [mut xx, mut xv, mut vv] = score.covariance(1.0);
    for index in 0..steps {
        let mut unit = vec![0.0; 2 * rows];
        (unit[0], unit[3]) = (1.0, 1.0);
        let mut noise = OneByOne::default();
        let step = Step { times: &times, index, total: steps };
        let next = values(&sampler.step(score, tensor(unit, [rows, 2]), &step, &mut noise));
        let ([a, b], [c, d]) = ([next[0], next[2]], [next[1], next[3]]);
        let kicks = next[4..4 + 2 * noise.drawn].chunks(2);
        let (mut next_xx, mut next_xv, mut next_vv) = (
            a * a * xx + 2.0 * a * b * xv + b * b * vv,
            a * c * xx + (a * d + b * c) * xv + b * d * vv,
            c * c * xx + 2.0 * c * d * xv + d * d * vv,
        );
        for kick in kicks {
            next_xx += kick[0] * kick[0];
            next_xv += kick[0] * kick[1];
            next_vv += kick[1] * kick[1];
        }
        (xx, xv, vv) = (next_xx, next_xv, next_vv);
    }
    (xx - score.covariance(0.2)[0]).abs()
}

#[test]
fn the_samplers_have_their_orders() {
    device();
    let score = Normal(process(json!({ "kind": "critically_damped_langevin" })));
    let order = |sampler: &mut dyn Sampler<2>, steps: [usize; 2]| {
        let errors = steps.map(|steps| weak_error(sampler, &score, steps));
        (errors[0] / errors[1]).log2()
    };
    for (method, sampler) in [
        (Method::PHASE_REVERSE, &mut PhaseReverse { backward_noise: 1.0.into() } as &mut dyn Sampler<2>),
        (Method::SSCS, &mut SymmetricSplitting),
        (Method::PHASE_FLOW, &mut fokker_sampling::PhaseFlow { solver: fokker_sampling::HEUN }),
    ] {
        // With fewer steps two errors of Heun's method nearly cancel.
        let steps = if method == Method::PHASE_FLOW { [800, 1600] } else { [200, 400] };
        let (found, declared) = (order(sampler, steps), method.info().order.unwrap());
        assert!((found - declared).abs() < 0.15, "{method:?}: order {found}, declared {declared}");
    }
}

#[test]
fn samplers_and_processes_that_do_not_go_together_are_refused() {
    let (langevin, vp) = (process(json!({ "kind": "critically_damped_langevin" })), process(json!({ "kind": "vp" })));
    let refused = |sampler: SamplerConfig, process: &dyn Process| sampler.validate(process).unwrap_err().to_string();
    for method in Method::scalar() {
        let message = refused(SamplerConfig::new(method), &*langevin);
        assert!(message.starts_with("sampler."), "{method:?}: {message}");
    }
    let message = refused(SamplerConfig::new(Method::PROBABILITY_FLOW), &*langevin);
    assert!(message.contains("use sscs, phase_reverse or phase_flow"), "{message}");
    for method in [Method::SSCS, Method::PHASE_FLOW, Method::PHASE_REVERSE] {
        let message = refused(SamplerConfig::new(method), &*vp);
        assert!(message.contains("vp has no velocities"), "{message}");
        assert!(SamplerConfig::new(method).validate(&*langevin).is_ok());
    }
    let threshold: SamplerConfig =
        serde_json::from_value(json!({ "kind": "sscs", "threshold": { "kind": "clip" } })).unwrap();
    assert!(refused(threshold, &*langevin).contains("no predicted data"));
}
