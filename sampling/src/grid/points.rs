//! Grids that count points: steps of a chain, and lists.

use fokker_process::Process;

use super::TimeGrid;

impl TimeGrid {
    /// The points of a grid that counts them. Halves are rounded to even, as NumPy does.
    pub(super) fn points(&self, process: &dyn Process, count: usize) -> Vec<f64> {
        // One point more where the smallest is left out.
        let spread = |endpoint: bool| count + usize::from(!endpoint);
        let (train_steps, knots): (usize, Vec<f64>) = match *self {
            Self::Leading { train_steps, offset, endpoint } => {
                let (each, first) = (train_steps / spread(endpoint).max(1), usize::from(!endpoint));
                (train_steps, (0..count).rev().map(|k| ((k + first) * each + offset) as f64).collect())
            }
            Self::Trailing { train_steps } => {
                let each = train_steps as f64 / count as f64;
                let knot = |k: usize| (train_steps as f64 - k as f64 * each).round_ties_even() - 1.0;
                (train_steps, (0..count).map(knot).collect())
            }
            Self::Linspace { train_steps, endpoint } => {
                let last = spread(endpoint).saturating_sub(1).max(1) as f64;
                let knot =
                    |k: usize| (train_steps.saturating_sub(1) as f64 * (last - k as f64) / last).round_ties_even();
                (train_steps, (0..count).map(knot).collect())
            }
            Self::NoiseLevels { ref values } => {
                return values.iter().map(|ratio| process.time_of_log_snr(-2.0 * ratio.ln())).collect();
            }
            Self::Times { ref values } => return values.clone(),
            _ => unreachable!("continuous grids count intervals"),
        };
        knots.into_iter().map(|knot| (knot + 1.0) / train_steps as f64 * process.horizon()).collect()
    }
}
