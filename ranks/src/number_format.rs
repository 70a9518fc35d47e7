//! How numbers are passed on.

/// How numbers are passed from rank to rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// As they are, in single precision.
    #[default]
    F32,
    /// Rounded to the nearest number of bfloat16: half the bytes, and 8 binary digits of 24.
    Bf16,
}

impl NumberFormat {
    pub(crate) fn to_bytes(self, numbers: &[f32]) -> Vec<u8> {
        let mut bytes = vec![0; numbers.len() * self.size()];
        let places = bytes.chunks_exact_mut(self.size()).zip(numbers);
        match self {
            Self::F32 => places.for_each(|(bytes, number)| bytes.copy_from_slice(&number.to_le_bytes())),
            Self::Bf16 => places.for_each(|(bytes, &number)| bytes.copy_from_slice(&to_bf16(number).to_le_bytes())),
        }
        bytes
    }

    /// Changes numbers by those that were passed on, one by one.
    pub(crate) fn change(self, numbers: &mut [f32], bytes: &[u8], by: impl Fn(&mut f32, f32)) {
        let pairs = numbers.iter_mut().zip(bytes.chunks_exact(self.size()));
        match self {
            Self::F32 => pairs.for_each(|(number, b)| by(number, f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            Self::Bf16 => pairs.for_each(|(number, b)| by(number, f32::from_le_bytes([0, 0, b[0], b[1]]))),
        }
    }

    /// Bytes of a number.
    fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }
}

/// The upper half of a number's bits, rounded to the nearest, from the middle to the even one.
fn to_bf16(number: f32) -> u16 {
    let bits = number.to_bits();
    if number.is_nan() {
        // Rounding could make it infinite, or zero.
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(number: f32) -> f32 {
        let bytes = NumberFormat::Bf16.to_bytes(&[number]);
        assert_eq!(bytes.len(), 2);
        let mut passed = [0.0];
        NumberFormat::Bf16.change(&mut passed, &bytes, |old, new| *old = new);
        passed[0]
    }

    #[test]
    fn numbers_are_rounded_to_the_nearest() {
        for number in [0.0, -0.0, 1.0, -2.5, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE] {
            assert_eq!(passed(number).to_bits(), number.to_bits());
        }
        // One unit is 2⁻⁷ at 1; the middle goes to the even neighbour.
        assert_eq!(passed(1.0 + 0.003), 1.0);
        assert_eq!(passed(1.0 + 0.005), 1.0078125);
        assert_eq!([1.0 + 0.00390625, 1.0 + 3.0 * 0.00390625].map(passed), [1.0, 1.015625]);
        assert_eq!(passed(f32::MAX), f32::INFINITY);
        assert!(passed(f32::NAN).is_nan() && passed(f32::from_bits(0x7F80_0001)).is_nan());
    }
}
