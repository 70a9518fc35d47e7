//! Table 1: likelihoods of MNIST, ours next to the paper's.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use fokker::sampling::likelihood::Estimate;

use super::cell::Cell;
use super::measure::BitsSettings;
use super::run::trained;
use super::time_left::{TimeLeft, in_words};
use super::{Exhibit, Reproduction};
use fokker::Error;
use fokker::likelihood::Quantity;

/// A cell that is done.
struct Done {
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
    let (gammas, seeds) = (reproduction.gammas(), reproduction.seeds());
    let set = |change: &String| change.split('=').next().is_some_and(|key| key.trim() == "seed");
    if seeds.len() > 1 && reproduction.changes.iter().any(set) {
        let message = "seed is set for every run, and Table 1 has several seeds: name one with --seeds instead";
        return Err(Error::Usage(message.into()));
    }
    let mut rows = Vec::new();
    let cells = Cell::all(numbers.rows, &gammas, &seeds);
    let is_done = |cell: &Cell| reproduction.runs().join(cell.name()).join("bound.toml").is_file();
    let mut time_left = TimeLeft::default();
    for (index, cell) in cells.iter().enumerate() {
        let to_do: Vec<bool> =
            cells[index..].iter().filter(|cell| !is_done(cell)).map(|cell| cell.gamma > 0.0).collect();
        let left = time_left.of(&to_do).map_or_else(String::new, |left| format!("; about {} left", in_words(left)));
        reproduction.monitor.say(&format!("Table 1, cell {} of {}: {}{left}", index + 1, cells.len(), cell.name()));
        let (start, was_done) = (Instant::now(), is_done(cell));
        let run = trained(cell.config(reproduction)?, reproduction)?;
        let examples = numbers.likelihoods;
        let flow = run.bits("likelihood", BitsSettings { examples, quantity: flow(numbers.tolerance)? })?;
        let bound = Quantity::Diffusion { points: numbers.bound_points };
        let bound = run.bits("bound", BitsSettings { examples, quantity: bound })?;
        if !was_done {
            time_left.spent(cell.gamma > 0.0, start.elapsed().as_secs_f64());
        }
        let found =
            format!("{}: {} bits/dim by the flow, bound {}", cell.name(), with_error(&flow), with_error(&bound));
        reproduction.monitor.say(&found);
        rows.push(Done { cell: *cell, flow, bound, steps: run.config.training.steps, seconds: run.seconds });
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

fn csv(rows: &[Done]) -> String {
    let mut text = String::from(
        "process,weighting,gamma,bits per dimension,standard error,paper,bound,standard error of the bound,seed,steps,training seconds\n",
    );
    for Done { cell, flow, bound, steps, seconds } in rows {
        let (process, weighting, gamma) = (cell.sde.name(), cell.lambda.name(), cell.gamma);
        let printed = cell.printed().map_or_else(String::new, |printed| printed.to_string());
        let numbers = |estimate: &Estimate| (estimate.mean, estimate.standard_error.unwrap_or(f64::NAN));
        let ((mean, error), (bound, bound_error)) = (numbers(flow), numbers(bound));
        let _ = writeln!(
            text,
            "{process},{weighting},{gamma},{mean},{error},{printed},{bound},{bound_error},{},{steps},{seconds:.1}",
            cell.seed
        );
    }
    text
}

/// A mean with its spread, of the values of one quantity: over the seeds if there are several, over the digits of one.
fn over_seeds(done: &[&Done], of: fn(&Done) -> &Estimate) -> String {
    let [one] = done else {
        let n = done.len() as f64;
        let mean = done.iter().map(|done| of(done).mean).sum::<f64>() / n;
        let square = done.iter().map(|done| (of(done).mean - mean).powi(2)).sum::<f64>();
        return format!("{mean:.2} ± {:.2}", (square / (n - 1.0)).sqrt());
    };
    with_error(of(one))
}

fn markdown(rows: &[Done], reproduction: &Reproduction) -> String {
    let (gammas, seeds, numbers) = (reproduction.gammas(), reproduction.seeds(), reproduction.numbers());
    let spread = match seeds.len() {
        1 => "with the standard errors over the digits".to_string(),
        several => format!(
            "mean ± standard deviation over {several} seeds (in brackets how many of them, where not all are done; with one, ± is the \
             standard error over the digits)"
        ),
    };
    let mut text = format!(
        "Bits per dimension of {} held-out digits after {} steps of training with batches of {} (scale {}), {spread}: of the \
         probability flow; bound of the reverse SDE [Lai 2023, Table 1].\n\n| process | λ |",
        numbers.likelihoods,
        rows.last().map_or(0, |row| row.steps),
        numbers.digit_batch,
        reproduction.scale.name()
    );
    for gamma in &gammas {
        let _ = write!(text, " γ = {gamma} |");
    }
    text += &format!("\n|{}\n", "---|".repeat(2 + gammas.len()));
    for &(sde, lambda) in numbers.rows {
        let _ = write!(text, "| {} | {} |", sde.name(), lambda.source());
        for &gamma in &gammas {
            let cell = Cell { sde, lambda, gamma, seed: 0 };
            let printed = cell.printed().map_or_else(|| "–".into(), |printed| format!("{printed:.2}"));
            let done: Vec<&Done> = rows.iter().filter(|row| Cell { seed: 0, ..row.cell } == cell).collect();
            let some = if done.len() < seeds.len() { format!(" [{}]", done.len()) } else { String::new() };
            let _ = if done.is_empty() {
                write!(text, " – ({printed}) |")
            } else {
                let (flow, bound) = (over_seeds(&done, |done| &done.flow), over_seeds(&done, |done| &done.bound));
                write!(text, " {flow}; {bound}{some} ({printed}) |")
            };
        }
        text.push('\n');
    }
    let seconds: f64 = rows.iter().map(|row| row.seconds).sum();
    let _ = writeln!(text, "\n{} cells, {:.1} minutes of training in all.", rows.len(), seconds / 60.0);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score_fpe::{Lambda, Scale, Sde};

    fn done(gamma: f64, seed: u64, mean: f64) -> Done {
        let estimate = |mean| Estimate {
            mean,
            standard_error: Some(0.5),
            standard_error_draws: None,
            standard_error_probes: None,
            non_finite: 0,
        };
        let cell = Cell { sde: Sde::Vp, lambda: Lambda::Sigma2, gamma, seed };
        Done { cell, flow: estimate(mean), bound: estimate(mean + 1.0), steps: 10, seconds: 30.0 }
    }

    #[test]
    fn seeds_have_a_mean_and_a_deviation_and_what_is_not_done_is_said() {
        let reproduction = Reproduction {
            scale: Scale::Hours,
            parts: Vec::new(),
            gammas: Some(vec![0.0, 1.0, 10.0]),
            seeds: Some(vec![0, 1, 2]),
            folder: "score-fpe".into(),
            changes: Vec::new(),
            monitor: std::sync::Arc::new(()),
        };
        let rows = [done(0.0, 0, 3.0), done(1.0, 0, 4.0), done(0.0, 1, 3.2), done(1.0, 1, 4.4), done(0.0, 2, 3.4)];
        let text = markdown(&rows, &reproduction);
        // 3.0, 3.2, 3.4: 3.2 ± 0.2; 4.0 and 4.4: 4.2 ± 0.28.
        let row = "| VP | SSDK+20 | 3.20 ± 0.20; 4.20 ± 0.20 (2.95) | 4.20 ± 0.28; 5.20 ± 0.28 [2] (2.91) | – (3.34) |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("(scale hours), mean ± standard deviation over 3 seeds"), "{text}");
        assert!(text.contains("5 cells, 2.5 minutes"), "{text}");
        let one = Reproduction { seeds: Some(vec![0]), ..reproduction };
        assert!(markdown(&rows[..1], &one).contains("| 3.00 ± 0.50; 4.00 ± 0.50 (2.95) |"));
    }
}
