//! Figures 4 to 6: a score for all times that is learnt from its value at the first time and the score Fokker–Planck
//! equation alone [Lai 2023, eq. 11], against one learnt by denoising, and against the truth.

use burn::tensor::Device;
use fokker::model::{MixtureScore, Score};
use fokker::process::GaussianMixture;
use fokker::random::{Stream, rng};
use fokker::training::loss::DivergenceEstimator;
use fokker::training::score_fpe::{Residuals, ResidualsConfig};
use fokker_plot::{Colour, Figure, Layer, Panel, Table};
use statrs::distribution::{ContinuousCDF, Normal};

use super::residual_curves::{curve, panel, table};
use super::run::{TrainedExhibit, config, trained};
use super::{Exhibit, Reproduction, arrows, measure};
use fokker::DrawRequest;
use fokker::Error;
use fokker::sample;

const RECIPE: &str = "score_fpe_initial_value";

/// Half the width of the plane that is shown.
const REACH: f64 = 9.0;

/// The two ways of learning: the name of the run, what the paper calls the score, and the loss.
const WAYS: [(&str, &str, &str); 2] = [
    ("initial-value", "learnt by eq. 11", "{ kind = \"initial_value\" }"),
    ("initial-value-denoising", "learnt by denoising", "{ kind = \"denoising\" }"),
];

/// The two runs, and the law of their data.
fn runs(reproduction: &Reproduction) -> Result<([TrainedExhibit; 2], GaussianMixture), Error> {
    let run = |(name, _, loss): (&str, &str, &str)| {
        let mut changes = reproduction.numbers().plane_changes();
        changes.push(format!("objective.loss={loss}"));
        trained(config(RECIPE, name, changes, reproduction)?, reproduction)
    };
    let runs = [run(WAYS[0])?, run(WAYS[1])?];
    let mixture = runs[0].config.mixture()?;
    let mixture = mixture.ok_or_else(|| Error::Usage(format!("{RECIPE}: data.kind: is no mixture")))?;
    Ok((runs, mixture))
}

/// Figure 4.
pub(super) fn samples(reproduction: &Reproduction) -> Result<Figure, Error> {
    let (runs, mixture) = runs(reproduction)?;
    let count = reproduction.numbers().points;
    let process = runs[0].config.build_process()?;
    let mut rng = rng(runs[0].config.seed, Stream::Test, 0);
    let truth: Vec<f64> = (0..count).flat_map(|_| mixture.sample(&*process, 0.0, &mut rng)).collect();
    let mut clouds = vec![("data", truth)];
    for (run, (_, title, _)) in runs.iter().zip(WAYS) {
        let mut request = DrawRequest::new(run.config.sampler.clone(), count);
        request.batch_size = count;
        let drawn = sample(&run.checkpoint, &[], |_| Ok(request), &*run.monitor)?;
        clouds.push((title, drawn.values.into_iter().map(f64::from).collect()));
    }
    let (mut panels, mut tables) = (Vec::new(), Vec::new());
    for (title, values) in &clouds {
        let points: Vec<(f64, f64)> = values.chunks(2).map(|point| (point[0], point[1])).collect();
        let upper = points.iter().filter(|(x, y)| x + y > 0.0).count() as f64 / count as f64;
        let inside = points.iter().filter(|(x, y)| x.abs() < REACH && y.abs() < REACH);
        let dots = Layer::Dots { points: inside.copied().collect(), colour: Colour::BLUE, radius: 1.0, label: None };
        let title = format!("{title}: {:.0} % above", 100.0 * upper);
        panels.push(Panel::new(&title, "x₁", "x₂", (-REACH, REACH), (-REACH, REACH)).with(dots));
    }
    for ((title, values), name) in clouds.iter().zip(["data", "eq11", "denoising"]) {
        let axis = |axis: usize| values.iter().skip(axis).step_by(2).copied().collect::<Vec<f64>>();
        debug_assert!(!title.is_empty());
        tables.push(Table::of_columns(name, &[("x1", &axis(0)), ("x2", &axis(1))]));
    }
    let caption = format!(
        "{count} points of the mixture of {}, and as many draws by the probability flow with learnt scores; above: the part with \
         x₁ + x₂ > 0, of which the law has {:.1} %.",
        as_text(&mixture),
        100.0 * above(&mixture)
    );
    let figure = reproduction.figure(Exhibit::Figure4, "Draws with a score learnt from its initial value", caption);
    Ok(Figure { panels, tables, columns: 3, panel_size: (330, 340), ..figure })
}

/// A mixture in words.
fn as_text(mixture: &GaussianMixture) -> String {
    let components = mixture.components().map(|component| {
        let numbers = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        let (mean, variances) = (numbers(&component.mean), numbers(&component.variances));
        format!("N(({mean}), diag({variances})) with weight {}", component.weight)
    });
    components.collect::<Vec<_>>().join(" and ")
}

