//! Results that are asked for twice.
//!
//! The gradient of a penalty on a network's derivatives evaluates the network twice at the same points: once to find the
//! direction that the penalty has there, and once more, with that direction besides, under differentiation. What the two
//! have in common is computed in the first and [reused](Remembered::reuse) in the second.

use std::any::Any;
use std::cell::RefCell;

use rayon::prelude::*;

use crate::buffer::WORTH;
use crate::flex::Primitive;

/// What an operation was computed from, and its result.
struct Entry {
    inputs: Vec<Primitive>,
    /// `(K, R)` of [`recalled`].
    result: Box<dyn Any + Send>,
}

enum Mode {
    Off,
    Remembering(Vec<Entry>),
    Reusing(Vec<Entry>),
}

thread_local! {
    static MODE: RefCell<Mode> = const { RefCell::new(Mode::Off) };
}

/// Results of the operations of this crate on images, on flex; nothing on other backends.
#[derive(Default)]
pub struct Remembered(Vec<Entry>);

/// Runs `body`, and keeps what this thread computes meanwhile.
pub fn remember<T>(body: impl FnOnce() -> T) -> (T, Remembered) {
    let (result, mode) = within(Mode::Remembering(Vec::new()), body);
    let Mode::Remembering(entries) = mode else { return (result, Remembered::default()) };
    (result, Remembered(entries))
}

impl Remembered {
    /// Runs `body`, in which what was remembered is not computed again: the same operation on the same numbers gives
    /// the same result, once for each time that it was remembered.
    pub fn reuse<T>(self, body: impl FnOnce() -> T) -> T {
        within(Mode::Reusing(self.0), body).0
    }

    /// How many results there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Runs `body` in a mode, and puts the former one back, in a panic too.
fn within<T>(mode: Mode, body: impl FnOnce() -> T) -> (T, Mode) {
    struct Former(Mode);
    impl Drop for Former {
        fn drop(&mut self) {
            MODE.with_borrow_mut(|mode| std::mem::swap(mode, &mut self.0));
        }
    }
    let mut former = Former(MODE.replace(mode));
    let result = body();
    let mode = MODE.with_borrow_mut(|mode| std::mem::replace(mode, std::mem::replace(&mut former.0, Mode::Off)));
    std::mem::forget(former);
    (result, mode)
}

/// The result of an operation: `compute()`, unless it is remembered. `key` is all that the result depends on besides the
/// inputs, which are contiguous.
pub(crate) fn recalled<K, R>(key: K, inputs: &[Primitive], compute: impl FnOnce() -> R) -> R
where
    K: PartialEq + Send + 'static,
    R: Clone + Send + 'static,
{
    let found = MODE.with_borrow_mut(|mode| {
        let Mode::Reusing(entries) = mode else { return None };
        let place = entries.iter().position(|entry| {
            let result = entry.result.downcast_ref::<(K, R)>();
            result.is_some_and(|(of, _)| *of == key)
                && entry.inputs.len() == inputs.len()
                && entry.inputs.iter().zip(inputs).all(|(one, other)| same(one, other))
        })?;
        entries.swap_remove(place).result.downcast::<(K, R)>().ok()
    });
    if let Some(found) = found {
        return found.1;
    }
    let result = compute();
    MODE.with_borrow_mut(|mode| {
        if let Mode::Remembering(entries) = mode {
            let result = Box::new((key, result.clone()));
            entries.push(Entry { inputs: inputs.to_vec(), result });
        }
    });
    result
}

/// Whether the numbers are the same, bit for bit.
fn same(one: &Primitive, other: &Primitive) -> bool {
    let [one, other] = [one, other].map(|tensor| {
        let (start, end) = tensor.layout().contiguous_offsets().expect("inputs are contiguous");
        &tensor.bytes()[start * size_of::<f32>()..end * size_of::<f32>()]
    });
    if one.as_ptr() == other.as_ptr() || one.len() != other.len() {
        return one.len() == other.len();
    }
    let worth = WORTH * size_of::<f32>();
    one.par_chunks(worth).zip(other.par_chunks(worth)).all(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flex::tensor;

    fn numbers(values: [f32; 3]) -> Primitive {
        tensor(values.to_vec(), [3], &Default::default())
    }

    #[test]
    fn the_same_operation_on_the_same_numbers_is_computed_once() {
        let [a, b] = [[1.0, 2.0, 3.0], [1.0, 2.0, -3.0]];
        let (_, remembered) = remember(|| {
            recalled("square", &[numbers(a)], || 1);
            recalled("square", &[numbers(b)], || 2);
            recalled(7usize, &[numbers(b)], || 3);
        });
        assert_eq!(remembered.len(), 3);
        remembered.reuse(|| {
            assert_eq!(recalled("square", &[numbers(b)], || 0), 2);
            assert_eq!(recalled("square", &[numbers(b)], || -1), -1, "each result is given once");
            assert_eq!(recalled("root", &[numbers(a)], || -2), -2, "another operation");
            assert_eq!(recalled("square", &[numbers(a), numbers(a)], || -3), -3, "other inputs");
            assert_eq!(recalled("square", &[numbers(a)], || 0), 1);
            assert_eq!(recalled(7usize, &[numbers(b)], || 0), 3);
        });
        assert_eq!(recalled("square", &[numbers(a)], || -4), -4, "nothing is kept outside");
    }

    #[test]
    fn a_panic_ends_it() {
        let panicked = std::panic::catch_unwind(|| remember(|| panic!("for the test")));
        assert!(panicked.is_err());
        assert!(MODE.with_borrow(|mode| matches!(mode, Mode::Off)));
    }
}
