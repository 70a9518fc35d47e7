//! Drawing samples from a network, batch by batch.

use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::{Conditions, Rows};
use fokker_model::{Condition, ConditionShape, Network, NetworkScore, Parameterization, Precision, Score};
use fokker_process::Process;
use fokker_ranks::Ranks;
use fokker_sampling::{CallCounter, CountedScore, Guidance, GuidanceMethod, Guided, Numbers, SamplerConfig, positions};
use fokker_training::{StartingData, condition_of};

use crate::beginning::Beginning;
use crate::error::Error;
use crate::guide::{Guide, GuideNetwork};
use crate::measurement::{Measurement, Technique};
use crate::monitor::Monitor;
use crate::rounds::{Drawn, pass_to_first};

/// What to draw.
#[derive(Clone, Debug)]
pub struct DrawRequest {
    /// The sampler.
    pub sampler: SamplerConfig,
    /// How many samples.
    pub count: usize,
    /// Number of the first sample: sample `i` of a seed is always the same.
    pub first: u64,
    /// The seed.
    pub seed: u64,
    /// Samples drawn at once.
    pub batch_size: usize,
    /// The class of all samples; absent, sample `i` of a conditional network is of class `i` modulo their number.
    pub class: Option<usize>,
    /// Whether a network with a condition is asked without.
    pub unconditional: bool,
    /// Guidance: how strong, where, and by which formula.
    pub guidance: Guidance,
    /// The network that guides (autoguidance); if absent, a conditional network without its condition (classifier-free guidance).
    pub guide: Option<Guide>,
    /// The conditions of the samples in the network's units ([`RunConfig::conditions`](crate::RunConfig::conditions)), for networks
    /// that take a vector or an array: sample `i` takes number `i` modulo how many there are. If it is there and empty, they are drawn
    /// without. Classes in it go before `class`.
    pub condition: Option<Conditions>,
    /// What is known of the samples beforehand, and was not when the network was trained.
    pub measurement: Option<Measurement>,
    /// What the samples begin with; noise of the seed if absent.
    pub beginning: Option<Beginning>,
    /// How many states on the way are kept, from the initial state to the samples; 0 for none.
    pub frames: usize,
    /// The ranks that share the drawing, each with the same request: rank r draws batches r, r + W, … of W ranks, and rank 0 hears of all.
    pub ranks: Ranks,
    /// The precision in which the network computes its values.
    pub precision: Precision,
}

impl DrawRequest {
    /// `count` samples from number 0 of seed 0, without guidance.
    pub fn new(sampler: SamplerConfig, count: usize) -> Self {
        Self {
            sampler,
            count,
            first: 0,
            seed: 0,
            batch_size: 64,
            class: None,
            unconditional: false,
            guidance: Guidance::default(),
            guide: None,
            condition: None,
            measurement: None,
            beginning: None,
            frames: 0,
            ranks: Ranks::alone(),
            precision: Precision::F32,
        }
    }
}

/// What turns a network into a score.
#[derive(Clone, Debug)]
pub struct ScoreSpec {
    /// The forward process.
    pub process: Arc<dyn Process>,
    /// What the network's output means.
    pub parameterization: Parameterization,
    /// What samples begin with unless a request says otherwise; noise if absent.
    pub start: Option<StartingData>,
}

impl ScoreSpec {
    /// The request with examples of the start, where it begins with nothing else.
    fn beginning(&self, request: &DrawRequest) -> Result<Option<DrawRequest>, Error> {
        match (&self.start, &request.beginning) {
            (Some(start), None) => {
                let beginning = Some(Beginning::Examples(start.clone()));
                Ok(Some(DrawRequest { beginning, ..request.clone() }))
            }
            (Some(_), Some(Beginning::Data { .. })) => {
                let message = "this run has learnt a way from its [start] to its data, without noise in which data could be changed a \
                               little; give arrays of the start as the noise";
                Err(Error::field("start", "", message))
            }
            _ => Ok(None),
        }
    }
}

/// A batch of samples.
#[derive(Clone, Copy, Debug)]
pub struct DrawnBatch<'a> {
    /// Number of its first sample.
    pub first: u64,
    /// The network's values, sample after sample.
    pub values: &'a [f32],
    /// The states on the way, each like `values`, brought to the scale of unit variance; the last are the samples.
    pub frames: &'a [Vec<f32>],
}

