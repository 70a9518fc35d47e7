//! The swiss roll in the plane: a spiral of one and a half turns.
//!
//! With t uniform on [3π/2, 9π/2] the curve is (t cos t, t sin t)/5, as in scikit-learn's `make_swiss_roll` without its
//! middle coordinate, divided by 5; N(0, noise²) is added to both coordinates. It has no components, so no labels.

use std::f64::consts::PI;

use fokker_random::Rng;
use serde::{Deserialize, Serialize};

use crate::synthetic::{Counts, Law, check_noise, scatter, uniform};
use crate::{DatasetError, LawKind, register_dataset};

/// `kind = "swiss_roll"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwissRollConfig {
    /// Standard deviation of the noise, at least 0. Default 0.05.
    pub noise: f64,
    /// Examples of the training split. Default 65 536.
    pub examples: usize,
    /// Examples of the validation split. Default 8192.
    pub validation_examples: usize,
}

impl Default for SwissRollConfig {
    fn default() -> Self {
        Self { noise: 0.05, examples: 65_536, validation_examples: 8192 }
    }
}

impl LawKind for SwissRollConfig {
    type Law = SwissRoll;

    fn law(&self) -> Result<SwissRoll, DatasetError> {
        check_noise("data.noise", self.noise)?;
        Ok(SwissRoll { noise: self.noise })
    }

    fn counts(&self) -> Counts {
        Counts { examples: self.examples, validation_examples: self.validation_examples }
    }
}

register_dataset!(SwissRollConfig as "swiss_roll");

/// The law of the swiss roll.
#[derive(Clone, Debug, PartialEq)]
pub struct SwissRoll {
    noise: f64,
}

impl Law for SwissRoll {
    fn name(&self) -> &str {
        "swiss_roll"
    }

    fn dimension(&self) -> usize {
        2
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn draw(&self, rng: &mut Rng, out: &mut [f32]) -> Option<usize> {
        let t = 1.5 * PI * (1.0 + 2.0 * uniform(rng));
        scatter(rng, &[t * t.cos() / 5.0, t * t.sin() / 5.0], self.noise, out);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::moments;

    #[test]
    fn moments_are_those_of_the_formula() {
        // ∫ t cos t = cos t + t sin t and ∫ t sin t = sin t − t cos t, from 3π/2 to 9π/2, over 5·3π.
        let law = SwissRollConfig { noise: 0.0, ..Default::default() }.law().unwrap();
        let (mean_x, mean_y) = (6.0 * PI / (15.0 * PI), 2.0 / (15.0 * PI));
        // E r² = E t²/25 with E t² = (3π)² + (3π)²/12; cos² = (1 + cos 2t)/2 and ∫ t² cos 2t = [t² sin 2t/2 + t cos 2t/2
        // − sin 2t/4], which is −3π/2 between the ends.
        let square = 9.75 * PI * PI / 25.0;
        let asymmetry = -1.5 * PI / (3.0 * PI) / 25.0;
        moments::check(&law, |x| f64::from(x[0]), mean_x, (square + asymmetry) / 2.0 - mean_x * mean_x);
        moments::check(&law, |x| f64::from(x[1]), mean_y, (square - asymmetry) / 2.0 - mean_y * mean_y);
        let noisy = SwissRollConfig { noise: 0.5, ..Default::default() }.law().unwrap();
        moments::check(&noisy, |x| f64::from(x[1]), mean_y, (square - asymmetry) / 2.0 - mean_y * mean_y + 0.25);
    }

    #[test]
    fn without_noise_angle_and_radius_agree() {
        let law = SwissRollConfig { noise: 0.0, ..Default::default() }.law().unwrap();
        let mut out = [0.0; 2];
        for i in 0..200 {
            law.draw(&mut fokker_random::rng(1, fokker_random::Stream::Test, i), &mut out);
            let t = 5.0 * f64::from(out[0]).hypot(f64::from(out[1]));
            assert!((1.5 * PI - 1e-5..4.5 * PI + 1e-5).contains(&t));
            assert!((t * t.cos() / 5.0 - f64::from(out[0])).abs() < 1e-4, "{out:?}");
        }
    }
}
