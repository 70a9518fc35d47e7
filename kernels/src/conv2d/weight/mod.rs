//! Weights in the order in which convolutions read them, kept by the layer that owns the weight.
//!
//! Putting a weight in order takes as long as convolving a small image with it. In drawing and in likelihoods the weight
//! stays the same from call to call, and a dual number takes each of its arrays through the same one. So a layer holds a
//! [`PreparedWeight`] next to its weight and passes both as a [`ConvWeight`]:
//!
//! ```text
//! layer { weight, prepared } ──▶ ConvWeight ──▶ first use:  put in order in scratch space; the weight is noted
//!                                               second use: put in order and kept
//!                                               later uses: read
//! ```
//!
//! What is used once leaves nothing behind, and a weight under differentiation is not kept at all: training changes it
//! before it is read again.
//!
//! The copies are those of one version of the weight. A [`Weak`](std::sync::Weak) reference to its memory shows whether it
//! is still the same: a tensor's memory is copied or moved before it is written to while something else refers to it,
//! which the `Weak` does.

mod copies;

use std::fmt;

use burn::tensor::Tensor;

pub(crate) use copies::{Copies, FlexWeight, Order};

/// What a layer keeps of its convolution's weight: copies in the order in which the convolution and its gradient read it.
///
/// It starts empty, and a clone of it is empty too: the layer's clone may get another weight. The copies take up to four
/// times the memory of the weight for each of the two orders, and are freed with the layer.
pub struct PreparedWeight(Copies);

impl PreparedWeight {
    /// The memory of the copies in bytes.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

impl Default for PreparedWeight {
    fn default() -> Self {
        Self(Copies::somewhere())
    }
}

impl Clone for PreparedWeight {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for PreparedWeight {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PreparedWeight").field("bytes", &self.bytes()).finish()
    }
}

/// The weight of a convolution, with the copies that its layer keeps, if it does.
///
/// # Shapes
/// `[outputs, inputs, kernel height, kernel width]`, of a transposed convolution `[inputs, outputs, kernel, kernel]`
#[derive(Clone, Debug)]
pub struct ConvWeight {
    tensor: Tensor<4>,
    copies: Copies,
}

impl From<Tensor<4>> for ConvWeight {
    /// A weight that is put in order anew for each convolution.
    fn from(tensor: Tensor<4>) -> Self {
        Self { tensor, copies: Copies::nowhere() }
    }
}

impl ConvWeight {
    /// A weight whose copies are kept in `prepared`, unless it is under differentiation.
    pub fn new(tensor: Tensor<4>, prepared: &PreparedWeight) -> Self {
        let copies = if tensor.is_require_grad() { Copies::nowhere() } else { prepared.0.clone() };
        Self { tensor, copies }
    }

    /// The sizes.
    pub fn dims(&self) -> [usize; 4] {
        self.tensor.dims()
    }

    /// The same weight without differentiation.
    pub fn inner(self) -> Self {
        Self { tensor: self.tensor.inner(), ..self }
    }

    /// The tensor, and where its copies are.
    pub(crate) fn into_parts(self) -> (Tensor<4>, Copies) {
        (self.tensor, self.copies)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn a_weight_in_training_has_no_copies() {
        let prepared = PreparedWeight::default();
        let weight = Tensor::<4>::ones([1, 1, 1, 1], &Device::flex().autodiff());
        assert!(ConvWeight::new(weight.clone(), &prepared).copies.are_kept(), "a constant");
        let weight = ConvWeight::new(weight.require_grad(), &prepared);
        assert!(!weight.copies.are_kept() && !weight.inner().copies.are_kept());
    }
}