/// What drawing took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrawCost {
    /// Network calls for one batch; guidance takes two where it acts. The largest, if batches differ.
    pub network_calls: usize,
    /// What the sampler reports of itself.
    pub note: String,
}

/// All samples of a request.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// The network's values, sample after sample.
    pub values: Vec<f32>,
    /// What it took.
    pub cost: DrawCost,
}

impl DrawRequest {
    /// The most samples of one request, and the most numbers in one batch: 1 GiB in single precision.
    const MOST: u64 = u32::MAX as u64;
    const LARGEST_BATCH: usize = 1 << 28;

    /// The conditions of the samples `first, first + 1, …`.
    fn conditions_of(&self, classes: Option<usize>, first: u64, size: usize) -> Conditions {
        let none = Conditions::default();
        let given = self.condition.as_ref().unwrap_or(&none);
        let numbers = || first..first + size as u64;
        let turn = |number: u64, count: usize| (number % count.max(1) as u64) as usize;
        let rows = |rows: &Option<Rows>| {
            let rows = rows.as_ref()?;
            let values = numbers().flat_map(|number| rows.row(turn(number, rows.count())).iter().copied());
            Some(Rows::new(rows.size(), values.collect()))
        };
        let class = |classes: usize, number: u64| match &given.classes {
            Some(given) => given[turn(number, given.len())],
            None => self.class.unwrap_or(turn(number, classes)),
        };
        Conditions {
            classes: classes.map(|classes| numbers().map(|number| class(classes, number)).collect()),
            vectors: rows(&given.vectors),
            arrays: rows(&given.arrays),
            augmentations: None,
        }
    }

    /// Checks the numbers for samples of a shape.
    ///
    /// # Errors
    /// The field that does not work, with what would.
    pub fn validate(&self, shape: &[usize]) -> Result<(), Error> {
        let refuse = |message: String| Err(Error::Usage(message));
        for (name, value) in [("count", self.count), ("batch size", self.batch_size)] {
            if value == 0 {
                return refuse(format!("{name} 0: must be at least 1"));
            }
        }
        let count = self.count as u64;
        if count > Self::MOST {
            return refuse(format!("count {count}: at most {} samples are drawn at once", Self::MOST));
        }
        if self.first.checked_add(count).is_none() {
            return refuse(format!(
                "first {}: the numbers of {count} samples from there are larger than 2^64",
                self.first
            ));
        }
        let size = shape.iter().product::<usize>().max(1);
        let batch = self.batch_size.min(self.count);
        if batch.checked_mul(size).is_none_or(|numbers| numbers > Self::LARGEST_BATCH) {
            return refuse(format!(
                "batch size {batch}: a batch has room for {} samples of {size} numbers",
                Self::LARGEST_BATCH / size
            ));
        }
        if self.frames == 1 {
            return refuse("frames 1: must be at least 2, the initial state and the samples".into());
        }
        if self.frames.checked_mul(batch * size).is_none_or(|numbers| numbers > Self::LARGEST_BATCH) {
            let most = Self::LARGEST_BATCH / (batch * size);
            return refuse(format!("frames {}: a batch of {batch} samples has room for {most}", self.frames));
        }
        Ok(())
    }

    /// Checks that the guidance fits the sampler, the process and what the walk begins with.
    ///
    /// # Errors
    /// The number that does not work; what would make a guide's memory, or its first steps, another sample's.
    pub fn validate_guidance(&self, process: &dyn Process) -> Result<(), Error> {
        self.guidance.validate(&self.sampler, process)?;
        let by_gradient = |measurement: &Measurement| measurement.technique == Technique::Gradient;
        if self.guidance.has_memory() && self.measurement.as_ref().is_some_and(by_gradient) {
            let message = "the gradient of a measurement asks the score at three places in a row; take 0, or the technique replacement";
            return Err(Error::field("guidance_momentum", "", message));
        }
        let first_steps = matches!(self.guidance.method, GuidanceMethod::CfgZeroStar { zero_init: 1.. });
        if first_steps && matches!(self.beginning, Some(Beginning::Data { .. })) {
            let message = "the first steps are those from noise, and this walk begins with data; take 0";
            return Err(Error::field("guidance_zero_init", "", message));
        }
        Ok(())
    }
}

/// The shape of a state for data of a shape: twice their numbers along the first axis, if the process has velocities.
pub(crate) fn state_shape(process: &dyn Process, shape: &[usize]) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if process.phase_space().is_some() {
        shape[0] *= 2;
    }
    shape
}

