//! Results of one evaluation of a network that a second one looks up.
//!
//! The gradient of a penalty on a network's derivatives evaluates the network twice at the same points: first without a tape to
//! find a direction, then with one to differentiate the penalty along that direction. The first pass records every result,
//! keyed by the bits of its inputs, and the second [looks them up](Remembered::reuse). If the first evaluation is
//! differentiated in its input, the gradients of its convolutions are recorded as well: the second pass needs the same ones, in
//! its derivatives along the direction.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::buffer::WORTH;
use crate::flex::{Primitive, numbers};

/// What an operation was computed from, and its result.
struct Entry {
    inputs: Vec<Primitive>,
    /// The key and the result.
    result: Box<dyn Any + Send>,
}

#[derive(Default)]
struct Entries(Vec<Entry>);

impl Entries {
    fn keep<K: Send + 'static, R: Send + 'static>(&mut self, key: K, inputs: &[Primitive], result: R) {
        self.0.push(Entry { inputs: inputs.to_vec(), result: Box::new((key, result)) });
    }

    /// Takes out the result of these inputs with a key that is the one looked for.
    fn take<K: 'static, R: 'static>(&mut self, inputs: &[Primitive], mut is: impl FnMut(&K) -> bool) -> Option<R> {
        let place = self.0.iter().position(|entry| {
            let result = entry.result.downcast_ref::<(K, R)>();
            entry.inputs.len() == inputs.len()
                && result.is_some_and(|(key, _)| is(key))
                && entry.inputs.iter().zip(inputs).all(|(one, other)| same(one, other))
        })?;
        let result = self.0.swap_remove(place).result.downcast::<(K, R)>().ok()?;
        Some(result.1)
    }
}

/// Gradients in the inputs of convolutions, of an evaluation that is over.
#[derive(Clone, Default)]
pub struct RememberedGradients(Arc<Mutex<Entries>>);

impl RememberedGradients {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.entries().0.len()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for RememberedGradients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RememberedGradients").field(&self.len()).finish()
    }
}

enum Mode {
    Off,
    /// Gradients only if there is a place for them.
    Remembering(Entries, Option<RememberedGradients>),
    Reusing(Entries, RememberedGradients),
}

thread_local! {
    static MODE: RefCell<Mode> = const { RefCell::new(Mode::Off) };
}

/// Results of the operations of this crate on images, on flex; nothing on other backends.
#[derive(Default)]
pub struct Remembered {
    results: Entries,
    gradients: RememberedGradients,
}

/// Runs `body`, and keeps what this thread computes meanwhile.
pub fn remember<T>(body: impl FnOnce() -> T) -> (T, Remembered) {
    remembering(None, body)
}

/// [`remember`], and the gradients as well. They take memory until the graph of the evaluation that may
/// [reuse](Remembered::reuse) them is gone.
pub fn remember_with_gradients<T>(body: impl FnOnce() -> T) -> (T, Remembered) {
    remembering(Some(RememberedGradients::default()), body)
}

fn remembering<T>(gradients: Option<RememberedGradients>, body: impl FnOnce() -> T) -> (T, Remembered) {
    let (result, mode) = within(Mode::Remembering(Entries::default(), gradients), body);
    let Mode::Remembering(results, gradients) = mode else { return (result, Remembered::default()) };
    (result, Remembered { results, gradients: gradients.unwrap_or_default() })
}

impl Remembered {
    /// Runs `body`, in which what was remembered is not computed again: the same operation on the same numbers gives
    /// the same result, once for each time that it was remembered. So it is with gradients, whenever `body`'s results
    /// are differentiated.
    pub fn reuse<T>(self, body: impl FnOnce() -> T) -> T {
        within(Mode::Reusing(self.results, self.gradients), body).0
    }

