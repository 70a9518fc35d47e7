//! The Runge–Kutta pair of Dormand & Prince (1980), of order 5 with an estimate of order 4 for the error.

use super::tableau::Tableau;

/// The method of order 5. The slope at the end of a step is the first one of the next step.
pub const DORMAND_PRINCE: Tableau = Tableau::new(
    5.0,
    &[0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0],
    &[
        &[],
        &[0.2],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
        &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    ],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
);

/// The weights of order 5 less those of order 4; the last one belongs to the slope at the end of the step.
pub(crate) const ERROR: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];

#[cfg(test)]
mod tests {
    use super::*;

    /// The estimate is of order 4: it vanishes on polynomials of degree 3 in time.
    #[test]
    fn the_error_of_a_cubic_is_nothing() {
        for power in 0..=3 {
            let nodes = DORMAND_PRINCE.nodes.iter().chain(&[1.0]);
            let sum: f64 = ERROR.iter().zip(nodes).map(|(weight, node)| weight * node.powi(power)).sum();
            assert!(sum.abs() < 1e-15, "{power}: {sum}");
        }
    }
}
