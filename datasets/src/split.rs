//! Which part of a data set, and how the parts are made.
//!
//! | data | train | validation | test |
//! |---|---|---|---|
//! | MNIST, Fashion-MNIST, CIFAR-10 | the rest of the published training set | `validation_examples` of the published training set, 5000 by default | the published test set |
//! | folder | the rest | `validation_fraction` of the pictures, 0.1 by default | `test_fraction` of the pictures, none by default |
//! | array | the rest | `validation_fraction` of the rows, 0.1 by default | `test_fraction` of the rows, none by default |
//! | laws to draw from | draws from number 0 on | from number 2⁶³ on | from number 2⁶² on |
//!
//! What a model is chosen by (its learning rate, when to stop) is measured on the validation part; what is reported, on
//! the test part, which nothing was chosen by.

use std::fmt;

use fokker_random::Index;
use serde::{Deserialize, Serialize};

use crate::DatasetError;

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// What a model learns from.
    Train,
    /// What it never sees, and what choices are made by.
    Validation,
    /// What neither it nor a choice ever sees: the published test set, pictures set aside.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// Examples that are held out of a published training set by default.
pub(crate) const VALIDATION_EXAMPLES: usize = 5000;

/// The numbers of the examples of a published training set that belong to its training or validation part, in order.
///
/// The validation part is the first `held_out` places of a fixed permutation: the same for every seed, so that runs are
/// compared on the same examples, and spread over a set that may be ordered by its source.
///
/// # Errors
/// [`DatasetError::Config`] if nothing would be left to train on.
pub(crate) fn carve(length: usize, held_out: usize) -> Result<(Vec<usize>, Vec<usize>), DatasetError> {
    if held_out >= length {
        let problem = format!("{held_out} of {length} examples leaves none to train on; expected fewer, 0 for none");
        return Err(DatasetError::config("data.validation_examples", problem));
    }
    let mut order = Index::validation_split().permutation(0, length);
    let mut train = order.split_off(held_out);
    train.sort_unstable();
    order.sort_unstable();
    Ok((train, order))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_a_partition_spread_over_the_set() {
        let (train, validation) = carve(1000, 100).unwrap();
        assert_eq!((train.len(), validation.len()), (900, 100));
        let mut all = [&train[..], &validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        // 100 draws without repetition from ten blocks of 100: mean 10 each, deviation 2.85.
        for block in 0..10 {
            let count = validation.iter().filter(|&&index| index / 100 == block).count();
            assert!((1..20).contains(&count), "{count} in block {block}");
        }
        assert_eq!(carve(10, 0).unwrap(), ((0..10).collect(), vec![]));
        let message = carve(10, 10).unwrap_err().to_string();
        assert!(message.contains("data.validation_examples") && message.contains("10 of 10"), "{message}");
    }
}
