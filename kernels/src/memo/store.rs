//! What a memo keeps.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use crate::buffer::WORTH;
use crate::number::bytes_of;
use crate::tensors::flex::{Primitive, bytes};

/// A result that can be kept.
pub(crate) trait Memorable: Clone + Send + 'static {
    /// The memory of its numbers.
    fn bytes(&self) -> usize;
}

impl Memorable for FlexTensor {
    fn bytes(&self) -> usize {
        bytes_of(self)
    }
}

/// Results of an operation, and numbers that its gradient needs.
impl<const N: usize> Memorable for ([FlexTensor; N], Vec<f32>) {
    fn bytes(&self) -> usize {
        self.0.iter().map(Memorable::bytes).sum::<usize>() + size_of_val(&*self.1)
    }
}

/// How a memo was used, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Lookups that found what they looked for.
    pub hits: u64,
    /// Lookups that found nothing, so that it was computed.
    pub misses: u64,
    /// Results that are kept now.
    pub kept: usize,
    /// Their memory in bytes, that of the inputs aside.
    pub bytes: usize,
}

/// What an operation was computed from, and its result.
struct Entry {
    inputs: Vec<Primitive>,
    /// The key and the result.
    result: Box<dyn Any + Send>,
    bytes: usize,
}

/// Results by key and inputs.
#[derive(Default)]
pub(crate) struct Store {
    entries: Vec<Entry>,
    hits: u64,
    misses: u64,
}

impl Store {
    /// Keeps a result. The inputs are contiguous.
    pub(super) fn keep<K: Send + 'static, R: Memorable>(&mut self, key: K, inputs: &[Primitive], result: R) {
        let bytes = result.bytes();
        self.entries.push(Entry { inputs: inputs.to_vec(), result: Box::new((key, result)), bytes });
    }

    /// Takes out the result of these inputs with a key that `is` the one looked for.
    pub(super) fn take<K: 'static, R: 'static>(
        &mut self,
        inputs: &[Primitive],
        mut is: impl FnMut(&K) -> bool,
    ) -> Option<R> {
        let place = self.entries.iter().position(|entry| {
            let result = entry.result.downcast_ref::<(K, R)>();
            entry.inputs.len() == inputs.len()
                && result.is_some_and(|(key, _)| is(key))
                && entry.inputs.iter().zip(inputs).all(|(one, other)| same(one, other))
        });
        match place {
            Some(_) => self.hits += 1,
            None => self.misses += 1,
        }
        let result = self.entries.swap_remove(place?).result.downcast::<(K, R)>().ok()?;
        Some(result.1)
    }

    /// Drops all results.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// A store that several operations refer to.
#[derive(Clone, Default)]
pub(crate) struct SharedStore(Arc<Mutex<Store>>);

impl SharedStore {
    pub(super) fn lock(&self) -> MutexGuard<'_, Store> {
        // Nothing panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counters(&self) -> Counters {
        let store = self.lock();
        let bytes = store.entries.iter().map(|entry| entry.bytes).sum();
        Counters { hits: store.hits, misses: store.misses, kept: store.entries.len(), bytes }
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counters().fmt(out)
    }
}

/// Whether the numbers are the same, bit for bit.
fn same(one: &Primitive, other: &Primitive) -> bool {
    /// Bytes that are worth another thread's waking.
    const WORTH_BYTES: usize = WORTH * size_of::<f32>();
    if one.dtype() != other.dtype() {
        return false;
    }
    let [one, other] = [one, other].map(bytes);
    if one.as_ptr() == other.as_ptr() || one.len() != other.len() {
        return one.len() == other.len();
    }
    one.par_chunks(WORTH_BYTES).zip(other.par_chunks(WORTH_BYTES)).all(|(one, other)| one == other)
}
