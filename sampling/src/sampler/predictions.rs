//! What a score predicts for a whole batch at one time.

use burn::tensor::Tensor;
use fokker_model::Score;

/// The expected noise.
///
/// # Shapes
/// `x`: `[batch, …]` → the same
pub fn noise_at<const D: usize>(score: &dyn Score<D>, x: &Tensor<D>, t: f64) -> Tensor<D> {
    score.noise(x.clone(), &vec![t; x.dims()[0]])
}

/// The expected data.
///
/// # Shapes
/// `x`: `[batch, …]` → the same
pub fn denoised_at<const D: usize>(score: &dyn Score<D>, x: &Tensor<D>, t: f64) -> Tensor<D> {
    score.denoised(x.clone(), &vec![t; x.dims()[0]])
}

/// The score.
///
/// # Shapes
/// `x`: `[batch, …]` → the same
pub fn score_at<const D: usize>(score: &dyn Score<D>, x: &Tensor<D>, t: f64) -> Tensor<D> {
    score.score(x.clone(), &vec![t; x.dims()[0]])
}
