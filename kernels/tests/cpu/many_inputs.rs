//! A block with more inputs than can be computed again is kept as a whole, with the same gradients.

use std::sync::Arc;

use burn::backend::DispatchTensor;
use burn::tensor::{Device, Tensor, TensorData};
use fokker_kernels::recomputed;

/// `Σ (k + 1) xₖ²` and its gradient in every `xₖ`.
fn gradients(count: usize, again: bool) -> Vec<Vec<f32>> {
    let device = Device::flex().autodiff();
    let number = |k: usize| Tensor::<1>::from_data(TensorData::new(vec![0.1 * k as f32 - 1.0, 0.5], [2]), &device);
    let inputs: Vec<Tensor<1>> = (0..count).map(|k| number(k).require_grad()).collect();
    let body = |inputs: Vec<DispatchTensor>| {
        let squares =
            inputs.into_iter().enumerate().map(|(k, x)| Tensor::<1>::from_dispatch(x).square() * (k + 1) as f64);
        squares.reduce(|sum, term| sum + term).expect("there is an input").into_dispatch()
    };
    let all = inputs.iter().cloned().map(Tensor::into_dispatch).collect();
    let out = if again { recomputed(all, Arc::new(body)) } else { body(all) };
    let gradients = Tensor::<1>::from_dispatch(out).sum().backward();
    inputs.iter().map(|x| x.grad(&gradients).expect("a gradient").into_data().try_to_vec().unwrap()).collect()
}

#[test]
fn any_number_of_inputs_has_its_gradients() {
    for count in [1, 31, 32, 33, 70] {
        assert_eq!(gradients(count, true), gradients(count, false), "{count} inputs");
    }
}
