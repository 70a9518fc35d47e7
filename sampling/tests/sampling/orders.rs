//! The order of every solver and sampler, measured on problems with exact solutions, in double precision.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::problems::{Impulses, LogVerhulst, ProductMixture, Replay, device, process, tensor, values};
use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;
use fokker_sampling::{
    BackwardNoise, Brownian, ChurnConfig, Equation, EulerMaruyama, Method, PosteriorVariance, SamplerConfig,
    SamplerOption, SdeSolver, SolverType, Sra, StochasticHeun, TimeGrid,
};
use serde_json::json;

/// The slope of the error against the number of steps, least squares in the logarithms.
fn slope(errors: &[(usize, f64)]) -> f64 {
    let points: Vec<(f64, f64)> = errors.iter().map(|&(n, e)| ((n as f64).ln(), e.ln())).collect();
    let n = points.len() as f64;
    let (mx, my) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - mx) * (y - my);
        below += (x - mx) * (x - mx);
    }
    -above / below
}

/// Processes whose noise is so large at first that the data hardly show, and small but smooth in the end.
fn problems() -> Vec<(&'static str, Arc<dyn Process>)> {
    vec![
        ("vp", process(json!({ "kind": "vp", "beta_max": 44.0, "min_time": 0.05 }))),
        ("ve", process(json!({ "kind": "ve", "sigma_min": 0.05, "sigma_max": 50000.0, "min_time": 0.06 }))),
        (
            "rve",
            process(
                json!({ "kind": "rve", "sigma_min": 0.05, "sigma_max": 50000.0, "epsilon": 0.05, "min_time": 0.055 }),
            ),
        ),
    ]
}

fn sampler(method: Method, steps: usize) -> SamplerConfig {
    let mut sampler = SamplerConfig::new(method);
    (sampler.steps, sampler.denoise) = (Some(steps), false);
    if method.takes(SamplerOption::Grid) {
        sampler.grid = Some(TimeGrid::LogSnr);
    }
    if method.takes(SamplerOption::LowerOrderFinal) {
        sampler.lower_order_final = Some(false);
    }
    sampler
}

fn walk(sampler: &SamplerConfig, score: &dyn Score<2>, x: Tensor<2>, noise: &mut dyn Brownian<2>) -> Vec<f64> {
    let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
    values(&sampler.walk(score, x, noise, &mut observe).unwrap().samples)
}

/// Error of the probability flow of a mixture against its quantiles, in one dimension and, with other points in the
/// other coordinate, in two.
fn flow_error(sampler: &SamplerConfig, mixture: &ProductMixture) -> f64 {
    let process = &*mixture.process;
    let (first, last) = (process.horizon(), process.min_time());
    let points = [0.12, 0.3, 0.45, 0.6, 0.77, 0.91];
    let start: Vec<f64> = points.iter().map(|&p| mixture.quantile(first, p)).collect();
    let got = walk(sampler, mixture, tensor(start, [3, 2]), &mut Impulses::default());
    got.iter().zip(points).map(|(x, p)| (x - mixture.quantile(last, p)).abs()).fold(0.0, f64::max)
}

/// Name, declared order, and the sampler of so many steps.
type Case = (String, f64, Box<dyn Fn(usize) -> SamplerConfig>);

