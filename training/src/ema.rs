//! The exponential moving average of the weights, which is what samples are drawn with.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::optimizer::arrays;

/// The decay of update `update` (from 1): `decay`, but at most `(1 + update)/(10 + update)`, so that the first weights
/// are forgotten quickly (the warm-up of TensorFlow's ExponentialMovingAverage).
pub fn ema_decay(decay: f64, update: usize) -> f64 {
    decay.min((1.0 + update as f64) / (10.0 + update as f64))
}

/// `average ← decay · average + (1 − decay) · network`; neither carries a graph afterwards.
pub fn update_ema<M: Module>(average: M, network: &M, decay: f64) -> M {
    struct Average {
        weights: GradientsParams,
        decay: f64,
    }
    impl ModuleMapper for Average {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let weights = self.weights.remove::<D>(param.id).expect("average and network have the same parameters");
            let keep = self.decay;
            param.map(|average| average.mul_scalar(keep) + weights.mul_scalar(1.0 - keep))
        }
    }
    average.map(&mut Average { weights: arrays(network), decay })
}

#[cfg(test)]
mod tests {
    use super::ema_decay;

    #[test]
    fn warms_up_to_the_decay() {
        assert!((ema_decay(0.999, 1) - 2.0 / 11.0).abs() < 1e-15);
        assert!((ema_decay(0.999, 90) - 0.91).abs() < 1e-15);
        assert_eq!(ema_decay(0.999, 1_000_000), 0.999);
    }
}
