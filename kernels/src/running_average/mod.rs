//! A running average of tensors, for averages besides the one that [`Adam`](crate::Adam) carries along.

pub(crate) mod cube;
mod flex;
pub(crate) mod rounding;

use burn::backend::DispatchTensor;
use burn::tensor::{DType, Tensor, TensorData};

use crate::arena::Arena;
use crate::tensors::flex::{Inputs, contiguous, from_plain, numbers, numbers_mut};

/// One update `a ← a + (w − a)(1 − decay)` of a running average.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use fokker_kernels::RunningAverage;
///
/// let device = Device::flex();
/// let (average, weight) = (Tensor::<1>::zeros([2], &device), Tensor::<1>::from_floats([1.0, -4.0], &device));
/// let average = RunningAverage { decay: 0.75, update: 1 }.step(average, weight);
/// assert_eq!(average.into_data().try_to_vec::<f32>().unwrap(), [0.25, -1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RunningAverage {
    /// What is kept of the former average, in \[0, 1).
    pub decay: f64,
    /// The number of the update: its rounding is spread over several.
    pub update: u64,
}

impl RunningAverage {
    /// Takes the update. On flex and on GPUs an average that nothing else refers to is changed where it is.
    ///
    /// # Shapes
    /// Both of one shape.
    ///
    /// # Panics
    /// If a tensor is under automatic differentiation, or the shapes differ.
    pub fn step<const D: usize>(&self, average: Tensor<D>, value: Tensor<D>) -> Tensor<D> {
        let (fresh, kept, phase) = ((1.0 - self.decay) as f32, self.decay as f32, rounding::phase(self.update));
        match Inputs::of([average, value].map(Tensor::into_dispatch)) {
            Inputs::Plain(inputs) => {
                let [mut average, value] = inputs.map(contiguous);
                flex::step(numbers_mut(&mut average), numbers(&value), fresh, kept, phase);
                from_plain(average)
            }
            Inputs::Tracked(..) => panic!("an average is taken of tensors without automatic differentiation"),
            Inputs::Other(inputs) => {
                let [average, value] = inputs.map(Tensor::<D>::from_dispatch);
                if cube::takes([&average, &value]) {
                    return cube::step(average, value, fresh, kept, phase);
                }
                if [average.dtype(), value.dtype()] != [DType::F32; 2] {
                    return average.clone() + (value - average).mul_scalar(1.0 - self.decay);
                }
                // Single precision on other backends: the numbers are those of flex.
                let (shape, device) = (average.dims(), average.device());
                let numbers = |tensor: Tensor<D>| tensor.into_data().try_to_vec::<f32>().expect("single precision");
                let mut average = numbers(average);
                flex::step(&mut average, &numbers(value), fresh, kept, phase);
                Tensor::from_data(TensorData::new(average, shape), &device)
            }
        }
    }

    /// [`RunningAverage::step`] for all tensors of an arena, in one kernel. The averages are views of one buffer afterwards, which is
    /// changed where it is if nothing else refers to it.
    ///
    /// # Panics
    /// If the arena does not [fit](Arena::fits) both lists.
    pub fn step_all(
        &self,
        arena: &Arena,
        averages: Vec<DispatchTensor>,
        values: Vec<DispatchTensor>,
    ) -> Vec<DispatchTensor> {
        let [fresh, kept] = [1.0 - self.decay, self.decay].map(|share| share as f32);
        cube::step_all(arena, averages, values, fresh, kept, rounding::phase(self.update))
    }
}
