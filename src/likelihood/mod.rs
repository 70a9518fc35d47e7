//! The likelihood of a run's data under its network, with what it is in bits.

mod batch;
mod evaluation;
mod report;
mod request;

use std::path::Path;
use std::time::Instant;

pub use report::{ExampleLikelihood, LikelihoodReport, Term};
pub use request::{LikelihoodRequest, Quantity};

use fokker_ranks::Ranks;

use crate::config::RunConfig;
use crate::draw::ScoreSpec;
use crate::error::Error;
use crate::experiment::{find_checkpoint, with_averaged};
use crate::monitor::Monitor;
use crate::together::Together;
use evaluation::Evaluation;

/// Computes the likelihood of data under the averaged weights of a run's newest checkpoint, or of a given one.
///
/// # Errors
/// A damaged checkpoint, data that cannot be read, a backend that is not there, a request that does not fit; a monitor
/// that stops it.
pub fn likelihood(
    run: &Path,
    changes: &[String],
    request: &LikelihoodRequest,
    monitor: &dyn Monitor,
) -> Result<LikelihoodReport, Error> {
    shared(run, changes, request, &Together { ranks: &Ranks::alone(), monitor })
}

/// The same by ranks. Every rank gets the report.
pub(crate) fn shared(
    run: &Path,
    changes: &[String],
    request: &LikelihoodRequest,
    together: &Together<'_>,
) -> Result<LikelihoodReport, Error> {
    let Together { ranks, monitor } = *together;
    let checkpoint = find_checkpoint(run)?;
    let config = RunConfig::load(&checkpoint.join("config.toml"), changes)?;
    let reading =
        ScoreSpec { process: config.build_process()?, parameterization: config.parameterization, start: None };
    request.validate(&config, &*reading.process)?;
    request.warning(&config, &*reading.process).into_iter().for_each(|line| monitor.warn(&line));
    if request.unconditional {
        config.check_null_class("unconditional")?;
    }
    let split = request.split.unwrap_or(config.data.held_out());
    let data = ranks.own_work(|| config.conditioned(config.data.open(split, config.seed)?))?;
    together.agree_on_data(&config, &*data)?;
    if request.first >= data.len() {
        return Err(Error::field("first", request.first, format!("there are {} examples", data.len())));
    }
    let chosen = config.backend.resolve_at(ranks.place())?;
    monitor.say(&format!("{} on {}", checkpoint.display(), chosen.description));
    let device = &chosen.device;
    let work = Evaluation { request, config: &config, reading, split, data, device, ranks, monitor };
    let _phase = tracing::debug_span!("likelihood").entered();
    let start = Instant::now();
    let found = with_averaged(&checkpoint, &config, device, &work)?;
    Ok(work.report(checkpoint, found, start.elapsed().as_secs_f64()))
}
