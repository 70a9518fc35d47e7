//! Rings: concentric circles, all equally likely, labels = the circle.
//!
//! With θ uniform on [0, 2π) and the ring k uniform, x = rₖ (cos θ, sin θ) + N(0, noise² I).

use std::f64::consts::TAU;

use fokker_random::Rng;
use serde::{Deserialize, Serialize};

use crate::synthetic::{Counts, Law, check_noise, choice, scatter, uniform};
use crate::{DatasetError, LawKind, register_dataset};

/// `kind = "rings"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RingsConfig {
    /// The radii of the circles, at least 0, at least one. Default [0.5, 1.0, 1.5, 2.0].
    pub radii: Vec<f64>,
    /// Standard deviation of the noise, at least 0. Default 0.05.
    pub noise: f64,
    /// Examples of the training split. Default 65 536.
    pub examples: usize,
    /// Examples of the validation split. Default 8192.
    pub validation_examples: usize,
}

impl Default for RingsConfig {
    fn default() -> Self {
        Self { radii: vec![0.5, 1.0, 1.5, 2.0], noise: 0.05, examples: 65_536, validation_examples: 8192 }
    }
}

impl LawKind for RingsConfig {
    type Law = Rings;

    fn law(&self) -> Result<Rings, DatasetError> {
        if self.radii.is_empty() {
            return Err(DatasetError::config("data.radii", "[]; expected at least one radius"));
        }
        self.radii.iter().try_for_each(|&radius| check_noise("data.radii", radius))?;
        check_noise("data.noise", self.noise)?;
        Ok(Rings { radii: self.radii.clone(), noise: self.noise })
    }

    fn counts(&self) -> Counts {
        Counts { examples: self.examples, validation_examples: self.validation_examples }
    }
}

register_dataset!(RingsConfig as "rings");

/// The law of concentric circles.
#[derive(Clone, Debug, PartialEq)]
pub struct Rings {
    radii: Vec<f64>,
    noise: f64,
}

impl Law for Rings {
    fn name(&self) -> &str {
        "rings"
    }

    fn dimension(&self) -> usize {
        2
    }

    fn classes(&self) -> Option<usize> {
        Some(self.radii.len())
    }

    fn draw(&self, rng: &mut Rng, out: &mut [f32]) -> Option<usize> {
        let ring = choice(rng, self.radii.len());
        let (sin, cos) = (TAU * uniform(rng)).sin_cos();
        scatter(rng, &[self.radii[ring] * cos, self.radii[ring] * sin], self.noise, out);
        Some(ring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::moments;

    #[test]
    fn moments_are_those_of_the_formula() {
        let law = RingsConfig { radii: vec![1.0, 3.0], noise: 0.2, ..Default::default() }.law().unwrap();
        // E x² = E r²/2 + noise²; E |x|² = E r² + 2 noise², and its variance is Var r² + 4 noise² E r² + 4 noise⁴.
        moments::check(&law, |x| f64::from(x[0]), 0.0, 2.5 + 0.04);
        moments::check(&law, |x| f64::from(x[1]), 0.0, 2.5 + 0.04);
        let square = |x: &[f32]| f64::from(x[0]).powi(2) + f64::from(x[1]).powi(2);
        moments::check(&law, square, 5.08, 16.0 + 4.0 * 0.04 * 5.0 + 4.0 * 0.0016);
        assert!((moments::frequencies(&law)[1] - 0.5).abs() < 0.018);
    }

    #[test]
    fn impossible_values_are_refused_by_key() {
        let refused = |radii: Vec<f64>, noise| RingsConfig { radii, noise, ..Default::default() }.law().unwrap_err();
        assert!(refused(vec![], 0.0).to_string().contains("`data.radii`"));
        assert!(refused(vec![1.0, -1.0], 0.0).to_string().contains("`data.radii`"));
        assert!(refused(vec![1.0], f64::INFINITY).to_string().contains("`data.noise`"));
    }
}
