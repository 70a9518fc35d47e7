//! Times at which a process is looked at: away from those where its rates jump.

use crate::Process;

/// Times of a process, and how much room there is around them.
#[derive(Clone, Debug)]
pub struct Times {
    min_time: f64,
    horizon: f64,
    /// 0, the times at which rates jump or have a corner, and the horizon.
    kinks: Vec<f64>,
}

impl Times {
    /// The times of a process.
    pub fn of(process: &dyn Process) -> Self {
        let (min_time, horizon) = (process.min_time(), process.horizon());
        let inside = process.kinks().into_iter().filter(|&t| t > 0.0 && t < horizon);
        let mut kinks: Vec<f64> = inside.chain([0.0, horizon]).collect();
        kinks.sort_by(f64::total_cmp);
        kinks.dedup();
        Self { min_time, horizon, kinks }
    }

    /// A time, geometrically between min_time (u = 0) and the horizon (u = 1), or (1 ≤ u < 2) anywhere between two
    /// neighbouring kinks, kept away from them by a twentieth of the distance between them.
    pub fn at(&self, u: f64) -> f64 {
        let panels = self.kinks.len() - 1;
        if u >= 1.0 {
            // Every fifth time is in the first panel, which is unlike the others in one of the chains.
            let place = if u < 1.2 { 5.0 * (u - 1.0) } else { (u - 1.2) / 0.8 * panels as f64 };
            let panel = (place as usize).min(panels - 1);
            let (low, high) = (self.kinks[panel], self.kinks[panel + 1]);
            return low + (0.05 + 0.9 * (place - panel as f64)) * (high - low);
        }
        let t = (self.min_time.ln() + u * (self.horizon / self.min_time).ln()).exp();
        let next = self.kinks.partition_point(|&kink| kink < t).clamp(1, panels);
        let (low, high) = (self.kinks[next - 1], self.kinks[next]);
        let margin = 0.05 * (high - low);
        // Below the margin of a first panel that begins at 0 there is no kink to keep away from.
        t.clamp(if low == 0.0 { 0.0 } else { low + margin }, high - margin)
    }

    /// The distance from t to the nearest kink.
    pub fn room(&self, t: f64) -> f64 {
        self.kinks.iter().map(|kink| (kink - t).abs()).fold(f64::INFINITY, f64::min)
    }

    /// The width of a central difference at t: small against t, and without a kink inside.
    pub fn width(&self, t: f64) -> f64 {
        (0.02 * t).min(0.9 * self.room(t))
    }
}
