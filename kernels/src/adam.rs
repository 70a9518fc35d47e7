//! A step of Adam with its running average in one pass over memory.

use std::mem::MaybeUninit;

use burn::backend::TensorMetadata;
use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::flex::{Inputs, contiguous, from_plain, numbers, tensor};
use crate::simd::multiversion;

/// The numbers of one step of Adam (Kingma & Ba 2015, algorithm 1; with `keep` < 1 AdamW, Loshchilov & Hutter 2019),
/// and of the running average of the weights after it.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// What gradients are multiplied by first, as global clipping does.
    pub gradient_scale: f64,
    /// Decay rates `β₁, β₂` of the moments.
    pub betas: [f64; 2],
    /// `1 − β₁ᵗ` and `1 − β₂ᵗ` in step `t`, counted from 1.
    pub corrections: [f64; 2],
    /// `ε`, added to the root of the second moment.
    pub epsilon: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// What weights are multiplied by before the step: 1 less the learning rate times the weight decay.
    pub keep: f64,
    /// Decay rate of the running average.
    pub average_decay: f64,
}

/// Numbers that belong together are taken together, so many at a time.
const PART: usize = 1 << 14;

impl Adam {
    /// Takes a step: weights, first moment, second moment and running average after it, from those before it.
    ///
    /// # Shapes
    /// All of one shape.
    pub fn step<const D: usize>(&self, state: [Tensor<D>; 4], gradient: Tensor<D>) -> [Tensor<D>; 4] {
        let [weight, first, second, average] = state;
        match Inputs::of([weight, first, second, average, gradient].map(Tensor::into_dispatch)) {
            Inputs::Plain(inputs) => {
                let shape = inputs[0].shape().dims::<D>();
                let inputs = inputs.map(contiguous);
                let results = self.fused(inputs.each_ref().map(numbers));
                results.map(|numbers| from_plain(tensor(numbers, shape, &inputs[0].device())))
            }
            Inputs::Tracked(..) => panic!("a step is taken on tensors without automatic differentiation"),
            Inputs::Other(inputs) => self.burns_own(inputs.map(Tensor::from_dispatch)),
        }
    }

    /// As [`Adam::step`], with gradients multiplied by a number that is on the device as well: nobody waits for it there,
    /// and elsewhere it is read. A negative one changes nothing.
    ///
    /// # Shapes
    /// All of one shape; `scale` is `[1]`.
    pub fn step_by<const D: usize>(
        &self,
        state: [Tensor<D>; 4],
        gradient: Tensor<D>,
        scale: &Tensor<1>,
    ) -> [Tensor<D>; 4] {
        if self.gradient_scale == 1.0
            && let Some(state) = crate::cube::adam_step(self, &state, &gradient, scale)
        {
            return state;
        }
        match scale.clone().into_scalar::<f64>() {
            scale if scale < 0.0 => state,
            scale => Self { gradient_scale: self.gradient_scale * scale, ..*self }.step(state, gradient),
        }
    }

    fn burns_own<const D: usize>(&self, inputs: [Tensor<D>; 5]) -> [Tensor<D>; 4] {
        let [weight, first, second, average, gradient] = inputs;
        let gradient = if self.gradient_scale == 1.0 { gradient } else { gradient.mul_scalar(self.gradient_scale) };
        let mix = |old: Tensor<D>, new: Tensor<D>, decay: f64| old.mul_scalar(decay) + new.mul_scalar(1.0 - decay);
        let first = mix(first, gradient.clone(), self.betas[0]);
        let second = mix(second, gradient.square(), self.betas[1]);
        let root = second.clone().mul_scalar(1.0 / self.corrections[1]).sqrt().add_scalar(self.epsilon);
        let kept = if self.keep == 1.0 { weight } else { weight.mul_scalar(self.keep) };
        let weight = kept - first.clone().mul_scalar(self.learning_rate / self.corrections[0]) / root;
        let average = mix(average, weight.clone(), self.average_decay);
        [weight, first, second, average]
    }

    fn fused(&self, inputs: [&[f32]; 5]) -> [Vec<f32>; 4] {
        let total = inputs[0].len();
        assert!(inputs.iter().all(|numbers| numbers.len() == total), "the tensors of a step have one shape");
        let mut results: [Vec<f32>; 4] = std::array::from_fn(|_| Vec::with_capacity(total));
        let [weight, first, second, average] =
            results.each_mut().map(|numbers| numbers.spare_capacity_mut()[..total].par_chunks_mut(PART));
        weight.zip(first).zip(second.zip(average)).enumerate().for_each(|(part, ((w, m), (v, a)))| {
            let start = part * PART;
            let inputs = inputs.map(|numbers| &numbers[start..start + w.len()]);
            update(self, inputs, [w, m, v, a]);
        });
        // SAFETY: `update` writes every number of every part.
        results.iter_mut().for_each(|numbers| unsafe { numbers.set_len(total) });
        results
    }
}

multiversion!(fn update(step: &Adam, inputs: [&[f32]; 5], results: [&mut [MaybeUninit<f32>]; 4]) = take);

#[inline(always)]
fn take(step: &Adam, [w, m, v, a, g]: [&[f32]; 5], [to_w, to_m, to_v, to_a]: [&mut [MaybeUninit<f32>]; 4]) {
    let [scale, epsilon, keep, decay] =
        [step.gradient_scale, step.epsilon, step.keep, step.average_decay].map(|number| number as f32);
    let [b1, b2] = step.betas.map(|beta| beta as f32);
    let [n1, n2] = step.betas.map(|beta| (1.0 - beta) as f32);
    let rate = (step.learning_rate / step.corrections[0]) as f32;
    let (correction, fresh) = ((1.0 / step.corrections[1]) as f32, (1.0 - step.average_decay) as f32);
    let n = w.len();
    let (m, v, a, g) = (&m[..n], &v[..n], &a[..n], &g[..n]);
    let (to_w, to_m, to_v, to_a) = (&mut to_w[..n], &mut to_m[..n], &mut to_v[..n], &mut to_a[..n]);
    for i in 0..n {
        let g = g[i] * scale;
        let m = m[i] * b1 + g * n1;
        let v = v[i] * b2 + g * g * n2;
        let w = w[i] * keep - m * rate / ((v * correction).sqrt() + epsilon);
        to_m[i].write(m);
        to_v[i].write(v);
        to_w[i].write(w);
        to_a[i].write(a[i] * decay + w * fresh);
    }
}
