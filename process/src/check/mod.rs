//! Whether a process keeps its word: what the tests hold every built-in process to, for processes of one's own.
//!
//! | property | source |
//! |---|---|
//! | x_0 is the data: α(0) = 1, σ(0) = 0, λ(0) = ∞ | [`Process`] |
//! | SDE and kernel agree: α′ = fα, (σ²)′ = 2fσ² + g², λ′ = −g²/σ², and α″, σ″ where they are stated | [Lecture 6, eq. 1.7–1.10] |
//! | transitions compose, and short ones do not cancel | Chapman–Kolmogorov |
//! | bridges obey Bayes' rule | Ho et al. 2020, eq. 6–7 |
//! | λ falls, and `time_of_log_snr` inverts it | Song et al. 2021b |
//! | a variance that is said to be preserved is, and so is an exploding one | Song et al. 2021, sec. 3.4 |

mod derivative;
mod ends;
mod properties;
mod times;

pub use derivative::{Derivative, derivative};
pub use properties::{bridges, composition, log_snr, short_transition, statements, variance};
pub use times::Times;

use crate::Process;

/// Checks a process at about a hundred times between 0 and its horizon.
///
/// Rates may jump at the times that [`Process::kinks`] lists, and nowhere else.
///
/// ```
/// use fokker_process::{FunctionRates, Linear, Vp, check};
///
/// check(&Vp::default())?;
/// let rates = FunctionRates { alpha: |t: f64| t, beta: |t: f64| 1.0 + t * t };
/// check(&Linear::with_rates(rates, 2.0, 1e-3)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The first property that does not hold, with the time, both numbers, and where possible the remedy.
pub fn check(process: &dyn Process) -> Result<(), String> {
    ends::check(process)?;
    for k in 0..96 {
        let mut u = [golden(k), golden(k + 100), golden(k + 1000)].map(|u| process.horizon() * u * u * u);
        u.sort_by(f64::total_cmp);
        composition(process, u)?;
        composition(process, [0.0, u[1], u[2]])?;
    }
    let times = Times::of(process);
    let mut spread: Vec<f64> = (0..96).map(|k| times.at(2.0 * golden(k))).collect();
    spread.sort_by(f64::total_cmp);
    for &t in &spread {
        short_transition(process, t)?;
        statements(process, &times, t)?;
        log_snr(process, t)?;
        variance(process, t)?;
    }
    for pair in spread.windows(2) {
        let (s, t) = (pair[0], pair[1]);
        if s < t {
            falls(process, s, t)?;
            bridges(process, s, t)?;
            bridges(process, 0.5 * s, t)?;
        }
    }
    Ok(())
}

/// Numbers in [0, 1) that fill the interval evenly: multiples of the golden ratio.
fn golden(k: u32) -> f64 {
    (0.5 + 0.618_033_988_749_894_9 * f64::from(k)).fract()
}

fn falls(process: &dyn Process, s: f64, t: f64) -> Result<(), String> {
    let (before, after) = (process.log_snr(s), process.log_snr(t));
    // Times that are closer than rounding tells apart may have the same.
    let rounding = 1e-13 * (2.0 + before.abs());
    if after <= before + rounding {
        return Ok(());
    }
    Err(format!("log_snr rises from {before} at t = {s} to {after} at t = {t}; it must fall"))
}
