//! Results that two evaluations have in common, computed once.
//!
//! The gradient of a penalty on a network's derivatives evaluates the network twice at the same points: first without a
//! tape, to find the direction of the penalty there, then with one, along that direction. Burn consumes a tape when it is
//! read, so the second evaluation cannot go on with the first. A [`Memo`] carries over what both compute:
//!
//! ```text
//!   first evaluation                    Memo                       second evaluation
//!   let guard = memo.record();                                     let guard = memo.replay();
//!
//!   forward:  operation(inputs) ──────▶ results                    forward:  the same operation on inputs
//!                                       (operation, inputs)        ──────▶   with the same bits: taken from
//!                                        → result                            the results, not computed
//!
//!   backward: gradient of a     ──────▶ gradients                  backward: the same convolution, weight and
//!             convolution's             (operation, weight,        ──────▶   gradient of its result: taken
//!             input                      hash of the gradient                from the gradients, also after the
//!                                        of its result) → gradient           guard is gone
//! ```
//!
//! A lookup compares bits, so a replayed result is the one that would have been computed; a miss only takes longer. Of the
//! incoming gradient only 128 bits of hash are kept. Each result is given once for each time that it was recorded.
//!
//! Operations of this crate on flex take part; those of other backends do not.
//!
//! The guards reach the operations through a thread-local stack, since Burn's operations have no argument that could carry
//! a memo: a guard is of the thread that made it, and the innermost one counts.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use fokker_kernels::memo::Memo;
//! use fokker_kernels::upsample_nearest;
//!
//! let image = Tensor::<4>::ones([1, 2, 2, 3], &Device::flex());
//! let mut memo = Memo::new();
//! let recording = memo.record();
//! let first = upsample_nearest(image.clone());
//! drop(recording);
//! let replaying = memo.replay();
//! let second = upsample_nearest(image);
//! drop(replaying);
//! assert_eq!(first.into_data(), second.into_data());
//! assert_eq!(memo.results().hits, 1);
//! ```

mod gradients;
mod scope;
mod store;

use std::marker::PhantomData;

pub(crate) use gradients::gradient_or;
use scope::{Mode, Scope};
pub(crate) use scope::{gradients_to_record, gradients_to_replay, lookup_or};
pub use store::Counters;
pub(crate) use store::SharedStore;

/// Results of one evaluation for another (see the [module](self)).
#[derive(Debug)]
pub struct Memo {
    enabled: bool,
    results: SharedStore,
    gradients: Option<SharedStore>,
}

impl Default for Memo {
    fn default() -> Self {
        Self::new()
    }
}

impl Memo {
    /// A memo of results.
    pub fn new() -> Self {
        Self { enabled: true, results: SharedStore::default(), gradients: None }
    }

    /// A memo of results and of gradients in the inputs of convolutions. The gradients take memory until the graph of the
    /// evaluation that may replay them is gone.
    pub fn with_gradients() -> Self {
        Self { gradients: Some(SharedStore::default()), ..Self::new() }
    }

    /// A memo that keeps nothing: everything is computed where it is needed.
    pub fn disabled() -> Self {
        Self { enabled: false, ..Self::new() }
    }

    /// Until the guard is dropped, what this thread computes is kept.
    pub fn record(&mut self) -> Recording<'_> {
        let mode = match self.enabled {
            true => Mode::Recording { results: self.results.clone(), gradients: self.gradients.clone() },
            false => Mode::Off,
        };
        Recording { _scope: Scope::enter(mode), _memo: PhantomData }
    }

    /// Until the guard is dropped, this thread takes what was kept instead of computing it. Results that are left then are
    /// dropped; gradients stay for the backward pass of what was evaluated under the guard.
    pub fn replay(&mut self) -> Replaying<'_> {
        let mode = match self.enabled {
            true => Mode::Replaying { results: self.results.clone(), gradients: self.gradients.clone() },
            false => Mode::Off,
        };
        Replaying { _scope: Scope::enter(mode), memo: self }
    }

    /// How results were used so far.
    pub fn results(&self) -> Counters {
        self.results.counters()
    }

    /// How gradients were used so far.
    pub fn gradients(&self) -> Counters {
        self.gradients.as_ref().map_or_else(Counters::default, SharedStore::counters)
    }
}

/// The scope in which a [`Memo`] records.
#[derive(Debug)]
#[must_use = "recording ends when the guard is dropped"]
pub struct Recording<'memo> {
    _scope: Scope,
    _memo: PhantomData<&'memo mut Memo>,
}

/// The scope in which a [`Memo`] is replayed.
#[derive(Debug)]
#[must_use = "replaying ends when the guard is dropped"]
pub struct Replaying<'memo> {
    _scope: Scope,
    memo: &'memo mut Memo,
}

