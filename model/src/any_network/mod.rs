//! A network of any type, behind a pointer.
//!
//! [`Network::forward`] is generic over the calculus, so networks of different types cannot share a trait object. An
//! [`AnyNetwork`] can: it holds a network of any type, and calls its `forward` for the calculus that is asked for, out of
//! a list of those that scores and derivatives use. One call through a pointer leads to code that is compiled
//! for the network's own type, so nothing inside is slower.
//!
//! To Burn it is the network that it holds: parameters have the same names, numbers and order, so checkpoints of one are
//! checkpoints of the other.
//!
//! | file | what |
//! |---|---|
//! | `calculi.rs` | the list of calculi, and the way from a generic one to an entry of the list |
//! | `erased.rs` | what is asked of the network behind the pointer |
//! | `walk.rs` | Burn's visitors and mappers of parameters, of any rank, through a pointer |
//! | `module.rs` | Burn's `Module` |

mod calculi;
mod erased;
mod module;
mod walk;

use std::any::Any;
use std::fmt::{self, Debug};

use crate::calculus::Calculus;
use crate::condition::ConditionShape;
use crate::network::{Context, Network};
use erased::Erased;

/// A network of any type on batches of rank `D`.
///
/// # Panics
/// [`Network::forward`] panics in a calculus that is not in the list of `any_network/calculi.rs`, and says so.
pub struct AnyNetwork<const D: usize>(Box<dyn Erased<D>>);

impl<const D: usize> AnyNetwork<D> {
    /// Takes a network.
    pub fn new<N: Network<D>>(network: N) -> Self {
        let mut network = Some(network);
        // A pointer to a pointer would be one too many.
        match (&mut network as &mut dyn Any).downcast_mut::<Option<Self>>().and_then(Option::take) {
            Some(already) => already,
            None => Self(Box::new(network.expect("it was not taken"))),
        }
    }

    /// The network by its own type; none if it is of another.
    pub fn get<N: Network<D>>(&self) -> Option<&N> {
        self.0.as_any().downcast_ref()
    }
}

impl<const D: usize> Clone for AnyNetwork<D> {
    fn clone(&self) -> Self {
        Self(self.0.duplicate())
    }
}

impl<const D: usize> Debug for AnyNetwork<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<const D: usize> Network<D> for AnyNetwork<D> {
    fn forward<C: Calculus>(&self, x: C::Array<D>, noise: C::Array<1>, context: &Context) -> C::Array<D> {
        calculi::evaluate::<C, D>(&*self.0, x, noise, context)
    }

    fn has_blocks(&self) -> bool {
        self.0.has_own_blocks()
    }

    fn condition(&self) -> ConditionShape {
        self.0.own_condition()
    }

    fn augmentation_size(&self) -> Option<usize> {
        self.0.own_augmentation_size()
    }

    fn has_null_class(&self) -> bool {
        self.0.has_own_null_class()
    }
}
