//! An equation whose noise depends on the state, with its law in closed form.
//!
//! For a linear process dY = f Y dt + g dB, Itô's formula gives X = sinh Y the equation
//!
//! ```text
//! dX = (f asinh(X) √(1 + X²) + ½ g² X) dt + g √(1 + X²) dB,      D = ½ g² (1 + x²),
//! ```
//!
//! and X has the density p_Y(asinh x, t)/√(1 + x²).

use fokker_process::Process;

use super::{LineMixture, Score};
use crate::fokker_planck::Equation;

/// X = sinh Y for a linear process Y that starts from a mixture.
#[derive(Clone, Debug)]
pub struct SinhImage<'a> {
    /// The process of Y.
    pub process: &'a dyn Process,
    /// The law of Y_0.
    pub data: LineMixture,
}

impl SinhImage<'_> {
    /// p(x, t).
    pub fn density(&self, x: f64, t: f64) -> f64 {
        self.data.diffused(self.process, t).density(x.asinh()) / (1.0 + x * x).sqrt()
    }

    /// P(X_t ≤ x).
    pub fn mass_below(&self, x: f64, t: f64) -> f64 {
        1.0 - self.data.diffused(self.process, t).mass_above(x.asinh())
    }
}

impl Equation for SinhImage<'_> {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[f64], t: f64, _: usize) -> f64 {
        self.process.drift(t) * x[0].asinh() * (1.0 + x[0] * x[0]).sqrt()
            + 0.5 * self.process.diffusion_squared(t) * x[0]
    }

    fn diffusion(&self, x: &[f64], t: f64) -> f64 {
        0.5 * self.process.diffusion_squared(t) * (1.0 + x[0] * x[0])
    }
}

impl Score for SinhImage<'_> {
    fn dimension(&self) -> usize {
        1
    }

    fn score(&self, x: &[f64], t: f64, _: usize) -> f64 {
        let square = 1.0 + x[0] * x[0];
        self.data.diffused(self.process, t).score(x[0].asinh()) / square.sqrt() - x[0] / square
    }

    fn integral(&self, x: &[f64], t: f64, _: usize, length: f64) -> f64 {
        let law = self.data.diffused(self.process, t);
        let log = |x: f64| law.log_density(x.asinh()) - 0.5 * (x * x).ln_1p();
        log(x[0] + length) - log(x[0])
    }
}
