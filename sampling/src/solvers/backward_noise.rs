//! The knob of the reverse family: how much noise the backward process has.

use serde::{Deserialize, Serialize};

use crate::error::SamplingError;

/// `σ̃(t) ≥ 0` of [Aamari 2025, Thm 2.10], in units of the forward noise: 0 is the probability-flow ODE, 1 the reverse SDE.
/// The theorem also lets forward and backward noise depend on the state; here both are functions of time alone.
///
/// ```
/// use fokker_sampling::BackwardNoise;
///
/// // The probability flow at low noise, the reverse SDE at high noise, and linear between.
/// let noise = BackwardNoise::Points(vec![[0.25, 0.0], [0.75, 1.0]]);
/// assert_eq!([0.0, 0.5, 1.0].map(|t| noise.at(t)), [0.0, 0.5, 1.0]);
/// assert!(BackwardNoise::from(0.0).is_zero());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BackwardNoise {
    /// The same at all times.
    Constant(f64),
    /// Linear between the points `[t, σ̃]`, constant before the first and after the last; the times rise.
    Points(Vec<[f64; 2]>),
}

impl From<f64> for BackwardNoise {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

impl BackwardNoise {
    /// `σ̃(t)`; 0 if there is no point, which [`BackwardNoise::validate`] refuses.
    pub fn at(&self, t: f64) -> f64 {
        let points = match self {
            Self::Constant(value) => return *value,
            Self::Points(points) => points,
        };
        let after = points.partition_point(|point| point[0] < t);
        if after == 0 || after == points.len() {
            return points.get(after).or(points.last()).map_or(0.0, |point| point[1]);
        }
        let ([t0, a], [t1, b]) = (points[after - 1], points[after]);
        a + (b - a) * (t - t0) / (t1 - t0)
    }

    /// Whether there is no noise at any time.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Constant(value) => *value == 0.0,
            Self::Points(points) => points.iter().all(|point| point[1] == 0.0),
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// The number that does not work, under `sampler.backward_noise`.
    pub fn validate(&self) -> Result<(), SamplingError> {
        let fail = |message: String| Err(SamplingError::sampler("backward_noise", message));
        let points = match self {
            Self::Constant(value) => &[[0.0, *value]],
            Self::Points(points) => points.as_slice(),
        };
        if points.is_empty() {
            return fail("needs at least one point [t, σ̃]".into());
        }
        if let Some([_, value]) = points.iter().find(|point| !(point[1].is_finite() && point[1] >= 0.0)) {
            return fail(format!("{value} is not a number ≥ 0"));
        }
        match points.windows(2).all(|pair| pair[0][0] < pair[1][0]) {
            true => Ok(()),
            false => fail("the times of the points must rise".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_joined_by_lines() {
        let noise = BackwardNoise::Points(vec![[0.2, 0.0], [0.6, 2.0]]);
        assert_eq!((noise.at(0.0), noise.at(0.2), noise.at(0.9)), (0.0, 0.0, 2.0));
        assert!((noise.at(0.3) - 0.5).abs() < 1e-15);
        assert!(noise.validate().is_ok() && !noise.is_zero());
        for wrong in [BackwardNoise::Points(vec![[0.6, 1.0], [0.2, 1.0]]), BackwardNoise::Constant(-1.0)] {
            assert!(wrong.validate().unwrap_err().to_string().starts_with("sampler.backward_noise: "));
        }
        let none = BackwardNoise::Points(Vec::new());
        assert!(none.validate().is_err() && none.at(0.5) == 0.0);
    }
}
