//! Euler's method.

use super::tableau::Tableau;

/// `x + h drift(x, t0)`.
pub const EULER: Tableau = Tableau::new(1.0, &[0.0], &[&[]], &[1.0]);