/// The mass of a mixture without correlations where the coordinates have a positive sum.
fn above(mixture: &GaussianMixture) -> f64 {
    let part = |mean: &[f64], variances: &[f64]| {
        let z = mean.iter().sum::<f64>() / variances.iter().sum::<f64>().sqrt();
        Normal::standard().cdf(z)
    };
    mixture.components().map(|component| component.weight * part(&component.mean, &component.variances)).sum()
}

/// Figure 5.
pub(super) fn flow(reproduction: &Reproduction) -> Result<Figure, Error> {
    let (runs, mixture) = runs(reproduction)?;
    let process = runs[0].config.build_process()?;
    let (t, points) = (process.min_time(), arrows::points(REACH));
    let score = |point: &[f64; 2]| {
        let score = mixture.score(&*process, t, point);
        [score[0], score[1]]
    };
    let truth: Vec<[f64; 2]> = points.iter().map(score).collect();
    let most = truth.iter().map(|[x, y]| x.hypot(*y)).fold(0.0, f64::max);
    // Where there are data: weighed by their density.
    let weights: Vec<f64> = points.iter().map(|point| mixture.log_density(&*process, t, point).exp()).collect();
    let mut panels = vec![arrows::panel("truth", REACH, &truth, most)];
    let mut fields = vec![truth.clone()];
    for (run, (_, title, _)) in runs.iter().zip(WAYS) {
        let field = run.scores(&points, t)?;
        let squares = |of: &dyn Fn(usize) -> f64| weights.iter().enumerate().map(|(k, w)| w * of(k)).sum::<f64>();
        let difference = |k: usize| (field[k][0] - truth[k][0]).hypot(field[k][1] - truth[k][1]).powi(2);
        let error = (squares(&difference) / squares(&|k| truth[k][0].hypot(truth[k][1]).powi(2))).sqrt();
        panels.push(arrows::panel(&format!("{title}: error {:.1} %", 100.0 * error), REACH, &field, most));
        fields.push(field);
    }
    let column = |of: &dyn Fn(usize) -> f64| (0..points.len()).map(of).collect::<Vec<f64>>();
    let table = Table::of_columns(
        "",
        &[
            ("x1", &column(&|k| points[k][0])),
            ("x2", &column(&|k| points[k][1])),
            ("s1", &column(&|k| fields[0][k][0])),
            ("s2", &column(&|k| fields[0][k][1])),
            ("s1 eq11", &column(&|k| fields[1][k][0])),
            ("s2 eq11", &column(&|k| fields[1][k][1])),
            ("s1 denoising", &column(&|k| fields[2][k][0])),
            ("s2 denoising", &column(&|k| fields[2][k][1])),
        ],
    );
    let caption = format!(
        "The score at t = {t}, directions as arrows and sizes as shades; error: relative root mean square, weighed by the density \
         of the data."
    );
    let figure = reproduction.figure(Exhibit::Figure5, "A score learnt from its initial value", caption);
    Ok(Figure { panels, tables: vec![table], columns: 3, panel_size: (330, 340), ..figure })
}

/// Figure 6.
pub(super) fn residuals(reproduction: &Reproduction) -> Result<Figure, Error> {
    let (runs, mixture) = runs(reproduction)?;
    let settings = ResidualsConfig {
        every: 1,
        times: 2 * reproduction.numbers().residual_times,
        examples: reproduction.numbers().points.min(500),
        divergence: Some(DivergenceEstimator::Exact),
    };
    let process = runs[0].config.build_process()?;
    let exact = MixtureScore::new(mixture, process);
    let x0 = measure::held_out::<2>(&runs[0].config, settings.examples, &Device::flex())?;
    let truth = measure::residuals(&exact, &x0, settings, runs[0].config.seed, &*runs[0].monitor)?;
    debug_assert!(truth.len() == settings.times(Score::<2>::process(&exact)).len());
    let learnt: Vec<Vec<Residuals>> = runs.iter().map(|run| run.residuals(settings)).collect::<Result<_, _>>()?;
    let of = |residuals: &[Residuals]| curve(residuals, |at| at.r_fp);
    let panels = vec![
        panel("(a)", &[("truth", Colour::BLUE, of(&truth)), (WAYS[0].1, Colour::ORANGE, of(&learnt[0]))]),
        panel("(b)", &[(WAYS[1].1, Colour::GREEN, of(&learnt[1]))]),
    ];
    let tables = vec![table("truth", &truth), table("eq11", &learnt[0]), table("denoising", &learnt[1])];
    let caption = format!(
        "r_FP at noisy data, of the true score (rounding of single precision), of the score learnt by eq. 11, and of the one \
         learnt by denoising; {} points, exact divergences.",
        settings.examples
    );
    let figure = reproduction.figure(Exhibit::Figure6, "Residuals in the plane", caption);
    Ok(Figure { panels, tables, columns: 2, ..figure })
}
