//! What is minimised: a [loss](crate::loss), weighed over the noise levels, and perhaps a
//! [regulariser](crate::score_fpe).
//!
//! For denoising score matching the network's raw output `F` is compared with its target, and the error is weighed so
//! that the loss is `E_t w(t) ‖ε_θ(x_t, t) − ε‖² / dimension` with `x_t = α x₀ + σ ε`, whatever `F` estimates. With the weighting
//! `velocity` it is that of flow matching, `E_t ‖u_θ(x_t, t) − (α′ x₀ + σ′ ε)‖² / dimension` (Lipman et al. 2023, eq. 9).

use std::ops::Range;

use burn::module::Module;
use burn::tensor::Tensor;
use fokker_kernels::memo::Memo;
use fokker_model::per_example::scale_examples;
use fokker_model::{Derivatives, Estimate, MixtureScore, Network, NetworkScore, Parameterization, Score};
use fokker_process::Process;
use fokker_random::Index;
use serde::{Deserialize, Serialize};

use crate::coupling::Coupling;
use crate::error::TrainingError;
use crate::example_noise::example_noise;
use crate::loss::{self, Loss, LossProbes};
use crate::score_fpe::{self, Directions, Points, RegularizerConfig, RegularizerDraw};
use crate::time_sampling::{TimeDraw, TimeSampling};
use crate::weighting::Weighting;

/// What is minimised.
///
/// ```
/// use fokker_training::{Objective, TimeSampling, Weighting};
///
/// // Denoising with EDM's weights and times.
/// let edm = Objective::default();
/// assert_eq!(edm.weighting, Weighting::Edm { sigma_data: 0.5 });
/// // The weights of the likelihood bound, and the times that make its variance small.
/// let likelihood =
///     Objective { weighting: Weighting::Likelihood, time: TimeSampling::Importance, ..Objective::default() };
/// assert!(edm.validate().is_ok() && likelihood.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// The loss.
    #[serde(default)]
    pub loss: Loss,
    /// Weight of the noise levels.
    pub weighting: Weighting,
    /// Law of the diffusion times.
    pub time: TimeSampling,
    /// How data and noise are joined.
    #[serde(default, skip_serializing_if = "Coupling::is_independent")]
    pub coupling: Coupling,
    /// Spread the times of a batch evenly over the quantiles of their law, which has less variance than independent
    /// draws and the same mean (Kingma et al. 2021, appendix I.1).
    #[serde(default = "yes")]
    pub stratified: bool,
    /// The penalty on the residual of the score Fokker–Planck equation [Lai 2023, eq. 8].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regularizer: Option<RegularizerConfig>,
}

fn yes() -> bool {
    true
}

impl Default for Objective {
    /// Denoising score matching with EDM's weights and log-normal times (Karras et al. 2022, table 1), times spread evenly,
    /// and no penalty.
    fn default() -> Self {
        Self {
            loss: Loss::default(),
            weighting: Weighting::default(),
            time: TimeSampling::default(),
            coupling: Coupling::default(),
            stratified: yes(),
            regularizer: None,
        }
    }
}

/// Everything random in the loss of a batch.
#[derive(Clone, Debug)]
pub struct Randomness<const D: usize> {
    /// `ε`, like the batch.
    pub noise: Tensor<D>,
    /// A time for each example.
    pub times: Vec<TimeDraw>,
    /// What the loss draws besides.
    pub probes: LossProbes<D>,
    /// What the regulariser draws.
    pub regularizer: Option<RegularizerDraw<D>>,
}

impl Objective {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work.
    pub fn validate(&self) -> Result<(), TrainingError> {
        self.loss.validate()?;
        self.weighting.validate()?;
        self.time.validate()?;
        if self.loss == Loss::InitialValue && self.weighting != Weighting::Epsilon {
            let message = "the loss \"initial_value\" is not weighed: set weighting = { kind = \"epsilon\" }";
            return Err(TrainingError::config("objective.weighting", message));
        }
        if !self.coupling.is_independent() && (self.loss != Loss::Denoising || self.regularizer.is_some()) {
            let message = "optimal_transport joins data and noise for the loss \"denoising\" alone, without a regularizer: \
                           what is learnt is a velocity and no score";
            return Err(TrainingError::config("objective.coupling", message));
        }
        self.regularizer.map_or(Ok(()), |regularizer| regularizer.validate())
    }

