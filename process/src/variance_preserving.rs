//! What all variance-preserving processes share: dx = −½β x dt + √β dw, whatever β(t) is.
//!
//! With I = ∫ₛᵗ β: the kernel of x_t given x_s has scale e^{−I/2} and variance 1 − e^{−I} ([SDE tutorial, eq. 4.2.54]
//! corrected: the mean carries half the exponent), so with B = ∫₀ᵗ β
//!
//! ```text
//! λ = ln(e^{−B} / (1 − e^{−B})) = −B − ln(1 − e^{−B}),     B = ln(1 + e^{−λ}).
//! ```

use crate::Transition;

/// The kernel across an interval over which β integrates to `integral`.
pub(crate) fn transition(integral: f64) -> Transition {
    Transition { scale: (-0.5 * integral).exp(), std: (-(-integral).exp_m1()).sqrt() }
}

/// λ where β has integrated to `integral` since time 0.
pub(crate) fn log_snr(integral: f64) -> f64 {
    -integral - (-(-integral).exp_m1()).ln()
}

/// The integral of β since time 0 at which the log-SNR is λ.
pub(crate) fn integral_of_log_snr(lambda: f64) -> f64 {
    if lambda < 0.0 { -lambda + lambda.exp().ln_1p() } else { (-lambda).exp().ln_1p() }
}
