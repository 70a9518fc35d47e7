//! Q-Wiener processes: W = Σ √λₖ βₖ eₖ with independent Brownian motions βₖ and Σ λₖ < ∞ [Seo, §2.3].

use serde::{Deserialize, Serialize};

use crate::grid::{Axis, Field};
use crate::paths::BrownianPath;
use crate::{LaboratoryError, check};

/// The functions eₖ, k = 1, 2, …; in two dimensions their products.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Basis {
    /// Heₖ(x/√c) e^{−x²/2c}/√(k! √(2πc)): orthonormal in L²(ℝ; e^{x²/2c}), the space of Seo, and without mass.
    Hermite {
        /// c > 0, in squared data units.
        c: f64,
    },
    /// √(2/L) cos(kπ(x − lower)/L): orthonormal in L² of the box, without mass.
    Cosine {},
    /// √(2/L) sin(kπ(x − lower)/L): orthonormal in L² of the box, zero at its ends; changes the mass.
    Sine {},
}

/// The eigenvalues λₖ of Q, in the order of the basis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Eigenvalues {
    /// λₖ = amplitude² k^{−decay}: of trace class for decay > 1.
    Power {
        /// Amplitude of the first mode.
        amplitude: f64,
        /// Above 1.
        decay: f64,
    },
    /// λₖ = amplitude² e^{−rate (k − 1)}: of trace class for rate > 0.
    Exponential {
        /// Amplitude of the first mode.
        amplitude: f64,
        /// Above 0.
        rate: f64,
    },
    /// The list itself, each 0 or above; its length must be the number of modes.
    List {
        /// λ₁, λ₂, …
        values: Vec<f64>,
    },
}

/// A Q-Wiener process as a config states it. In the plane the modes are products e_j(x) e_k(y) with λ_jk = λ_j λ_k/λ_1, so
/// the trace is (Σ λₖ)²/λ_1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseConfig {
    /// The functions.
    pub basis: Basis,
    /// The eigenvalues.
    pub eigenvalues: Eigenvalues,
    /// Modes that are kept in each direction, 1 to 60.
    pub modes: usize,
}

/// √λₖ eₖ on a grid, ready to be added up.
#[derive(Clone, Debug)]
pub struct QWiener {
    modes: Vec<Field>,
    trace: f64,
}

impl NoiseConfig {
    /// λₖ in one dimension.
    ///
    /// # Errors
    /// Eigenvalues that are not of trace class, or make no sense.
    pub fn eigenvalues(&self) -> Result<Vec<f64>, LaboratoryError> {
        check::count("noise.modes", self.modes, 1..=60)?;
        let positive = |key: &str, value| check::positive(&format!("noise.eigenvalues.{key}"), value);
        let numbers = (1..=self.modes).map(|k| k as f64);
        match &self.eigenvalues {
            Eigenvalues::Power { amplitude, decay } => {
                positive("amplitude", *amplitude)?;
                if !(*decay > 1.0 && *decay <= check::LARGEST) {
                    let expected = "above 1 and finite: otherwise Σ λₖ is infinite and Q is not of trace class";
                    return Err(LaboratoryError::value("noise.eigenvalues.decay", decay, expected));
                }
                Ok(numbers.map(|k| amplitude * amplitude * k.powf(-decay)).collect())
            }
            Eigenvalues::Exponential { amplitude, rate } => {
                positive("amplitude", *amplitude)?;
                positive("rate", *rate)?;
                Ok(numbers.map(|k| amplitude * amplitude * (-rate * (k - 1.0)).exp()).collect())
            }
            Eigenvalues::List { values } => {
                if values.len() != self.modes || !values.iter().all(|value| (0.0..=check::LARGEST).contains(value)) {
                    let expected = format!("{} finite numbers, 0 or above, one for each mode", self.modes);
                    return Err(LaboratoryError::value("noise.eigenvalues.values", format!("{values:?}"), expected));
                }
                Ok(values.clone())
            }
        }
    }

