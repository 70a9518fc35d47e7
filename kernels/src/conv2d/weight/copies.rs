//! Copies of weights in the orders in which convolutions read them.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::buffer::with_scratch;
use crate::tensors::flex::{Primitive, numbers};

/// The place for the copies of a weight.
#[derive(Clone)]
pub(crate) struct Copies(Option<Arc<Slots>>);

impl Copies {
    /// An empty place.
    pub(super) fn somewhere() -> Self {
        Self(Some(Arc::default()))
    }

    /// No place: nothing is kept.
    pub(super) fn nowhere() -> Self {
        Self(None)
    }

    /// Whether copies are kept here.
    #[cfg(test)]
    pub(super) fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// The memory of the copies.
    pub(super) fn bytes(&self) -> usize {
        let Some(slots) = &self.0 else { return 0 };
        let slots = slots.lock();
        let matrices = slots.iter().flatten().filter_map(|slot| slot.matrix.as_ref());
        matrices.map(|matrix| size_of_val(matrix.as_slice())).sum()
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Copies").field(&self.bytes()).finish()
    }
}

/// What a weight is put in order for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// A convolution.
    Forward,
    /// The gradient of its input, at this stride.
    InputGradient(usize),
    /// A convolution of pairs of input channels in bfloat16.
    ForwardPairs,
    /// The gradient of its input, at this stride, from pairs of output channels.
    InputGradientPairs(usize),
    /// A convolution by Winograd's maps.
    Winograd,
    /// The gradient of its input by the same.
    WinogradInputGradient,
}

impl Order {
    /// The slot of such copies: one for the convolution and one for its gradient.
    fn slot(self) -> usize {
        match self {
            Self::Forward | Self::ForwardPairs | Self::Winograd => 0,
            Self::InputGradient(_) | Self::InputGradientPairs(_) | Self::WinogradInputGradient => 1,
        }
    }
}

/// A weight as it is: its memory, and which part of it.
struct Version {
    /// While there is a reference to memory, its address is not given to another.
    memory: Weak<dyn Any + Send + Sync>,
    start: usize,
    shape: [usize; 4],
}

impl Version {
    fn of(weight: &Primitive) -> Self {
        let memory: Arc<dyn Any + Send + Sync> = weight.data_arc();
        let layout = weight.layout();
        Self { memory: Arc::downgrade(&memory), start: layout.start_offset(), shape: layout.shape().dims() }
    }

    fn is(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self.memory.as_ptr(), other.memory.as_ptr())
            && (self.start, self.shape) == (other.start, other.shape)
    }
}

/// A version that was used, and its numbers in order from the second use on.
struct Slot {
    version: Version,
    order: Order,
    matrix: Option<Arc<Vec<f32>>>,
}

/// One slot for the convolution, one for its gradient.
#[derive(Default)]
struct Slots(Mutex<[Option<Slot>; 2]>);

/// What to do about a weight.
enum Lookup {
    /// Read the numbers that are there.
    Kept(Arc<Vec<f32>>),
    /// Put it in order, and keep the numbers.
    Keep(Version),
    /// Put it in order in scratch space.
    Pass,
}

impl Slots {
    fn lock(&self) -> MutexGuard<'_, [Option<Slot>; 2]> {
        // Nothing panics while it changes the slots.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_up(&self, weight: &Primitive, order: Order) -> Lookup {
        let version = Version::of(weight);
        let mut slots = self.lock();
        let slot = &mut slots[order.slot()];
        match slot {
            Some(Slot { version: noted, order: noted_order, matrix })
                if noted.is(&version) && *noted_order == order =>
            {
                matrix.clone().map_or(Lookup::Keep(version), Lookup::Kept)
            }
            _ => {
                *slot = Some(Slot { version, order, matrix: None });
                Lookup::Pass
            }
        }
    }

    fn keep(&self, version: Version, order: Order, matrix: Arc<Vec<f32>>) {
        self.lock()[order.slot()] = Some(Slot { version, order, matrix: Some(matrix) });
    }
}

/// A weight on flex, with its copies.
#[derive(Clone, Copy)]
pub(crate) struct FlexWeight<'a> {
    pub tensor: &'a Primitive,
    pub copies: &'a Copies,
}

