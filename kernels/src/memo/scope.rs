//! The scopes of a thread's guards, and the lookup of results in the innermost one.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;

use super::store::{Memorable, SharedStore};
use crate::tensors::flex::Primitive;

/// What operations do about results.
pub(super) enum Mode {
    /// They compute them.
    Off,
    /// They compute them and keep them; gradients only if there is a store for them.
    Recording { results: SharedStore, gradients: Option<SharedStore> },
    /// They take them if they are there.
    Replaying { results: SharedStore, gradients: Option<SharedStore> },
}

thread_local! {
    /// The numbers and modes of the guards that are alive, the innermost one last.
    static SCOPES: RefCell<Vec<(u64, Mode)>> = const { RefCell::new(Vec::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// The part of a guard that ends its scope. It stays on the thread that entered it.
#[derive(Debug)]
pub(super) struct Scope {
    number: u64,
    not_send: PhantomData<*const ()>,
}

impl Scope {
    pub(super) fn enter(mode: Mode) -> Self {
        let number = NEXT.replace(NEXT.get() + 1);
        SCOPES.with_borrow_mut(|scopes| scopes.push((number, mode)));
        Self { number, not_send: PhantomData }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        SCOPES.with_borrow_mut(|scopes| scopes.retain(|(number, _)| *number != self.number));
    }
}

/// What the mode of the innermost scope says.
fn innermost<T>(of: impl FnOnce(&Mode) -> Option<T>) -> Option<T> {
    SCOPES.with_borrow(|scopes| scopes.last().and_then(|(_, mode)| of(mode)))
}

/// The result of an operation: the one that is replayed, or else `compute()`, which is recorded. `key` is all that the
/// result depends on except the inputs, which are contiguous.
pub(crate) fn lookup_or<K, R>(key: K, inputs: &[Primitive], compute: impl FnOnce() -> R) -> R
where
    K: PartialEq + Send + 'static,
    R: Memorable,
{
    let replayed = innermost(|mode| match mode {
        Mode::Replaying { results, .. } => Some(results.clone()),
        _ => None,
    });
    if let Some(found) = replayed.and_then(|results| results.lock().take(inputs, |of: &K| *of == key)) {
        return found;
    }
    let result = compute();
    let recorded = innermost(|mode| match mode {
        Mode::Recording { results, .. } => Some(results.clone()),
        _ => None,
    });
    if let Some(results) = recorded {
        results.lock().keep(key, inputs, result.clone());
    }
    result
}

/// The gradients that an operation which is evaluated now may look for when it is differentiated.
pub(crate) fn gradients_to_replay() -> Option<SharedStore> {
    innermost(|mode| match mode {
        Mode::Replaying { gradients, .. } => gradients.clone(),
        _ => None,
    })
}

/// The store for gradients that this thread computes now.
pub(crate) fn gradients_to_record() -> Option<SharedStore> {
    innermost(|mode| match mode {
        Mode::Recording { gradients, .. } => gradients.clone(),
        _ => None,
    })
}
