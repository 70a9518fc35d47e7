//! Table 1: likelihoods of MNIST, ours next to the paper's.

use std::fmt::Write;
use std::path::Path;

use fokker::sampling::likelihood::Estimate;

use super::cell::{Cell, Lambda, Sde};
use super::measure::BitsSettings;
use super::run::trained;
use super::{Exhibit, Reproduction};
use fokker::Error;
use fokker::likelihood::Quantity;

struct Row {
    cell: Cell,
    /// Of the probability flow.
    flow: Estimate,
    /// Of the reverse SDE.
    bound: Estimate,
    steps: u64,
    seconds: f64,
}

/// Trains and measures cell after cell; the files hold what is there so far.
pub(super) fn make(reproduction: &Reproduction, tell: &mut dyn FnMut(&Path)) -> Result<(), Error> {
    let numbers = reproduction.numbers();
    let file = |ending: &str| reproduction.folder.join(format!("{}.{ending}", Exhibit::Table1.name()));
    let mut rows = Vec::new();
    let cells = Cell::all(&reproduction.gammas());
    for (index, cell) in cells.iter().enumerate() {
        reproduction.monitor.say(&format!("Table 1, cell {} of {}: {}", index + 1, cells.len(), cell.name()));
        let run = trained(cell.config(reproduction)?, reproduction)?;
        let examples = numbers.likelihoods;
        let flow = run.bits("likelihood", BitsSettings { examples, quantity: flow(numbers.tolerance)? })?;
        let bound = Quantity::Diffusion { points: numbers.bound_points };
        let bound = run.bits("bound", BitsSettings { examples, quantity: bound })?;
        let found =
            format!("{}: {} bits/dim by the flow, bound {}", cell.name(), with_error(&flow), with_error(&bound));
        reproduction.monitor.say(&found);
        rows.push(Row { cell: *cell, flow, bound, steps: run.config.training.steps, seconds: run.seconds });
        fokker_files::write(&file("csv"), csv(&rows).as_bytes())?;
        fokker_files::write(&file("md"), markdown(&rows, reproduction).as_bytes())?;
    }
    tell(&file("csv"));
    tell(&file("md"));
    Ok(())
}

/// By the probability flow, with one probe of the divergence along each path, as a bound at the smallest time.
fn flow(tolerance: f64) -> Result<Quantity, Error> {
    let text = format!("probes = 1\ntolerance = {{ absolute = {tolerance:?}, relative = {tolerance:?} }}");
    Ok(Quantity::Flow(toml::from_str(&text).map_err(|error| Error::Usage(error.to_string()))?))
}

/// A mean with its standard error.
fn with_error(estimate: &Estimate) -> String {
    match estimate.standard_error {
        Some(error) => format!("{:.2} ± {error:.2}", estimate.mean),
        None => format!("{:.2}", estimate.mean),
    }
}

fn csv(rows: &[Row]) -> String {
    let mut text = String::from(
        "process,weighting,gamma,bits per dimension,standard error,paper,bound,standard error of the bound,steps,training seconds\n",
    );
    for Row { cell, flow, bound, steps, seconds } in rows {
        let (process, weighting, gamma) = (cell.sde.name(), cell.lambda.name(), cell.gamma);
        let printed = cell.printed().map_or_else(String::new, |printed| printed.to_string());
        let numbers = |estimate: &Estimate| (estimate.mean, estimate.standard_error.unwrap_or(f64::NAN));
        let ((mean, error), (bound, bound_error)) = (numbers(flow), numbers(bound));
        let _ = writeln!(
            text,
            "{process},{weighting},{gamma},{mean},{error},{printed},{bound},{bound_error},{steps},{seconds:.1}"
        );
    }
    text
}

fn markdown(rows: &[Row], reproduction: &Reproduction) -> String {
    let gammas = reproduction.gammas();
    let mut text = format!(
        "Bits per dimension of {} held-out digits after {} steps of training (scale {}), with the standard errors over the \
         digits: of the probability flow; bound of the reverse SDE [Lai 2023, Table 1].\n\n| process | λ |",
        reproduction.numbers().likelihoods,
        rows.last().map_or(0, |row| row.steps),
        reproduction.scale.name()
    );
    for gamma in &gammas {
        let _ = write!(text, " γ = {gamma} |");
    }
    text += &format!("\n|{}\n", "---|".repeat(2 + gammas.len()));
    for sde in Sde::ALL {
        for lambda in Lambda::ALL {
            let _ = write!(text, "| {} | {} |", sde.name(), lambda.source());
            for &gamma in &gammas {
                let cell = Cell { sde, lambda, gamma };
                let printed = cell.printed().map_or_else(|| "–".into(), |printed| format!("{printed:.2}"));
                let _ = match rows.iter().find(|row| row.cell == cell) {
                    Some(Row { flow, bound, .. }) => {
                        write!(text, " {}; {} ({printed}) |", with_error(flow), with_error(bound))
                    }
                    None => write!(text, " – ({printed}) |"),
                };
            }
            text.push('\n');
        }
    }
    let seconds: f64 = rows.iter().map(|row| row.seconds).sum();
    let _ = writeln!(text, "\n{} cells, {:.1} minutes of training in all.", rows.len(), seconds / 60.0);
    text
}