    /// How many results there are, gradients aside.
    pub fn len(&self) -> usize {
        self.results.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The gradients.
    pub fn gradients(&self) -> RememberedGradients {
        self.gradients.clone()
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
    let found = MODE.with_borrow_mut(|mode| match mode {
        Mode::Reusing(entries, _) => entries.take(inputs, |of: &K| *of == key),
        _ => None,
    });
    if let Some(found) = found {
        return found;
    }
    let result = compute();
    MODE.with_borrow_mut(|mode| {
        if let Mode::Remembering(entries, _) = mode {
            entries.keep(key, inputs, result.clone());
        }
    });
    result
}

/// The gradients that an operation which is evaluated now may find when it is differentiated.
pub(crate) fn gradients_to_reuse() -> Option<RememberedGradients> {
    MODE.with_borrow(|mode| match mode {
        Mode::Reusing(_, gradients) => Some(gradients.clone()),
        _ => None,
    })
}

/// Where the gradients go that this thread computes now.
pub(crate) fn gradients_to_keep() -> Option<RememberedGradients> {
    MODE.with_borrow(|mode| match mode {
        Mode::Remembering(_, gradients) => gradients.clone(),
        _ => None,
    })
}

/// [`recalled`] for a gradient in the input of an operation, from that in its result: taken from what was there to
/// [reuse](gradients_to_reuse) when the operation was evaluated, or put to what there is to [keep](gradients_to_keep). Of
/// the gradient in the result only a hash is kept.
pub(crate) fn recalled_gradient<K, R>(
    [from, to]: [Option<&RememberedGradients>; 2],
    key: K,
    gradient: &Primitive,
    input: &Primitive,
    compute: impl FnOnce() -> R,
) -> R
where
    K: PartialEq + Send + 'static,
    R: Clone + Send + 'static,
{
    let inputs = std::slice::from_ref(input);
    if let Some(from) = from {
        let (few, mut all) = (hash_of_few(gradient), None);
        let is = |(of, first, whole): &(K, u64, u128)| {
            *of == key && *first == few && *whole == *all.get_or_insert_with(|| hash(gradient))
        };
        if let Some(found) = from.entries().take(inputs, is) {
            return found;
        }
    }
    let result = compute();
    if let Some(to) = to {
        to.entries().keep((key, hash_of_few(gradient), hash(gradient)), inputs, result.clone());
    }
    result
}

/// A hash of the bits, which two different gradients share by chance alone.
fn hash(gradient: &Primitive) -> u128 {
    let parts: Vec<u8> =
        bytes(gradient).par_chunks(WORTH_BYTES).flat_map_iter(|part| xxh3_128(part).to_le_bytes()).collect();
    xxh3_128(&parts)
}

/// A hash of some of the numbers, which differs for most gradients that differ.
fn hash_of_few(gradient: &Primitive) -> u64 {
    let numbers = numbers(gradient);
    let few: Vec<u8> = numbers.iter().step_by(numbers.len() / 64 + 1).flat_map(|number| number.to_le_bytes()).collect();
    xxh3_64(&few)
}

/// Bytes that are worth another thread's waking.
const WORTH_BYTES: usize = WORTH * size_of::<f32>();

/// The bits of a contiguous tensor.
fn bytes(tensor: &Primitive) -> &[u8] {
    let (start, end) = tensor.layout().contiguous_offsets().expect("a contiguous tensor");
    &tensor.bytes()[start * size_of::<f32>()..end * size_of::<f32>()]
}

/// Whether the numbers are the same, bit for bit.
fn same(one: &Primitive, other: &Primitive) -> bool {
    let [one, other] = [one, other].map(bytes);
    if one.as_ptr() == other.as_ptr() || one.len() != other.len() {
        return one.len() == other.len();
    }
    one.par_chunks(WORTH_BYTES).zip(other.par_chunks(WORTH_BYTES)).all(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flex::tensor;

    fn three(values: [f32; 3]) -> Primitive {
        tensor(values.to_vec(), [3], &Default::default())
    }

    #[test]
    fn the_same_operation_on_the_same_numbers_is_computed_once() {
        let [a, b] = [[1.0, 2.0, 3.0], [1.0, 2.0, -3.0]];
        let (_, remembered) = remember(|| {
            recalled("square", &[three(a)], || 1);
            recalled("square", &[three(b)], || 2);
            recalled(7usize, &[three(b)], || 3);
        });
        assert_eq!(remembered.len(), 3);
        remembered.reuse(|| {
            assert_eq!(recalled("square", &[three(b)], || 0), 2);
            assert_eq!(recalled("square", &[three(b)], || -1), -1, "each result is given once");
            assert_eq!(recalled("root", &[three(a)], || -2), -2, "another operation");
            assert_eq!(recalled("square", &[three(a), three(a)], || -3), -3, "other inputs");
            assert_eq!(recalled("square", &[three(a)], || 0), 1);
            assert_eq!(recalled(7usize, &[three(b)], || 0), 3);
        });
        assert_eq!(recalled("square", &[three(a)], || -4), -4, "nothing is kept outside");
    }

    #[test]
    fn a_gradient_that_comes_again_is_computed_once() {
        let (weight, [a, b]) = (three([5.0; 3]), [[1.0, 2.0, 3.0], [1.0, 2.0, -3.0]].map(three));
        let recall = |from: Option<&RememberedGradients>, key: usize, gradient: &Primitive, result: i32| {
            recalled_gradient([from, gradients_to_keep().as_ref()], key, gradient, &weight, || result)
        };
        let (_, without) = remember(|| recall(None, 1, &a, 1));
        assert!(without.gradients().is_empty(), "they were not asked for");
        let (_, remembered) = remember_with_gradients(|| (recall(None, 1, &a, 1), recall(None, 1, &b, 2)));
        let gradients = remembered.gradients();
        assert_eq!((gradients.len(), remembered.len()), (2, 0));
        // Whoever is evaluated meanwhile may ask later.
        let from = remembered.reuse(gradients_to_reuse);
        assert_eq!(recall(from.as_ref(), 2, &a, -1), -1, "another operation");
        assert_eq!(recall(from.as_ref(), 1, &three([1.0, 2.0, 4.0]), -2), -2, "another gradient");
        assert_eq!(recall(from.as_ref(), 1, &b, 0), 2);
        assert_eq!(recall(from.as_ref(), 1, &b, -3), -3, "each is given once");
        assert_eq!(recall(from.as_ref(), 1, &a, 0), 1);
        assert!(gradients.is_empty() && gradients_to_reuse().is_none());
    }

    #[test]
    fn a_panic_ends_it() {
        let panicked = std::panic::catch_unwind(|| remember(|| panic!("for the test")));
        assert!(panicked.is_err());
        assert!(MODE.with_borrow(|mode| matches!(mode, Mode::Off)));
    }
}
