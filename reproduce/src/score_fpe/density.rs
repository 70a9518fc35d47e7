//! Figure 2: a density in the plane, and those that the probability flow makes with scores trained without and with the
//! regulariser.

use fokker::sampling::likelihood::LikelihoodConfig;
use fokker_plot::{Figure, Heat, Layer, Panel, Shades, Table};

use super::measure::GridSettings;
use super::run::{config, gamma as gamma_of, objective as objective_of, trained};
use super::{Exhibit, Reproduction};
use fokker::Error;

const RECIPE: &str = "score_fpe_eight_gaussians";

/// The weights of the paper's figure.
const GAMMAS: [f64; 2] = [0.0, 0.001];

pub(super) fn make(reproduction: &Reproduction) -> Result<Figure, Error> {
    // Smooth densities in few dimensions: exact divergences, and the rest of the path to t = 0 by extrapolation.
    let text = "truncation = 'extrapolated'\ntolerance = { absolute = 1e-4, relative = 1e-4 }";
    let likelihood: LikelihoodConfig = toml::from_str(text).map_err(|error| Error::Usage(error.to_string()))?;
    let settings = GridSettings { reach: 3.0, cells: reproduction.numbers().cells, likelihood };
    let points = settings.points();
    let cell = (2.0 * settings.reach / settings.cells as f64).powi(2);
    let (mut truth, mut densities, mut titles, mut objective) = (Vec::new(), Vec::new(), Vec::new(), String::new());
    for gamma in GAMMAS {
        let mut changes = reproduction.numbers().plane_changes();
        changes.push(format!("objective.regularizer.gamma={gamma:?}"));
        let name = format!("mixture-gamma{gamma}");
        let run = trained(config(RECIPE, &name, changes, reproduction)?, reproduction)?;
        let mixture =
            run.config.mixture()?.ok_or_else(|| Error::Usage(format!("{RECIPE}: data.kind: is no mixture")))?;
        let process = run.config.build_process()?;
        objective = objective_of(&run.config);
        truth = points.iter().map(|point| mixture.log_density(&*process, 0.0, point).exp()).collect();
        let density: Vec<f64> = run.log_densities(settings.clone())?.into_iter().map(f64::exp).collect();
        // Half of the absolute difference: the largest difference of the probability of any set.
        let distance = 0.5 * cell * truth.iter().zip(&density).map(|(p, q): (&f64, &f64)| (p - q).abs()).sum::<f64>();
        titles.push(format!("γ = {}: total variation {distance:.4}", gamma_of(&run.config)));
        densities.push(density);
    }
    let most = truth.iter().copied().fold(0.0, f64::max);
    let heat = |title: &str, values: &[f64]| {
        let reach = (-settings.reach, settings.reach);
        let heat =
            Heat { x: reach, y: reach, columns: settings.cells, values: values.to_vec(), most, shades: Shades::Blues };
        Panel::new(title, "x₁", "x₂", reach, reach).with(Layer::Heat(heat))
    };
    let mut panels = vec![heat("data", &truth)];
    panels.extend(titles.iter().zip(&densities).map(|(title, density)| heat(title, density)));
    let column = |axis: usize| points.iter().map(|point| point[axis]).collect::<Vec<f64>>();
    let (x, y) = (column(0), column(1));
    let table = Table::of_columns(
        "",
        &[
            ("x1", x.as_slice()),
            ("x2", &y),
            ("data", &truth),
            (&format!("gamma {}", GAMMAS[0]), &densities[0]),
            (&format!("gamma {}", GAMMAS[1]), &densities[1]),
        ],
    );
    let caption = format!(
        "Eight Gaussians: the density of the data, and of the probability flow of scores trained without and with the \
         regulariser, from the same initial weights in {} steps, {objective}. Total variation: half of the integral of the absolute \
         difference from the data's density.",
        reproduction.numbers().plane_steps
    );
    let figure = reproduction.figure(Exhibit::Figure2, "Densities with and without the regulariser", caption);
    Ok(Figure { panels, tables: vec![table], columns: 3, panel_size: (330, 340), ..figure })
}
