//! What to draw, with everything that is left out chosen by the model.

use std::fmt::Display;

use fokker_datasets::Conditions;
use fokker_model::Precision;
use fokker_ranks::Ranks;
use fokker_sampling::{Guidance, SamplerConfig};

use crate::beginning::Beginning;
use crate::condition::Given;
use crate::draw::DrawRequest;
use crate::error::Error;
use crate::guide::Guide;
use crate::measurement::Measurement;
use crate::monitor::Monitor;

/// What to draw: how many samples, and whatever is to differ from the model's own choice. A number alone will do where one
/// is asked for.
///
/// ```
/// use fokker::Draw;
/// use fokker::sampling::{Method, SamplerConfig};
///
/// let draw = Draw::new(16).sampler(SamplerConfig::new(Method::DDIM)).steps(20).seed(3);
/// // Of one class, by its name or its number.
/// let draw = draw.class("bag").guidance(2.0);
/// ```
#[derive(Clone, Debug)]
pub struct Draw<'a> {
    count: usize,
    first: u64,
    seed: u64,
    batch_size: Option<usize>,
    sampler: Option<SamplerConfig>,
    steps: Option<usize>,
    class: Option<String>,
    guidance: Guidance,
    guide: Option<Guide>,
    given: Vec<Given>,
    conditions: Option<Conditions>,
    precision: Precision,
    measurement: Option<Measurement>,
    beginning: Option<Beginning>,
    ranks: Ranks,
    monitor: &'a dyn Monitor,
}

impl From<usize> for Draw<'_> {
    fn from(count: usize) -> Self {
        Self::new(count)
    }
}

impl<'a> Draw<'a> {
    /// `count` samples from number 0 of seed 0, by the model's own sampler.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            first: 0,
            seed: 0,
            batch_size: None,
            sampler: None,
            steps: None,
            class: None,
            guidance: Guidance::default(),
            guide: None,
            given: Vec::new(),
            conditions: None,
            precision: Precision::F32,
            measurement: None,
            beginning: None,
            ranks: Ranks::alone(),
            monitor: &(),
        }
    }

    /// By another sampler.
    pub fn sampler(self, sampler: SamplerConfig) -> Self {
        Self { sampler: Some(sampler), ..self }
    }

    /// In another number of steps than the sampler's.
    pub fn steps(self, steps: usize) -> Self {
        Self { steps: Some(steps), ..self }
    }

    /// From another seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// From another number on: sample `i` of a seed is always the same.
    pub fn first(self, first: u64) -> Self {
        Self { first, ..self }
    }

    /// So many at once, 64 otherwise.
    pub fn batch(self, batch_size: usize) -> Self {
        Self { batch_size: Some(batch_size), ..self }
    }

    /// All of one class, by its name or its number; otherwise sample `i` is of class `i` modulo their number.
    pub fn class(self, class: impl Display) -> Self {
        Self { class: Some(class.to_string()), ..self }
    }

    /// With guidance: a weight alone (1 for none), or with an interval and a formula ([`Guidance`]). Without a [guide](Draw::guide) it is
    /// classifier-free, for networks with a condition.
    pub fn guidance(self, guidance: impl Into<Guidance>) -> Self {
        Self { guidance: guidance.into(), ..self }
    }

    /// With a worse network as the guide (autoguidance).
    pub fn guide(self, guide: Guide) -> Self {
        Self { guide: Some(guide), ..self }
    }

    /// Under a condition that the network was trained with: a vector, an array, or an example that the run measures them in. Several
    /// calls give several parts.
    pub fn given(mut self, condition: impl Into<Given>) -> Self {
        self.given.push(condition.into());
        self
    }

    /// Without the vector and the array that the network takes: under the null condition.
    pub fn without_condition(self) -> Self {
        self.conditions(Conditions::default())
    }

    /// Under conditions in the network's units, such as those of examples ([`Conditions::of`]): sample `i` takes number `i` modulo how
    /// many there are.
    pub fn conditions(self, conditions: Conditions) -> Self {
        Self { conditions: Some(conditions), ..self }
    }

    /// With a network that computes its values in a precision: f32 if nothing is said.
    pub fn precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// With what is known of the samples beforehand, and was not when the network was trained.
    pub fn measurement(self, measurement: Measurement) -> Self {
        Self { measurement: Some(measurement), ..self }
    }

    /// From given noise, or from data with noise (SDEdit).
    pub fn beginning(self, beginning: Beginning) -> Self {
        Self { beginning: Some(beginning), ..self }
    }

    /// Together with other ranks, which make the same call: rank 0 gets the samples, the others none.
    pub fn ranks(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// With a monitor that hears of progress and may stop the work.
    pub fn monitor(self, monitor: &'a dyn Monitor) -> Self {
        Self { monitor, ..self }
    }

    /// Who hears of progress.
    pub(crate) fn watched_by(&self) -> &'a dyn Monitor {
        self.monitor
    }

    /// The weight of classifier-free guidance; 1 with a guide.
    pub(crate) fn classifier_free_weight(&self) -> f64 {
        if self.guide.is_some() { 1.0 } else { self.guidance.weight }
    }

    /// The complete request of a model that draws by `sampler` and knows the numbers of its classes.
    pub(crate) fn request(
        &self,
        sampler: &SamplerConfig,
        class_number: impl Fn(&str) -> Result<usize, Error>,
        conditions: impl Fn(&[Given]) -> Result<Conditions, Error>,
    ) -> Result<DrawRequest, Error> {
        let condition = match (&self.conditions, &self.given[..]) {
            (own, []) => own.clone(),
            (None, given) => Some(conditions(given)?),
            (Some(_), _) => return Err(Error::field("condition", "", "is said twice, or both given and left out")),
        };
        let mut sampler = match &self.sampler {
            // The range is the data's, whatever the sampler.
            Some(own) => SamplerConfig { range: sampler.range, ..own.clone() },
            None => sampler.clone(),
        };
        sampler.steps = self.steps.or(sampler.steps);
        let request = DrawRequest::new(sampler, self.count);
        Ok(DrawRequest {
            first: self.first,
            seed: self.seed,
            batch_size: self.batch_size.unwrap_or(request.batch_size),
            class: self.class.as_deref().map(class_number).transpose()?,
            guidance: self.guidance,
            guide: self.guide.clone(),
            condition,
            precision: self.precision,
            measurement: self.measurement.clone(),
            beginning: self.beginning.clone(),
            ranks: self.ranks.clone(),
            ..request
        })
    }
}