impl Drop for Replaying<'_> {
    fn drop(&mut self) {
        self.memo.results.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::store::Memorable;
    use super::*;
    use crate::tensors::flex::{Primitive, tensor};

    impl Memorable for i32 {
        fn bytes(&self) -> usize {
            size_of::<i32>()
        }
    }

    fn three(values: [f32; 3]) -> Primitive {
        tensor(values.to_vec(), [3], &Default::default())
    }

    #[test]
    fn the_same_operation_on_the_same_numbers_is_computed_once() {
        let [a, b] = [[1.0, 2.0, 3.0], [1.0, 2.0, -3.0]];
        let mut memo = Memo::new();
        let recording = memo.record();
        lookup_or("square", &[three(a)], || 1);
        lookup_or("square", &[three(b)], || 2);
        lookup_or(7usize, &[three(b)], || 3);
        drop(recording);
        assert_eq!(memo.results(), Counters { hits: 0, misses: 0, kept: 3, bytes: 3 * 4 });
        let replaying = memo.replay();
        assert_eq!(lookup_or("square", &[three(b)], || 0), 2);
        assert_eq!(lookup_or("square", &[three(b)], || -1), -1, "each result is given once");
        assert_eq!(lookup_or("root", &[three(a)], || -2), -2, "another operation");
        assert_eq!(lookup_or("square", &[three(a), three(a)], || -3), -3, "other inputs");
        assert_eq!(lookup_or("square", &[three(a)], || 0), 1);
        drop(replaying);
        assert_eq!(memo.results(), Counters { hits: 2, misses: 3, kept: 0, bytes: 0 }, "the rest is dropped");
        assert_eq!(lookup_or("square", &[three(a)], || -4), -4, "nothing is kept outside");
    }

    #[test]
    fn a_gradient_that_comes_again_is_computed_once() {
        let (weight, [a, b]) = (three([5.0; 3]), [[1.0, 2.0, 3.0], [1.0, 2.0, -3.0]].map(three));
        let gradient = |from: Option<&SharedStore>, key: usize, gradient: &Primitive, result: i32| {
            gradient_or([from, gradients_to_record().as_ref()], key, gradient, &weight, || result)
        };
        let mut without = Memo::new();
        let recording = without.record();
        gradient(None, 1, &a, 1);
        drop(recording);
        assert_eq!(without.gradients(), Counters::default());

        let mut memo = Memo::with_gradients();
        let recording = memo.record();
        gradient(None, 1, &a, 1);
        gradient(None, 1, &b, 2);
        drop(recording);
        assert_eq!((memo.gradients().kept, memo.results().kept), (2, 0));
        // What is evaluated under the guard may ask after it is gone.
        let replaying = memo.replay();
        let from = gradients_to_replay();
        drop(replaying);
        assert_eq!(gradient(from.as_ref(), 2, &a, -1), -1, "another operation");
        assert_eq!(gradient(from.as_ref(), 1, &three([1.0, 2.0, 4.0]), -2), -2, "another gradient");
        assert_eq!(gradient(from.as_ref(), 1, &b, 0), 2);
        assert_eq!(gradient(from.as_ref(), 1, &b, -3), -3, "each is given once");
        assert_eq!(gradient(from.as_ref(), 1, &a, 0), 1);
        assert_eq!(memo.gradients(), Counters { hits: 2, misses: 3, kept: 0, bytes: 0 });
        assert!(gradients_to_replay().is_none());
    }

    #[test]
    fn a_disabled_memo_keeps_nothing() {
        let (mut outer, mut memo) = (Memo::new(), Memo::disabled());
        let outer_recording = outer.record();
        let recording = memo.record();
        lookup_or("square", &[three([1.0; 3])], || 1);
        drop(recording);
        let replaying = memo.replay();
        assert_eq!(lookup_or("square", &[three([1.0; 3])], || 2), 2);
        drop((replaying, outer_recording));
        assert_eq!([memo.results(), memo.gradients(), outer.results()], [Counters::default(); 3]);
    }

    #[test]
    fn the_innermost_guard_counts_and_a_panic_ends_it() {
        let (mut outer, mut inner) = (Memo::new(), Memo::new());
        let recording = outer.record();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _recording = inner.record();
            lookup_or("square", &[three([1.0; 3])], || 1);
            panic!("for the test")
        }));
        assert!(panicked.is_err());
        lookup_or("square", &[three([2.0; 3])], || 1);
        drop(recording);
        assert_eq!([outer.results().kept, inner.results().kept], [1, 1]);
    }
}
