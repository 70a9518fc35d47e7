//! A step of Adam with its running average in one pass over memory.

use burn::tensor::{DType, Tensor, TensorData};
use rayon::prelude::*;

use crate::average::{NEIGHBOUR, averaged, mixed, phase};
use crate::flex::{Inputs, contiguous, from_plain, numbers, numbers_mut};
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
    /// The number of the update: rounding the average is spread over several.
    pub update: u64,
}

/// Numbers that belong together are taken together, so many at a time.
const PART: usize = 1 << 14;

impl Adam {
    /// Takes a step: weights, first moment, second moment and running average after it, from those before it. On flex and on
    /// GPUs a tensor that nothing else refers to is changed where it is.
    ///
    /// # Shapes
    /// All of one shape.
    pub fn step<const D: usize>(&self, state: [Tensor<D>; 4], gradient: Tensor<D>) -> [Tensor<D>; 4] {
        let [weight, first, second, average] = state;
        match Inputs::of([weight, first, second, average, gradient].map(Tensor::into_dispatch)) {
            Inputs::Plain(inputs) => {
                let [weight, first, second, average, gradient] = inputs.map(contiguous);
                let mut state = [weight, first, second, average];
                self.fused(state.each_mut().map(numbers_mut), numbers(&gradient));
                state.map(from_plain)
            }
            Inputs::Tracked(..) => panic!("a step is taken on tensors without automatic differentiation"),
            Inputs::Other(inputs) => {
                let [weight, first, second, average, gradient] = inputs.map(Tensor::from_dispatch);
                let state = [weight, first, second, average];
                let one = Tensor::ones([1], (&gradient.device(), DType::F32));
                if self.gradient_scale == 1.0 && crate::cube::adam::takes(&state, &gradient, &one) {
                    return crate::cube::adam::step(self, state, gradient, &one);
                }
                let single = state.iter().chain([&gradient]).all(|tensor| tensor.dtype() == DType::F32);
                if single { self.on_the_host(state, gradient) } else { self.burns_own(state, gradient) }
            }
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
        if self.gradient_scale == 1.0 && crate::cube::adam::takes(&state, &gradient, scale) {
            return crate::cube::adam::step(self, state, gradient, scale);
        }
        match scale.clone().into_scalar::<f64>() {
            scale if scale < 0.0 => state,
            scale => Self { gradient_scale: self.gradient_scale * scale, ..*self }.step(state, gradient),
        }
    }

    /// Single precision on other backends: the numbers are those of flex.
    fn on_the_host<const D: usize>(&self, state: [Tensor<D>; 4], gradient: Tensor<D>) -> [Tensor<D>; 4] {
        let (shape, device) = (gradient.dims(), gradient.device());
        let numbers = |tensor: Tensor<D>| tensor.into_data().try_to_vec::<f32>().expect("single precision");
        let (mut state, gradient) = (state.map(numbers), numbers(gradient));
        self.fused(state.each_mut().map(Vec::as_mut_slice), &gradient);
        state.map(|numbers| Tensor::from_data(TensorData::new(numbers, shape), &device))
    }

    /// Any other precision, by Burn's operations.
    fn burns_own<const D: usize>(&self, state: [Tensor<D>; 4], gradient: Tensor<D>) -> [Tensor<D>; 4] {
        let [weight, first, second, average] = state;
        let gradient = if self.gradient_scale == 1.0 { gradient } else { gradient.mul_scalar(self.gradient_scale) };
        let mix = |old: Tensor<D>, new: Tensor<D>, decay: f64| old.clone() + (new - old).mul_scalar(1.0 - decay);
        let first = mix(first, gradient.clone(), self.betas[0]);
        let second = mix(second, gradient.square(), self.betas[1]);
        let root = second.clone().mul_scalar(1.0 / self.corrections[1]).sqrt().add_scalar(self.epsilon);
        let kept = if self.keep == 1.0 { weight } else { weight.mul_scalar(self.keep) };
        let weight = kept - first.clone().mul_scalar(self.learning_rate / self.corrections[0]) / root;
        let average = mix(average, weight.clone(), self.average_decay);
        [weight, first, second, average]
    }

    fn fused(&self, state: [&mut [f32]; 4], gradient: &[f32]) {
        let total = gradient.len();
        assert!(state.iter().all(|numbers| numbers.len() == total), "the tensors of a step have one shape");
        let [weight, first, second, average] = state.map(|numbers| numbers.par_chunks_mut(PART));
        let parts = weight.zip(first).zip(second.zip(average)).zip(gradient.par_chunks(PART));
        parts.enumerate().for_each(|(part, (((w, m), (v, a)), g))| {
            let phase = phase(self.update).wrapping_add(((part * PART) as u32).wrapping_mul(NEIGHBOUR));
            update(self, phase, w, m, v, a, g);
        });
    }
}

// One argument each: that they do not overlap is known of arguments, not of an array's entries.
multiversion!(fn update(step: &Adam, phase: u32, w: &mut [f32], m: &mut [f32], v: &mut [f32], a: &mut [f32], g: &[f32]) = take);

#[inline(always)]
fn take(step: &Adam, mut phase: u32, w: &mut [f32], m: &mut [f32], v: &mut [f32], a: &mut [f32], g: &[f32]) {
    let [scale, epsilon, lost] = [step.gradient_scale, step.epsilon, 1.0 - step.keep].map(|number| number as f32);
    let [b1, b2] = step.betas.map(|beta| beta as f32);
    let [n1, n2] = step.betas.map(|beta| (1.0 - beta) as f32);
    let rate = (step.learning_rate / step.corrections[0]) as f32;
    let correction = (1.0 / step.corrections[1]) as f32;
    let [decay, fresh] = [step.average_decay, 1.0 - step.average_decay].map(|number| number as f32);
    for ((w, m), ((v, a), g)) in w.iter_mut().zip(m).zip(v.iter_mut().zip(a).zip(g)) {
        let g = g * scale;
        *m = mixed(*m, g, n1, b1);
        *v = mixed(*v, g * g, n2, b2);
        *w -= *w * lost + *m * rate / ((*v * correction).sqrt() + epsilon);
        *a = averaged(*a, *w, fresh, decay, phase);
        phase = phase.wrapping_add(NEIGHBOUR);
    }
}
