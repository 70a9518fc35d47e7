//! Numbers as files store them, and as they are read.

use crate::ArrayError;

/// A number in memory.
pub trait Number: Copy + 'static {
    /// The nearest one.
    fn nearest(number: f64) -> Self;

    /// How `.npy` calls it, little-endian.
    const KIND: &'static str;

    /// The number in double precision, which is exact.
    fn double(self) -> f64;

    /// The nearest number to a text, if it is one.
    fn parse(text: &str) -> Option<Self>;
}

impl Number for f32 {
    const KIND: &'static str = "<f4";

    fn nearest(number: f64) -> Self {
        number as f32
    }

    fn double(self) -> f64 {
        f64::from(self)
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Number for f64 {
    const KIND: &'static str = "<f8";

    fn nearest(number: f64) -> Self {
        number
    }

    fn double(self) -> f64 {
        self
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A type of numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false, read as 1 or 0.
    Bool,
    /// Whole numbers from 0 on, of so many bytes.
    Unsigned(usize),
    /// Whole numbers of so many bytes.
    Signed(usize),
    /// IEEE 754, of so many bytes.
    Float(usize),
    /// The upper half of single precision.
    BFloat16,
}

impl Kind {
    /// Numbers of this type, little-endian unless `swapped`.
    pub(crate) fn read<T: Number>(self, swapped: bool, data: &[u8]) -> Result<Vec<T>, ArrayError> {
        macro_rules! read {
            ($Type:ty) => {
                read!($Type, |number| number as f64)
            };
            ($Type:ty, $convert:expr) => {{
                const SIZE: usize = size_of::<$Type>();
                let (whole, rest) = data.as_chunks::<SIZE>();
                if !rest.is_empty() {
                    return Err(ArrayError::new("ends within a number"));
                }
                let number = |bytes: &[u8; SIZE]| {
                    if swapped { <$Type>::from_be_bytes(*bytes) } else { <$Type>::from_le_bytes(*bytes) }
                };
                let convert: fn($Type) -> f64 = $convert;
                Ok(whole.iter().map(|bytes| T::nearest(convert(number(bytes)))).collect())
            }};
        }
        match self {
            Self::Bool | Self::Unsigned(1) => read!(u8),
            Self::Unsigned(2) => read!(u16),
            Self::Unsigned(4) => read!(u32),
            Self::Unsigned(8) => read!(u64),
            Self::Signed(1) => read!(i8),
            Self::Signed(2) => read!(i16),
            Self::Signed(4) => read!(i32),
            Self::Signed(8) => read!(i64),
            Self::Float(2) => read!(u16, half),
            Self::Float(4) => read!(f32),
            Self::Float(8) => read!(f64),
            Self::BFloat16 => read!(u16, |bits| f64::from(f32::from_bits(u32::from(bits) << 16))),
            Self::Unsigned(bytes) | Self::Signed(bytes) | Self::Float(bytes) => {
                Err(ArrayError::new(format!("has numbers of {bytes} bytes, which are not read")))
            }
        }
    }
}

/// A number of IEEE 754's half precision by its bits.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    let magnitude = match (exponent, bits & 1023) {
        (0, _) => fraction * 2f64.powi(-14),
        (31, 0) => f64::INFINITY,
        (31, _) => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_half_precision_are_exact() {
        // One, the largest, the smallest, a third as it rounds, and the ends.
        for (bits, number) in
            [(0x3c00, 1.0), (0x7bff, 65504.0), (0x0001, 2f64.powi(-24)), (0x3555, 0.333_251_953_125), (0xc000, -2.0)]
        {
            assert_eq!(half(bits), number);
        }
        assert_eq!((half(0x7c00), half(0xfc00), half(0x8000)), (f64::INFINITY, f64::NEG_INFINITY, 0.0));
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn every_type_is_read_in_both_byte_orders() {
        let read = |kind: Kind, swapped, data: &[u8]| kind.read::<f32>(swapped, data).unwrap();
        assert_eq!(read(Kind::Bool, false, &[1, 0]), [1.0, 0.0]);
        assert_eq!(read(Kind::Unsigned(1), false, &[1, 255]), [1.0, 255.0]);
        assert_eq!(read(Kind::Signed(1), false, &[1, 255]), [1.0, -1.0]);
        assert_eq!(read(Kind::Unsigned(2), false, &[1, 0, 0, 1]), [1.0, 256.0]);
        assert_eq!(read(Kind::Signed(2), true, &[0, 1, 255, 255]), [1.0, -1.0]);
        assert_eq!(read(Kind::Signed(8), false, &(-3i64).to_le_bytes()), [-3.0]);
        assert_eq!(read(Kind::Float(4), true, &0.5f32.to_be_bytes()), [0.5]);
        assert_eq!(read(Kind::Float(8), false, &0.5f64.to_le_bytes()), [0.5]);
        assert_eq!(read(Kind::BFloat16, false, &[0x80, 0x3f]), [1.0]);
        assert_eq!(Kind::Float(8).read::<f64>(false, &0.1f64.to_le_bytes()).unwrap(), [0.1]);
        assert!(Kind::Float(4).read::<f32>(false, &[0; 7]).unwrap_err().to_string().contains("within a number"));
        assert!(Kind::Float(16).read::<f32>(false, &[0; 16]).unwrap_err().to_string().contains("16 bytes"));
    }
}