    /// Checks that a process has this objective, and that everything has a value under it.
    ///
    /// # Errors
    /// Anything but denoising of ε for a process with velocities; what is infinite under a process that reaches pure noise.
    pub fn validate_under(
        &self,
        process: &dyn Process,
        parameterization: &Parameterization,
    ) -> Result<(), TrainingError> {
        self.validate_velocities(process, parameterization)?;
        let fail = |key: &str, message: String| Err(TrainingError::config(format!("objective.{key}"), message));
        if !process.reaches_pure_noise() {
            return Ok(());
        }
        let name = process.name();
        if self.time == TimeSampling::Importance {
            let message = "importance spreads times over the log-SNR, which is −∞ where";
            return fail(
                "time",
                format!("{message} {name} begins; use \"logit_normal\", \"log_normal\" or \"uniform\""),
            );
        }
        if self.regularizer.is_some() {
            return fail(
                "regularizer",
                format!("the rates of the equation are infinite where {name} begins; leave it out"),
            );
        }
        if !matches!(self.loss, Loss::Denoising | Loss::Own(_)) {
            return fail("loss", format!("the score says nothing of the data where {name} begins; use \"denoising\""));
        }
        Ok(())
    }

    /// Whether the loss needs data whose score is known.
    pub fn needs_truth(&self) -> bool {
        matches!(self.loss, Loss::Explicit | Loss::InitialValue)
    }

    /// The diffusion times of a batch, a function of seed and index.
    pub fn times(&self, process: &dyn Process, seed: u64, index: Index, batch: usize) -> Vec<TimeDraw> {
        self.time.draw(process, &mut index.rng(seed), batch, self.stratified)
    }

    /// Draws for a batch of training: a function of the seed, of the micro-batch (times) and of the positions of its
    /// examples in the endless stream (everything else).
    pub fn draw<const D: usize>(
        &self,
        process: &dyn Process,
        seed: u64,
        micro_batch: u64,
        first_position: u64,
        x0: &Tensor<D>,
    ) -> Randomness<D> {
        let positions = first_position..first_position + x0.dims()[0] as u64;
        let place = (&x0.device(), x0.dtype());
        let noise = example_noise(seed, positions.map(Index::training_noise), x0.dims(), place);
        self.draw_with(process, seed, micro_batch, first_position, x0, noise)
    }

    /// The same with given noise, or what stands in its place.
    pub(crate) fn draw_with<const D: usize>(
        &self,
        process: &dyn Process,
        seed: u64,
        micro_batch: u64,
        first_position: u64,
        x0: &Tensor<D>,
        noise: Tensor<D>,
    ) -> Randomness<D> {
        let batch = x0.dims()[0];
        let positions = first_position..first_position + batch as u64;
        let noise = self.coupling.join(x0, noise);
        let times = self.times(process, seed, Index::training_time(micro_batch), batch);
        let key = (seed, micro_batch, first_position);
        let regularizer = self.regularizer.map(|config| config.draw(process, key, x0, &noise, &times));
        Randomness { noise, times, probes: self.loss.probes(seed, Index::loss_probe, positions, x0), regularizer }
    }

    /// The loss of a batch, its randomness given: the sum of its [terms](Self::terms).
    ///
    /// # Shapes
    /// `x0`: `[batch, …]`; the loss is `[1]`.
    ///
    /// # Errors
    /// As [`Objective::terms`].
    pub fn loss<N: Network<D>, const D: usize>(
        &self,
        score: &NetworkScore<N>,
        truth: Option<&MixtureScore>,
        x0: Tensor<D>,
        randomness: Randomness<D>,
    ) -> Result<Tensor<1>, TrainingError> {
        let device = x0.device();
        let terms = self.terms(score, truth, x0, randomness)?;
        Ok(terms.reduce(|sum, term| sum + term).unwrap_or_else(|| Tensor::zeros([1], &device)))
    }

