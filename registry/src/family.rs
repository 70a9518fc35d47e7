//! What is the same for every family, written once.

/// Defines a family of kinds: the settings of any kind of a trait, and the type of its entries.
///
/// `pub struct Shape, ShapeEntry of dyn ShapeKind, "shape"` defines `Shape`, cheap to clone, which dereferences to
/// `dyn ShapeKind` and is made of any registered settings (`From`), and `ShapeEntry` for [`register!`](crate::register).
#[macro_export]
macro_rules! family {
    ($(#[$meta:meta])* pub struct $Config:ident, $Entry:ident of dyn $Kind:ident, $noun:literal) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $Config(::std::sync::Arc<dyn $Kind>);

        #[doc = concat!("A registered kind of ", $noun, ".")]
        pub struct $Entry(#[doc(hidden)] pub $crate::Entry<dyn $Kind>);

        $crate::inventory::collect!($Entry);

        impl $crate::Family for dyn $Kind {
            const NOUN: &'static str = $noun;

            fn entries() -> ::std::vec::Vec<&'static $crate::Entry<Self>> {
                $crate::inventory::iter::<$Entry>.into_iter().map(|entry| &entry.0).collect()
            }
        }

        impl $Config {
            /// The names of all kinds that are linked into the program, in alphabetical order.
            pub fn kinds() -> ::std::vec::Vec<&'static str> {
                $crate::kinds::<dyn $Kind>()
            }

            /// The settings of a kind by its name, every value its default.
            ///
            /// # Errors
            /// A name that no kind has; a kind with a value that has no default.
            pub fn named(kind: &str) -> ::std::result::Result<Self, ::std::string::String> {
                $crate::named::<dyn $Kind>(kind).map(Self)
            }

            /// The name of the kind.
            pub fn kind(&self) -> &'static str {
                $crate::Settings::kind(&*self.0)
            }

            /// The settings as their own type; none if they are of another kind.
            pub fn get<T: $Kind>(&self) -> ::std::option::Option<&T> {
                $crate::Settings::as_any(&*self.0).downcast_ref()
            }
        }

        impl<T: $Kind> ::std::convert::From<T> for $Config {
            fn from(settings: T) -> Self {
                Self(::std::sync::Arc::new(settings))
            }
        }

        impl ::std::ops::Deref for $Config {
            type Target = dyn $Kind;

            fn deref(&self) -> &Self::Target {
                &*self.0
            }
        }

        impl ::std::fmt::Debug for $Config {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&*self.0, formatter)
            }
        }

        impl ::std::cmp::PartialEq for $Config {
            fn eq(&self, other: &Self) -> bool {
                $crate::Settings::equals(&*self.0, $crate::Settings::as_any(&*other.0))
            }
        }

        impl $crate::serde::Serialize for $Config {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::write(&*self.0, serializer)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $Config {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::read::<dyn $Kind, D>(deserializer).map(Self)
            }
        }
    };
}

/// Registers a type as a kind of a family: `register!(ShapeEntry, Square, "square")`.
///
/// The type has the family's trait, `Debug`, `PartialEq`, serde's `Serialize` and `Deserialize` (with
/// `deny_unknown_fields`, so that a misspelt key is refused), `Send` and `Sync`. Crates with a family wrap this in a macro of
/// their own.
#[macro_export]
macro_rules! register {
    ($Entry:path, $Settings:ty, $name:expr) => {
        impl $crate::Named for $Settings {
            const KIND: &'static str = $name;
        }

        $crate::inventory::submit! {
            $Entry($crate::Entry::new($name, ::std::any::type_name::<$Settings>, |fields| {
                ::std::result::Result::Ok(::std::sync::Arc::new(fields.read::<$Settings>()?))
            }))
        }
    };
}
