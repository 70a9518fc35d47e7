//! Initial weights as a function of the seed and of a parameter's place in the network, the same on every backend.
//!
//! The distributions are PyTorch's defaults: `U(−1/√fan_in, 1/√fan_in)` for weights and biases of linear and
//! convolutional layers, ones and zeros for normalisation, N(0, 1) for tables.

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use fokker_random::Index;
use rand::RngExt;

/// Hands out the initial values of a network's parameters, in the order in which the network is built.
#[derive(Debug)]
pub struct Initializer {
    seed: u64,
    device: Device,
    next: u64,
    hollow: bool,
}

impl Initializer {
    /// An initialiser whose first parameter has index 0.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self { seed, device: device.clone(), next: 0, hollow: false }
    }

    /// An initialiser of parameters that have shapes and take no memory: for measuring a network, not for evaluating it.
    pub fn hollow() -> Self {
        Self { seed: 0, device: Device::flex(), next: 0, hollow: true }
    }

    /// Independent draws from U(−bound, bound).
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f64) -> Param<Tensor<D>> {
        let (seed, place) = (self.seed, self.place());
        self.param(shape, |count| {
            let mut rng = Index::initialization(place).rng(seed);
            (0..count).map(|_| ((2.0 * rng.random::<f64>() - 1.0) * bound) as f32).collect()
        })
    }

    /// Independent draws from N(0, deviation²).
    pub fn normal<const D: usize>(&mut self, shape: [usize; D], deviation: f64) -> Param<Tensor<D>> {
        let (seed, place) = (self.seed, self.place());
        self.param(shape, |count| {
            let mut values = Index::initialization(place).normals(seed, count);
            values.iter_mut().for_each(|value| *value *= deviation as f32);
            values
        })
    }

    /// The same number everywhere.
    pub fn constant<const D: usize>(&mut self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.place();
        self.param(shape, |count| vec![value; count])
    }

    /// The number of a layer that draws random numbers of its own, such as dropout.
    pub fn place(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// A parameter of so many values; a hollow one is one zero, seen everywhere.
    fn param<const D: usize>(&self, shape: [usize; D], values: impl FnOnce(usize) -> Vec<f32>) -> Param<Tensor<D>> {
        let tensor = match self.hollow {
            true => Tensor::<D>::zeros([1; D], &self.device).expand::<D, _>(shape),
            false => Tensor::from_data(TensorData::new(values(shape.iter().product()), shape), &self.device),
        };
        let mut param = Param::from_tensor(tensor);
        param.id = ParamId::from(self.next);
        param
    }
}
