//! What one batch gives, as ranks pass it on.

use crate::rounds::Passed;

/// What one batch of one draw gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct BatchResult {
    /// In nats of the model's units, `[example][probe]`.
    pub(super) nats: Vec<Vec<f64>>,
    /// Sums of the terms over the examples.
    pub(super) terms: Vec<(String, f64)>,
    /// `-ln p` of the examples under the law they were drawn from, where that is known.
    pub(super) truth: Vec<f64>,
    /// Network calls of all examples.
    pub(super) calls: f64,
    pub(super) accepted: usize,
    pub(super) rejected: usize,
    pub(super) forced: usize,
}

impl BatchResult {
    pub(super) fn add_term(&mut self, name: String, values: impl Iterator<Item = f64>) {
        self.terms.push((name, values.sum()));
    }
}

impl Passed for BatchResult {
    /// Everything as numbers of 8 bytes, lists with their lengths before them, and the names of terms at the end.
    fn to_bytes(&self) -> Vec<u8> {
        let Self { nats, terms, truth, calls, accepted, rejected, forced } = self;
        let probes = nats.first().map_or(0, Vec::len);
        let lengths = [*accepted, *rejected, *forced, nats.len(), probes, truth.len(), terms.len()];
        let numbers = nats.iter().flatten().chain(truth).chain(terms.iter().map(|(_, sum)| sum)).chain([calls]);
        let words = lengths.iter().map(|&length| length as u64).chain(numbers.map(|number| number.to_bits()));
        let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        let names: Vec<&str> = terms.iter().map(|(name, _)| &**name).collect();
        bytes.extend(names.join("\n").as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let mut at = 0;
        let mut word = || {
            at += 8;
            u64::from_le_bytes(std::array::from_fn(|byte| bytes[at - 8 + byte]))
        };
        let [accepted, rejected, forced, examples, probes, of_truth, of_terms] =
            std::array::from_fn(|_| word() as usize);
        let mut numbers = |count: usize| (0..count).map(|_| f64::from_bits(word())).collect::<Vec<f64>>();
        let nats = (0..examples).map(|_| numbers(probes)).collect();
        let (truth, sums, calls) = (numbers(of_truth), numbers(of_terms), numbers(1)[0]);
        let names = String::from_utf8_lossy(&bytes[at..]);
        let terms = names.split('\n').map(Into::into).zip(sums).collect();
        Self { nats, terms, truth, calls, accepted, rejected, forced }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_passed_on_whole() {
        let terms = vec![("L_0".into(), -0.1), ("σ".into(), f64::INFINITY)];
        let nats = vec![vec![1.0, 1e-300], vec![-0.0, 3.0], vec![5.0, 6.0]];
        let (truth, calls) = (vec![0.1, 0.2, 0.3], 30.5);
        let full = BatchResult { nats, terms, truth, calls, accepted: 1, rejected: 2, forced: 3 };
        for batch in [full, BatchResult::default()] {
            assert_eq!(BatchResult::from_bytes(&batch.to_bytes()), batch);
        }
    }
}
