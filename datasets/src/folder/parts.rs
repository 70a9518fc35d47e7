//! Which pictures belong to which part.

use super::FolderConfig;
use super::listing::Item;
use crate::{Split, checksum};

/// The numbers of the pictures of each part, in the order of their paths.
pub(super) struct Parts {
    train: Vec<usize>,
    validation: Vec<usize>,
    test: Vec<usize>,
}

impl Parts {
    pub fn of(&self, split: Split) -> &[usize] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }
}

impl FolderConfig {
    /// The pictures by the SHA-256 of their paths: first those for validation, then those for testing, then the rest.
    pub(super) fn divide(&self, items: &[Item]) -> Parts {
        let count = |fraction: f64| (fraction * items.len() as f64).round() as usize;
        let mut order: Vec<([u8; 32], usize)> = items
            .iter()
            .zip(0..)
            .map(|(item, number)| {
                let parts: Vec<_> = item.path.iter().map(|part| part.to_string_lossy()).collect();
                (checksum::digest(parts.join("/").as_bytes()), number)
            })
            .collect();
        order.sort_unstable();
        let mut order: Vec<usize> = order.into_iter().map(|(_, index)| index).collect();
        // The first picture to be had is for training.
        let validation = count(self.validation_fraction).min(items.len() - 1);
        let test = count(self.test_fraction).min(items.len() - 1 - validation);
        let mut train = order.split_off(validation + test);
        let mut test = order.split_off(validation);
        [&mut train, &mut order, &mut test].into_iter().for_each(|part| part.sort_unstable());
        Parts { train, validation: order, test }
    }
}
