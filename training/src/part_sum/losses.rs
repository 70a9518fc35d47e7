//! The losses and times of parts, as ranks pass them on.

/// The losses and times of some parts of a step.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PartLosses {
    pub(super) losses: Vec<f32>,
    /// Smallest and largest diffusion time.
    pub(super) times: Vec<[f64; 2]>,
}

impl PartLosses {
    /// Of one part: 4 of its loss and 16 of its times.
    pub(super) const BYTES: usize = 20;

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES * self.losses.len());
        for (loss, [low, high]) in self.losses.iter().zip(&self.times) {
            bytes.extend(loss.to_le_bytes());
            bytes.extend(low.to_le_bytes());
            bytes.extend(high.to_le_bytes());
        }
        bytes
    }

    /// Those of all parts in order. Rank r of W has the parts r, r + W, …, and every rank has as many.
    pub(super) fn in_order(messages: &[Vec<u8>], of_each: usize) -> Self {
        let mut all = Self::default();
        for round in 0..of_each {
            for message in messages {
                let part = &message[Self::BYTES * round..][..Self::BYTES];
                let time = |at: usize| f64::from_le_bytes(std::array::from_fn(|byte| part[at + byte]));
                all.losses.push(f32::from_le_bytes(std::array::from_fn(|byte| part[byte])));
                all.times.push([time(4), time(12)]);
            }
        }
        all
    }

    /// Names the parts whose loss is not finite, with the rank of each.
    pub(super) fn warn(&self, ranks: usize) {
        let parts = self.losses.len();
        for (part, loss) in self.losses.iter().enumerate().filter(|(_, loss)| !loss.is_finite()) {
            tracing::warn!("the loss of part {part} of {parts}, on rank {}, is {loss}", part % ranks);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_their_order() {
        let of_rank = |losses: [f32; 2]| PartLosses {
            losses: losses.into(),
            times: losses.map(|loss| [f64::from(loss), 2.0 * f64::from(loss)]).into(),
        };
        let messages = [[0.5, 2.5], [1.5, 3.5]].map(|losses| of_rank(losses).to_bytes());
        let all = PartLosses::in_order(&messages, 2);
        assert_eq!(all.losses, [0.5, 1.5, 2.5, 3.5]);
        assert_eq!(all.times[3], [3.5, 7.0]);
    }
}
