//! A score: what solvers and likelihoods ask, whether a network or a closed form answers.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{FloatDType, Tensor};
use fokker_process::Process;

use crate::batch_times::BatchTimes;
use crate::calculus::Calculus;
use crate::calculus::plain::Plain;
use crate::condition::Condition;
use crate::layers::DropoutKey;
use crate::network::{Context, Network};
use crate::parameterization::{Estimate, Parameterization};
use crate::per_example::scale_examples;
use crate::precision::Precision;
use crate::time_dual::TimeDual;

/// The gradient field `∇ log p_t` of a diffused distribution, in its four equivalent forms.
///
/// One time for each example of the batch.
pub trait Score<const D: usize>: Send + Sync {
    /// The process that diffuses the data.
    fn process(&self) -> &dyn Process;

    /// The expected noise `E[ε | x_t] = −σ ∇ log p_t`.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, `t`: `batch` times in (0, horizon]; the output is shaped like `x`.
    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D>;

    /// The score `∇ log p_t = −E[ε | x_t]/σ`.
    fn score(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let noise = self.noise(x, t);
        scale_examples(noise, t.iter().map(|&t| -1.0 / self.process().std(t)))
    }

    /// The expected data `E[x₀ | x_t] = (x_t + σ² ∇ log p_t)/α` (Tweedie). Where `α = 0` this formula has no value: a score under a
    /// process that [reaches pure noise](Process::reaches_pure_noise) states its own.
    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let noise = self.noise(x.clone(), t);
        let process = self.process();
        scale_examples(x, t.iter().map(|&t| 1.0 / process.mean_scale(t)))
            - scale_examples(noise, t.iter().map(|&t| process.std(t) / process.mean_scale(t)))
    }

    /// The velocity `E[α′ x₀ + σ′ ε | x_t]`: the drift of the probability flow in the process's time (Lipman et al. 2023, eq. 8).
    /// With `ε = (x − α x₀)/σ` it is `σ′/σ x + (α′ − α σ′/σ) E[x₀ | x_t]`, which is finite where `α = 0`.
    fn velocity(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let data = self.denoised(x.clone(), t);
        let process = self.process();
        let of_data = |t: f64| {
            process.mean_scale_derivative(t) - process.mean_scale(t) * process.std_derivative(t) / process.std(t)
        };
        scale_examples(x, t.iter().map(|&t| process.std_derivative(t) / process.std(t)))
            + scale_examples(data, t.iter().map(|&t| of_data(t)))
    }
}

/// A score written over a calculus, so that it has exact [derivatives](crate::Derivatives).
pub trait SmoothScore<const D: usize>: Score<D> {
    /// The expected noise on the arrays of any calculus.
    fn noise_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D>;

    /// The expected data on the arrays of any calculus. As with [`Score::denoised`], `α = 0` needs a statement of its own.
    fn denoised_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D> {
        let process = self.process();
        let noise = self.noise_in::<C>(x.clone(), clock);
        let noise = clock.scale(noise, |t| -(TimeDual::std(process, t) / TimeDual::mean_scale(process, t)));
        C::add(clock.scale(x, |t| TimeDual::mean_scale(process, t).recip()), noise)
    }

    /// The score `∇ log p_t` on the arrays of any calculus.
    fn score_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D> {
        clock.scale(self.noise_in::<C>(x, clock), |t| -TimeDual::std(self.process(), t).recip())
    }
}

impl<const D: usize, S: SmoothScore<D> + ?Sized> SmoothScore<D> for &S {
    fn noise_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D> {
        (**self).noise_in::<C>(x, clock)
    }

    fn denoised_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D> {
        (**self).denoised_in::<C>(x, clock)
    }

    fn score_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D> {
        (**self).score_in::<C>(x, clock)
    }
}

/// A score behind a pointer is a score.
macro_rules! score_behind {
    ($($pointer:ty),*) => {
        $(impl<const D: usize, S: Score<D> + ?Sized> Score<D> for $pointer {
            fn process(&self) -> &dyn Process {
                (**self).process()
            }

            fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
                (**self).noise(x, t)
            }

            fn score(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
                (**self).score(x, t)
            }

            fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
                (**self).denoised(x, t)
            }

            fn velocity(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
                (**self).velocity(x, t)
            }
        })*
    };
}

score_behind!(&S, Box<S>, Arc<S>);

/// A network's score under a process and a parameterisation.
#[derive(Clone, Debug)]
pub struct NetworkScore<N> {
    network: N,
    process: Arc<dyn Process>,
    parameterization: Parameterization,
    condition: Condition,
    dropout: Option<DropoutKey>,
    precision: Precision,
    recompute_blocks: bool,
}

impl<N> NetworkScore<N> {
    /// Reads `network` through `parameterization`.
    pub fn new(network: N, process: Arc<dyn Process>, parameterization: Parameterization) -> Self {
        Self {
            network,
            process,
            parameterization,
            condition: Condition::default(),
            dropout: None,
            precision: Precision::default(),
            recompute_blocks: false,
        }
    }

    /// The same score from a network that computes its values in another precision. Derivatives are computed in that of
    /// the parameters.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// The same score for examples of these classes, one for each example of the batches to come.
    #[must_use]
    pub fn with_classes(self, classes: Vec<usize>) -> Self {
        self.with_condition(Condition::of_classes(classes))
    }

