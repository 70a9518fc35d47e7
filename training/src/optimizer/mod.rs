//! Adam, AdamW and Muon, and everything a step changes: weights, moments, running average.

mod muon;

use burn::backend::DispatchTensor;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use fokker_kernels::{Adam, Arena, RunningAverage};
use replace_with::replace_with_or_abort;
use serde::{Deserialize, Serialize};

use self::muon::Muon;
use crate::error::TrainingError;
use crate::gradients;
use crate::parameter_list::{arena_for, fill_with_zeros, put, put_parameters, take, take_parameters, take_some};

/// Hyperparameters of the optimiser; the defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Adam, AdamW or Muon.
    pub kind: OptimizerKind,
    /// Decay rates of the first and second moment of Adam.
    #[serde(default = "default_betas")]
    pub betas: [f64; 2],
    /// Added to the root of the second moment.
    #[serde(default = "default_epsilon")]
    pub epsilon: f64,
    /// Decoupled weight decay, for AdamW and Muon.
    #[serde(default)]
    pub weight_decay: f64,
    /// Decay rate of Muon's momentum, in [0, 1).
    #[serde(default = "default_momentum", skip_serializing_if = "is_default_momentum")]
    pub momentum: f64,
}

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OptimizerKind {
    /// Kingma & Ba 2015.
    Adam,
    /// Loshchilov & Hutter 2019.
    Adamw,
    /// Jordan et al. 2024: steps that are orthogonal matrices for the weights of hidden layers, those with at least 16 rows and columns;
    /// AdamW for all others, biases, scales, first and last layers, and tables of classes.
    Muon,
}

impl OptimizerKind {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adam => "adam",
            Self::Adamw => "adamw",
            Self::Muon => "muon",
        }
    }
}

fn default_betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn default_epsilon() -> f64 {
    1e-8
}

fn default_momentum() -> f64 {
    0.95
}

fn is_default_momentum(momentum: &f64) -> bool {
    *momentum == default_momentum()
}

impl Default for OptimizerConfig {
    /// Adam with PyTorch's numbers.
    fn default() -> Self {
        let (betas, epsilon) = (default_betas(), default_epsilon());
        Self { kind: OptimizerKind::Adam, betas, epsilon, weight_decay: 0.0, momentum: default_momentum() }
    }
}

impl OptimizerConfig {
    /// AdamW with PyTorch's numbers and a weight decay.
    ///
    /// ```
    /// use fokker_training::{OptimizerConfig, OptimizerKind};
    ///
    /// let optimizer = OptimizerConfig { betas: [0.9, 0.95], ..OptimizerConfig::adamw(0.01) };
    /// assert_eq!((optimizer.kind, optimizer.epsilon), (OptimizerKind::Adamw, 1e-8));
    /// ```
    pub fn adamw(weight_decay: f64) -> Self {
        Self { kind: OptimizerKind::Adamw, weight_decay, ..Self::default() }
    }

    /// Muon with the numbers of its paper, and Adam's for what it does not update.
    pub fn muon() -> Self {
        Self { kind: OptimizerKind::Muon, ..Self::default() }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let require = |ok: bool, key: &str, message: &str| {
            if ok { Ok(()) } else { Err(TrainingError::config(format!("optimizer.{key}"), message)) }
        };
        require(self.betas.iter().all(|beta| (0.0..1.0).contains(beta)), "betas", "must be in [0, 1)")?;
        require(self.epsilon > 0.0, "epsilon", "must be positive")?;
        require(self.weight_decay >= 0.0, "weight_decay", "must not be negative")?;
        let belongs = self.weight_decay == 0.0 || self.kind != OptimizerKind::Adam;
        require(belongs, "weight_decay", "belongs to kind = \"adamw\" and \"muon\"")?;
        require((0.0..1.0).contains(&self.momentum), "momentum", "must be in [0, 1)")?;
        let belongs = is_default_momentum(&self.momentum) || self.kind == OptimizerKind::Muon;
        require(belongs, "momentum", "belongs to kind = \"muon\" alone; Adam's is betas")
    }
}

/// What a step changes besides the optimiser itself.
#[derive(Clone, Debug)]
pub struct Weights<M> {
    /// The network in training.
    pub network: M,
    /// The running average of its parameters, without automatic differentiation.
    pub average: M,
}

impl<M: Module> Weights<M> {
    /// Those of a network on a device without automatic differentiation, of which training starts.
    pub fn new(network: M) -> Self {
        Self { average: network.valid(), network: network.train() }
    }
}

/// First and second moments of the gradient, stored as two networks.
#[derive(Module, Debug)]
pub struct Moments<M: Module> {
    /// Running mean of the gradient.
    pub first: M,
    /// Running mean of its square.
    pub second: M,
}

