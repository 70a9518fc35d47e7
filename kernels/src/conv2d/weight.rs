//! Weights in the order in which convolutions read them, kept by the layer that owns the weight.
//!
//! Putting a weight in order takes as long as convolving a small image with it. In drawing and in likelihoods the weight
//! stays the same from call to call, and a dual number takes each of its arrays through the same one. So a layer holds a
//! [`PreparedWeight`] next to its weight and passes both as a [`ConvWeight`]:
//!
//! ```text
//! layer { weight, prepared } ──▶ ConvWeight ──▶ first use:  put in order in scratch space; the weight is noted
//!                                               second use: put in order and kept
//!                                               later uses: read
//! ```
//!
//! What is used once leaves nothing behind, and a weight under differentiation is not kept at all: training changes it
//! before it is read again.
//!
//! The copies are those of one version of the weight. A [`Weak`] reference to its memory tells whether it is still the
//! same: a tensor's memory is copied or moved before it is written to while something else refers to it, which the `Weak`
//! does.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use burn::tensor::{DType, FloatDType, Tensor};

use crate::buffer::with_scratch;
use crate::tensors::flex::{Primitive, numbers};

/// What a layer keeps of its convolution's weight: copies in the order in which the convolution and its gradient read it.
///
/// It starts empty, and a clone of it is empty too: the layer's clone may get another weight. The copies take up to four
/// times the memory of the weight for each of the two orders, and are freed with the layer.
#[derive(Default)]
pub struct PreparedWeight(Arc<Slots>);

impl PreparedWeight {
    /// The memory of the copies in bytes.
    pub fn bytes(&self) -> usize {
        self.0
            .lock()
            .iter()
            .flatten()
            .filter_map(|slot| slot.matrix.as_ref())
            .map(|matrix| size_of_val(&***matrix))
            .sum()
    }
}

impl Clone for PreparedWeight {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for PreparedWeight {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PreparedWeight").field("bytes", &self.bytes()).finish()
    }
}

/// The weight of a convolution, with the copies that its layer keeps, if it does.
///
/// # Shapes
/// `[outputs, inputs, kernel height, kernel width]`, of a transposed convolution `[inputs, outputs, kernel, kernel]`
#[derive(Clone, Debug)]
pub struct ConvWeight {
    tensor: Tensor<4>,
    copies: Copies,
}

impl From<Tensor<4>> for ConvWeight {
    /// A weight that is put in order anew for each convolution.
    fn from(tensor: Tensor<4>) -> Self {
        Self { tensor, copies: Copies(None) }
    }
}

impl ConvWeight {
    /// A weight whose copies are kept in `prepared`, unless it is under differentiation.
    pub fn new(tensor: Tensor<4>, prepared: &PreparedWeight) -> Self {
        let copies = Copies((!tensor.is_require_grad()).then(|| prepared.0.clone()));
        Self { tensor, copies }
    }

    /// The sizes.
    pub fn dims(&self) -> [usize; 4] {
        self.tensor.dims()
    }

    /// The same weight without differentiation.
    pub fn inner(self) -> Self {
        Self { tensor: self.tensor.inner(), ..self }
    }

    /// The weight in a precision; itself if it has that already.
    pub fn in_precision(self, precision: DType) -> Self {
        if self.tensor.dtype() == precision {
            return self;
        }
        Self { tensor: self.tensor.cast(FloatDType::from(precision)), ..self }
    }

    /// The tensor, and where its copies are.
    pub(crate) fn into_parts(self) -> (Tensor<4>, Copies) {
        (self.tensor, self.copies)
    }
}

/// The place for the copies of a weight; none if they are not kept.
#[derive(Clone, Default)]
pub(crate) struct Copies(Option<Arc<Slots>>);

impl fmt::Debug for Copies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Copies").field(&self.0.is_some()).finish()
    }
}

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

impl Order {
    /// The slot of such copies: one for the convolution and one for its gradient.
    fn slot(self) -> usize {
        match self {
            Self::Forward | Self::Winograd => 0,
            Self::InputGradient(_) | Self::WinogradInputGradient => 1,
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

    fn copies(prepared: &PreparedWeight) -> Copies {
        Copies(Some(prepared.0.clone()))
    }

    #[test]
    fn a_weight_that_is_used_again_is_kept_until_it_changes() {
        let (prepared, mut weight) =
            (PreparedWeight::default(), tensor(vec![1.0, 2.0], [1, 2, 1, 1], &Default::default()));
        let kept = copies(&prepared);
        for computed in [true, true, false, false] {
            assert_eq!(ask(&weight, &kept, Order::Forward), (vec![2.0, 4.0], computed));
        }
        assert!(ask(&weight, &kept, Order::WinogradInputGradient).1, "another order");
        let same = weight.clone();
        assert_eq!(ask(&same, &kept, Order::Forward), (vec![2.0, 4.0], false));
        // A part of the same memory.
        let part = weight.narrow(1, 1, 1);
        assert_eq!(ask(&part, &kept, Order::Forward), (vec![4.0], true));
        assert!(!ask(&same, &Copies::default(), Order::Forward).0.is_empty(), "without a place for copies");

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
    fn copies_are_freed_with_their_layer() {
        let weight = tensor(vec![3.0; 4], [4, 1, 1, 1], &Default::default());
        let prepared = PreparedWeight::default();
        for _ in 0..2 {
            ask(&weight, &copies(&prepared), Order::Forward);
        }
        assert_eq!((prepared.bytes(), prepared.clone().bytes()), (16, 0), "a clone starts empty");
        let matrix = prepared.0.lock()[0].as_ref().and_then(|slot| slot.matrix.as_ref().map(Arc::downgrade));
        drop(prepared);
        assert_eq!(matrix.expect("kept").strong_count(), 0);
    }

    #[test]
    fn a_weight_in_training_is_not_kept() {
        let prepared = PreparedWeight::default();
        let weight = Tensor::<4>::ones([1, 1, 1, 1], &burn::tensor::Device::flex().autodiff());
        assert!(ConvWeight::new(weight.clone(), &prepared).copies.0.is_some(), "a constant");
        let weight = ConvWeight::new(weight.require_grad(), &prepared);
        assert!(weight.copies.0.is_none() && weight.inner().copies.0.is_none());
    }
}
