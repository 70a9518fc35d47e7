//! Batches that several ranks share: each does one in a round, and gets those of the others, or rank 0 gets all of them in order.

use fokker_ranks::Ranks;

use crate::draw::DrawCost;
use crate::error::Error;

/// A batch that was drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawn {
    pub cost: DrawCost,
    /// The network's values, sample after sample.
    pub values: Vec<f32>,
    /// The states on the way, each like `values`.
    pub frames: Vec<Vec<f32>>,
}

/// What a rank does with a batch, as it is passed on.
pub(crate) trait Passed: Sized {
    fn to_bytes(&self) -> Vec<u8>;

    fn from_bytes(bytes: &[u8]) -> Self;
}

/// What a rank passes on of a round.
const NOTHING: u8 = 0;
const BATCH: u8 = 1;
const INTERRUPTED: u8 = 2;

/// Passes what this rank has made of its batch of a round to rank 0; nothing if there was no batch left for it. Rank 0 gets the batches in
/// order, up to a rank that was interrupted, the others none. Also returns whether no rank was interrupted.
///
/// # Errors
/// Any other error of this rank, which the others get when it leaves; ranks that fail.
pub(crate) fn pass_to_first<T: Passed>(ranks: &Ranks, done: Result<Option<T>, Error>) -> Result<(Vec<T>, bool), Error> {
    pass(ranks, done, |rank| rank == 0)
}

/// The same to all ranks.
///
/// # Errors
/// Those of [`pass_to_first`].
pub(crate) fn pass_to_all<T: Passed>(ranks: &Ranks, done: Result<Option<T>, Error>) -> Result<(Vec<T>, bool), Error> {
    pass(ranks, done, |_| true)
}

fn pass<T: Passed>(
    ranks: &Ranks,
    done: Result<Option<T>, Error>,
    to: impl Fn(usize) -> bool,
) -> Result<(Vec<T>, bool), Error> {
    if ranks.size() == 1 {
        return Ok((done?.into_iter().collect(), true));
    }
    let message = match done {
        Ok(None) => vec![NOTHING],
        Ok(Some(batch)) => [vec![BATCH], batch.to_bytes()].concat(),
        Err(Error::Interrupted) => vec![INTERRUPTED],
        Err(error) => return Err(error),
    };
    let outgoing = |rank| if to(rank) { message.clone() } else { vec![message[0]] };
    let incoming = ranks.exchange((0..ranks.size()).map(outgoing).collect())?;
    let all = incoming.iter().all(|message| message.first() != Some(&INTERRUPTED));
    if !to(ranks.rank()) {
        return Ok((Vec::new(), all));
    }
    let batches = incoming.iter().take_while(|message| message.first() == Some(&BATCH));
    Ok((batches.map(|message| T::from_bytes(&message[1..])).collect(), all))
}

impl Passed for Drawn {
    /// Network calls, the lengths of note and values, and the number of frames; then these themselves.
    fn to_bytes(&self) -> Vec<u8> {
        let note = self.cost.note.as_bytes();
        let mut bytes = Vec::new();
        for number in [self.cost.network_calls, note.len(), self.values.len(), self.frames.len()] {
            bytes.extend((number as u64).to_le_bytes());
        }
        bytes.extend(note);
        for values in std::iter::once(&self.values).chain(&self.frames) {
            values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let (head, rest) = bytes.split_at(32);
        let number = |place: usize| u64::from_le_bytes(std::array::from_fn(|byte| head[8 * place + byte])) as usize;
        let (network_calls, note, length, frames) = (number(0), number(1), number(2), number(3));
        let (note, rest) = rest.split_at(note);
        let array = |place: usize| {
            let numbers = rest[4 * place * length..4 * (place + 1) * length].chunks_exact(4);
            numbers.map(|value| f32::from_le_bytes(std::array::from_fn(|byte| value[byte]))).collect()
        };
        let note = String::from_utf8_lossy(note).into_owned();
        let frames = (1..=frames).map(array).collect();
        Self { cost: DrawCost { network_calls, note }, values: array(0), frames }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_passed_on_whole() {
        let cost = DrawCost { network_calls: 7, note: "σ".into() };
        let frames = vec![vec![1.0, -0.0, 3.0], vec![f32::MIN_POSITIVE, 5.5, f32::INFINITY]];
        let drawn = Drawn { cost, values: vec![0.1, 0.2, -3.0], frames };
        assert_eq!(Drawn::from_bytes(&drawn.to_bytes()), drawn);
        assert_eq!(Drawn::from_bytes(&Drawn::default().to_bytes()), Drawn::default());
    }
}
