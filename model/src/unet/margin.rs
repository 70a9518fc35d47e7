//! Sides that the levels do not divide.

use burn::tensor::Tensor;

use crate::calculus::Calculus;

/// Zeros around an image, so that each level halves its sides without a rest. The convolutions see zeros outside of every image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Margin {
    sides: [usize; 2],
    /// Before and after the rows, and the columns.
    zeros: [[usize; 2]; 2],
}

impl Margin {
    /// The smallest with which the sides are multiples of the strides.
    pub(super) fn new(sides: [usize; 2], strides: [usize; 2]) -> Self {
        let zeros = std::array::from_fn(|side| {
            let missing = sides[side].next_multiple_of(strides[side]) - sides[side];
            [missing / 2, missing.div_ceil(2)]
        });
        Self { sides, zeros }
    }

    /// # Shapes
    /// `[batch, height, width, channels]`.
    pub(super) fn add<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        (0..2).fold(x, |x, side| {
            let zeros = |count: usize| {
                let mut shape = C::dims(&x);
                shape[side + 1] = count;
                let (device, dtype) = C::place(&x);
                (count > 0).then(|| C::constant(Tensor::zeros(shape, (&device, dtype))))
            };
            let [before, after] = self.zeros[side].map(zeros);
            if before.is_none() && after.is_none() {
                return x;
            }
            C::cat([before, Some(x), after].into_iter().flatten().collect(), side + 1)
        })
    }

    /// What was inside of it.
    pub(super) fn remove<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        (0..2).fold(x, |x, side| match self.zeros[side] {
            [0, 0] => x,
            [before, _] => C::narrow(x, side + 1, before, self.sides[side]),
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::calculus::plain::Plain;

    #[test]
    fn a_margin_goes_as_it_came() {
        let device = Device::flex();
        let x = Tensor::<4>::ones([1, 5, 7, 2], &device);
        let margin = Margin::new([5, 7], [4, 8]);
        let wide = margin.add::<Plain>(x.clone());
        assert_eq!(wide.dims(), [1, 8, 8, 2]);
        let rows = wide.clone().narrow(2, 0, 1).narrow(3, 0, 1);
        rows.into_data_as::<f32>().assert_eq(
            &Tensor::<1>::from_floats([0., 1., 1., 1., 1., 1., 0., 0.], &device)
                .reshape([1, 8, 1, 1])
                .into_data_as::<f32>(),
            true,
        );
        margin.remove::<Plain>(wide).into_data_as::<f32>().assert_eq(&x.into_data_as::<f32>(), true);
        assert_eq!(Margin::new([4, 16], [4, 8]).zeros, [[0, 0]; 2]);
        assert_eq!(Margin::new([1, 187], [1, 8]).zeros, [[0, 0], [2, 3]]);
    }
}
