//! The classical Runge–Kutta method of fourth order (Hairer, Nørsett & Wanner 1993, table II.1.2).

use super::tableau::{Summation, Tableau};

/// Four slopes: at the beginning, twice in the middle, at the end.
pub const RUNGE_KUTTA_4: Tableau =
    Tableau::new(4.0, &[0.0, 0.5, 0.5, 1.0], &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]], &[1.0, 2.0, 2.0, 1.0])
        .over(6.0)
        .summed(Summation::FromState);