    /// Terms whose sum is the loss of a batch and that share no evaluation of the network, each computed when it is asked
    /// for: whoever differentiates one before asking for the next holds but one graph at a time. `truth` is the score of the
    /// data, where the loss [needs](Objective::needs_truth) it.
    ///
    /// # Shapes
    /// `x0`: `[batch, …]`; every term is `[1]`.
    ///
    /// # Errors
    /// No truth where the loss needs it; probes of another loss.
    pub fn terms<'a, N: Network<D>, const D: usize>(
        &'a self,
        score: &'a NetworkScore<N>,
        truth: Option<&'a MixtureScore>,
        x0: Tensor<D>,
        randomness: Randomness<D>,
    ) -> Result<impl Iterator<Item = Tensor<1>> + 'a, TrainingError> {
        let Randomness { noise, times, probes, regularizer } = randomness;
        self.check_inputs(truth, &probes)?;
        let batch = x0.dims()[0];
        let mut terms: Vec<Box<dyn FnOnce() -> Tensor<1> + 'a>> = Vec::new();
        // How many examples have shared their evaluation with the penalty.
        let mut shared = 0;
        if let Some((config, draw)) = self.regularizer.zip(regularizer).filter(|(config, _)| config.gamma > 0.0) {
            let count = draw.times.len();
            let shares = config.points == Points::Loss && self.loss == Loss::Denoising;
            shared = if shares { count } else { 0 };
            let at_once = config.at_once(x0.dims()[1..].iter().product());
            for first in (0..count).step_by(at_once) {
                let examples = first..count.min(first + at_once);
                let (draw, part) = (draw.narrow(examples.clone()), Slice::of(&x0, &noise, &times, examples.clone()));
                terms.push(Box::new(move || {
                    let score = score.clone().for_examples(examples);
                    let mut memo = Memo::with_gradients();
                    let (penalty, value) =
                        score_fpe::regularizer(&config, &score, &frozen(&score), &draw, count, &mut memo);
                    match shares {
                        true => {
                            let output = score.output_of_score(value, draw.points, &part.times());
                            self.weighed(
                                denoising_of_output(&score, output, &part, self.measured()),
                                &score,
                                &part.draws,
                                batch,
                            ) + penalty
                        }
                        false => penalty,
                    }
                }));
            }
        }
        if shared < batch {
            let rest = Slice::of(&x0, &noise, &times, shared..batch);
            terms.push(Box::new(move || {
                let score = score.clone().for_examples(shared..batch);
                self.weighed(self.errors(&score, truth, &rest, probes), &score, &rest.draws, batch)
            }));
        }
        Ok(terms.into_iter().map(|term| term()))
    }

    /// Checks that the loss has what it needs.
    fn check_inputs<const D: usize>(
        &self,
        truth: Option<&MixtureScore>,
        probes: &LossProbes<D>,
    ) -> Result<(), TrainingError> {
        if self.needs_truth() && truth.is_none() {
            return Err(TrainingError::config("objective.loss", "needs data whose score is known"));
        }
        let fits = match (&self.loss, probes) {
            (Loss::Implicit { .. }, LossProbes::Divergence(_)) => true,
            (Loss::Sliced { .. }, LossProbes::Directions(directions)) => !directions.is_empty(),
            (Loss::HigherOrder { .. }, LossProbes::Directions(directions)) => directions.len() == 2,
            (Loss::Implicit { .. } | Loss::Sliced { .. } | Loss::HigherOrder { .. }, _) => false,
            _ => true,
        };
        match fits {
            true => Ok(()),
            false => Err(TrainingError::config("objective.loss", "the random probes were drawn for another loss")),
        }
    }

    /// What some examples' errors contribute to the weighted mean over a batch.
    fn weighed<N: Network<D>, const D: usize>(
        &self,
        errors: Tensor<1>,
        score: &NetworkScore<N>,
        draws: &[TimeDraw],
        batch: usize,
    ) -> Tensor<1> {
        let process = Score::<D>::process(score);
        let weights = draws.iter().map(|draw| match self.measured() {
            Estimate::Velocity => draw.importance,
            _ => self.weighting.on_noise(process, draw.t) * draw.importance,
        });
        let mean = scale_examples(errors, weights).mean();
        if draws.len() == batch { mean } else { mean.mul_scalar(draws.len() as f64 / batch as f64) }
    }

    /// In what the errors are measured: in the noise, or, with the weights of flow matching, in the velocity itself, since the
    /// weight of the noise has no bound as `α → 0`.
    fn measured(&self) -> Estimate {
        match (&self.loss, self.weighting) {
            (Loss::Denoising, Weighting::Velocity) => Estimate::Velocity,
            _ => Estimate::Noise,
        }
    }

    /// The loss of each example, without a penalty and without weights.
    fn errors<N: Network<D>, const D: usize>(
        &self,
        score: &NetworkScore<N>,
        truth: Option<&MixtureScore>,
        part: &Slice<D>,
        probes: LossProbes<D>,
    ) -> Tensor<1> {
        let (x0, noise, t) = (part.x0.clone(), part.noise.clone(), part.times());
        let process = Score::<D>::process(score);
        let truth = || truth.expect("checked before the terms are made");
        match (&self.loss, probes) {
            (Loss::Denoising, _) => {
                let output = score.output(loss::noisy(process, &x0, &noise, &t), &t);
                denoising_of_output(score, output, part, self.measured())
            }
            (Loss::Expanded, _) => loss::expanded(score, x0, noise, &t),
            (Loss::Explicit, _) => loss::explicit(score, truth(), x0, noise, &t),
            (Loss::Implicit { .. }, LossProbes::Divergence(divergence)) => {
                loss::implicit(score, x0, noise, &t, &divergence)
            }
            (Loss::Sliced { variance_reduced, .. }, LossProbes::Directions(directions)) => {
                loss::sliced(score, x0, noise, &t, &directions, *variance_reduced)
            }
            (&Loss::HigherOrder { first, second }, LossProbes::Directions(directions)) => {
                let [u, v] = <[Tensor<D>; 2]>::try_from(directions).expect("checked before the terms are made");
                higher_order(score, x0, noise, &t, [first, second], [u, v])
            }
            (Loss::InitialValue, _) => {
                let directions = Directions::axes(&x0);
                score_fpe::initial_value(score, &frozen(score), truth(), x0, noise, &t, &directions)
            }
            (Loss::Own(loss), _) => loss.errors(score, x0, noise, &t),
            (loss, _) => unreachable!("the probes of {loss:?} were checked before the terms are made"),
        }
    }
}

