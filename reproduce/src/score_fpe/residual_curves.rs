//! Figure 1: how well a score that was trained by denoising fits the data, and how badly its own equation.

use fokker::training::score_fpe::{Residuals, ResidualsConfig};
use fokker_plot::{Colour, Figure, Layer, Panel, Table};

use super::cell::{Cell, Lambda, Sde};
use super::run::{TrainedExhibit, config, described, trained};
use super::{Exhibit, Reproduction};
use fokker::Error;

/// The panels of MNIST.
pub(super) fn mnist(reproduction: &Reproduction) -> Result<Figure, Error> {
    let run = |sde| {
        let cell = Cell { sde, lambda: Lambda::Sigma2, gamma: 0.0, seed: 0 };
        trained(cell.config(reproduction)?, reproduction)
    };
    figure(reproduction, Exhibit::Figure1, "MNIST", &[run(Sde::Ve)?, run(Sde::Vp)?])
}

/// The panels of CIFAR-10. The paper takes networks that others have trained; here they are trained.
pub(super) fn cifar10(reproduction: &Reproduction) -> Result<Figure, Error> {
    // Both begin where σ = 0.001, a quarter of a grey level.
    let processes = [
        ("ve", "{ kind = \"ve\", sigma_min = 0.01, sigma_max = 50.0, min_time = 5.8e-4 }"),
        ("vp", "{ kind = \"vp\", beta_min = 0.1, beta_max = 20.0, min_time = 1e-5 }"),
    ];
    let run = |(name, process): (&str, &str)| {
        let mut changes = reproduction.numbers().cifar10_changes();
        changes.push(format!("process={process}"));
        trained(config("score_fpe_cifar10", &format!("cifar10-{name}"), changes, reproduction)?, reproduction)
    };
    figure(reproduction, Exhibit::Figure1Cifar10, "CIFAR-10", &[run(processes[0])?, run(processes[1])?])
}

fn figure(reproduction: &Reproduction, part: Exhibit, data: &str, runs: &[TrainedExhibit]) -> Result<Figure, Error> {
    let numbers = reproduction.numbers();
    let settings = ResidualsConfig {
        every: 1,
        times: numbers.residual_times,
        examples: numbers.residual_digits,
        divergence: None,
    };
    let (mut panels, mut tables, mut steps, mut negative) = (Vec::new(), Vec::new(), 0, false);
    for run in runs {
        steps = run.config.training.steps;
        let residuals = run.residuals(settings)?;
        negative |= residuals.iter().any(|at| at.r_fp < 0.0 || at.r_fp_uniform < 0.0);
        panels.push(panel(
            &described(&run.config)?,
            &[
                ("r_DSM", Colour::GREEN, curve(&residuals, |at| at.r_dsm)),
                ("r_FP, ν = q_t", Colour::BLUE, curve(&residuals, |at| at.r_fp)),
                ("r_FP, ν uniform on [0, 1]", Colour::ORANGE, curve(&residuals, |at| at.r_fp_uniform)),
                ("‖ε_v‖/D, one probe, ν = q_t", Colour::GREY, one_probe(&residuals)),
            ],
        ));
        tables.push(table(run.config.build_process()?.name(), &residuals));
    }
    let caption = format!(
        "The error of the score, r_DSM = E‖s − ∇ln q(x_t|x_0)‖/D, and the residual of its Fokker–Planck equation, \
         r_FP = √(E‖ε‖²)/D, of networks trained by denoising on {data}, {steps} steps; {} held-out pictures. Two independent probes v of the \
         divergence for each make the square right on average; with one, as in the paper, E‖ε_v‖/D adds the probe's noise.{}",
        numbers.residual_digits,
        if negative {
            " Where a mean square came out below zero, r_FP is zero within its noise and not shown."
        } else {
            ""
        }
    );
    let figure = reproduction.figure(part, &format!("Residuals of trained scores on {data}"), caption);
    Ok(Figure { panels, tables, columns: 2, ..figure })
}

/// A name, a colour, and points.
pub(super) type Curve<'a> = (&'a str, Colour, Vec<(f64, f64)>);

/// One quantity along `t`.
pub(super) fn curve(residuals: &[Residuals], of: impl Fn(&Residuals) -> f64) -> Vec<(f64, f64)> {
    residuals.iter().map(|at| (at.t, of(at))).collect()
}

/// The paper's estimate, where there is one.
fn one_probe(residuals: &[Residuals]) -> Vec<(f64, f64)> {
    residuals.iter().filter_map(|at| Some((at.t, at.r_fp_one_probe?))).collect()
}

/// Curves over `t`, both axes logarithmic.
pub(super) fn panel(title: &str, curves: &[Curve]) -> Panel {
    let positive = |values: Vec<f64>| {
        let values = values.into_iter().filter(|value| value.is_finite() && *value > 0.0);
        let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
        if low < high { (low, high) } else { (0.1, 1.0) }
    };
    let all = || curves.iter().flat_map(|(_, _, points)| points);
    let (first, last) = positive(all().map(|point| point.0).collect());
    let (low, high) = positive(all().map(|point| point.1).collect());
    let panel = Panel::new(title, "t", "residual", (0.0, 1.0), (0.0, 1.0))
        .logarithmic_x(first, last)
        .logarithmic_y(0.5 * low, 20.0 * high);
    curves
        .iter()
        .fold(panel, |panel, (name, colour, points)| panel.with(Layer::line(name, *colour, points.iter().copied())))
}

/// Residuals as numbers.
pub(super) fn table(name: &str, residuals: &[Residuals]) -> Table {
    let column = |of: fn(&Residuals) -> f64| residuals.iter().map(of).collect::<Vec<f64>>();
    Table::of_columns(
        name,
        &[
            ("t", &column(|at| at.t)),
            ("r_DSM", &column(|at| at.r_dsm)),
            ("r_FP", &column(|at| at.r_fp)),
            ("error of r_FP", &column(|at| at.r_fp_error)),
            ("r_FP uniform", &column(|at| at.r_fp_uniform)),
            ("error of r_FP uniform", &column(|at| at.r_fp_uniform_error)),
            ("r_FP with one probe", &column(|at| at.r_fp_one_probe.unwrap_or(at.r_fp))),
            ("curl", &column(|at| at.curl)),
        ],
    )
}
