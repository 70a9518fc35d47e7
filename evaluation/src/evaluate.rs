//! All metrics of one pair of clouds, with error bars and floors.

use fokker_random::Index;
use serde::{Deserialize, Serialize};

use crate::replicate::numbers;
use crate::replicate::{Estimate, Replicates};
use crate::watch::Part;
use crate::{EvaluationError, Features, Frechet, Metric, Pair, Statistics, Watch, features};

/// What is measured, and with how many repetitions.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Half-samples for the error bars; 0 for none.
    pub halves: usize,
    /// Whether every metric is computed of two halves of the reference as well.
    pub floor: bool,
    /// Seed of half-samples, choices and directions.
    pub seed: u64,
}

impl Default for Protocol {
    /// Every metric that is registered, with its default settings.
    fn default() -> Self {
        let metrics = Metric::kinds().into_iter().filter_map(|kind| Metric::named(kind).ok()).collect();
        Self { metrics, halves: 20, floor: true, seed: 0 }
    }
}

/// A quantity that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The quantity, such as `precision`.
    pub name: String,
    /// The metric that it belongs to.
    pub metric: String,
    /// Its value for the samples, with its error bar.
    pub value: Estimate,
    /// The number of samples.
    pub samples: usize,
    /// The number of reference vectors; none where only their statistics are known.
    pub reference: Option<usize>,
    /// The same between two halves of the reference: as good as samples can be.
    pub floor: Option<Estimate>,
    /// The number of vectors in each half.
    pub floor_count: Option<usize>,
}

/// What was measured, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The quantities, metric after metric.
    pub measured: Vec<Measured>,
    /// Metrics that these clouds cannot have, with the reason.
    pub refused: Vec<(String, String)>,
}

impl Evaluation {
    /// A quantity by its name.
    pub fn get(&self, name: &str) -> Option<&Measured> {
        self.measured.iter().find(|measured| measured.name == name)
    }
}