    /// The process on a grid.
    ///
    /// # Errors
    /// As [`NoiseConfig::eigenvalues`]; a basis parameter that is not positive; in the plane a list whose first eigenvalue
    /// is 0; modes and cells whose product does not fit into memory.
    pub fn build(&self, axes: &[Axis]) -> Result<QWiener, LaboratoryError> {
        if let Basis::Hermite { c } = self.basis {
            check::positive("noise.basis.c", c)?;
        }
        let eigenvalues = self.eigenvalues()?;
        let cells = axes.iter().map(|axis| axis.cells).product();
        let modes = self.modes.pow(axes.len() as u32);
        check::product(&[("modes of the noise", modes), ("cells", cells)], check::MOST_NUMBERS, "numbers in memory")?;
        if axes.len() == 2 && eigenvalues[0] == 0.0 {
            let expected = "above 0 in the plane, where λ_jk = λ_j λ_k/λ_1: put a mode that has noise first";
            return Err(LaboratoryError::value("noise.eigenvalues.values[0]", 0.0, expected));
        }
        let mut modes = Vec::new();
        let mut trace = 0.0;
        for (j, first) in eigenvalues.iter().enumerate() {
            match axes.get(1) {
                None => {
                    modes.push(Field::of(axes, |x| first.sqrt() * self.basis.value(j + 1, &axes[0], x[0])));
                    trace += first;
                }
                Some(second_axis) => {
                    for (k, second) in eigenvalues.iter().enumerate() {
                        // The first mode of the plane has the eigenvalue of the first mode on the line.
                        let value = first * second / eigenvalues[0];
                        modes.push(Field::of(axes, |x| {
                            let other = self.basis.value(k + 1, second_axis, x[1]);
                            value.sqrt() * self.basis.value(j + 1, &axes[0], x[0]) * other
                        }));
                        trace += value;
                    }
                }
            }
        }
        Ok(QWiener { modes, trace })
    }
}

impl Basis {
    /// eₖ(x), k from 1.
    pub fn value(self, k: usize, axis: &Axis, x: f64) -> f64 {
        let length = axis.upper - axis.lower;
        let angle = k as f64 * std::f64::consts::PI * (x - axis.lower) / length;
        match self {
            Self::Cosine {} => (2.0 / length).sqrt() * angle.cos(),
            Self::Sine {} => (2.0 / length).sqrt() * angle.sin(),
            Self::Hermite { c } => {
                let z = x / c.sqrt();
                // heₖ = Heₖ/√k!: heₖ₊₁ = (z heₖ − √k heₖ₋₁)/√(k+1).
                let (mut before, mut value) = (0.0, 1.0);
                for order in 0..k {
                    let order = order as f64;
                    (before, value) = (value, (z * value - order.sqrt() * before) / (order + 1.0).sqrt());
                }
                value * (-0.5 * z * z).exp() * (std::f64::consts::TAU * c).powf(-0.25)
            }
        }
    }
}

impl QWiener {
    /// The process with these modes √λₖ eₖ, on one grid; the trace is Σ ‖√λₖ eₖ‖² in L² of the box.
    ///
    /// # Panics
    /// If there is no mode, or their grids differ.
    pub fn of(modes: Vec<Field>) -> Self {
        assert!(modes.iter().all(|mode| mode.axes == modes[0].axes), "the modes live on different grids");
        let volume = modes[0].volume();
        let trace = modes.iter().flat_map(|mode| &mode.values).map(|value| value * value * volume).sum();
        Self { modes, trace }
    }

    /// Number of modes.
    pub fn len(&self) -> usize {
        self.modes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.modes.is_empty()
    }

    /// tr Q = Σ λₖ over the modes that are kept.
    pub fn trace(&self) -> f64 {
        self.trace
    }

    /// √λₖ eₖ on the grid.
    pub fn modes(&self) -> &[Field] {
        &self.modes
    }

    /// The Brownian motions βₖ of one realisation, at `steps` equal steps over \[0, T\].
    pub fn path(&self, seed: u64, realisation: u64, horizon: f64, steps: usize) -> BrownianPath {
        BrownianPath::of_field(seed, realisation, self.len(), horizon, steps)
    }

    /// Adds Σ √λₖ eₖ Δβₖ to a field.
    pub fn add(&self, field: &mut Field, increments: &[f64]) {
        for (mode, increment) in self.modes.iter().zip(increments) {
            field.values.iter_mut().zip(&mode.values).for_each(|(value, mode)| *value += mode * increment);
        }
    }
}
