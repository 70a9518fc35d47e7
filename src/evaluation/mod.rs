//! How good samples are: metrics of the crate [`fokker_evaluation`], for runs, folders of pictures and arrays.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! use fokker::evaluation::{EvaluationRequest, evaluate};
//!
//! // Points that were drawn elsewhere, against the data set of a recipe.
//! let points: Vec<String> = (0..300).map(|k| format!("{},{}\n", (k % 20) as f64 / 10.0 - 0.5, k as f64 / 300.0)).collect();
//! let file = folder.path().join("points.csv");
//! std::fs::write(&file, points.concat())?;
//! let request = EvaluationRequest { metrics: vec!["sliced_wasserstein".into()], ..EvaluationRequest::new(&file, "moons_2d") };
//! let report = evaluate(&request, &())?;
//! let found = report.evaluation.get("sliced_wasserstein").unwrap();
//! // Far worse than two halves of the data are to each other.
//! assert!(found.value.value > 3.0 * found.floor.unwrap().value);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod collection;
mod config;
mod inception;
mod report;
mod request;
mod watching;
mod while_training;

use std::time::Instant;

pub use config::EvaluationConfig;
pub use fokker_evaluation::*;
use fokker_ranks::Ranks;
pub use inception::{Inception, Resize};
pub use report::EvaluationReport;
pub use request::EvaluationRequest;
pub(crate) use while_training::{Evaluations, is_owed};

use collection::{Against, Collection};
use watching::Watching;

use crate::error::Error;
use crate::monitor::Monitor;
use crate::together::Together;

/// Measures samples against data.
///
/// # Errors
/// A request that does not fit, samples or data that cannot be read or compared; a monitor that stops it.
pub fn evaluate(request: &EvaluationRequest, monitor: &dyn Monitor) -> Result<EvaluationReport, Error> {
    of_first(request, &Together { ranks: &Ranks::alone(), monitor })
}

/// The same by ranks that draw together. Rank 0 measures, and gets the report.
pub(crate) fn shared(request: &EvaluationRequest, together: &Together<'_>) -> Result<Option<EvaluationReport>, Error> {
    match together.ranks.is_first() {
        true => of_first(request, together).map(Some),
        false => collection::draw_with_first(request, together).map(|()| None),
    }
}

fn of_first(request: &EvaluationRequest, together: &Together<'_>) -> Result<EvaluationReport, Error> {
    let _phase = tracing::debug_span!("evaluation").entered();
    let start = Instant::now();
    let protocol = request.protocol()?;
    let Together { ranks, monitor } = *together;
    let against = ranks.own_work(|| {
        request.extractor.as_ref().map_or(Ok(()), |extractor| extractor.prepare())?;
        collection::against(request, monitor)
    })?;
    let samples = collection::samples(request, &against, together)?;
    ranks.own_work(|| measure(request, &protocol, against, &samples, start, monitor))
}

fn measure(
    request: &EvaluationRequest,
    protocol: &Protocol,
    against: Against,
    samples: &Collection,
    start: Instant,
    monitor: &dyn Monitor,
) -> Result<EvaluationReport, Error> {
    let extractor = request.extractor(samples)?;
    let cache = request.cache.as_deref();
    let weights = if samples.is_image() { extractor.version() } else { None };
    if let Some(checksum) = &weights {
        monitor.say(&format!("extractor {}, weights with the SHA-256 {checksum}", extractor.kind()));
    }
    let seen = samples.features(&extractor, cache, monitor)?;
    let mut report = EvaluationReport {
        samples: samples.name.clone(),
        against: String::new(),
        extractor: if samples.is_image() { extractor.kind().into() } else { "values".into() },
        weights,
        dimension: seen.features.dimension(),
        seed: request.seed,
        halves: request.halves,
        evaluation: Evaluation::default(),
        classes: None,
        copying: None,
        seconds: 0.0,
    };
    match against {
        Against::Statistics(name, statistics) => {
            let watch = Watching::new(monitor, "measuring");
            report.against = name;
            report.evaluation = fokker_evaluation::evaluate_statistics(&seen.features, statistics, protocol, &watch)?;
        }
        Against::Data { reference, train } => {
            report.against = reference.name.clone();
            samples.check_like(&reference)?;
            let other = reference.features(&extractor, cache, monitor)?;
            request
                .statistics
                .as_deref()
                .map_or(Ok(()), |path| write_statistics(path, &Statistics::of(&other.features)))?;
            let watch = Watching::new(monitor, "measuring");
            report.evaluation =
                fokker_evaluation::evaluate_features(&seen.features, &other.features, protocol, &watch)?;
            drop(watch);
            report.classes = report::classes(&seen, &other, request)?;
            if let Some(train) = train {
                report.copying = Some(copies(request, (&seen, &other), &train, &extractor, monitor)?);
            }
        }
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

/// The distances from the training data.
fn copies(
    request: &EvaluationRequest,
    (samples, held_out): (&Extracted, &Extracted),
    train: &Collection,
    extractor: &Extractor,
    monitor: &dyn Monitor,
) -> Result<Copying, Error> {
    let train = train.features(extractor, request.cache.as_deref(), monitor)?;
    let watch = Watching::new(monitor, "comparing with the training data");
    let (features, settings) =
        ((&samples.features, &train.features, &held_out.features), (request.seed, request.halves));
    Ok(copying(features.0, features.1, features.2, request.nearest, settings, &watch)?)
}
