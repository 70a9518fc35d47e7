//! The condition of examples: what a network gets with them, next to the noisy data and the noise level.
//!
//! | part | in the network | the null condition |
//! |---|---|---|
//! | a class | the row of a table, added to the time vector | the table's last row |
//! | a vector of numbers | a small network of it, added to the time vector | zeros |
//! | an array of the data's size, any number of channels | joined to the input's channels | zeros |
//!
//! A vector has one more number inside the network, and an array one more channel: 1 where the condition is given, 0 where it is
//! null. Without it, zeros would mean both "nothing is known" and "the mean of all vectors". With it the null condition is learnt like
//! the null class: what the small network makes of (0, 0) is the row of a table that has only one.
//!
//! A network of pictures may also see how training pictures were moved (Karras et al. 2022, appendix F.2): numbers that are zeros where nothing
//! is moved, and whenever something is drawn. They are no condition that anyone gives, and have no null.
//!
//! Nothing is differentiated in a condition. Derivatives in the input and in time, and so scores, divergences and likelihoods, are those
//! of the conditional density.

use std::ops::Range;

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use crate::calculus::Calculus;

/// Which conditions a network takes.
///
/// ```
/// use fokker_model::ConditionShape;
///
/// let shape = ConditionShape { classes: Some(10), vector: Some(2), ..ConditionShape::NONE };
/// assert!(shape.is_some() && !ConditionShape::NONE.is_some());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConditionShape {
    /// The number of classes, the null class not counted.
    pub classes: Option<usize>,
    /// How many numbers the vector has.
    pub vector: Option<usize>,
    /// How many channels the array has.
    pub array: Option<usize>,
}

impl ConditionShape {
    /// No condition.
    pub const NONE: Self = Self { classes: None, vector: None, array: None };

    /// Whether there is any condition.
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }
}

/// The condition of each example of a batch. A part that is absent is the null condition for all examples.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use fokker_model::{Condition, ConditionPart};
///
/// // Two examples: their classes, and two numbers for each. The second one's numbers are not known.
/// let numbers = Tensor::<2>::from_floats([[0.3, 1.2], [0.0, 0.0]], &Device::flex());
/// let vector = ConditionPart::new(numbers).keep(&[true, false]);
/// let condition = Condition { vector: Some(vector), ..Condition::of_classes(vec![7, 1]) };
/// assert_eq!(condition.select(1..2).classes, Some(vec![1]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// A class for each example; the number after the last one is the null class.
    pub classes: Option<Vec<usize>>,
    /// A vector for each example.
    pub vector: Option<ConditionPart>,
    /// An array for each example, flattened: `[batch, channels × positions]`, the channels one after the other.
    pub array: Option<ConditionPart>,
    /// How each example was moved, `[batch, numbers]`; absent is zeros.
    pub augmentation: Option<Tensor<2>>,
}

/// Numbers for each example, and whether they are given.
#[derive(Clone, Debug)]
pub struct ConditionPart {
    /// `[batch, numbers]`
    values: Tensor<2>,
    /// 1 or 0, `[batch, 1]`.
    given: Tensor<2>,
}

impl Condition {
    /// Of classes alone.
    pub fn of_classes(classes: Vec<usize>) -> Self {
        Self { classes: Some(classes), ..Self::default() }
    }

    /// The condition of some of the examples.
    #[must_use]
    pub fn select(&self, examples: Range<usize>) -> Self {
        Self {
            classes: self.classes.as_ref().map(|classes| classes[examples.clone()].to_vec()),
            vector: self.vector.as_ref().map(|part| part.select(examples.clone())),
            array: self.array.as_ref().map(|part| part.select(examples.clone())),
            augmentation: self
                .augmentation
                .as_ref()
                .map(|numbers| numbers.clone().narrow(0, examples.start, examples.len())),
        }
    }

    /// The condition of a batch that holds the examples several times, one copy of all after the other; `examples` is the number of
    /// examples in the larger batch.
    pub(crate) fn repeated_to(&self, examples: usize) -> Self {
        Self {
            classes: self.classes.as_ref().map(|classes| classes.repeat(examples / classes.len())),
            vector: self.vector.as_ref().map(|part| part.repeated_to(examples)),
            array: self.array.as_ref().map(|part| part.repeated_to(examples)),
            augmentation: self.augmentation.as_ref().map(|numbers| {
                let copies = examples / numbers.dims()[0];
                if copies == 1 { numbers.clone() } else { numbers.clone().repeat(&[copies, 1]) }
            }),
        }
    }

