//! How many bits of each pixel are kept.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bits for each channel of a pixel: 8 or 16, and so in a config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Whole levels from 0 to 255.
    #[default]
    Eight,
    /// 65 536 levels, from 0 to 255 in steps of 1/257.
    Sixteen,
}

impl Depth {
    /// The number of bits.
    pub fn bits(self) -> u8 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }

    /// Bytes for each channel of a pixel.
    pub(crate) fn bytes(self) -> usize {
        usize::from(self.bits() / 8)
    }

    /// Appends whole levels of 16 bits, as they are stored.
    pub(crate) fn store(levels: impl Iterator<Item = u16>) -> Vec<u8> {
        levels.flat_map(u16::to_le_bytes).collect()
    }

    /// Values from 0 to 255 out of bytes as they are stored.
    pub(crate) fn load(self, stored: &[u8], out: &mut [f32]) {
        match self {
            Self::Eight => out.iter_mut().zip(stored).for_each(|(value, &level)| *value = f32::from(level)),
            Self::Sixteen => {
                let (levels, _) = stored.as_chunks::<2>();
                for (value, level) in out.iter_mut().zip(levels) {
                    // 65535 = 255 · 257.
                    *value = f32::from(u16::from_le_bytes(*level)) / 257.0;
                }
            }
        }
    }
}

impl Serialize for Depth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.bits())
    }
}

impl<'de> Deserialize<'de> for Depth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            8 => Ok(Self::Eight),
            16 => Ok(Self::Sixteen),
            other => Err(serde::de::Error::custom(format!("a depth of {other} bits; expected 8 or 16"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_sixteen_bits_come_back_and_those_of_eight_are_among_them() {
        let levels: Vec<u16> = (0..=u16::MAX).collect();
        let mut values = vec![0.0; levels.len()];
        Depth::Sixteen.load(&Depth::store(levels.iter().copied()), &mut values);
        // Half a level is 1/514: far more than the rounding of single precision at 255, 2⁻¹⁷.
        assert!(levels.iter().zip(&values).all(|(&level, value)| (value * 257.0).round() == f32::from(level)));
        assert!((0..=255u16).all(|level| values[usize::from(level) * 257] == f32::from(level)));
        let mut eight = [0.0; 2];
        Depth::Eight.load(&[7, 255], &mut eight);
        assert_eq!(eight, [7.0, 255.0]);
    }
}