/// The optimiser with its moments, which are kept on the network's device and saved under the names of the parameters.
#[derive(Debug)]
pub struct ModuleOptimizer {
    config: OptimizerConfig,
    first: GradientsParams,
    second: GradientsParams,
    updates: usize,
    /// Where gradients, parameters, moments and averages are on a GPU.
    arena: Option<Arena>,
}

impl ModuleOptimizer {
    /// An optimiser that has not seen a gradient.
    pub fn new(config: OptimizerConfig) -> Self {
        Self { config, first: GradientsParams::new(), second: GradientsParams::new(), updates: 0, arena: None }
    }

    /// An optimiser that continues.
    pub fn restore<M: Module>(config: OptimizerConfig, moments: &Moments<M>, updates: usize) -> Self {
        Self { config, first: arrays(&moments.first), second: arrays(&moments.second), updates, arena: None }
    }

    /// First and second moments, by parameter.
    pub(crate) fn arrays_of_moments(&mut self) -> [&mut GradientsParams; 2] {
        [&mut self.first, &mut self.second]
    }

    /// Number of updates made.
    pub fn updates(&self) -> usize {
        self.updates
    }

    /// The moments, in the form of the network. Parameters that never had a gradient have none: they stay zero.
    pub fn moments<M: Module>(&self, network: &M) -> Moments<M> {
        let filled = |arrays: &GradientsParams| network.valid().map(&mut Fill { arrays });
        Moments { first: filled(&self.first), second: filled(&self.second) }
    }

    /// The norm of the gradients over all parameters, `[1]`, still on the device; nothing without gradients. On a GPU the gradients
    /// are put into one buffer for it, which the update reads.
    pub fn gradient_norm<M: Module>(&mut self, network: &M, gradients: &mut GradientsParams) -> Option<Tensor<1>> {
        let (ids, tensors) = take(network, gradients);
        let Some(arena) = arena_for(&mut self.arena, &tensors) else {
            put(network, &ids, tensors, gradients);
            return gradients::global_norm(network, gradients);
        };
        let tensors = arena.gather(tensors);
        let norm = arena.norm(tensors.clone());
        put(network, &ids, tensors, gradients);
        Some(norm)
    }

    /// One update of a network's parameters and of their running average. Gradients are multiplied by `scale` first,
    /// and the average keeps `average_decay` of what it was. Parameters that nothing else refers to are changed in place.
    pub fn step<M: Module>(
        &mut self,
        weights: &mut Weights<M>,
        gradients: &mut GradientsParams,
        learning_rate: f64,
        scale: f64,
        average_decay: f64,
    ) {
        self.update(weights, gradients, learning_rate, (scale, None), average_decay);
    }

    /// The same with a `scale`, `[1]`, that the host does not wait for. If it is negative nothing changes but the number
    /// of updates, which [`ModuleOptimizer::uncount_step`] puts right when that is known.
    pub fn step_scaled_on_device<M: Module>(
        &mut self,
        weights: &mut Weights<M>,
        gradients: &mut GradientsParams,
        learning_rate: f64,
        scale: Tensor<1>,
        average_decay: f64,
    ) {
        self.update(weights, gradients, learning_rate, (1.0, Some(scale)), average_decay);
    }

    /// Does not count the last update.
    pub fn uncount_step(&mut self) {
        self.updates -= 1;
    }

    fn update<M: Module>(
        &mut self,
        weights: &mut Weights<M>,
        gradients: &mut GradientsParams,
        learning_rate: f64,
        (gradient_scale, scale): (f64, Option<Tensor<1>>),
        average_decay: f64,
    ) {
        self.updates += 1;
        let OptimizerConfig { betas, epsilon, weight_decay, momentum, .. } = self.config;
        let adam = Adam {
            gradient_scale,
            betas,
            corrections: betas.map(|beta| 1.0 - beta.powf(self.updates as f64)),
            epsilon,
            learning_rate,
            keep: 1.0 - learning_rate * weight_decay,
            average_decay,
            update: self.updates as u64,
        };
        let muon = Muon {
            gradient_scale,
            momentum,
            learning_rate,
            keep: adam.keep,
            average: RunningAverage { decay: average_decay, update: adam.update },
        };
        if let Some(scale) = &scale {
            let (ids, tensors) = take(&weights.network, gradients);
            if self.config.kind != OptimizerKind::Muon
                && arena_for(&mut self.arena, &tensors)
                    .is_some_and(|arena| arena.fits(&take_some(&weights.network, &ids, &mut arrays(&weights.network))))
            {
                return self.update_together(weights, &adam, &ids, tensors, scale);
            }
            put(&weights.network, &ids, tensors, gradients);
        }
        let mut directions = GradientsParams::new();
        if self.config.kind == OptimizerKind::Muon {
            directions = muon.directions(&weights.network, gradients, &mut self.first, scale.as_ref());
        }
        let optimizer = self;
        replace_with_or_abort(weights, |Weights { network, average }| {
            let mut averages = arrays(&average);
            // What holds a parameter keeps it from being changed in place.
            drop(average);
            let mut update = Update { adam, muon, directions, scale, gradients, averages: &mut averages, optimizer };
            let network = network.map(&mut update);
            let average = network.valid().map(&mut Replace { arrays: averages });
            Weights { network, average }
        });
    }