/// Draws samples; the values are the network's, sample after sample.
///
/// # Errors
/// A condition that the network needs and is not given, or that it does not take; a class that it does not have; a monitor that stops it.
pub fn draw<N: Network<D>, const D: usize>(
    network: &N,
    reading: &ScoreSpec,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
    monitor: &dyn Monitor,
) -> Result<Vec<f32>, Error> {
    let mut values = Vec::new();
    draw_network(network, reading, request, shape, device, monitor, |batch| {
        values.extend_from_slice(batch.values);
        Ok(())
    })?;
    Ok(values)
}

/// Draws samples from a network and hands over each batch.
///
/// # Errors
/// As [`draw`], and what `keep` returns.
pub fn draw_network<N: Network<D>, const D: usize>(
    network: &N,
    reading: &ScoreSpec,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
    monitor: &dyn Monitor,
    keep: impl FnMut(DrawnBatch) -> Result<(), Error> + Send,
) -> Result<DrawCost, Error> {
    let _phase = tracing::debug_span!("draw", count = request.count).entered();
    let begun = reading.beginning(request)?;
    let request = begun.as_ref().unwrap_or(request);
    check_condition(network.condition(), network.has_null_class(), request, shape)?;
    check_precision(request.precision, device)?;
    let guide = match &request.guide {
        Some(guide) => {
            guide.check(&*reading.process, shape, network.condition(), request.unconditional)?;
            Some(guide.load::<D>(device)?)
        }
        None => None,
    };
    if let Some(measurement) = &request.measurement {
        if reading.process.phase_space().is_some() {
            let message = "a measurement on the way is not there for processes with velocities";
            return Err(Error::Usage(message.into()));
        }
        measurement.validate(&request.sampler, &*reading.process)?;
    }
    let score_of = |first: u64, size: usize, counter: &CallCounter| -> Box<dyn Score<D>> {
        let score = batch_score((network, reading), guide.as_ref(), request, (first, size), device, counter);
        match &request.measurement {
            Some(measurement) => measurement.apply(score, shape, device),
            None => score,
        }
    };
    draw_batches(&*reading.process, request, shape, device, score_of, monitor, keep)
}

/// Draws all samples of a request from any score: `score_of` makes that of the samples `first, first + 1, …`, and counts
/// its calls.
///
/// # Errors
/// A sampler that does not fit; a monitor that stops it.
pub fn draw_score<const D: usize>(
    process: &dyn Process,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
    score_of: impl Fn(u64, usize, &CallCounter) -> Box<dyn Score<D>> + Send,
    monitor: &dyn Monitor,
) -> Result<Drawing, Error> {
    let mut values = Vec::new();
    let cost = draw_batches(process, request, shape, device, score_of, monitor, |batch| {
        values.extend_from_slice(batch.values);
        Ok(())
    })?;
    Ok(Drawing { values, cost })
}

/// Draws from any score and hands over each batch, so that memory is needed for one. On the CPU the work is done by the
/// threads that operations are divided among, and so `keep` is called by one of them.
///
/// # Errors
/// As [`draw_score`], and what `keep` returns.
pub fn draw_batches<const D: usize>(
    process: &dyn Process,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
    score_of: impl Fn(u64, usize, &CallCounter) -> Box<dyn Score<D>> + Send,
    monitor: &dyn Monitor,
    keep: impl FnMut(DrawnBatch) -> Result<(), Error> + Send,
) -> Result<DrawCost, Error> {
    request.validate(shape)?;
    request.sampler.validate(process)?;
    request.validate_guidance(process)?;
    request.beginning.as_ref().map_or(Ok(()), |beginning| beginning.validate(request, process, shape))?;
    fokker_kernels::with_cpu_runtime(|| each_batch(process, request, shape, device, score_of, monitor, keep))
}

