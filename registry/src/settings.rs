//! What the settings of every kind can do.

use std::any::Any;
use std::fmt::Debug;

use serde::Serialize;

/// The name of a kind. [`register!`](crate::register) implements it.
pub trait Named {
    /// The `kind` in configurations.
    const KIND: &'static str;
}

/// Settings of a kind, whatever their type: they have a name, can be shown, compared and written.
///
/// Every registered type with `Debug`, `PartialEq` and `Serialize` has this trait.
pub trait Settings: Any + Debug + Send + Sync {
    /// The `kind` in configurations.
    fn kind(&self) -> &'static str;

    /// Whether other settings are of the same type and have the same values.
    fn equals(&self, other: &dyn Any) -> bool;

    /// The settings as a value of any type, to be compared or taken as their own type.
    fn as_any(&self) -> &dyn Any;

    /// The settings as something to be written.
    fn as_serialize(&self) -> &dyn erased_serde::Serialize;
}

impl<T: Named + Debug + PartialEq + Serialize + Send + Sync + 'static> Settings for T {
    fn kind(&self) -> &'static str {
        T::KIND
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_serialize(&self) -> &dyn erased_serde::Serialize {
        self
    }
}