/// Measures samples against a reference. A metric that the clouds are too small for is left out, with the reason.
///
/// ```
/// use fokker_evaluation::{Features, FrechetDistance, Protocol, evaluate_features};
/// use fokker_random::Index;
///
/// let cloud = |name: &str, number: u64, shift: f64| {
///     let normals = Index::test(number).normals(0, 4000);
///     Features::new(name, 2, normals.into_iter().map(|x| f64::from(x) + shift).collect())
/// };
/// let (samples, reference) = (cloud("samples", 0, 1.0)?, cloud("reference", 1, 0.0)?);
/// let protocol = Protocol { metrics: vec![FrechetDistance {}.into()], ..Protocol::default() };
/// let found = evaluate_features(&samples, &reference, &protocol, &())?;
/// let frechet = found.get("frechet").unwrap();
/// // The means are (1, 1) and (0, 0), the covariances are equal: the distance is 2.
/// assert!((frechet.value.value - 2.0).abs() < 4.0 * frechet.value.standard_error.unwrap());
/// assert!(frechet.floor.unwrap().value < 0.01);
/// # Ok::<(), fokker_evaluation::EvaluationError>(())
/// ```
///
/// # Errors
/// Clouds of different widths, settings that make no sense; a watch that stops it.
pub fn evaluate_features(
    samples: &Features,
    reference: &Features,
    protocol: &Protocol,
    watch: &dyn Watch,
) -> Result<Evaluation, EvaluationError> {
    features::check_widths(samples, reference)?;
    for metric in &protocol.metrics {
        metric.check()?;
    }
    let mut found = Evaluation::default();
    let count = protocol.metrics.len() as f64;
    for (number, metric) in protocol.metrics.iter().enumerate() {
        let part =
            |from: f64, to: f64| Part { watch, from: (number as f64 + from) / count, to: (number as f64 + to) / count };
        match measure(samples, reference, metric, protocol, (&part(0.0, 0.8), &part(0.8, 1.0))) {
            Ok(measured) => found.measured.extend(measured),
            Err(EvaluationError::Input { name, problem }) => {
                found.refused.push((metric.kind().into(), format!("{name}: {problem}")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The Fréchet distance of samples from statistics of a reference, all that these allow. The error bar is that of the samples.
///
/// # Errors
/// Another width; a watch that stops it.
pub fn evaluate_statistics(
    samples: &Features,
    reference: Statistics,
    protocol: &Protocol,
    watch: &dyn Watch,
) -> Result<Evaluation, EvaluationError> {
    let (own, other) = (samples.dimension(), reference.dimension());
    if own != other {
        let problem = format!(
            "the features have {own} columns, the statistics {other} dimensions; both must come from the same extractor"
        );
        return Err(EvaluationError::input(samples.name(), problem));
    }
    let replicates = Replicates::new(protocol.seed, protocol.halves, &Pair::new(samples, samples)?);
    let reference = Frechet::from(reference);
    let mut values = Vec::with_capacity(replicates.count());
    for (number, replicate) in replicates.iter().enumerate() {
        watch.advance(number as f64 / replicates.count() as f64)?;
        let chosen = samples.select(samples.name(), &numbers(replicate.samples()))?;
        values.push(reference.to(&Statistics::of(&chosen))?);
    }
    let frechet = Measured {
        name: "frechet".into(),
        metric: "frechet".into(),
        value: Estimate::of(&values),
        samples: samples.count(),
        reference: None,
        floor: None,
        floor_count: None,
    };
    Ok(Evaluation { measured: vec![frechet], refused: Vec::new() })
}

/// One metric, and its floor.
fn measure(
    samples: &Features,
    reference: &Features,
    metric: &Metric,
    protocol: &Protocol,
    (watch, watch_floor): (&dyn Watch, &dyn Watch),
) -> Result<Vec<Measured>, EvaluationError> {
    let limit = metric.limit().unwrap_or(usize::MAX);
    let seed = protocol.seed;
    let choose = |features: &Features, side: u64, from: usize, to: usize| {
        let order = Index::evaluation_choice(0, side).permutation(seed, features.count());
        features.select(features.name(), &order[from..to.min(features.count())])
    };
    let chosen = (choose(samples, 0, 0, limit)?, choose(reference, 1, 0, limit)?);
    let pair = Pair::new(&chosen.0, &chosen.1)?;
    let replicates = Replicates::new(seed, protocol.halves, &pair);
    let series = metric.measure(&pair, &replicates, seed, watch)?;
    let half = (reference.count() / 2).min(limit);
    // A floor that the halves are too small for is left out, and the value stays.
    let floor = match protocol.floor {
        true => {
            floor(&choose(reference, 1, 0, half), &choose(reference, 1, half, 2 * half), metric, protocol, watch_floor)?
        }
        false => None,
    };
    let measured = series.into_iter().map(|series| {
        let same = |floor: &Vec<crate::Series>| floor.iter().find(|other| other.name == series.name).cloned();
        let floor = floor.as_ref().and_then(same);
        Measured {
            metric: metric.kind().into(),
            value: Estimate::of(&series.values),
            samples: pair.samples().count(),
            reference: Some(pair.reference().count()),
            floor_count: floor.as_ref().map(|_| half),
            floor: floor.map(|floor| Estimate::of(&floor.values)),
            name: series.name,
        }
    });
    Ok(measured.collect())
}

/// The metric between two halves of the reference; none if they are too small for it.
fn floor(
    one: &Result<Features, EvaluationError>,
    other: &Result<Features, EvaluationError>,
    metric: &Metric,
    protocol: &Protocol,
    watch: &dyn Watch,
) -> Result<Option<Vec<crate::Series>>, EvaluationError> {
    let (Ok(one), Ok(other)) = (one, other) else { return Ok(None) };
    let pair = Pair::new(one, other)?;
    let replicates = Replicates::new(protocol.seed, protocol.halves, &pair);
    match metric.measure(&pair, &replicates, protocol.seed, watch) {
        Ok(series) => Ok(Some(series)),
        Err(EvaluationError::Input { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
