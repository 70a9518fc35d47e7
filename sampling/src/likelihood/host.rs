//! Numbers of each example, brought to the host in double precision.

use burn::tensor::Tensor;

/// All numbers of a tensor, in order.
pub(super) fn host<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data_as::<f64>().as_slice::<f64>().expect("converted to f64 just above").to_vec()
}

/// `Σ x²` of each example.
pub(super) fn squares<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    let batch = x.dims()[0];
    let values = host(x);
    values.chunks(values.len() / batch).map(|example| example.iter().map(|x| x * x).sum()).collect()
}
