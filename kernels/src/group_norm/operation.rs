//! The normalisation of flex's tensors as an operation with a result for each derivative.

use std::sync::Arc;

use burn::backend::TensorMetadata;

use super::flex::shape::{Inputs, Shape};
use super::flex::{Gradients, backward, forward};
use crate::autodiff::MultiOutputOp;
use crate::memo::lookup_or;
use crate::number::{Number, with_number};
use crate::tensors::flex::{Primitive, tensor};

/// The last `OUT` coefficients of the normalisation of flex's tensors, and the moments of each group from [`forward`].
pub(super) fn coefficients<const K: usize, const OUT: usize>(
    shape: &Shape,
    tensors: &[Primitive],
) -> ([Primitive; OUT], Vec<f32>) {
    lookup_or((*shape, K), tensors, || {
        with_number!(&tensors[0], S => {
            let (out, moments) = forward::<S, K, OUT>(shape, &Inputs::of(tensors));
            (out.map(|out| shape.image(out, &tensors[0])), moments)
        })
    })
}

/// A normalisation of `N` tensors in the order of [`Inputs::of`] with `K − 1` derivatives.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupNorm(pub(super) Shape);

impl<const N: usize, const K: usize> MultiOutputOp<N, K> for GroupNorm {
    /// The moments of each group.
    type State = Arc<Vec<f32>>;

    /// Computed in three pieces, so that a piece which is already in the memo is not computed again: the value with the
    /// derivative along `v`, then those along `w` and along both, then the one in time (`v`, `w` and time are the first,
    /// second and other direction of [`group_norm_derivatives`](super::group_norm_derivatives)).
    fn forward(&self, inputs: &[Primitive; N]) -> ([Primitive; K], Arc<Vec<f32>>) {
        let Self(shape) = self;
        let ((images, rest), affine) = (inputs.split_at(K), &inputs[K..K + 2]);
        let part = |of: &[usize]| -> Vec<Primitive> {
            let images = of.iter().map(|&k| &images[k]);
            let shifts = of.iter().filter_map(|&k| rest.get(2 + k));
            images.chain(affine).chain(shifts).cloned().collect()
        };
        let (mut results, mut moments): (Vec<Primitive>, Vec<f32>) = if K == 1 {
            let (of_value, moments) = coefficients::<1, 1>(shape, inputs);
            (of_value.into(), moments)
        } else {
            let (of_first, moments) = coefficients::<2, 2>(shape, &part(&[0, 1]));
            (of_first.into(), moments)
        };
        if K >= 4 {
            let (of_second, found) = coefficients::<4, 2>(shape, &part(&[0, 1, 2, 3]));
            results.extend(of_second);
            moments = found;
        }
        if K == 3 || K == 5 {
            let (of_other, found) = coefficients::<2, 1>(shape, &part(&[0, K - 1]));
            results.extend(of_other);
            let rows = moments.chunks_exact(K - 1).zip(found.chunks_exact(2));
            moments = rows.flat_map(|(row, found)| row.iter().copied().chain([found[1]])).collect();
        }
        let results = results.try_into().unwrap_or_else(|_| unreachable!("K results"));
        (results, Arc::new(moments))
    }

    fn backward(
        &self,
        inputs: &[Primitive; N],
        moments: &Arc<Vec<f32>>,
        gradients: [Option<Primitive>; K],
    ) -> [Primitive; N] {
        with_number!(&inputs[0], S => of_inputs::<S, N, K>(&self.0, inputs, moments, gradients))
    }
}

/// The gradients of the inputs from those of the results.
fn of_inputs<S: Number, const N: usize, const K: usize>(
    shape: &Shape,
    inputs: &[Primitive; N],
    moments: &[f32],
    gradients: [Option<Primitive>; K],
) -> [Primitive; N] {
    let like = &inputs[0];
    let zeros = || vec![S::rounded(0.0); shape.batch * shape.image_length()];
    let nothing = gradients.iter().any(Option::is_none).then(zeros);
    let gradients = gradients.each_ref().map(|gradient| match gradient {
        Some(gradient) => S::of(gradient),
        None => nothing.as_deref().expect("made if one is missing"),
    });
    let Gradients { x, shift, weight, bias } = backward::<S, K>(shape, &Inputs::of(inputs), moments, gradients);
    let images = x.into_iter().map(|x| shape.image(x, like));
    let affine = [weight, bias].map(|numbers| tensor(numbers, [shape.channels], &like.device()));
    let shifts = shift.into_iter().map(|shift| tensor(shift, [shape.batch, shape.channels], &like.device()));
    let all: Vec<Primitive> = images.chain(affine).chain(shifts).take(N).collect();
    all.try_into().unwrap_or_else(|_| unreachable!("there is a gradient for each input"))
}
