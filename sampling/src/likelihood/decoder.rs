//! The last step of a variational bound: from the least noisy state to the datum.

use burn::tensor::Tensor;
use fokker_model::per_example::scale_examples;
use serde::{Deserialize, Serialize};
use statrs::function::erf::{erf, erfc};

use super::host::{host, squares};

/// The law of the datum given its estimate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Decoder {
    /// A normal density, for vectors.
    Gaussian,
    /// The probability that a normal density gives to a datum's cell, for the levels of pixels (Ho et al. 2020, eq. 13).
    /// The cells of the lowest and the highest level reach to infinity.
    Cells {
        /// The lowest level, in the model's units.
        lowest: f64,
        /// The highest level.
        highest: f64,
        /// Half of the distance between two levels.
        half_width: f64,
    },
}

impl Decoder {
    /// `−ln p(x₀)` of each example under N(mean, std²), in nats.
    ///
    /// # Shapes
    /// `x0`, `mean`: `[batch, …]`
    pub(super) fn nats<const D: usize>(self, x0: &Tensor<D>, mean: &Tensor<D>, std: f64) -> Vec<f64> {
        let batch = x0.dims()[0];
        match self {
            Self::Gaussian => {
                let dimension = (host(x0.clone()).len() / batch) as f64;
                let miss = scale_examples(x0.clone() - mean.clone(), std::iter::repeat_n(1.0 / std, batch));
                let normal = dimension * (std.ln() + 0.5 * std::f64::consts::TAU.ln());
                squares(miss).into_iter().map(|square| 0.5 * square + normal).collect()
            }
            Self::Cells { lowest, highest, half_width } => {
                let (x0, mean) = (host(x0.clone()), host(mean.clone()));
                let each = x0.len() / batch;
                let nats = |(&x0, &mean): (&f64, &f64)| {
                    // Levels are far further apart than rounding.
                    let low = if x0 < lowest + half_width { f64::NEG_INFINITY } else { x0 - half_width };
                    let high = if x0 > highest - half_width { f64::INFINITY } else { x0 + half_width };
                    -log_cell_probability((low - mean) / std, (high - mean) / std)
                };
                let pairs: Vec<f64> = x0.iter().zip(&mean).map(nats).collect();
                pairs.chunks(each).map(|example| example.iter().sum()).collect()
            }
        }
    }

    /// Between which numbers the data lie, if that is known.
    pub(super) fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Gaussian => None,
            Self::Cells { lowest, highest, .. } => Some((lowest, highest)),
        }
    }
}

/// `ln P(low < n < high)` for `n ~ N(0, 1)`, to ten digits or so in the middle and in the tails.
///
/// ```
/// use fokker_sampling::likelihood::log_cell_probability;
///
/// assert!((log_cell_probability(-1.0, 1.0).exp() - 0.682_689_492).abs() < 1e-8);
/// // Far out, where the difference of two distribution functions is 0.
/// assert!((log_cell_probability(40.0, 41.0) + 804.608_442).abs() < 1e-5);
/// ```
pub fn log_cell_probability(low: f64, high: f64) -> f64 {
    // By symmetry the cell's nearer end is at or above 0, unless the cell contains 0.
    if high <= 0.0 {
        return log_cell_probability(-high, -low);
    }
    let root = std::f64::consts::FRAC_1_SQRT_2;
    if low < 0.0 {
        return (0.5 * (erf(high * root) - erf(low * root))).ln();
    }
    // Above 25 the complement of the error function falls below the smallest numbers.
    let tail = |x: f64| if x < 25.0 { (0.5 * erfc(x * root)).ln() } else { log_far_tail(x) };
    let near = tail(low);
    if high == f64::INFINITY { near } else { near + (-(tail(high) - near).exp()).ln_1p() }
}

/// `ln P(n > x)` for x above 20 or so: the asymptotic series, whose first term left out is below 1e-7 there, of a
/// number that is itself −200 or less.
fn log_far_tail(x: f64) -> f64 {
    let inverse = 1.0 / (x * x);
    let series = 1.0 - inverse * (1.0 - 3.0 * inverse * (1.0 - 5.0 * inverse));
    -0.5 * x * x - (x * std::f64::consts::TAU.sqrt()).ln() + series.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    /// Low, high and the logarithm of the probability between them, by mpmath with 50 digits.
    const CELLS: [(f64, f64, f64); 10] = [
        (-0.1, 0.2, -2.1278963696652227),
        (0.5, 0.6, -3.373064226942796),
        (3.0, 3.5, -6.796868006683432),
        (8.0, 8.01, -37.56385840089457),
        (20.0, 21.0, -203.91715537228816),
        (24.9, 25.1, -314.1471196304103),
        (30.0, 30.5, -454.3212442218851),
        (-2.0, INF, -0.023012909328963486),
        (6.0, INF, -20.736768949974707),
        (60.0, INF, -1805.013560680567),
    ];

    #[test]
    fn probabilities_of_cells_are_exact_in_the_middle_and_in_the_tails() {
        for (low, high, expected) in CELLS {
            let found = log_cell_probability(low, high);
            assert!((found - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{low} {high}: {found} {expected}");
            let mirrored = log_cell_probability(-high, -low);
            assert!((mirrored - expected).abs() < 1e-9 * (1.0 + expected.abs()));
        }
    }
}
