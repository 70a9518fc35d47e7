//! A number that changes with time, and how fast: coefficients of a process with their exact time derivative.
//!
//! A process states its coefficients twice, as SDE and as kernel, and the two identities that hold them together,
//! `α′ = fα` and `(σ²)′ = 2fσ² + g²`, are the derivatives [Lecture 6, eq. 1.7–1.10].

use std::ops::{Add, Div, Mul, Neg};

use fokker_process::Process;

/// A value and its derivative in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeDual {
    /// The value.
    pub value: f64,
    /// Its change per unit of time.
    pub derivative: f64,
}

impl TimeDual {
    /// A number that does not change.
    pub const fn constant(value: f64) -> Self {
        Self { value, derivative: 0.0 }
    }

    /// `α` at `t`.
    pub fn mean_scale(process: &dyn Process, t: f64) -> Self {
        Self { value: process.mean_scale(t), derivative: process.mean_scale_derivative(t) }
    }

    /// `σ` at `t`.
    pub fn std(process: &dyn Process, t: f64) -> Self {
        let value = process.std(t);
        Self { value, derivative: 0.5 * process.variance_derivative(t) / value }
    }

    /// `α′` at `t`; its derivative is NaN under a process that does not [state](Process::second_derivatives) it.
    pub fn mean_scale_derivative(process: &dyn Process, t: f64) -> Self {
        let derivative = process.second_derivatives(t).map_or(f64::NAN, |[of_mean_scale, _]| of_mean_scale);
        Self { value: process.mean_scale_derivative(t), derivative }
    }

    /// `σ′` at `t`; its derivative likewise.
    pub fn std_derivative(process: &dyn Process, t: f64) -> Self {
        let derivative = process.second_derivatives(t).map_or(f64::NAN, |[_, of_std]| of_std);
        Self { value: process.std_derivative(t), derivative }
    }

    /// `ln(α²/σ²)` at `t`.
    pub fn log_snr(process: &dyn Process, t: f64) -> Self {
        Self { value: process.log_snr(t), derivative: process.log_snr_derivative(t) }
    }

    /// `1/x`.
    pub fn recip(self) -> Self {
        let value = self.value.recip();
        Self { value, derivative: -self.derivative * value * value }
    }

    /// `√(x² + y²)`.
    pub fn hypot(self, other: Self) -> Self {
        let value = self.value.hypot(other.value);
        Self { value, derivative: (self.value * self.derivative + other.value * other.derivative) / value }
    }
}

impl Add for TimeDual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, derivative: self.derivative + other.derivative }
    }
}

impl Mul for TimeDual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let derivative = self.derivative * other.value + self.value * other.derivative;
        Self { value: self.value * other.value, derivative }
    }
}

impl Div for TimeDual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, derivative: (self.derivative - value * other.derivative) / other.value }
    }
}

impl Mul<TimeDual> for f64 {
    type Output = TimeDual;
    fn mul(self, rate: TimeDual) -> TimeDual {
        TimeDual { value: self * rate.value, derivative: self * rate.derivative }
    }
}

impl Neg for TimeDual {
    type Output = Self;
    fn neg(self) -> Self {
        -1.0 * self
    }
}
