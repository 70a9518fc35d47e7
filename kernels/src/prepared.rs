//! Reordered weights, cached.
//!
//! Convolutions read weights in an order of their own. For one small image the reordering takes as long as the convolution. In
//! training each weight is used once before it changes, or twice where blocks are computed again, so that nothing is gained by
//! keeping the copy. In drawing a weight stays the same from call to call, and a dual number takes each of its arrays through
//! the same one. So from the third use on the reordered copy is kept, until the tensor is dropped or written to. The `Weak`
//! reference kept here detects both: a tensor's memory is copied or moved before it is written to while something else refers
//! to it.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::buffer::with_scratch;
use crate::flex::{Primitive, numbers};

/// What a weight is put in order for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// A convolution.
    Forward,
    /// The gradient of its input, at this stride.
    InputGradient(usize),
    /// A convolution by Winograd's maps.
    Winograd,
    /// The gradient of its input by the same.
    WinogradInputGradient,
}

/// The request from which on a weight is kept.
const THIRD: usize = 3;

/// Numbers that are kept, at most: 256 MiB. A network whose weights take more has images that take longer.
const MOST: usize = 1 << 26;

struct Entry {
    of: Of,
    memory: Weak<dyn Any + Send + Sync>,
    /// How often it was asked for before it was kept.
    asked: usize,
    kept: Option<Arc<Vec<f32>>>,
}

/// A weight as it is, and what for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Of {
    /// The address of its memory, which is not given to another one while there is a reference to it.
    memory: usize,
    /// Where in that memory it begins.
    start: usize,
    shape: [usize; 4],
    order: Order,
}

static ENTRIES: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// What to do about a weight.
enum Found {
    /// It is there.
    Kept(Arc<Vec<f32>>),
    /// It is asked for again.
    Keep,
    /// It was hardly asked for so far, or there is no room.
    Pass,
}

/// Runs `body` with a weight's `length` numbers in order, as `prepare(weight, numbers)` writes them.
pub(crate) fn with_prepared<T>(
    weight: &Primitive,
    order: Order,
    length: usize,
    prepare: impl FnOnce(&[f32], &mut [f32]),
    body: impl FnOnce(&[f32]) -> T,
) -> T {
    let memory: Arc<dyn Any + Send + Sync> = weight.data_arc();
    let layout = weight.layout();
    let of =
        Of { memory: Arc::as_ptr(&memory).addr(), start: layout.start_offset(), shape: layout.shape().dims(), order };
    match find(of, &memory, length) {
        Found::Kept(matrix) => body(&matrix),
        Found::Keep => {
            let mut matrix = vec![0.0; length];
            prepare(numbers(weight), &mut matrix);
            let matrix = Arc::new(matrix);
            if let Some(entry) = entries().iter_mut().find(|entry| entry.of == of) {
                entry.kept = Some(matrix.clone());
            }
            body(&matrix)
        }
        Found::Pass => with_scratch(length, |matrix| {
            prepare(numbers(weight), matrix);
            body(matrix)
        }),
    }
}

fn entries() -> MutexGuard<'static, Vec<Entry>> {
    // Nothing in here panics while it changes the entries.
    ENTRIES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn find(of: Of, memory: &Arc<dyn Any + Send + Sync>, length: usize) -> Found {
    let mut entries = entries();
    let Some(place) = entries.iter().position(|entry| entry.of == of) else {
        entries.retain(|entry| entry.memory.strong_count() > 0);
        entries.push(Entry { of, memory: Arc::downgrade(memory), asked: 1, kept: None });
        return Found::Pass;
    };
    let entry = &mut entries[place];
    if let Some(matrix) = &entry.kept {
        return Found::Kept(matrix.clone());
    }
    entry.asked += 1;
    if entry.asked < THIRD {
        return Found::Pass;
    }
    let held: usize = entries.iter().filter_map(|entry| entry.kept.as_ref()).map(|kept| kept.len()).sum();
    if held + length <= MOST { Found::Keep } else { Found::Pass }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flex::{numbers_mut, tensor};

    /// What `with_prepared` gives for a weight, and whether it was computed.
    fn ask(weight: &Primitive, order: Order) -> (Vec<f32>, bool) {
        let mut computed = false;
        let prepare = |weight: &[f32], to: &mut [f32]| {
            computed = true;
            for (to, &number) in to.iter_mut().zip(weight) {
                *to = 2.0 * number;
            }
        };
        let result = with_prepared(weight, order, numbers(weight).len(), prepare, <[f32]>::to_vec);
        (result, computed)
    }

    #[test]
    fn what_is_asked_for_again_is_kept_until_it_changes() {
        let mut weight = tensor(vec![1.0, 2.0], [1, 2, 1, 1], &Default::default());
        for computed in [true, true, true, false, false] {
            assert_eq!(ask(&weight, Order::Forward), (vec![2.0, 4.0], computed));
        }
        assert!(ask(&weight, Order::Winograd).1, "another order");
        let same = weight.clone();
        assert_eq!(ask(&same, Order::Forward), (vec![2.0, 4.0], false));
        // A part of the same memory.
        let part = weight.narrow(1, 1, 1);
        assert_eq!(ask(&part, Order::Forward), (vec![4.0], true));

        // Changed where it lies, since nothing else holds it.
        drop((same, part));
        assert!(weight.is_unique());
        let before = numbers(&weight).as_ptr();
        numbers_mut(&mut weight)[0] = 5.0;
        assert_eq!(numbers(&weight).as_ptr(), before);
        assert_eq!(ask(&weight, Order::Forward), (vec![10.0, 4.0], true));

        // Changed in a copy.
        for computed in [true, true, false] {
            assert_eq!(ask(&weight, Order::Forward), (vec![10.0, 4.0], computed));
        }
        let mut copy = weight.clone();
        numbers_mut(&mut copy)[0] = 7.0;
        assert_eq!(ask(&copy, Order::Forward), (vec![14.0, 4.0], true));
        assert_eq!(ask(&weight, Order::Forward), (vec![10.0, 4.0], false));
    }

    #[test]
    fn nothing_is_kept_of_a_weight_that_is_gone() {
        let weight = tensor(vec![3.0; 4], [4, 1, 1, 1], &Default::default());
        for _ in 0..THIRD {
            ask(&weight, Order::Forward);
        }
        let memory = Arc::downgrade(&weight.data_arc());
        drop(weight);
        assert_eq!(memory.strong_count(), 0);
        ask(&tensor(vec![3.0; 4], [4, 1, 1, 1], &Default::default()), Order::Forward);
        let of_it = |entry: &Entry| std::ptr::addr_eq(entry.memory.as_ptr(), memory.as_ptr());
        assert!(!entries().iter().any(of_it));
    }
}
