//! Samples that are not finite.

use crate::error::Error;

/// How many samples contain a number that is not finite, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotFinite {
    /// How many samples were looked at.
    pub of: u64,
    /// How many of them are not finite.
    pub count: u64,
    /// The numbers of the first of them.
    pub numbers: Vec<u64>,
}

impl NotFinite {
    /// How many numbers are named.
    const NAMED: usize = 5;

    /// Looks at the samples `first, first + 1, …`, each of `size` numbers.
    pub fn add(&mut self, values: &[f32], size: usize, first: u64) {
        for (number, sample) in (first..).zip(values.chunks(size)) {
            self.of += 1;
            if sample.iter().all(|value| value.is_finite()) {
                continue;
            }
            self.count += 1;
            if self.numbers.len() < Self::NAMED {
                self.numbers.push(number);
            }
        }
    }

    /// The samples `first, first + 1, …`, each of `size` numbers.
    pub fn among(values: &[f32], size: usize, first: u64) -> Self {
        let mut found = Self::default();
        found.add(values, size, first);
        found
    }

    /// Nothing, if all are finite.
    ///
    /// # Errors
    /// [`Error::NotFinite`] with the count, the first numbers and what to try; `what` are samples, states, distances.
    pub fn check(&self, what: &str) -> Result<(), Error> {
        if self.count == 0 {
            return Ok(());
        }
        let numbers: Vec<String> = self.numbers.iter().map(u64::to_string).collect();
        let more = if self.count > self.numbers.len() as u64 { ", …" } else { "" };
        let (count, of, numbers) = (self.count, self.of, numbers.join(", "));
        Err(Error::NotFinite(format!(
            "{count} of {of} {what} are not finite (number {numbers}{more}). Try more steps, another sampler or a smaller \
             guidance; if all are, the network's weights have diverged"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_counted_over_batches_and_the_first_are_named() {
        let mut found = NotFinite::default();
        found.add(&[0.0, f32::NAN, 1.0, 2.0], 2, 10);
        assert_eq!(found, NotFinite { of: 2, count: 1, numbers: vec![10] });
        assert!(NotFinite::among(&[0.0; 4], 2, 0).check("samples").is_ok());
        found.add(&[f32::INFINITY; 16], 2, 12);
        let message = found.check("samples").unwrap_err().to_string();
        assert!(message.starts_with("9 of 10 samples are not finite (number 10, 12, 13, 14, 15, …)"), "{message}");
    }
}