impl FlexWeight<'_> {
    /// Runs `body` with the weight's `length` numbers in order, as `prepare(weight, numbers)` writes them.
    pub(crate) fn with_order<T>(
        self,
        order: Order,
        length: usize,
        prepare: impl FnOnce(&[f32], &mut [f32]),
        body: impl FnOnce(&[f32]) -> T,
    ) -> T {
        let lookup = self.copies.0.as_ref().map(|slots| (slots, slots.look_up(self.tensor, order)));
        match lookup {
            Some((_, Lookup::Kept(matrix))) => body(&matrix),
            Some((slots, Lookup::Keep(version))) => {
                let mut matrix = vec![0.0; length];
                prepare(numbers(self.tensor), &mut matrix);
                let matrix = Arc::new(matrix);
                slots.keep(version, order, matrix.clone());
                body(&matrix)
            }
            Some((_, Lookup::Pass)) | None => with_scratch(length, |matrix| {
                prepare(numbers(self.tensor), matrix);
                body(matrix)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::flex::{numbers_mut, tensor};

    /// The numbers in order that `with_order` passes for a weight, and whether they were computed.
    fn ask(weight: &Primitive, copies: &Copies, order: Order) -> (Vec<f32>, bool) {
        let mut computed = false;
        let prepare = |weight: &[f32], to: &mut [f32]| {
            computed = true;
            for (to, &number) in to.iter_mut().zip(weight) {
                *to = 2.0 * number;
            }
        };
        let length = numbers(weight).len();
        let result = FlexWeight { tensor: weight, copies }.with_order(order, length, prepare, <[f32]>::to_vec);
        (result, computed)
    }

    #[test]
    fn a_weight_that_is_used_again_is_kept_until_it_changes() {
        let mut weight = tensor(vec![1.0, 2.0], [1, 2, 1, 1], &Default::default());
        let kept = Copies::somewhere();
        for computed in [true, true, false, false] {
            assert_eq!(ask(&weight, &kept, Order::Forward), (vec![2.0, 4.0], computed));
        }
        assert!(ask(&weight, &kept, Order::WinogradInputGradient).1, "another order");
        let same = weight.clone();
        assert_eq!(ask(&same, &kept, Order::Forward), (vec![2.0, 4.0], false));
        // A part of the same memory.
        let part = weight.narrow(1, 1, 1);
        assert_eq!(ask(&part, &kept, Order::Forward), (vec![4.0], true));
        assert!(!ask(&same, &Copies::nowhere(), Order::Forward).0.is_empty(), "without a place for copies");

        // Changed where it lies, since nothing else holds it.
        drop((same, part));
        ask(&weight, &kept, Order::Forward);
        ask(&weight, &kept, Order::Forward);
        assert!(weight.is_unique());
        let before = numbers(&weight).as_ptr();
        numbers_mut(&mut weight)[0] = 5.0;
        assert_eq!(numbers(&weight).as_ptr(), before);
        assert_eq!(ask(&weight, &kept, Order::Forward), (vec![10.0, 4.0], true));

        // Changed in a copy.
        for computed in [true, false] {
            assert_eq!(ask(&weight, &kept, Order::Forward), (vec![10.0, 4.0], computed));
        }
        let mut copy = weight.clone();
        numbers_mut(&mut copy)[0] = 7.0;
        assert_eq!(ask(&copy, &kept, Order::Forward), (vec![14.0, 4.0], true));
        assert_eq!(ask(&weight, &kept, Order::Forward), (vec![10.0, 4.0], true));
    }

    #[test]
    fn copies_are_freed_with_their_place() {
        let weight = tensor(vec![3.0; 4], [4, 1, 1, 1], &Default::default());
        let copies = Copies::somewhere();
        for _ in 0..2 {
            ask(&weight, &copies, Order::Forward);
        }
        assert_eq!(copies.bytes(), 16);
        let slots = copies.0.as_ref().expect("a place");
        let matrix = slots.lock()[0].as_ref().and_then(|slot| slot.matrix.as_ref().map(Arc::downgrade));
        drop(copies);
        assert_eq!(matrix.expect("kept").strong_count(), 0);
    }
}