    /// The vector with the number that says whether it is given, `[batch, size + 1]`; zeros if it is null.
    pub(crate) fn vector_input<C: Calculus>(&self, size: usize, batch: usize, place: (Device, DType)) -> C::Array<2> {
        input::<C>(self.vector.as_ref(), [batch, size], size + 1, place)
    }

    /// The array with the channel that says whether it is given, `[batch, (channels + 1) × positions]`; zeros if it is null.
    pub(crate) fn array_input<C: Calculus>(
        &self,
        channels: usize,
        positions: usize,
        batch: usize,
        place: (Device, DType),
    ) -> C::Array<2> {
        input::<C>(self.array.as_ref(), [batch, channels * positions], (channels + 1) * positions, place)
    }
}

/// Numbers and what says whether they are given, as a constant of the calculus: `[batch, width]`.
fn input<C: Calculus>(
    part: Option<&ConditionPart>,
    [batch, size]: [usize; 2],
    width: usize,
    (device, dtype): (Device, DType),
) -> C::Array<2> {
    C::constant(match part {
        None => Tensor::zeros([batch, width], (&device, dtype)),
        Some(part) => {
            let [_, found] = part.values.dims();
            assert_eq!(found, size, "numbers of a condition for each example");
            let given = part.given.clone().expand([batch, width - size]);
            Tensor::cat(vec![part.values.clone(), given], 1).cast(FloatDType::from(dtype))
        }
    })
}

impl ConditionPart {
    /// Numbers that are given for every example.
    ///
    /// # Shapes
    /// `[batch, numbers]`
    pub fn new(values: Tensor<2>) -> Self {
        let given = Tensor::ones([values.dims()[0], 1], (&values.device(), values.dtype()));
        Self { values, given }
    }

    /// The same from the host, the numbers of one example after those of the other.
    ///
    /// # Panics
    /// If there are not as many numbers for each example.
    pub fn from_rows(values: Vec<f32>, examples: usize, device: &Device) -> Self {
        let size = values.len() / examples.max(1);
        Self::new(Tensor::from_data(TensorData::new(values, [examples, size]), device))
    }

    /// The numbers, 0 where they are not given: `[batch, numbers]`.
    pub fn values(&self) -> Tensor<2> {
        self.values.clone()
    }

    /// The same where it is kept, and null for the other examples.
    #[must_use]
    pub fn keep(self, kept: &[bool]) -> Self {
        let factors: Vec<f32> = kept.iter().map(|&kept| f32::from(u8::from(kept))).collect();
        let place = (&self.values.device(), self.values.dtype());
        let factors = Tensor::from_data(TensorData::new(factors, [kept.len(), 1]), place);
        Self { values: self.values * factors.clone(), given: self.given * factors }
    }

    fn select(&self, examples: Range<usize>) -> Self {
        let part = |tensor: &Tensor<2>| tensor.clone().narrow(0, examples.start, examples.len());
        Self { values: part(&self.values), given: part(&self.given) }
    }

    fn repeated_to(&self, examples: usize) -> Self {
        let copies = examples / self.values.dims()[0];
        if copies == 1 {
            return self.clone();
        }
        Self { values: self.values.clone().repeat(&[copies, 1]), given: self.given.clone().repeat(&[copies, 1]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::Plain;

    fn rows(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data_as::<f32>().as_slice::<f32>().unwrap().to_vec()
    }

    #[test]
    fn what_is_given_is_told_from_zeros() {
        let device = Device::flex();
        let part = ConditionPart::from_rows(vec![0.0, 0.0, 3.0, 4.0], 2, &device).keep(&[true, false]);
        let condition = Condition { vector: Some(part.clone()), array: Some(part), ..Condition::default() };
        let place = || (device.clone(), DType::F32);
        assert_eq!(rows(condition.vector_input::<Plain>(2, 2, place())), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        let null = Condition::default();
        assert_eq!(rows(null.vector_input::<Plain>(2, 2, place())), [0.0; 6]);
        // One channel of two positions, and the channel of what is given.
        assert_eq!(rows(condition.array_input::<Plain>(1, 2, 2, place())), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        let twice = condition.repeated_to(4).select(1..3);
        assert_eq!(rows(twice.vector_input::<Plain>(2, 2, place())), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }
}