    /// The update of parameters on a GPU: one kernel for all that the arena holds in a buffer.
    fn update_together<M: Module>(
        &mut self,
        weights: &mut Weights<M>,
        adam: &Adam,
        ids: &[ParamId],
        gradients: Vec<DispatchTensor>,
        scale: &Tensor<1>,
    ) {
        let Self { first, second, arena: Some(arena), .. } = self else { return };
        replace_with_or_abort(weights, |Weights { network, average }| {
            for moments in [&mut *first, &mut *second] {
                fill_with_zeros(&network, ids, moments);
            }
            let mut averages = arrays(&average);
            // What holds a parameter keeps it from being changed in place.
            drop(average);
            let [of_first, of_second, of_average] =
                [&mut *first, &mut *second, &mut averages].map(|all| take_some(&network, ids, all));
            let (network, values) = take_parameters(network, ids, scale);
            let state = [values, of_first, of_second, of_average];
            let [values, of_first, of_second, of_average] = adam.step_all(arena, state, gradients, scale);
            let network = put_parameters(network, ids, values);
            put(&network, ids, of_first, first);
            put(&network, ids, of_second, second);
            put(&network, ids, of_average, &mut averages);
            let average = network.valid().map(&mut Replace { arrays: averages });
            Weights { network, average }
        });
    }
}

struct Update<'a> {
    adam: Adam,
    muon: Muon,
    /// Of the layers that Muon updates.
    directions: GradientsParams,
    scale: Option<Tensor<1>>,
    gradients: &'a mut GradientsParams,
    averages: &'a mut GradientsParams,
    optimizer: &'a mut ModuleOptimizer,
}

/// What changes a parameter.
enum Change<const D: usize> {
    Direction(Tensor<2>),
    Gradient(Tensor<D>),
}

impl Update<'_> {
    fn change<const D: usize>(&mut self, id: ParamId) -> Option<Change<D>> {
        let direction = self.directions.remove(id).map(Change::Direction);
        direction.or_else(|| self.gradients.remove(id).map(Change::Gradient))
    }

    /// Value and running average after Adam's step.
    fn by_adam<const D: usize>(
        &mut self,
        id: ParamId,
        [value, average]: [Tensor<D>; 2],
        gradient: Tensor<D>,
    ) -> [Tensor<D>; 2] {
        let ModuleOptimizer { first, second, .. } = self.optimizer;
        let moment = |moments: &mut GradientsParams| moments.remove(id).unwrap_or_else(|| gradient.zeros_like());
        let state = [value, moment(first), moment(second), average];
        let [value, moment_1, moment_2, average] = match &self.scale {
            Some(scale) => self.adam.step_scaled_on_device(state, gradient, scale),
            None => self.adam.step(state, gradient),
        };
        first.register(id, moment_1);
        second.register(id, moment_2);
        [value, average]
    }
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = param.id;
        let Some(change) = self.change::<D>(id) else { return param };
        let (_, tensor, mapper) = param.consume();
        let average = self.averages.remove(id).expect("average and network have the same parameters");
        let before = [tensor.inner(), average];
        let [value, average] = match change {
            Change::Direction(direction) => self.muon.step(before, direction, self.scale.as_ref()),
            Change::Gradient(gradient) => self.by_adam(id, before, gradient),
        };
        self.averages.register(id, average);
        Param::from_mapped_value(id, Tensor::from_inner(value).require_grad(), mapper)
    }
}

/// Puts arrays in the place of parameters.
pub(crate) struct Replace {
    pub(crate) arrays: GradientsParams,
}

impl ModuleMapper for Replace {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.arrays.remove(param.id) {
            Some(array) => param.map(|_| array),
            None => param,
        }
    }
}

struct Fill<'a> {
    arrays: &'a GradientsParams,
}

impl ModuleMapper for Fill<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let array = self.arrays.get(param.id);
        param.map(|tensor| array.unwrap_or_else(|| tensor.zeros_like()))
    }
}

/// The values of a network's parameters, without their graph.
pub fn arrays<M: Module>(network: &M) -> GradientsParams {
    struct Collect(GradientsParams);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.register(param.id, param.val().inner());
        }
    }
    let mut collect = Collect(GradientsParams::new());
    network.visit(&mut collect);
    collect.0
}
