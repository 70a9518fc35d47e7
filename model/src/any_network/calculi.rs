//! The calculi that a network of any type is compiled for.

use std::any::{Any, TypeId, type_name};

use crate::calculus::{Arrays, Calculus};
use crate::cost::Sizes;
use crate::dual::Dual;
use crate::network::{Context, Network};
use crate::plain::{Detached, Plain};

/// One line for each calculus: the name of the method that evaluates in it, and its type.
macro_rules! calculi {
    ($($method:ident: $Calculus:ty,)*) => {
        /// [`Network::forward`] in each calculus of the list.
        pub(super) trait Evaluate<const D: usize> {
            $(fn $method(
                &self,
                x: <$Calculus as Arrays>::Array<D>,
                noise: <$Calculus as Arrays>::Array<1>,
                context: &Context,
            ) -> <$Calculus as Arrays>::Array<D>;)*
        }

        impl<const D: usize, N: Network<D>> Evaluate<D> for N {
            $(fn $method(
                &self,
                x: <$Calculus as Arrays>::Array<D>,
                noise: <$Calculus as Arrays>::Array<1>,
                context: &Context,
            ) -> <$Calculus as Arrays>::Array<D> {
                self.forward::<$Calculus>(x, noise, context)
            })*
        }

        /// [`Network::forward`] in a calculus that is in the list.
        ///
        /// # Panics
        /// If it is not.
        pub(super) fn evaluate<C: Calculus, const D: usize>(
            network: &dyn Evaluate<D>,
            x: C::Array<D>,
            noise: C::Array<1>,
            context: &Context,
        ) -> C::Array<D> {
            let calculus = TypeId::of::<C>();
            $(if calculus == TypeId::of::<$Calculus>() {
                return same(network.$method(same(x), same(noise), context));
            })*
            panic!(
                "AnyNetwork is not compiled for the calculus {}. Add it to the list in model/src/any_network/calculi.rs, \
                 or evaluate the network by its own type",
                type_name::<C>()
            );
        }
    };
}

calculi! {
    plain: Plain,
    sizes: Sizes,
    along: Dual<Plain>,
    along_and_in_time: Dual<Dual<Plain>, Detached>,
    along_two: Dual<Dual<Plain>>,
    along_two_and_in_time: Dual<Dual<Dual<Plain>>, Plain>,
}

/// A value of type `A` as one of type `B`, which are the same.
fn same<A: 'static, B: 'static>(value: A) -> B {
    let mut value = Some(value);
    let same = (&mut value as &mut dyn Any).downcast_mut::<Option<B>>();
    same.and_then(Option::take).expect("equal calculi have equal arrays")
}
