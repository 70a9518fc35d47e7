//! What the figures of Seo share: a law in the weighted space, and the panel of its energy.

use fokker_process::Process;

use fokker_laboratory::fokker_planck::Forward;
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::LineMixture;
use fokker_laboratory::paths::BrownianPath;
use fokker_laboratory::stochastic::{StochasticEquation, WeightedSpace};
use fokker_laboratory::{LaboratoryError, check};
use fokker_plot::{Colour, Layer, Panel};

/// The density of a process is in the space at all times: at 0, by its data, whose deviations stand under `stds`, and later,
/// by c.
pub(super) fn in_space(
    space: &WeightedSpace,
    data: &LineMixture,
    process: &dyn Process,
    axis: &Axis,
    stds: &str,
) -> Result<(), LaboratoryError> {
    space.admits_data(data, axis, [stds, "figure.axis"])?;
    check::holds_process("figure.axis", &[*axis], &data.to_gaussian_mixture()?, process)?;
    const TIMES: u32 = 256;
    for k in 1..=TIMES {
        let t = process.horizon() * f64::from(k) / f64::from(TIMES);
        let law = data.diffused(process, t);
        let variance = law.widest().powi(2);
        if variance >= 2.0 * space.c {
            let expected = format!(
                "above {}: half the variance {variance} of the law at t = {t:.4}, which has no norm in L²(e^(x²/2c)) otherwise",
                0.5 * variance
            );
            return Err(LaboratoryError::value("figure.c", space.c, expected));
        }
    }
    let last = data.diffused(process, process.horizon());
    space.admits_data(&last, axis, ["figure.c", "figure.axis"])
}

/// Where a realisation ends, and its energy at every step.
pub(super) type Realisation = (Vec<f64>, Vec<f64>);

/// Follows one realisation from `start`.
pub(super) fn realisation(
    equation: &StochasticEquation<Forward>,
    space: &WeightedSpace,
    start: &Field,
    path: &BrownianPath,
) -> Realisation {
    let (mut u, mut energies) = (start.clone(), Vec::with_capacity(path.steps() + 1));
    equation.follow(&mut u, path, |_, _, u| energies.push(space.norm_squared(u)));
    (u.values, energies)
}

/// The energy along time, with its bound where there is one, and a sentence on both.
pub(super) fn energy_panel(
    times: &[f64],
    label: &str,
    unit: &str,
    energy: &[f64],
    bound: Option<&[f64]>,
) -> (Panel, String) {
    let over_time = |values: &[f64]| times.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
    let most = energy.iter().chain(bound.unwrap_or_default()).copied().fold(0.0, f64::max);
    let (last, horizon) = (times.len() - 1, times[times.len() - 1]);
    let panel = Panel::new("Weighted energy", "t", unit, (0.0, horizon), (0.0, 1.3 * most)).with(Layer::line(
        label,
        Colour::BLUE,
        over_time(energy),
    ));
    match bound {
        Some(bound) => {
            let above = energy.iter().zip(bound).filter(|(energy, bound)| energy > bound).count();
            let as_caption = format!(
                "At the end {label} = {:.4}, the Grönwall bound {:.4}; the bound is exceeded at {above} of {} times.",
                energy[last],
                bound[last],
                times.len()
            );
            (panel.with(Layer::line("Grönwall bound", Colour::ORANGE, over_time(bound))), as_caption)
        }
        None => {
            let as_caption = format!(
                "No bound is drawn: condition (1.2) does not hold, and without it nothing bounds the energy. It is {:.4} at \
                 the start and {:.4} at the end.",
                energy[0], energy[last]
            );
            (panel, as_caption)
        }
    }
}