#[test]
fn deterministic_samplers_have_their_order() {
    device();
    let mut cases: Vec<Case> = Vec::new();
    for method in Method::scalar() {
        let info = method.info();
        if info.equation == Equation::Ode && method != Method::DORMAND_PRINCE {
            cases.push((info.name.into(), info.order.unwrap(), Box::new(move |steps| sampler(method, steps))));
        }
        if method.takes(SamplerOption::BackwardNoise) {
            let quiet = move |steps| SamplerConfig { backward_noise: Some(0.0.into()), ..sampler(method, steps) };
            cases.push((format!("{} without noise", info.name), info.order.unwrap(), Box::new(quiet)));
        }
    }
    let with = |method, change: fn(&mut SamplerConfig)| {
        Box::new(move |steps| {
            let mut sampler = sampler(method, steps);
            change(&mut sampler);
            sampler
        })
    };
    let unipc = Method::UNIPC;
    cases.push(("unipc of order 1".into(), 2.0, with(unipc, |s| s.order = Some(1))));
    cases.push(("unipc of order 3".into(), 4.0, with(unipc, |s| s.order = Some(3))));
    cases.push(("unipc, bh1".into(), 3.0, with(unipc, |s| s.solver_type = Some(SolverType::Bh1))));
    cases.push((
        "dpm_solver_pp_2m, heun".into(),
        2.0,
        with(Method::DPM_SOLVER_PP_2M, |s| s.solver_type = Some(SolverType::Heun)),
    ));
    cases.push((
        "dpm_solver_pp_3m, published".into(),
        2.0,
        with(Method::DPM_SOLVER_PP_3M, |s| s.solver_type = Some(SolverType::Published)),
    ));
    cases.push(("edm_heun".into(), 2.0, with(Method::EDM_HEUN, |_| {})));
    let mut table = Table::default();
    for (name, process) in problems() {
        let mixture = ProductMixture::two_bumps(process);
        for (what, declared, sampler) in &cases {
            // Errors well above rounding, and steps small enough for the leading term.
            let first = match what.as_str() {
                "rk4" => 48,
                what if what.ends_with("noise") => 1280,
                "unipc of order 3" => 320,
                _ if *declared == 3.0 => 240,
                _ => 160,
            };
            let measure = |steps| (steps, flow_error(&sampler(steps), &mixture));
            table.add(name, what, *declared, &[first, 3 * first / 2, 2 * first].map(measure));
        }
    }
    table.finish();
}

/// Prints what was measured, and fails if an order is off by more than 0.2.
#[derive(Default)]
struct Table(Vec<String>);

impl Table {
    fn add(&mut self, problem: &str, what: &str, declared: f64, errors: &[(usize, f64)]) {
        let measured = slope(errors);
        println!("{problem:<10} {what:<34} declared {declared:<4} measured {measured:.3}  {:.1e}", errors[2].1);
        if measured.is_nan() || (measured - declared).abs() > 0.2 {
            self.0.push(format!("{problem} {what}: declared {declared}, measured {measured:.3}: {errors:?}"));
        }
    }

