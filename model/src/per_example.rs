//! The one place where a number for each example meets a batch.

use burn::tensor::{Tensor, TensorCreationOptions, TensorData};

/// Numbers as a vector on a device, rounded to the precision that is asked for or else to the device's.
pub fn vector(values: impl Iterator<Item = f64>, place: impl Into<TensorCreationOptions>) -> Tensor<1> {
    let values: Vec<f64> = values.collect();
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), place)
}

/// One number for each example, shaped `[batch, 1, …]` so that it broadcasts.
pub fn per_example<const D: usize>(
    values: impl Iterator<Item = f64>,
    place: impl Into<TensorCreationOptions>,
) -> Tensor<D> {
    let values = vector(values, place);
    let mut shape = [1; D];
    shape[0] = values.dims()[0];
    values.reshape(shape)
}

/// Multiplies each example by its number; one multiplication by a scalar if all are equal.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use fokker_model::per_example::scale_examples;
///
/// let x = Tensor::<2>::ones([2, 3], &Device::flex());
/// let scaled = scale_examples(x, [2.0, 0.5].into_iter());
/// assert_eq!(scaled.sum_dim(1).into_data().try_to_vec::<f32>().unwrap(), [6.0, 1.5]);
/// ```
pub fn scale_examples<const D: usize>(x: Tensor<D>, factors: impl Iterator<Item = f64>) -> Tensor<D> {
    let factors: Vec<f64> = factors.collect();
    assert_eq!(factors.len(), x.dims()[0], "one factor for each example");
    match factors.first() {
        Some(&first) if factors.iter().all(|&factor| factor == first) => {
            if first == 1.0 {
                x
            } else {
                x.mul_scalar(first)
            }
        }
        _ => {
            let (device, dtype) = (x.device(), x.dtype());
            x * per_example(factors.into_iter(), (&device, dtype))
        }
    }
}