/// Some examples of a batch.
struct Slice<const D: usize> {
    x0: Tensor<D>,
    noise: Tensor<D>,
    draws: Vec<TimeDraw>,
}

impl<const D: usize> Slice<D> {
    fn of(x0: &Tensor<D>, noise: &Tensor<D>, draws: &[TimeDraw], examples: Range<usize>) -> Self {
        let some = |tensor: &Tensor<D>| tensor.clone().narrow(0, examples.start, examples.len());
        Self { x0: some(x0), noise: some(noise), draws: draws[examples.clone()].to_vec() }
    }

    fn times(&self) -> Vec<f64> {
        self.draws.iter().map(|draw| draw.t).collect()
    }
}

/// The same score with parameters that are not under differentiation.
fn frozen<N: Module + Clone>(score: &NetworkScore<N>) -> NetworkScore<N> {
    score.clone().map_network(|network| network.valid())
}

/// `‖ε_θ − ε‖²/dimension`, or the same for another estimate, from the raw output, whose error enters it with the factor of the table.
fn denoising_of_output<N: Network<D>, const D: usize>(
    score: &NetworkScore<N>,
    output: Tensor<D>,
    part: &Slice<D>,
    estimate: Estimate,
) -> Tensor<1> {
    let (process, table, t) = (Score::<D>::process(score), score.parameterization(), part.times());
    if process.phase_space().is_some() {
        // The output is ε, and that of velocities alone counts.
        let error = loss::phase_space::velocities(&(output - part.noise.clone()));
        return mean_squares(error);
    }
    let target = scale_examples(part.x0.clone(), t.iter().map(|&t| table.target(process, t).0))
        + scale_examples(part.noise.clone(), t.iter().map(|&t| table.target(process, t).1));
    let error = output - target;
    let factors = t.iter().map(|&t| table.estimate(estimate, process, t).output.value.powi(2));
    scale_examples(mean_squares(error), factors)
}

/// The mean of each example's squares.
fn mean_squares<const D: usize>(error: Tensor<D>) -> Tensor<1> {
    let (count, numbers) = (error.dims()[0], error.shape().num_elements());
    error.square().reshape([count, numbers / count]).mean_dim(1).reshape([count])
}

fn higher_order<const D: usize>(
    score: &dyn Derivatives<D>,
    x0: Tensor<D>,
    noise: Tensor<D>,
    t: &[f64],
    [first, second]: [f64; 2],
    [u, v]: [Tensor<D>; 2],
) -> Tensor<1> {
    let mut sum = loss::denoising(score, x0.clone(), noise.clone(), t);
    if first > 0.0 {
        sum = sum + loss::first_derivative(score, x0.clone(), noise.clone(), t, v.clone()).mul_scalar(first);
    }
    if second > 0.0 {
        sum = sum + loss::second_derivative(score, x0, noise, t, [u, v]).mul_scalar(second);
    }
    sum
}
