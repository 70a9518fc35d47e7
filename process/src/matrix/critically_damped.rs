//! Critically damped Langevin dynamics.

use nalgebra::DMatrix;

use super::{MatrixError, MatrixProcess, MatrixTransition};

/// Every coordinate x of the data has a velocity v, and noise acts on velocities alone (Dockhorn et al. 2022, eq. 5):
///
/// ```text
/// dx = β v/M dt,    dv = −β x dt − β Γ v/M dt + √(2 Γ β) dw,    Γ² = 4 M.
/// ```
///
/// Positions stand before velocities: the state is (x_1 … x_d, v_1 … v_d). Its stationary law is N(0, I) × N(0, M I). With
/// a = Γ/(2M) = 1/√M the matrix F/β + a I is nilpotent, which gives closed forms at the clock B = β (t − s):
///
/// ```text
/// Ψ = e^{−aB} | 1 + aB   B/M    |      Q = 2Γ ∫₀ᴮ e^{−2as} k kᵀ ds,    k = (s/M, 1 − as).
///             | −B       1 − aB |
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CriticallyDamped {
    coordinates: usize,
    beta: f64,
    mass: f64,
}

impl CriticallyDamped {
    /// For data with `coordinates` numbers, β > 0 per unit of time, and the mass M > 0. Dockhorn et al. 2022 have β = 4, M = ¼.
    ///
    /// # Errors
    /// For no coordinates, and for a β or M that is not a finite number above 0.
    pub fn new(coordinates: usize, beta: f64, mass: f64) -> Result<Self, MatrixError> {
        if coordinates == 0 {
            return Err(MatrixError::Parameter { what: "coordinates", value: 0.0, expected: "at least 1" });
        }
        for (what, value) in [("beta", beta), ("mass", mass)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(MatrixError::Parameter { what, value, expected: "a finite number above 0" });
            }
        }
        Ok(Self { coordinates, beta, mass })
    }

    /// β, per unit of time.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// M, the variance of a velocity in the stationary law.
    pub fn mass(&self) -> f64 {
        self.mass
    }

    /// Γ = 2 √M, the friction.
    pub fn friction(&self) -> f64 {
        2.0 * self.mass.sqrt()
    }

    /// The transition of one coordinate and its velocity, 2 × 2, over a time `span` ≥ 0. Every entry of Q has full relative
    /// accuracy however short or long the time: Q_xx, Q_xv and Q_vv begin with its third, second and first power.
    pub fn pair(&self, span: f64) -> MatrixTransition {
        let (clock, mass, friction) = (self.beta * span, self.mass, self.friction());
        let a = 0.5 * friction / mass;
        let z = a * clock;
        let matrix = DMatrix::from_row_slice(2, 2, &[1.0 + z, clock / mass, -clock, 1.0 - z]) * (-z).exp();
        let [zeroth, first, second] = [0, 1, 2].map(|power| moment(power, 2.0 * a, clock));
        let xx = second / (mass * mass);
        // s (1 − as) e^{−2as} is the derivative of ½ s² e^{−2as}.
        let xv = 0.5 * clock * clock * (-2.0 * z).exp() / mass;
        let vv = zeroth - 2.0 * a * first + a * a * second;
        MatrixTransition { matrix, covariance: DMatrix::from_row_slice(2, 2, &[xx, xv, xv, vv]) * (2.0 * friction) }
    }

    fn spread(&self, pair: &DMatrix<f64>) -> DMatrix<f64> {
        pair.kronecker(&DMatrix::identity(self.coordinates, self.coordinates))
    }
}

impl MatrixProcess for CriticallyDamped {
    fn dimension(&self) -> usize {
        2 * self.coordinates
    }

    fn drift(&self, _: f64) -> DMatrix<f64> {
        let pair = [0.0, 1.0 / self.mass, -1.0, -self.friction() / self.mass];
        self.spread(&(DMatrix::from_row_slice(2, 2, &pair) * self.beta))
    }

    fn noise(&self, _: f64) -> DMatrix<f64> {
        let deviation = (2.0 * self.friction() * self.beta).sqrt();
        self.spread(&DMatrix::from_column_slice(2, 1, &[0.0, deviation]))
    }

    fn transition(&self, s: f64, t: f64) -> MatrixTransition {
        let MatrixTransition { matrix, covariance } = self.pair(t - s);
        MatrixTransition { matrix: self.spread(&matrix), covariance: self.spread(&covariance) }
    }
}

/// ∫₀ᴮ sᵏ e^{−cs} ds for k of 0 to 2: an incomplete gamma function, for short times by its series.
fn moment(power: i32, rate: f64, until: f64) -> f64 {
    let z = rate * until;
    let k = f64::from(power);
    if z > 1.0 {
        let gone: f64 = [1.0, z, 0.5 * z * z][..=power as usize].iter().sum();
        let factorial = if power == 2 { 2.0 } else { 1.0 };
        return factorial * (1.0 - (-z).exp() * gone) / rate.powi(power + 1);
    }
    // zⁿ/n! falls below rounding before n = 20.
    let mut term = 1.0;
    let mut sum = 0.0;
    for n in 0..20 {
        let n = f64::from(n);
        sum += term / (n + k + 1.0);
        term *= -z / (n + 1.0);
    }
    sum * until.powi(power + 1)
}
