//! Where in a stream a random number lies, and the fields that such a place is packed from.

use crate::generator::{Rng, normals, permutation, rng};
use crate::stream::Stream;

/// The index of a generator within its [`Stream`].
///
/// Every use of random numbers has one function here that makes its indices: the [table of uses](crate::uses).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Index {
    stream: Stream,
    value: u64,
}

impl Index {
    /// An index of tests and examples, in [`Stream::Test`].
    pub fn test(number: u64) -> Self {
        IndexFields::of(Stream::Test).field::<64>("number", number).index()
    }

    /// The stream that the index belongs to.
    pub fn stream(self) -> Stream {
        self.stream
    }

    /// The 64 bits of the index.
    pub fn value(self) -> u64 {
        self.value
    }

    /// The generator of `(seed, index)`, at its beginning.
    pub fn rng(self, seed: u64) -> Rng {
        rng(seed, self.stream, self.value)
    }

    /// `count` independent draws from N(0, 1), belonging to `(seed, index)`.
    pub fn normals(self, seed: u64, count: usize) -> Vec<f32> {
        normals(seed, self.stream, self.value, count)
    }

    /// The permutation of `0..length` that belongs to `(seed, index)`.
    pub fn permutation(self, seed: u64, length: usize) -> Vec<usize> {
        permutation(seed, self.stream, self.value, length)
    }
}

/// Packs an index from fields, the highest bits first.
///
/// A field that is too large would spill into the one before it, and two uses would share their numbers. So each field
/// states its width, and the widths add up to 64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexFields {
    stream: Stream,
    value: u64,
    width: u32,
}

impl IndexFields {
    /// No field yet.
    pub(crate) fn of(stream: Stream) -> Self {
        Self { stream, value: 0, width: 0 }
    }

    /// Appends a field of `BITS` bits.
    ///
    /// # Panics
    /// If the value does not fit, or there is no room for the field.
    pub(crate) fn field<const BITS: u32>(self, name: &str, value: u64) -> Self {
        assert!(BITS == 64 || value >> BITS == 0, "{:?}: {name} = {value} has more than {BITS} bits", self.stream);
        let width = self.width + BITS;
        assert!(width <= 64, "{:?}: an index has 64 bits", self.stream);
        // A shift by all 64 bits is no shift; there is nothing before such a field.
        let before = if BITS == 64 { 0 } else { self.value << BITS };
        Self { value: before | value, width, ..self }
    }

    /// The index.
    ///
    /// # Panics
    /// If the fields do not fill it.
    pub(crate) fn index(self) -> Index {
        assert_eq!(self.width, 64, "{:?}: the fields of an index fill it", self.stream);
        Index { stream: self.stream, value: self.value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_packed_from_the_highest_bits() {
        let index = IndexFields::of(Stream::Test).field::<40>("a", 3).field::<24>("b", 5).index();
        assert_eq!((index.stream(), index.value()), (Stream::Test, 3 << 24 | 5));
        assert_eq!(Index::test(u64::MAX).value(), u64::MAX);
    }

    #[test]
    #[should_panic(expected = "b = 16 has more than 4 bits")]
    fn a_field_that_would_spill_is_refused() {
        let _ = IndexFields::of(Stream::Test).field::<60>("a", 0).field::<4>("b", 16);
    }

    #[test]
    #[should_panic(expected = "fill it")]
    fn fields_fill_an_index() {
        let _ = IndexFields::of(Stream::Test).field::<60>("a", 0).index();
    }

    #[test]
    fn numbers_are_those_of_stream_and_value() {
        assert_eq!(Index::test(4).normals(1, 3), normals(1, Stream::Test, 4, 3));
        assert_eq!(Index::test(4).permutation(1, 9), permutation(1, Stream::Test, 4, 9));
    }
}
