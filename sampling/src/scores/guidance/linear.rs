//! Linear guidance: `G + w (D − G)`, with a weight for each example.

use burn::tensor::Tensor;
use fokker_model::per_example::scale_examples;

/// `G + w (D − G)` (Ho & Salimans 2022, eq. 6; Karras et al. 2024b, eq. 3), then a share `φ` of the way to the deviation of `D` (Lin et al. 2023,
/// eq. 15–16). Where `w = 1` it is `D`.
pub(super) fn linear<const D: usize>(score: Tensor<D>, guide: Tensor<D>, weights: &[f64], rescale: f64) -> Tensor<D> {
    let guided = guide.clone() + scale_examples(score.clone() - guide, weights.iter().copied());
    if rescale == 0.0 {
        return guided;
    }
    let factor = deviation(&score) / deviation(&guided);
    let share: Vec<f64> = weights.iter().map(|&w| if w == 1.0 { 0.0 } else { rescale }).collect();
    let change = guided.clone() * (factor - 1.0);
    guided + scale_examples(change, share.into_iter())
}

/// The deviation of the values of each example, shaped `[batch, 1, …]`.
fn deviation<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    let batch = x.dims()[0];
    let each = x.dims().iter().product::<usize>() / batch;
    let mut shape = [1; D];
    shape[0] = batch;
    x.clone().reshape([batch, each]).var(1).sqrt().reshape(shape)
}
