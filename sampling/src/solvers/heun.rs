//! Heun's method: the trapezoidal rule with an Euler predictor (Karras et al. 2022, algorithm 1).

use super::tableau::Tableau;

/// `x + ½ h (drift(x, t0) + drift(x + h drift(x, t0), t1))`.
pub const HEUN: Tableau = Tableau::new(2.0, &[0.0, 1.0], &[&[], &[1.0]], &[0.5, 0.5]);
