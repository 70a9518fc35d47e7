//! Table 1: likelihoods of MNIST, ours beside the paper's.

use std::fmt::Write;
use std::path::Path;

use fokker_sampling::likelihood::{Estimate, LikelihoodConfig};

use super::cell::{Cell, Lambda, Sde};
use super::measure::BitsSettings;
use super::run::{trained, write};
use super::{Part, Reproduction};
use crate::error::Error;

struct Row {
    cell: Cell,
    bits: Estimate,
    steps: u64,
    seconds: f64,
}

/// Trains and measures cell after cell; the files hold what is there so far.
pub(super) fn make(reproduction: &Reproduction, tell: &mut dyn FnMut(&Path)) -> Result<(), Error> {
    let numbers = reproduction.numbers();
    let file = |ending: &str| reproduction.folder.join(format!("{}.{ending}", Part::Table1.name()));
    let mut rows = Vec::new();
    let cells = Cell::all(&reproduction.gammas());
    for (index, cell) in cells.iter().enumerate() {
        eprintln!("Table 1, cell {} of {}: {}", index + 1, cells.len(), cell.name());
        let run = trained(cell.config(reproduction)?)?;
        let bits = run.bits(settings(numbers.likelihoods, numbers.tolerance)?)?;
        eprintln!("{}: {:.3} ± {:.3} bits/dim", cell.name(), bits.mean, bits.standard_error.unwrap_or(f64::NAN));
        rows.push(Row { cell: *cell, bits, steps: run.config.training.steps, seconds: run.seconds });
        write(&file("csv"), &csv(&rows))?;
        write(&file("md"), &markdown(&rows, reproduction))?;
    }
    tell(&file("csv"));
    tell(&file("md"));
    Ok(())
}

/// By the probability flow, with one probe of the divergence along each path, as a bound at the smallest time.
fn settings(examples: usize, tolerance: f64) -> Result<BitsSettings, Error> {
    let text = format!("probes = 1\ntolerance = {{ absolute = {tolerance:?}, relative = {tolerance:?} }}");
    let likelihood: LikelihoodConfig = toml::from_str(&text).map_err(|error| Error::Usage(error.to_string()))?;
    Ok(BitsSettings { examples, likelihood })
}

fn csv(rows: &[Row]) -> String {
    let mut text =
        String::from("process,weighting,gamma,bits per dimension,standard error,paper,steps,training seconds\n");
    for Row { cell, bits, steps, seconds } in rows {
        let (process, weighting, gamma) = (cell.sde.name(), cell.lambda.name(), cell.gamma);
        let printed = cell.printed().map_or_else(String::new, |printed| printed.to_string());
        let (mean, error) = (bits.mean, bits.standard_error.unwrap_or(f64::NAN));
        let _ = writeln!(text, "{process},{weighting},{gamma},{mean},{error},{printed},{steps},{seconds:.1}");
    }
    text
}

fn markdown(rows: &[Row], reproduction: &Reproduction) -> String {
    let gammas = reproduction.gammas();
    let mut text = format!(
        "Bits per dimension of {} held-out digits after {} steps of training (scale {}), with the standard error over the \
         digits; in brackets papers/003 Table 1.\n\n| process | λ |",
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
                    Some(Row { bits, .. }) => {
                        write!(text, " {:.2} ± {:.2} ({printed}) |", bits.mean, bits.standard_error.unwrap_or(f64::NAN))
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