/// The batches of a request that was checked.
fn each_batch<const D: usize>(
    process: &dyn Process,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
    score_of: impl Fn(u64, usize, &CallCounter) -> Box<dyn Score<D>>,
    monitor: &dyn Monitor,
    mut keep: impl FnMut(DrawnBatch) -> Result<(), Error>,
) -> Result<DrawCost, Error> {
    let steps = request.beginning.as_ref().map_or(request.sampler.steps(), |b| b.steps(&request.sampler, process));
    let batches = request.count.div_ceil(request.batch_size);
    let total = (batches as u64).saturating_mul(steps as u64);
    let mut progress = monitor.begin(request.sampler.kind.name(), "steps", 0, total);
    let times = match &request.beginning {
        Some(beginning) => beginning.times(&request.sampler, process),
        None => request.sampler.times(process),
    };
    // How a state is brought to unit variance; the times of adaptive steps are each sample's own.
    let scale = |step: usize| match times.get(step) {
        Some(&t) if times.len() == steps + 1 => process.mean_scale(t).hypot(process.std(t)).recip() as f32,
        _ => 1.0,
    };
    let kept: Vec<usize> = (0..request.frames.saturating_sub(1)).map(|k| k * steps / (request.frames - 1)).collect();
    let mut cost = DrawCost::default();
    let mut draw_one = |batch: usize| -> Result<Drawn, Error> {
        let offset = batch * request.batch_size;
        let size = request.batch_size.min(request.count - offset);
        let first = request.first + offset as u64;
        let mut full = [size; D];
        full[1..].copy_from_slice(&state_shape(process, shape));
        let mut frames: Vec<Vec<f32>> = Vec::with_capacity(request.frames);
        let mut observe = |step: usize, x: &burn::tensor::Tensor<D>| {
            while frames.len() < kept.len() && kept[frames.len()] <= step {
                let state = positions(process, x.clone()).mul_scalar(scale(step)).into_data_as::<f32>();
                frames.push(state.as_slice::<f32>().expect("converted to f32 just above").to_vec());
            }
            progress.update((batch * steps + step) as u64, "");
            monitor.flow()
        };
        let counter = CallCounter::default();
        let score = score_of(first, size, &counter);
        let drawn = match &request.beginning {
            Some(beginning) => {
                let numbers = Numbers { seed: request.seed, first };
                beginning.draw(&request.sampler, &*score, full, numbers, device, &mut observe)?
            }
            None => request.sampler.draw(&*score, full, request.seed, first, device, &mut observe)?,
        };
        let cost = DrawCost { network_calls: counter.count(), note: drawn.diagnostics.to_string() };
        let samples = positions(process, drawn.samples).into_data_as::<f32>();
        let values: Vec<f32> = samples.try_to_vec().expect("converted to f32 just above");
        if request.frames > 0 {
            frames.push(values.clone());
        }
        Ok(Drawn { cost, values, frames })
    };
    let (rank, size) = (request.ranks.rank(), request.ranks.size());
    for first_of_round in (0..batches).step_by(size) {
        let own = first_of_round + rank;
        let drawn = (own < batches).then(|| draw_one(own)).transpose();
        let (round, all) = pass_to_first(&request.ranks, drawn)?;
        for (batch, Drawn { cost: of_batch, values, frames }) in (first_of_round..).zip(round) {
            cost.network_calls = cost.network_calls.max(of_batch.network_calls);
            cost.note = of_batch.note;
            let first = request.first + (batch * request.batch_size) as u64;
            keep(DrawnBatch { first, values: &values, frames: &frames })?;
        }
        if !all {
            return Err(Error::Interrupted);
        }
    }
    drop(progress);
    Ok(cost)
}

/// Checks that a device computes in a precision.
pub(crate) fn check_precision(precision: Precision, device: &Device) -> Result<(), Error> {
    if precision.on(device).dtype().is_some_and(|dtype| !device.supports_dtype(dtype)) {
        return Err(Error::field("precision", precision.name(), "the device does not compute in it; take f32"));
    }
    Ok(())
}