    /// The same score under a condition for each example of the batches to come.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use burn::tensor::{Device, Tensor};
    /// use fokker_model::{Condition, ConditionPart, Mlp, MlpConfig, NetworkScore, Parameterization, Score};
    /// use fokker_process::Vp;
    ///
    /// let device = Device::flex();
    /// let config = MlpConfig { condition_size: Some(1), ..MlpConfig::new(2) };
    /// let score = NetworkScore::new(config.init(0, &device)?, Arc::new(Vp::default()), Parameterization::default());
    /// let x = Tensor::<2>::zeros([3, 2], &device);
    /// let heights = Tensor::from_floats([[1.5], [1.7], [1.9]], &device);
    /// let condition = Condition { vector: Some(ConditionPart::new(heights)), ..Condition::default() };
    /// assert_eq!(score.with_condition(condition).score(x, &[0.5; 3]).dims(), [3, 2]);
    /// # Ok::<(), fokker_model::ModelError>(())
    /// ```
    #[must_use]
    pub fn with_condition(mut self, condition: Condition) -> Self {
        self.condition = condition;
        self
    }

    /// The same score with dropout, while training.
    #[must_use]
    pub fn with_dropout(mut self, dropout: DropoutKey) -> Self {
        self.dropout = Some(dropout);
        self
    }

    /// The same score from a network whose [blocks are computed again](Context::recompute_blocks) in the backward pass.
    #[must_use]
    pub fn with_recomputed_blocks(mut self) -> Self {
        self.recompute_blocks = true;
        self
    }

    /// The same score for some examples of the batches.
    #[must_use]
    pub fn for_examples(mut self, examples: Range<usize>) -> Self {
        if let Some(dropout) = &mut self.dropout {
            dropout.first += examples.start;
        }
        self.condition = self.condition.select(examples);
        self
    }

    /// The same reading of another network.
    #[must_use]
    pub fn map_network(self, change: impl FnOnce(N) -> N) -> Self {
        Self { network: change(self.network), ..self }
    }

    /// The raw output `F` at noisy data.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, one time for each example → like `x`
    pub fn output<const D: usize>(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D>
    where
        N: Network<D>,
    {
        self.output_in::<Plain, D>(x, &BatchTimes::fixed(t))
    }

    /// The raw output `F` that belongs to a score.
    ///
    /// # Shapes
    /// `score`, `x`: `[batch, …]`, one time for each example → the same
    pub fn output_of_score<const D: usize>(&self, score: Tensor<D>, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let affine = |t: f64| self.parameterization.estimate(Estimate::Score, &*self.process, t).values();
        let of_network = score - scale_examples(x, t.iter().map(|&t| affine(t).input));
        scale_examples(of_network, t.iter().map(|&t| 1.0 / affine(t).output))
    }

    /// The network.
    pub fn network(&self) -> &N {
        &self.network
    }

    /// What the network's output means.
    pub fn parameterization(&self) -> &Parameterization {
        &self.parameterization
    }

    fn output_in<C: Calculus, const D: usize>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D>
    where
        N: Network<D>,
    {
        let (process, table) = (&*self.process, &self.parameterization);
        // A batch of several copies has the condition several times.
        let condition = self.condition.repeated_to(clock.times().len());
        let (dropout, recompute_blocks) = (self.dropout.clone(), self.recompute_blocks);
        let context = Context { condition, dropout, recompute_blocks };
        let noise = clock.vector(|t| table.noise_condition(process, t), &x);
        let input = clock.scale(x, |t| table.input_scale(process, t));
        let Some(precision) = self.precision.dtype() else {
            return self.network.forward::<C>(input, noise, &context);
        };
        let own = FloatDType::from(C::place(&input).1);
        let output = self.network.forward::<C>(C::to_precision(input, precision), noise, &context);
        C::to_precision(output, own)
    }

    fn estimate_in<C: Calculus, const D: usize>(
        &self,
        x: C::Array<D>,
        clock: &BatchTimes<C>,
        estimate: Estimate,
    ) -> C::Array<D>
    where
        N: Network<D>,
    {
        let (process, table) = (&*self.process, &self.parameterization);
        let raw = self.output_in::<C, D>(x.clone(), clock);
        let raw = clock.scale(raw, |t| table.estimate(estimate, process, t).output);
        let skip = |t: f64| table.estimate(estimate, process, t).input;
        if clock.times().iter().all(|&t| skip(t) == TimeDual::constant(0.0)) {
            return raw;
        }
        C::add(clock.scale(x, skip), raw)
    }
}

impl<N: Network<D>, const D: usize> Score<D> for NetworkScore<N> {
    fn process(&self) -> &dyn Process {
        &*self.process
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.estimate_in::<Plain, D>(x, &BatchTimes::fixed(t), Estimate::Noise)
    }

    fn score(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.estimate_in::<Plain, D>(x, &BatchTimes::fixed(t), Estimate::Score)
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.estimate_in::<Plain, D>(x, &BatchTimes::fixed(t), Estimate::Denoised)
    }

    fn velocity(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.estimate_in::<Plain, D>(x, &BatchTimes::fixed(t), Estimate::Velocity)
    }
}

impl<N: Network<D>, const D: usize> SmoothScore<D> for NetworkScore<N> {
    fn noise_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D> {
        self.estimate_in::<C, D>(x, clock, Estimate::Noise)
    }

    fn denoised_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D> {
        self.estimate_in::<C, D>(x, clock, Estimate::Denoised)
    }

    fn score_in<C: Calculus>(&self, x: C::Array<D>, clock: &BatchTimes<C>) -> C::Array<D> {
        self.estimate_in::<C, D>(x, clock, Estimate::Score)
    }
}
