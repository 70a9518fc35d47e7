//! The size that pictures are made.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Height and width in pixels. In a config: one number for a square, or `[height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Size {
    /// The same with so many pixels more on every side.
    pub(super) fn grown(self, margin: usize) -> Self {
        Self { height: self.height + 2 * margin, width: self.width + 2 * margin }
    }

    /// The number of pixels.
    pub(super) fn pixels(self) -> usize {
        self.height * self.width
    }
}

impl From<usize> for Size {
    fn from(side: usize) -> Self {
        Self { height: side, width: side }
    }
}

impl From<[usize; 2]> for Size {
    fn from([height, width]: [usize; 2]) -> Self {
        Self { height, width }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.height == self.width {
            true => write!(formatter, "{}", self.height),
            false => write!(formatter, "[{}, {}]", self.height, self.width),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.height == self.width {
            true => self.height.serialize(serializer),
            false => [self.height, self.width].serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = Size;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number of pixels, or [height, width]")
            }

            fn visit_u64<E: serde::de::Error>(self, side: u64) -> Result<Size, E> {
                usize::try_from(side).map(Size::from).map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, side: i64) -> Result<Size, E> {
                let refused = |_| E::invalid_value(serde::de::Unexpected::Signed(side), &self);
                usize::try_from(side).map(Size::from).map_err(refused)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sides: A) -> Result<Size, A::Error> {
                let mut found = Vec::new();
                while let Some(side) = sides.next_element::<usize>()? {
                    found.push(side);
                }
                match found[..] {
                    [height, width] => Ok(Size { height, width }),
                    _ => Err(serde::de::Error::invalid_length(found.len(), &self)),
                }
            }
        }
        deserializer.deserialize_any(Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        size: Size,
    }

    #[test]
    fn a_size_is_a_number_or_two() {
        for (text, height, width) in [("size = 64\n", 64, 64), ("size = [48, 64]\n", 48, 64)] {
            let holder: Holder = toml::from_str(text).unwrap();
            assert_eq!(holder.size, Size { height, width });
            assert_eq!(toml::from_str::<Holder>(&toml::to_string(&holder).unwrap()).unwrap(), holder);
        }
        for text in ["size = 1.5", "size = -1", "size = 'large'", "size = [1]", "size = [1, 2, 3]", "size = [1, -2]"] {
            let message = toml::from_str::<Holder>(text).unwrap_err().to_string();
            assert!(message.contains("[height, width]") || message.contains("-2"), "{text}: {message}");
        }
    }
}
