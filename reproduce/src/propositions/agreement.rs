//! Prop. 2 and Lemma 3: the score, the truth, and the score of what is generated.

use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::{Exact, Interpolated};
use fokker_laboratory::score_fpe::{Agreement, ReverseLaw};
use fokker_laboratory::{LaboratoryError, Watch};
use fokker_plot::{Colour, Layer, Panel, Table};
use fokker_process::{GaussianMixture, Process};

use super::{Case, Drawn, as_file_name, draws};

/// How a law is generated on a grid.
pub(crate) struct Generation<'a> {
    pub axes: &'a [Axis],
    /// Where it ends.
    pub end: f64,
    pub steps: usize,
    /// Times at which scores are compared.
    pub looks: usize,
    /// Draws over which the residual is averaged.
    pub points: usize,
    pub seed: u64,
}

/// One time of one case.
struct Row {
    agreement: Agreement,
    /// √E‖ε‖².
    residual: f64,
    /// ∫ |difference| of (26) from the law on the way back.
    forward: f64,
    /// What (27) leaves over, and √E‖∂ₜ ŝ‖².
    equation: (f64, f64),
}

/// Compares the three scores of each case along time.
pub(crate) fn agreement(
    process: &dyn Process,
    data: &GaussianMixture,
    cases: &[Case],
    generation: &Generation,
    watch: &dyn Watch,
) -> Result<Drawn, LaboratoryError> {
    let truth = Exact { data, process };
    let (mut drawn, mut said) = (Drawn { panels: Vec::new(), tables: Vec::new(), caption: String::new() }, Vec::new());
    let n = data.dimension();
    for case in cases {
        let on_grid = Interpolated::new(generation.axes, |points: &[f64], t: f64| {
            let points: Vec<Vec<f64>> = points.chunks(n).map(<[f64]>::to_vec).collect();
            case.score.values(&points, t).iter().flat_map(|s| s.iter().copied().collect::<Vec<_>>()).collect()
        });
        let law = ReverseLaw {
            process,
            score: &on_grid,
            start: process.horizon(),
            end: generation.end,
            prior_std: process.prior_std(),
        };
        let history = law.history(generation.axes, generation.steps, watch)?;
        let forward = history.forward_again(watch)?;
        let mut rows = Vec::new();
        for look in 1..=generation.looks {
            // The last step has none after it.
            let k = (look * generation.steps / generation.looks).clamp(1, generation.steps - 1);
            let agreement = history.agreement(k, &truth, |t, x| data.log_density(process, t, x));
            let points = draws(data, process, agreement.t, generation.points, generation.seed);
            let jets = case.score.jets(&points, agreement.t);
            let squares = jets.iter().zip(&points).map(|(jet, x)| jet.residual(process, x, agreement.t).norm_squared());
            let residual = (squares.sum::<f64>() / points.len() as f64).sqrt();
            rows.push(Row {
                agreement,
                residual,
                forward: forward[generation.steps - k].1,
                equation: history.equation_of_generated(k),
            });
        }
        drawn.panels.push(panel(&case.name, &rows));
        drawn.tables.push(table(&case.name, &rows));
        said.push(verdict(&case.name, &rows));
    }
    drawn.caption = said.join(" ");
    Ok(drawn)
}

fn verdict(name: &str, rows: &[Row]) -> String {
    let Row { agreement: last, residual, .. } = &rows[rows.len() - 1];
    let forward = rows.iter().map(|row| row.forward).fold(0.0, f64::max);
    let equation = rows.iter().map(|row| row.equation.0 / row.equation.1).fold(0.0, f64::max);
    format!(
        "{name}: at t = {:.3}, with √E‖ε‖² = {residual:.3e} and √E‖s‖² = {:.3}, s_θ is {:.2e} from s and {:.2e} from ŝ, which is \
         {:.2e} from s. (26) forwards is at most {forward:.1e} in L¹ from the law on the way back; (27) leaves at most {:.1} % of ∂ₜ ŝ on the \
         grid.",
        last.t,
        last.truth,
        last.guess_to_truth,
        last.guess_to_generated,
        last.generated_to_truth,
        100.0 * equation
    )
}

fn panel(name: &str, rows: &[Row]) -> Panel {
    let curve = |of: fn(&Row) -> f64| rows.iter().map(|row| (row.agreement.t, of(row))).collect::<Vec<_>>();
    let layers = vec![
        Layer::line("√E‖ε‖²", Colour::ORANGE, curve(|row| row.residual)),
        Layer::line("s_θ from s", Colour::BLUE, curve(|row| row.agreement.guess_to_truth)),
        Layer::line(
            "s_θ from the score of what it generates",
            Colour::GREEN,
            curve(|row| row.agreement.guess_to_generated),
        ),
        Layer::dashed("that score from s", Colour::BLACK, curve(|row| row.agreement.generated_to_truth)),
    ];
    Panel::log_log(name, "t", "root mean square", layers)
}

fn table(name: &str, rows: &[Row]) -> Table {
    let column = |of: fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    Table::of_columns(
        &as_file_name(name),
        &[
            ("t", &column(|row| row.agreement.t)),
            ("residual", &column(|row| row.residual)),
            ("guess to truth", &column(|row| row.agreement.guess_to_truth)),
            ("guess to generated", &column(|row| row.agreement.guess_to_generated)),
            ("generated to truth", &column(|row| row.agreement.generated_to_truth)),
            ("truth", &column(|row| row.agreement.truth)),
            ("forward", &column(|row| row.forward)),
            ("equation left over", &column(|row| row.equation.0)),
            ("rate of generated", &column(|row| row.equation.1)),
        ],
    )
}
