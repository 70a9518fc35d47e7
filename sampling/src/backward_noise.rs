//! The knob of the reverse family: how much noise the backward process has.

use serde::{Deserialize, Serialize};

/// `σ̃(t) ≥ 0` of [Aamari 2025, Thm 2.10], in units of the forward noise: 0 is the probability-flow ODE, 1 the reverse SDE.
/// The theorem also lets forward and backward noise depend on the state; here both are functions of time alone.
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
    /// `σ̃(t)`.
    pub fn at(&self, t: f64) -> f64 {
        let points = match self {
            Self::Constant(value) => return *value,
            Self::Points(points) => points,
        };
        let after = points.partition_point(|point| point[0] < t);
        if after == 0 || after == points.len() {
            return points[after.min(points.len() - 1)][1];
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

    /// What is wrong with the numbers, if anything.
    pub fn complaint(&self) -> Option<String> {
        let bad = |value: f64| !(value.is_finite() && value >= 0.0);
        match self {
            Self::Constant(value) if bad(*value) => Some(format!("{value} is not a number ≥ 0")),
            Self::Constant(_) => None,
            Self::Points(points) if points.is_empty() => Some("needs at least one point [t, σ̃]".into()),
            Self::Points(points) => {
                if let Some([_, value]) = points.iter().find(|point| bad(point[1])) {
                    return Some(format!("{value} is not a number ≥ 0"));
                }
                let rising = points.windows(2).all(|pair| pair[0][0] < pair[1][0]);
                (!rising).then(|| "the times of the points must rise".into())
            }
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
        assert!(noise.complaint().is_none() && !noise.is_zero());
        assert!(BackwardNoise::Points(vec![[0.6, 1.0], [0.2, 1.0]]).complaint().is_some());
        assert!(BackwardNoise::Constant(-1.0).complaint().is_some());
    }
}
