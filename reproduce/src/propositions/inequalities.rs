//! Both sides of the inequalities of Prop. 1 and Prop. 3 along time.

use fokker_laboratory::score_fpe::{Inequality, ScoreField, Span, conservativity, higher_order};
use fokker_laboratory::{LaboratoryError, Watch};
use fokker_plot::{Colour, Layer, Panel, Table};
use fokker_process::Process;
use serde::{Deserialize, Serialize};

use super::{Case, Drawn, as_file_name};

/// Which inequality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// [Lai 2023, Prop. 1, eq. 7], from the last time back.
    Conservativity,
    /// [Lai 2023, Prop. 3], from the first time on.
    HigherOrder,
}

/// Evaluates one inequality for each case, at the same points. `ends` are the first time and the last.
pub(crate) fn inequalities(
    statement: Statement,
    process: &dyn Process,
    truth: &dyn ScoreField,
    cases: &[Case],
    points: &[Vec<f64>],
    (ends, panels): ((f64, f64), usize),
    watch: &dyn Watch,
) -> Result<Drawn, LaboratoryError> {
    let (first, last) = ends;
    let (mut drawn, mut said) = (Drawn { panels: Vec::new(), tables: Vec::new(), caption: String::new() }, Vec::new());
    for case in cases {
        let (rows, curves, more) = match statement {
            Statement::Conservativity => {
                let span = Span { from: last, to: first, panels };
                let found = conservativity(process, case.score, truth, points, &span, watch)?;
                let start = found.start_error.iter().sum::<f64>() / points.len() as f64;
                let most = found.start_error.iter().copied().fold(0.0, f64::max);
                let whole = found.with_start_error();
                let curve: Vec<(f64, f64)> = whole.iter().map(|row| (row.t, row.means().1)).collect();
                let more = format!("‖s_θ − s‖ at t_θ is {start:.2e} on average, at most {most:.2e}");
                // Where the error at t_θ is rounding, the two right sides are one.
                let curve = (most > 1e-10).then(|| Layer::dashed("with the error at t_θ", Colour::GREY, curve));
                (whole, curve, (found.rows, more))
            }
            Statement::HigherOrder => {
                let span = Span { from: first, to: last, panels };
                let found = higher_order(process, case.score, truth, points, &span, watch)?;
                let [zero, one, two] = found.deltas;
                let more = format!("δ₀ = {zero:.3}, δ₁ = {one:.3}, δ₂ = {two:.3}");
                (found.rows.clone(), None, (found.rows, more))
            }
        };
        let (printed, more) = more;
        drawn.panels.push(panel(statement, case, &printed, curves));
        drawn.tables.push(table(case, &printed, &rows));
        said.push(verdict(case, &printed, &rows, &more));
    }
    drawn.caption = said.join(" ");
    Ok(drawn)
}

/// What the numbers say. `printed` has the right side as the paper prints it, `rows` that which must hold.
fn verdict(case: &Case, printed: &[Inequality], rows: &[Inequality], more: &str) -> String {
    let last = &printed[printed.len() - 1];
    let (left, right) = last.means();
    let least = rows.iter().map(Inequality::least_gap).fold(f64::INFINITY, f64::min);
    let pairs = |rows: &[Inequality]| {
        let broken = |row: &Inequality| {
            // Quadrature, and single precision in networks.
            let sides = row.left.iter().zip(&row.right);
            sides.filter(|(left, right)| **left > **right * (1.0 + 1e-3) + 1e-6).count()
        };
        rows.iter().map(broken).sum::<usize>()
    };
    let all: usize = rows.iter().map(|row| row.left.len()).sum();
    let (broken, as_printed) = (pairs(rows), pairs(printed));
    let printed =
        if as_printed == broken { String::new() } else { format!(" ({as_printed} without the error at t_θ)") };
    format!(
        "{}: at t = {:.3} the left side is {left:.3e} on average, the right one {right:.3e}; the least gap anywhere is {least:.2e}, and \
         the left side is larger at {broken} of {all} pairs of point and time{printed}; {more}.",
        case.name, last.t
    )
}

fn panel(statement: Statement, case: &Case, rows: &[Inequality], third: Option<Layer>) -> Panel {
    let side = |of: fn(&Inequality) -> f64| rows.iter().map(|row| (row.t, of(row))).collect::<Vec<_>>();
    let (left, right) = match statement {
        Statement::Conservativity => ("‖s_θ − ∇Ψ_θ‖", "∫ ‖ε‖ dτ"),
        Statement::HigherOrder => ("‖∫ ε dτ‖", "bound of Prop. 3"),
    };
    let mut layers = vec![
        Layer::line(right, Colour::ORANGE, side(|row| row.means().1)),
        Layer::line(left, Colour::BLUE, side(|row| row.means().0)),
    ];
    layers.extend(third);
    Panel::log_log(&case.name, "t", "mean over the points", layers)
}

fn table(case: &Case, printed: &[Inequality], rows: &[Inequality]) -> Table {
    let column = |of: &dyn Fn(usize) -> f64| (0..rows.len()).map(of).collect::<Vec<f64>>();
    Table::of_columns(
        &as_file_name(&case.name),
        &[
            ("t", &column(&|k| rows[k].t)),
            ("left", &column(&|k| printed[k].means().0)),
            ("right", &column(&|k| printed[k].means().1)),
            ("right with the error at the start", &column(&|k| rows[k].means().1)),
            ("least gap", &column(&|k| rows[k].least_gap())),
        ],
    )
}
