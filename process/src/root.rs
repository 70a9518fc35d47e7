//! The inverse of the log-SNR where there is no closed form.
//!
//! Newton's method in u = ln t, in which λ is nearly a straight line of slope −1 as t → 0 (σ² ≈ g²(0) t), kept inside
//! a bracket and replaced by bisection where it would leave it or where it is slow. The slope is known: −t g²/σ².

use crate::Process;

/// The t in \[0, T\] with log_snr(t) = λ.
pub(crate) fn time_of_log_snr<P: Process + ?Sized>(process: &P, lambda: f64) -> f64 {
    let horizon = process.horizon();
    if lambda.is_nan() {
        return f64::NAN;
    }
    if lambda <= process.log_snr(horizon) {
        return horizon;
    }
    let mut high = horizon.ln();
    let mut width = 1.0;
    let mut low = high - width;
    while process.log_snr(low.exp()) < lambda {
        if low.exp() == 0.0 {
            return 0.0;
        }
        high = low;
        width *= 2.0;
        low -= width;
    }
    let mut u = 0.5 * (low + high);
    for iteration in 0..250 {
        let t = u.exp();
        let excess = process.log_snr(t) - lambda;
        if excess > 0.0 {
            low = u;
        } else {
            high = u;
        }
        let newton = u - excess / (t * process.log_snr_derivative(t));
        let next = if iteration < 50 && newton >= low && newton <= high { newton } else { 0.5 * (low + high) };
        if (next - u).abs() <= f64::EPSILON * u.abs().max(1.0) {
            return next.exp().min(horizon);
        }
        u = next;
    }
    u.exp().min(horizon)
}
