//! Two moons: two interleaved half circles of radius 1, labels = the moon.
//!
//! With θ uniform on [0, π] the moons are (cos θ, sin θ) and (1 − cos θ, ½ − sin θ), as in scikit-learn's `make_moons`,
//! moved by (−½, −¼) so that the mean is 0; N(0, noise²) is added to both coordinates.

use std::f64::consts::PI;

use fokker_random::Rng;
use serde::{Deserialize, Serialize};

use crate::synthetic::{Counts, Law, check_noise, choice, scatter, uniform};
use crate::{DatasetError, LawKind, register_dataset};

/// `kind = "moons"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoonsConfig {
    /// Standard deviation of the noise, at least 0. Default 0.05.
    pub noise: f64,
    /// Examples of the training split. Default 65 536.
    pub examples: usize,
    /// Examples of the validation split. Default 8192.
    pub validation_examples: usize,
}

impl Default for MoonsConfig {
    fn default() -> Self {
        Self { noise: 0.05, examples: 65_536, validation_examples: 8192 }
    }
}

impl LawKind for MoonsConfig {
    type Law = Moons;

    fn law(&self) -> Result<Moons, DatasetError> {
        check_noise("data.noise", self.noise)?;
        Ok(Moons { noise: self.noise })
    }

    fn counts(&self) -> Counts {
        Counts { examples: self.examples, validation_examples: self.validation_examples }
    }
}

register_dataset!(MoonsConfig as "moons");

/// The law of two moons.
#[derive(Clone, Debug, PartialEq)]
pub struct Moons {
    noise: f64,
}

impl Law for Moons {
    fn name(&self) -> &str {
        "moons"
    }

    fn dimension(&self) -> usize {
        2
    }

    fn classes(&self) -> Option<usize> {
        Some(2)
    }

    fn draw(&self, rng: &mut Rng, out: &mut [f32]) -> Option<usize> {
        let moon = choice(rng, 2);
        let (sin, cos) = (PI * uniform(rng)).sin_cos();
        let centre = if moon == 0 { [cos - 0.5, sin - 0.25] } else { [0.5 - cos, 0.25 - sin] };
        scatter(rng, &centre, self.noise, out);
        Some(moon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::moments;

    #[test]
    fn moments_are_those_of_the_formula() {
        let law = MoonsConfig { noise: 0.1, ..Default::default() }.law().unwrap();
        moments::check(&law, |x| f64::from(x[0]), 0.0, 0.75 + 0.01);
        moments::check(&law, |x| f64::from(x[1]), 0.0, 0.5 - 1.0 / PI + 0.0625 + 0.01);
        assert!((moments::frequencies(&law)[0] - 0.5).abs() < 0.018);
    }

    #[test]
    fn without_noise_the_points_lie_on_their_half_circle() {
        let law = MoonsConfig { noise: 0.0, ..Default::default() }.law().unwrap();
        let mut out = [0.0; 2];
        for i in 0..200 {
            let moon = law.draw(&mut fokker_random::rng(1, fokker_random::Stream::Test, i), &mut out);
            let sign = if moon == Some(0) { 1.0 } else { -1.0 };
            let (x, y) = (sign * out[0] + 0.5, sign * out[1] + 0.25);
            assert!((x.hypot(y) - 1.0).abs() < 1e-6 && y > -1e-6, "{out:?}");
        }
        assert!(
            MoonsConfig { noise: -1.0, ..Default::default() }.law().unwrap_err().to_string().contains("`data.noise`")
        );
    }
}
