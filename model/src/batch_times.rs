//! The times of a batch, as a calculus sees them.

use crate::calculus::Calculus;
use crate::per_example::{per_example, vector};
use crate::time_dual::TimeDual;

/// One time for each example, standing still or running.
///
/// A coefficient of time is computed on the host with its derivative. Where time runs, `elapsed` is an array that is
/// zero and whose tangent is one: `value + derivative · elapsed` then has the coefficient's value and its tangent. That
/// is exact for the first derivative in time and for mixed ones in time and space; a second derivative in time is not
/// to be had.
pub struct BatchTimes<'a, C: Calculus> {
    times: &'a [f64],
    elapsed: Option<C::Array<1>>,
}

impl<'a, C: Calculus> BatchTimes<'a, C> {
    /// Times that nothing is differentiated in.
    pub fn fixed(times: &'a [f64]) -> Self {
        Self { times, elapsed: None }
    }

    /// Times that run: `elapsed` is zero, with a tangent of one, `[batch]`.
    pub(crate) fn differentiated(times: &'a [f64], elapsed: C::Array<1>) -> Self {
        Self { times, elapsed: Some(elapsed) }
    }

    /// The times.
    pub fn times(&self) -> &'a [f64] {
        self.times
    }

    /// A coefficient for each example, `[batch]`, in the place of `like`.
    pub fn vector<const D: usize>(&self, coefficient: impl Fn(f64) -> TimeDual, like: &C::Array<D>) -> C::Array<1> {
        let (device, dtype) = C::place(like);
        let rates = self.times.iter().map(|&t| coefficient(t));
        let value = C::constant(vector(rates.clone().map(|rate| rate.value), (&device, dtype)));
        match &self.elapsed {
            None => value,
            Some(elapsed) => {
                let derivative = C::constant(vector(rates.map(|rate| rate.derivative), (&device, dtype)));
                C::add(value, C::mul(derivative, elapsed.clone()))
            }
        }
    }

    /// Each example times its coefficient; one multiplication by a number if all are equal and time stands still.
    pub fn scale<const D: usize>(&self, x: C::Array<D>, coefficient: impl Fn(f64) -> TimeDual) -> C::Array<D> {
        let shape = C::dims(&x);
        assert_eq!(self.times.len(), shape[0], "one time for each example");
        if self.elapsed.is_none() {
            let factors: Vec<f64> = self.times.iter().map(|&t| coefficient(t).value).collect();
            return match factors.first() {
                Some(&first) if factors.iter().all(|&factor| factor == first) => C::affine(x, first, 0.0),
                _ => {
                    let (device, dtype) = C::place(&x);
                    C::mul(x, C::constant(per_example(factors.into_iter(), (&device, dtype))))
                }
            };
        }
        let mut broadcast = [1; D];
        broadcast[0] = shape[0];
        let factors = C::reshape(self.vector(coefficient, &x), broadcast);
        C::mul(x, factors)
    }
}
