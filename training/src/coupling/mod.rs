//! Which noise each datum of a micro-batch is joined with.
//!
//! A path from data to noise may join them in any way whose marginals are the data and N(0, I): the velocity of the mean path carries
//! one law to the other all the same (Lipman et al. 2023, Theorem 1; Tong et al. 2024). With independent pairs the
//! velocity is the score in other units. Pairs that are near each other make straighter paths, and lose that: what is learnt is a
//! velocity and no score, so only samplers of the probability flow apply.

mod assignment;

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

pub use assignment::assignment;

/// How data and noise are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coupling {
    /// Each datum with a noise of its own.
    #[default]
    Independent,
    /// Those pairs of a micro-batch whose squared distances have the least sum (Pooladian et al. 2023; Tong et al. 2024).
    OptimalTransport,
}

impl Coupling {
    /// Whether it is the usual one.
    pub fn is_independent(&self) -> bool {
        *self == Self::Independent
    }

    /// The noise in the order of the data it is joined with: a function of both, whatever the device.
    ///
    /// # Shapes
    /// `x0`, `noise`: `[batch, …]` → like the noise
    pub fn join<const D: usize>(self, x0: &Tensor<D>, noise: Tensor<D>) -> Tensor<D> {
        if self.is_independent() {
            return noise;
        }
        let (shape, place) = (noise.dims(), (noise.device(), noise.dtype()));
        let (data, values) = (host(x0.clone()), host(noise));
        let each = shape[1..].iter().product::<usize>().max(1);
        // |x₀ − ε|² less the squares, which are the same in all assignments.
        let cost = |x: &[f64], e: &[f64]| -x.iter().zip(e).map(|(x, e)| x * e).sum::<f64>();
        let costs: Vec<f64> = data.chunks(each).flat_map(|x| values.chunks(each).map(move |e| cost(x, e))).collect();
        let chosen = assignment(&costs, shape[0]);
        let joined: Vec<f64> = chosen.iter().flat_map(|&k| values[k * each..(k + 1) * each].iter().copied()).collect();
        Tensor::from_data(TensorData::new(joined, shape), (&place.0, place.1))
    }
}

/// All numbers of a tensor, in order.
fn host<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data_as::<f64>().as_slice::<f64>().expect("converted to f64 just above").to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn optimal_transport_moves_the_noise_and_changes_none_of_it() {
        let device = Device::flex();
        let x0 = Tensor::<2>::from_floats([[2.0, 0.0], [-1.0, 0.5], [0.0, -3.0]], &device);
        let noise = Tensor::<2>::from_floats([[0.1, -1.0], [0.9, 0.3], [-0.7, 0.2]], &device);
        let values = |coupling: Coupling| {
            coupling.join(&x0, noise.clone()).into_data_as::<f32>().as_slice::<f32>().unwrap().to_vec()
        };
        assert_eq!(values(Coupling::Independent), [0.1, -1.0, 0.9, 0.3, -0.7, 0.2]);
        assert_eq!(values(Coupling::OptimalTransport), [0.9, 0.3, -0.7, 0.2, 0.1, -1.0]);
    }
}
