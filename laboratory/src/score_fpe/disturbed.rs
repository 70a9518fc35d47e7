//! A score with an error that is known.

use serde::{Deserialize, Serialize};

use super::{Jet, ScoreField};

/// An error field that fades until it is zero at a time:
///
/// ```text
/// δᵢ(x, t) = (1 − t/t_exact) [along · sin(k xᵢ) + across · sin(k xᵢ₊₁)]        i + 1 modulo n
/// ```
///
/// The first part is a gradient. The second is none in two dimensions and more: it has a curl and no divergence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disturbance {
    /// Size of the part that is a gradient, in units of the score.
    pub along: f64,
    /// Size of the part that is none.
    pub across: f64,
    /// k, radians per data unit.
    pub wavenumber: f64,
}

/// A field and a [`Disturbance`] on top.
#[derive(Clone, Copy)]
pub struct Disturbed<'a> {
    /// The field that is disturbed.
    pub field: &'a dyn ScoreField,
    /// What is added.
    pub disturbance: Disturbance,
    /// The time t_exact > 0 at which the error is zero.
    pub exact_at: f64,
}

impl ScoreField for Disturbed<'_> {
    fn dimension(&self) -> usize {
        self.field.dimension()
    }

    fn jets(&self, points: &[Vec<f64>], t: f64) -> Vec<Jet> {
        let (size, rate) = (1.0 - t / self.exact_at, -1.0 / self.exact_at);
        let Disturbance { along, across, wavenumber: k } = self.disturbance;
        let mut jets = self.field.jets(points, t);
        for (jet, x) in jets.iter_mut().zip(points) {
            let n = x.len();
            for i in 0..n {
                // Coordinate i hears of itself and of the next one.
                for (j, part) in [(i, along), ((i + 1) % n, across)] {
                    let (sin, cos) = (k * x[j]).sin_cos();
                    jet.value[i] += size * part * sin;
                    jet.rate[i] += rate * part * sin;
                    jet.jacobian[(i, j)] += size * part * k * cos;
                    if i == j {
                        jet.divergence_slope[i] -= size * part * k * k * sin;
                    }
                }
            }
        }
        jets
    }
}
