//! The variable that a probability flow is walked in.

use fokker_process::Process;

/// The coordinates in which the linear part of a probability flow is gone: a variable in the place of time, and the scale that
/// the state is divided by.
///
/// | | variable `ρ` | state `y` | slope `dy/dρ` |
/// |---|---|---|---|
/// | `Ratio` | `σ/α` | `x/α` | `E[ε ∣ x]` |
/// | `Share` | `σ/(c α + σ)`, from 0 to 1 | `x/(α + σ/c)` | `E[c ε − x₀ ∣ x]` |
///
/// The first is Karras et al. 2022, sec. 3, and Song et al. 2020, eq. 14. Where the process reaches pure noise, `σ/α` is infinite
/// and the second takes its place: it maps the path onto the straight one, `y = (1 − ρ) x₀ + ρ c ε`, whose velocity is smooth up to
/// its end and beyond. `c` is the deviation of the noise there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coordinates {
    /// Noise against data.
    Ratio,
    /// The share of the noise.
    Share {
        /// `c`, in data units.
        noise_std: f64,
    },
}

impl Coordinates {
    /// Those of a process.
    pub fn of(process: &dyn Process) -> Self {
        match process.reaches_pure_noise() {
            true => Self::Share { noise_std: process.prior_std() },
            false => Self::Ratio,
        }
    }

    /// The variable where `σ/α` is `ratio`.
    pub fn of_ratio(self, ratio: f64) -> f64 {
        match self {
            Self::Ratio => ratio,
            Self::Share { noise_std } => 1.0 / (1.0 + noise_std / ratio),
        }
    }

    /// `σ/α` where the variable is `place`.
    pub fn ratio(self, place: f64) -> f64 {
        match self {
            Self::Ratio => place,
            Self::Share { noise_std } => noise_std * place / (1.0 - place),
        }
    }
}

/// `σ/α` at a time; infinite in pure noise.
pub(crate) fn ratio(process: &dyn Process, t: f64) -> f64 {
    (-0.5 * process.log_snr(t)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_the_noise_reaches_one_in_pure_noise() {
        let share = Coordinates::Share { noise_std: 3.0 };
        assert_eq!((share.of_ratio(f64::INFINITY), share.ratio(1.0)), (1.0, f64::INFINITY));
        for ratio in [1e-3, 0.5, 40.0] {
            assert!((share.ratio(share.of_ratio(ratio)) / ratio - 1.0).abs() < 1e-13);
            assert_eq!(Coordinates::Ratio.of_ratio(ratio), ratio);
        }
    }
}
