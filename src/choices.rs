//! The same noise under several classes and weights of guidance.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device;
use fokker_model::{Network, NetworkVisitor};
use fokker_sampling::Guidance;

use crate::draw::{DrawCost, DrawRequest, ScoreSpec, draw_network};
use crate::error::Error;
use crate::experiment::CheckpointSampler;
use crate::monitor::{Monitor, Progress};

/// Classes and weights. Each pair of them is drawn from the same noise.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// The classes; that of the request if there is none.
    pub classes: Vec<usize>,
    /// The weights of guidance; that of the request if there is none.
    pub guidance: Vec<f64>,
}

/// Samples of one choice.
#[derive(Clone, Copy, Debug)]
pub struct ChoiceBatch<'a> {
    /// The number of the class in the list of choices.
    pub class: usize,
    /// The number of the weight in the list of choices.
    pub weight: usize,
    /// Number of the first sample.
    pub first: u64,
    /// The network's values, sample after sample.
    pub values: &'a [f32],
}

impl Choices {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.classes.len().max(1).saturating_mul(self.guidance.len().max(1))
    }

    /// A request for each, with the numbers of its class and weight: weight after weight of the first class, then of the next.
    fn requests(&self, request: &DrawRequest) -> Vec<([usize; 2], DrawRequest)> {
        let classes: Vec<Option<usize>> = match self.classes.len() {
            0 => vec![request.class],
            _ => self.classes.iter().copied().map(Some).collect(),
        };
        let weights = if self.guidance.is_empty() { vec![request.guidance.weight] } else { self.guidance.clone() };
        let of_class = |(row, &class): (usize, &Option<usize>)| {
            let request = |(column, &weight): (usize, &f64)| {
                let guidance = Guidance { weight, ..request.guidance };
                ([row, column], DrawRequest { class, guidance, frames: 0, ..request.clone() })
            };
            weights.iter().enumerate().map(request).collect::<Vec<_>>()
        };
        classes.iter().enumerate().flat_map(of_class).collect()
    }
}

impl CheckpointSampler {
    /// Checks everything about choices that needs no weights.
    ///
    /// # Errors
    /// As [`CheckpointSampler::check`]; a class that the network has not.
    pub fn check_choices(&self, request: &DrawRequest, choices: &Choices) -> Result<(), Error> {
        for (_, request) in choices.requests(request) {
            self.check(&request)?;
        }
        Ok(())
    }

    /// Draws the samples of a request for each of some choices, all from the same noise, and hands over each batch.
    ///
    /// # Errors
    /// As [`CheckpointSampler::check_choices`] and [`CheckpointSampler::draw`].
    pub fn draw_choices(
        &self,
        request: &DrawRequest,
        choices: &Choices,
        monitor: &dyn Monitor,
        keep: impl FnMut(ChoiceBatch) -> Result<(), Error> + Send,
    ) -> Result<DrawCost, Error> {
        self.check_choices(request, choices)?;
        let (reading, shape) = (self.reading(), self.shape());
        let requests = choices.requests(request);
        self.with_network(monitor, |device| DrawEach { requests, reading, shape, device, monitor, keep })
    }
}

/// Draws each request from the network it is given.
struct DrawEach<'a, K> {
    requests: Vec<([usize; 2], DrawRequest)>,
    reading: &'a ScoreSpec,
    shape: &'a [usize],
    device: &'a Device,
    monitor: &'a dyn Monitor,
    keep: K,
}

impl<K: FnMut(ChoiceBatch) -> Result<(), Error> + Send> NetworkVisitor for DrawEach<'_, K> {
    type Output = Result<DrawCost, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<DrawCost, Error> {
        let Self { requests, reading, shape, device, monitor, mut keep } = self;
        let mut cost = DrawCost::default();
        let together = Together { monitor, count: requests.len() as u64, state: Arc::default() };
        for (number, &([class, weight], ref request)) in requests.iter().enumerate() {
            together.turn_to(number as u64);
            let drawn = draw_network::<N, D>(&network, reading, request, shape, device, &together, |batch| {
                keep(ChoiceBatch { class, weight, first: batch.first, values: batch.values })
            })?;
            cost.network_calls = cost.network_calls.max(drawn.network_calls);
            cost.note = drawn.note;
        }
        Ok(cost)
    }
}

/// Several works of one length, shown as one.
struct Together<'a> {
    monitor: &'a dyn Monitor,
    count: u64,
    state: Arc<Mutex<State>>,
}

/// What is shown, and how many units are done before the present work.
#[derive(Default)]
struct State {
    shown: Option<Box<dyn Progress>>,
    number: u64,
}

impl Together<'_> {
    /// The works before this one are done.
    fn turn_to(&self, number: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).number = number;
    }
}

impl fmt::Debug for Together<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Together({:?})", self.monitor)
    }
}

impl Monitor for Together<'_> {
    fn begin(&self, what: &str, unit: &'static str, done: u64, total: u64) -> Box<dyn Progress> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = total.saturating_mul(self.count);
        state.shown.get_or_insert_with(|| self.monitor.begin(what, unit, done, whole));
        Box::new(Part { state: self.state.clone(), before: state.number * total })
    }

    fn say(&self, line: &str) {
        self.monitor.say(line);
    }

    fn warn(&self, line: &str) {
        self.monitor.warn(line);
    }

    fn should_stop(&self) -> bool {
        self.monitor.should_stop()
    }
}

/// One of the works.
struct Part {
    state: Arc<Mutex<State>>,
    before: u64,
}

impl Progress for Part {
    fn update(&mut self, done: u64, message: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shown) = &mut state.shown {
            shown.update(self.before + done, message);
        }
    }
}