    fn finish(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

/// Mean and variance at the end, exact for the sampler, against those of the Gaussian law: the weak error on the
/// functions `x` and `x²`, without a random number.
fn weak_error(sampler: &SamplerConfig, gaussian: &ProductMixture) -> f64 {
    let process = &*gaussian.process;
    let (first, last) = (process.horizon(), process.min_time());
    let [_, mean, std] = gaussian.components[0];
    let law = |t: f64| (process.mean_scale(t) * mean, (process.mean_scale(t) * std).hypot(process.std(t)));
    let rows = 2 + 2 * sampler.steps();
    let mut start = vec![law(first).0; rows];
    start[1] += law(first).1;
    let got = walk(sampler, gaussian, tensor(start, [rows, 1]), &mut Impulses::default());
    let variance: f64 = got[1..].iter().map(|x| (x - got[0]).powi(2)).sum();
    let (mean, std) = law(last);
    (got[0] - mean).abs() + (variance - std * std).abs()
}

/// Processes of moderate noise, smooth in their own time, for methods that know nothing of the linear part.
fn moderate_problems() -> Vec<(&'static str, Arc<dyn Process>)> {
    vec![
        ("vp", process(json!({ "kind": "vp", "beta_min": 1.0, "beta_max": 6.0, "min_time": 0.1 }))),
        ("ve", process(json!({ "kind": "ve", "sigma_min": 0.3, "sigma_max": 4.0, "min_time": 0.1 }))),
        (
            "rve",
            process(json!({ "kind": "rve", "sigma_min": 0.1, "sigma_max": 6.0, "epsilon": 0.1, "min_time": 0.15 })),
        ),
    ]
}

/// What a change of a sampler's options is called.
type Variant = (&'static str, fn(&mut SamplerConfig));

fn stochastic_variants(method: Method) -> Vec<Variant> {
    match method.name() {
        "ancestral" => vec![
            ("large", |s| s.variance = Some(PosteriorVariance::Large)),
            ("small", |s| s.variance = Some(PosteriorVariance::Small)),
            ("half way", |s| s.variance = Some(PosteriorVariance::Interpolated(0.5))),
        ],
        "ddim" => vec![("eta 1", |s| s.eta = Some(1.0))],
        // The churn of a step falls with their number, so what is added altogether stays.
        "edm_heun" => vec![("churn", |s| s.churn = Some(ChurnConfig { amount: 8.0, ..ChurnConfig::default() }))],
        _ if method.takes(SamplerOption::BackwardNoise) => vec![
            ("noise ½", |s| s.backward_noise = Some(0.5.into())),
            ("noise 1", |s| s.backward_noise = Some(1.0.into())),
            ("noise 2", |s| s.backward_noise = Some(2.0.into())),
            ("noise of t", |s| s.backward_noise = Some(BackwardNoise::Points(vec![[0.0, 0.2], [1.0, 1.5]]))),
        ],
        _ if method.info().equation == Equation::Sde && method != Method::PREDICTOR_CORRECTOR => vec![("", |_| {})],
        _ => vec![],
    }
}

#[test]
fn stochastic_samplers_have_their_weak_order() {
    device();
    let mut table = Table::default();
    for (name, process) in moderate_problems() {
        let gaussian = ProductMixture::gaussian(process);
        for method in Method::scalar() {
            let declared = method.info().order;
            for (variant, change) in stochastic_variants(method) {
                let measure = |steps| {
                    let mut sampler = sampler(method, steps);
                    change(&mut sampler);
                    (steps, weak_error(&sampler, &gaussian))
                };
                let what = format!("{} {variant}", method.name());
                let first = if method.takes(SamplerOption::SolverType) { 512 } else { 192 };
                table.add(name, &what, declared.unwrap(), &[first, 3 * first / 2, 2 * first].map(measure));
            }
        }
    }
    table.finish();
}

const PATHS: usize = 256;

/// E|x − y| over paths, the strong error (Kloeden & Platen 1992, eq. 9.6.1).
fn mean_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
}

/// Solvers on a nonlinear equation with a known solution.
#[test]
fn sde_solvers_have_their_strong_order() {
    device();
    let fine: Vec<f64> = (0..=8192).map(|k| f64::from(k) / 8192.0).collect();
    let mut path = Replay::new(fine, PATHS, 3);
    let problem = LogVerhulst { growth: 1.5, noise: 1.0 };
    let exact = problem.solution(0.3, &path);
    let solvers: [(&str, f64, &dyn SdeSolver<2>); 3] = [
        ("Euler–Maruyama", EulerMaruyama::STRONG_ORDER, &EulerMaruyama),
        ("stochastic Heun", StochasticHeun::STRONG_ORDER, &StochasticHeun),
        ("SRA", Sra::STRONG_ORDER, &Sra),
    ];
    let mut table = Table::default();
    for (what, declared, solver) in solvers {
        let mut measure = |steps: usize| {
            let mut x = tensor(vec![0.3; PATHS], [PATHS, 1]);
            for k in 0..steps {
                let at = |k: usize| k as f64 / steps as f64;
                x = solver.step(&problem, x, at(k), at(k + 1), &mut path);
            }
            (steps, mean_distance(&values(&x), &exact))
        };
        table.add("verhulst", what, declared, &[64, 128, 256].map(&mut measure));
    }
    table.finish();
}

/// Samplers on the reverse SDE of a mixture, against the same path solved eight times as finely or more.
#[test]
fn samplers_of_a_mixture_have_their_strong_order() {
    device();
    let mut table = Table::default();
    for (name, process) in moderate_problems() {
        let mixture =
            ProductMixture { components: vec![[0.5, -0.8, 0.35], [0.5, 0.8, 0.35]], process: process.clone() };
        let fine = TimeGrid::LogSnr.times(&*process, 8192);
        let start: Vec<f64> =
            (0..PATHS).map(|k| mixture.quantile(process.horizon(), (k as f64 + 0.5) / PATHS as f64)).collect();
        let mut path = Replay::new(fine, PATHS, 5);
        let mut solve = |sampler: &SamplerConfig| walk(sampler, &mixture, tensor(start.clone(), [PATHS, 1]), &mut path);
        let exact = solve(&sampler(Method::SRA, 8192));
        for method in Method::scalar() {
            let Some(declared) = method.info().strong_order else { continue };
            let measure = |steps| (steps, mean_distance(&solve(&sampler(method, steps)), &exact));
            table.add(name, method.name(), declared, &[256, 512, 1024].map(measure));
        }
    }
    table.finish();
}

/// Paths that begin in pure noise. Methods in λ see steps of order one there, however fine the grid: their order needs a grid that is
/// finer where α vanishes, and so is this one, `t = ε + (1 − ε) cos²(πk/2n)`.
fn path_problems() -> Vec<(&'static str, Arc<dyn Process>)> {
    vec![
        ("linear", process(json!({ "kind": "linear_path", "noise_std": 1.5, "min_time": 0.05 }))),
        ("trigonometric", process(json!({ "kind": "trigonometric_path", "min_time": 0.05 }))),
    ]
}

fn from_pure_noise(mut sampler: SamplerConfig, process: &dyn Process) -> SamplerConfig {
    let (steps, last) = (sampler.steps.unwrap(), process.min_time());
    let time = |k: usize| last + (1.0 - last) * (std::f64::consts::FRAC_PI_2 * k as f64 / steps as f64).cos().powi(2);
    let values = (0..=steps).map(|k| if k == steps { last } else { time(k) }).collect();
    (sampler.steps, sampler.grid) = (Some(steps + 1), Some(TimeGrid::Times { values }));
    sampler
}

/// Every deterministic sampler, and every member of the reverse family without noise.
#[test]
fn deterministic_samplers_leave_pure_noise_with_their_order() {
    device();
    let mut table = Table::default();
    for (name, process) in path_problems() {
        let mixture = ProductMixture::two_bumps(process.clone());
        for method in Method::scalar().filter(|&method| method != Method::DORMAND_PRINCE) {
            let (info, quiet) = (method.info(), method.takes(SamplerOption::BackwardNoise));
            if info.equation != Equation::Ode && !quiet && method != Method::EDM_HEUN {
                continue;
            }
            let measure = |steps| {
                let mut sampler = sampler(method, steps);
                sampler.backward_noise = quiet.then(|| 0.0.into());
                (steps, flow_error(&from_pure_noise(sampler, &*process), &mixture))
            };
            let first = if method == Method::RUNGE_KUTTA_4 { 48 } else { 320 };
            table.add(name, info.name, info.order.unwrap(), &[first, 3 * first / 2, 2 * first].map(measure));
        }
    }
    table.finish();
}

/// What is made of a declared weak order from pure noise. The rates are infinite there, so the k-th step in time has an error of order one
/// in 1/k, however fine the grid, and the backward noise makes the walk forget it: by `(k/n)^{2qσ̃²}` on a grid with `1 − t ~ (k/n)^q`.
/// With q = 2 and σ̃ = ½ that is order 1 and no more.
fn order_from_pure_noise(method: Method, variant: &str) -> f64 {
    match (method.name(), variant) {
        ("sra" | "stochastic_heun", "noise ½") => 1.0,
        _ => method.info().order.unwrap(),
    }
}

#[test]
fn stochastic_samplers_leave_pure_noise_with_their_weak_order() {
    device();
    let mut table = Table::default();
    for (name, process) in path_problems() {
        let gaussian = ProductMixture::gaussian(process.clone());
        for method in Method::all().filter(|method| method.info().processes.include(&*process)) {
            for (variant, change) in stochastic_variants(method) {
                let measure = |steps| {
                    let mut sampler = sampler(method, steps);
                    change(&mut sampler);
                    (steps, weak_error(&from_pure_noise(sampler, &*process), &gaussian))
                };
                let what = format!("{} {variant}", method.name());
                // Two terms of the first one's error nearly cancel for this Gaussian; the second has a logarithm, where both limits meet.
                let irregular = matches!(
                    (method.name(), variant),
                    ("exponential_euler", "noise 1" | "noise 2") | ("reverse_sde", "noise ½")
                );
                if irregular {
                    let (_, error) = measure(192);
                    assert!(error < 0.01, "{name} {what}: {error:e}");
                    continue;
                }
                table.add(name, &what, order_from_pure_noise(method, variant), &[192, 288, 384].map(measure));
            }
        }
    }
    table.finish();
}
