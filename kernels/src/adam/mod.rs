//! A step of Adam with the running average of the weights, in one pass over memory.
//!
//! On flex it is one operation for each parameter, on GPUs one for all that are in an [`Arena`]; other backends in single
//! precision give the numbers to the CPU's loop and take them back, and other precisions use Burn's operations.

mod coefficients;
mod cube;
mod flex;

use burn::backend::DispatchTensor;
use burn::tensor::{DType, Tensor, TensorData};

use crate::arena::Arena;
use crate::running_average::rounding::phase;
use crate::tensors::flex::{Inputs, contiguous, from_plain, numbers, numbers_mut};
use coefficients::Coefficients;

/// The numbers of one step of Adam (Kingma & Ba 2015, algorithm 1; with `keep` < 1 AdamW, Loshchilov & Hutter 2019),
/// and of the running average of the weights after it.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// The factor of all gradients, as global clipping has one.
    pub gradient_scale: f64,
    /// Decay rates `β₁, β₂` of the moments.
    pub betas: [f64; 2],
    /// `1 − β₁ᵗ` and `1 − β₂ᵗ` in step `t`, counted from 1.
    pub corrections: [f64; 2],
    /// `ε`, added to the root of the second moment.
    pub epsilon: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// The factor of the weights before the step: 1 less the learning rate times the weight decay.
    pub keep: f64,
    /// Decay rate of the running average.
    pub average_decay: f64,
    /// The number of the update: rounding the average is spread over several.
    pub update: u64,
}

impl Adam {
    /// Takes a step: weights, first moment, second moment and running average after it, from those before it. On flex and on
    /// GPUs a tensor that nothing else refers to is changed where it is.
    ///
    /// # Shapes
    /// All of one shape.
    ///
    /// # Panics
    /// If a tensor is under automatic differentiation, or the shapes differ.
    pub fn step<const D: usize>(&self, state: [Tensor<D>; 4], gradient: Tensor<D>) -> [Tensor<D>; 4] {
        let [weight, first, second, average] = state;
        match Inputs::of([weight, first, second, average, gradient].map(Tensor::into_dispatch)) {
            Inputs::Plain(inputs) => {
                let [weight, first, second, average, gradient] = inputs.map(contiguous);
                let mut state = [weight, first, second, average];
                flex::step(&self.coefficients(), state.each_mut().map(numbers_mut), numbers(&gradient));
                state.map(from_plain)
            }
            Inputs::Tracked(..) => panic!("a step is taken on tensors without automatic differentiation"),
            Inputs::Other(inputs) => {
                let [weight, first, second, average, gradient] = inputs.map(Tensor::from_dispatch);
                let state = [weight, first, second, average];
                let one = Tensor::ones([1], (&gradient.device(), DType::F32));
                if self.gradient_scale == 1.0 && cube::takes(&state, &gradient, &one) {
                    return cube::step(&self.coefficients(), state, gradient, &one);
                }
                let single = state.iter().chain([&gradient]).all(|tensor| tensor.dtype() == DType::F32);
                if single { self.on_the_host(state, gradient) } else { self.burns_own(state, gradient) }
            }
        }
    }

    /// [`Adam::step`] with gradients multiplied by a number on the device as well. On a GPU the host does not wait for the
    /// number; elsewhere it is read. A negative one changes nothing.
    ///
    /// # Shapes
    /// All of one shape; `scale` is `[1]`.
    pub fn step_scaled_on_device<const D: usize>(
        &self,
        state: [Tensor<D>; 4],
        gradient: Tensor<D>,
        scale: &Tensor<1>,
    ) -> [Tensor<D>; 4] {
        if self.gradient_scale == 1.0 && cube::takes(&state, &gradient, scale) {
            return cube::step(&self.coefficients(), state, gradient, scale);
        }
        match scale.clone().into_scalar::<f64>() {
            scale if scale < 0.0 => state,
            scale => Self { gradient_scale: self.gradient_scale * scale, ..*self }.step(state, gradient),
        }
    }

    /// [`Adam::step_scaled_on_device`] for all tensors of an arena, in one kernel: weights, first moments, second moments and running
    /// averages. They are views of buffers afterwards. A buffer that nothing else refers to is changed where it is.
    ///
    /// # Panics
    /// If the arena does not [fit](Arena::fits) all five lists.
    pub fn step_all(
        &self,
        arena: &Arena,
        state: [Vec<DispatchTensor>; 4],
        gradients: Vec<DispatchTensor>,
        scale: &Tensor<1>,
    ) -> [Vec<DispatchTensor>; 4] {
        let scale = match self.gradient_scale {
            1.0 => scale.clone(),
            factor => scale.clone().mul_scalar(factor),
        };
        cube::step_all(&self.coefficients(), arena, state, gradients, &scale)
    }

    /// The numbers as the loops read them.
    fn coefficients(&self) -> Coefficients {
        Coefficients {
            gradient_scale: self.gradient_scale as f32,
            betas: self.betas.map(|beta| beta as f32),
            fresh: self.betas.map(|beta| (1.0 - beta) as f32),
            rate: (self.learning_rate / self.corrections[0]) as f32,
            correction: (1.0 / self.corrections[1]) as f32,
            epsilon: self.epsilon as f32,
            lost: (1.0 - self.keep) as f32,
            average_decay: self.average_decay as f32,
            average_fresh: (1.0 - self.average_decay) as f32,
            phase: phase(self.update),
        }
    }

    /// Single precision on other backends: the numbers are those of flex.
    fn on_the_host<const D: usize>(&self, state: [Tensor<D>; 4], gradient: Tensor<D>) -> [Tensor<D>; 4] {
        let (shape, device) = (gradient.dims(), gradient.device());
        let numbers = |tensor: Tensor<D>| tensor.into_data().try_to_vec::<f32>().expect("single precision");
        let (mut state, gradient) = (state.map(numbers), numbers(gradient));
        flex::step(&self.coefficients(), state.each_mut().map(Vec::as_mut_slice), &gradient);
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
}