pub(crate) fn check_condition(
    takes: ConditionShape,
    has_null_class: bool,
    request: &DrawRequest,
    shape: &[usize],
) -> Result<(), Error> {
    let compares = request.guidance.acts() && request.guide.is_none();
    if takes.classes.is_some() && !has_null_class && (compares || request.unconditional) {
        let message = "the network has no null class (network.null_class = false), which is what stands for no class";
        return match request.unconditional {
            true => Err(Error::field("unconditional", "", message)),
            false => Err(Error::field("guidance", request.guidance.weight, message)),
        };
    }
    let without = takes.classes.is_none() && request.condition.as_ref() == Some(&Conditions::default());
    if compares && (request.unconditional || without) {
        let message = "compares the condition with none, and the samples are without one; give a condition, or another run as the guide";
        return Err(Error::field("guidance", request.guidance.weight, message));
    }
    let none = Conditions::default();
    let given = request.condition.as_ref().unwrap_or(&none);
    // Nothing on purpose is something else than nothing by mistake.
    let is_null = request.unconditional || request.condition.as_ref() == Some(&none);
    let parts =
        [("vector", takes.vector, &given.vectors, "numbers"), ("array", takes.array, &given.arrays, "channels")];
    for (part, takes, given, unit) in parts {
        match (takes, given) {
            (Some(size), None) if !is_null => {
                let message = format!(
                    "the network takes a condition, {} {part} of {size} {unit}, and none is given; give it, or ask for samples \
                     without (none), which needs a training with training.condition_dropout above 0",
                    if part == "array" { "an" } else { "a" }
                );
                return Err(Error::field("condition", "", message));
            }
            (None, Some(_)) => {
                return Err(Error::field(
                    "condition",
                    "",
                    format!("the network was trained without a condition's {part}"),
                ));
            }
            _ => {}
        }
    }
    let is_empty = given.classes.as_ref().is_some_and(Vec::is_empty)
        || [&given.vectors, &given.arrays].into_iter().flatten().any(|rows| rows.count() == 0);
    if is_empty {
        return Err(Error::field("condition", "", "a part has no rows; give one at least, or leave the part out"));
    }
    let (classes, null) = (given.classes.iter().flatten(), usize::from(has_null_class));
    if let (Some(count), Some(class)) = (takes.classes, classes.max())
        && *class >= count + null
    {
        return Err(Error::field(
            "condition",
            class,
            format!("the network has the classes 0 to {}", count.saturating_sub(1)),
        ));
    }
    let positions = shape.iter().skip(1).product::<usize>();
    for (size, rows) in
        [(takes.vector, &given.vectors), (takes.array.map(|channels| channels * positions), &given.arrays)]
    {
        if let (Some(size), Some(rows)) = (size, rows)
            && rows.size() != size
        {
            return Err(Error::field("condition", "", format!("{} numbers; the network takes {size}", rows.size())));
        }
    }
    if takes.is_some() && takes.classes.is_none() && request.class.is_none() {
        return Ok(());
    }
    match (takes.classes, request.class) {
        (None, Some(_)) => Err(Error::field("class", "", "the network was trained without classes")),
        (Some(count), Some(class)) if class >= count => {
            Err(Error::field("class", class, format!("the network has the classes 0 to {}", count - 1)))
        }
        (None, None) if compares => {
            let message = "the network was trained without classes; give another run as the guide, for autoguidance";
            Err(Error::field("guidance", request.guidance.weight, message))
        }
        _ => Ok(()),
    }
}

/// The score of the samples `first, first + 1, …`, of a network and perhaps of one that guides it.
pub(crate) fn batch_score<N: Network<D>, const D: usize>(
    (network, reading): (&N, &ScoreSpec),
    guide: Option<&GuideNetwork<D>>,
    request: &DrawRequest,
    (first, size): (u64, usize),
    device: &Device,
    counter: &CallCounter,
) -> Box<dyn Score<D>> {
    let takes = network.condition();
    let null = Condition { classes: takes.classes.map(|null| vec![null; size]), ..Condition::default() };
    let condition = match request.unconditional || !takes.is_some() {
        true => null.clone(),
        false => condition_of(takes, request.conditions_of(takes.classes, first, size), device),
    };
    let score = NetworkScore::new(network.clone(), reading.process.clone(), reading.parameterization)
        .with_precision(request.precision.on(device));
    let conditional = CountedScore::new(score.clone().with_condition(condition.clone()), counter);
    if !request.guidance.acts() {
        return Box::new(conditional);
    }
    let times = request.sampler.times(&*reading.process);
    match guide {
        Some(GuideNetwork { network, reading }) => {
            let condition = if network.condition().is_some() { condition } else { Condition::default() };
            let guide = NetworkScore::new(network.clone(), reading.process.clone(), reading.parameterization)
                .with_precision(request.precision.on(device));
            let guide = CountedScore::new(guide.with_condition(condition), counter);
            Box::new(Guided::new(conditional, guide, request.guidance).along(&times))
        }
        None if !takes.is_some() || request.unconditional => Box::new(conditional),
        None => {
            let unconditional = CountedScore::new(score.with_condition(null), counter);
            Box::new(Guided::new(conditional, unconditional, request.guidance).along(&times))
        }
    }
}
