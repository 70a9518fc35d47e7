//! The exponential moving average of the weights, which is what samples are drawn with.

/// The decay of update `update` (from 1): `decay`, but at most `(1 + update)/(10 + update)`, so that the first weights
/// are forgotten quickly (the warm-up of TensorFlow's ExponentialMovingAverage).
///
/// ```
/// assert_eq!(fokker_training::ema_decay(0.999, 8), 0.5);
/// assert_eq!(fokker_training::ema_decay(0.999, 100_000), 0.999);
/// ```
pub fn ema_decay(decay: f64, update: usize) -> f64 {
    decay.min((1.0 + update as f64) / (10.0 + update as f64))
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
