//! Linear combinations of arrays, the one thing that every step ends with.

use burn::tensor::Tensor;

/// `Σ factor · term`; terms with factor 0 are not touched.
///
/// # Shapes
/// all terms alike → the same
pub(crate) fn combine<const D: usize>(terms: &[(f64, &Tensor<D>)]) -> Tensor<D> {
    let scaled = terms.iter().filter(|(factor, _)| *factor != 0.0).map(|&(factor, term)| match factor {
        1.0 => term.clone(),
        _ => term.clone().mul_scalar(factor),
    });
    scaled.reduce(|sum, term| sum + term).unwrap_or_else(|| terms[0].1.zeros_like())
}
