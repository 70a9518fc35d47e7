//! The lookup of gradients.

use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::store::{Memorable, SharedStore};
use crate::buffer::WORTH;
use crate::tensors::flex::{Primitive, bytes};

/// The gradient in an operation's input from the `gradient` of its result and one more input, such as a weight: taken from
/// the first store if it is there, or else `compute()`, which is put into the second one. `key` is all else that it depends
/// on. Only a hash of the gradient of the result is kept.
pub(crate) fn gradient_or<K, R>(
    [from, to]: [Option<&SharedStore>; 2],
    key: K,
    gradient: &Primitive,
    input: &Primitive,
    compute: impl FnOnce() -> R,
) -> R
where
    K: PartialEq + Send + 'static,
    R: Memorable,
{
    let inputs = std::slice::from_ref(input);
    if let Some(from) = from {
        let (few, mut all) = (hash_of_few(gradient), None);
        let is = |(of, first, whole): &(K, u64, u128)| {
            *of == key && *first == few && *whole == *all.get_or_insert_with(|| hash(gradient))
        };
        if let Some(found) = from.lock().take(inputs, is) {
            return found;
        }
    }
    let result = compute();
    if let Some(to) = to {
        to.lock().keep((key, hash_of_few(gradient), hash(gradient)), inputs, result.clone());
    }
    result
}

/// A hash of the bits, which two different gradients share by chance alone.
fn hash(gradient: &Primitive) -> u128 {
    /// Bytes that are worth another thread's waking.
    const WORTH_BYTES: usize = WORTH * size_of::<f32>();
    let parts: Vec<u8> =
        bytes(gradient).par_chunks(WORTH_BYTES).flat_map_iter(|part| xxh3_128(part).to_le_bytes()).collect();
    xxh3_128(&parts)
}

/// A hash of some of the numbers, which differs between most gradients.
fn hash_of_few(gradient: &Primitive) -> u64 {
    let words = bytes(gradient).as_chunks::<4>().0;
    let few: Vec<u8> = words.iter().step_by(words.len() / 64 + 1).flatten().copied().collect();
    xxh3_64(&few)
}
