//! `fokker compare-samplers`.

use std::path::PathBuf;

use clap::Args;
use fokker::Error;
use fokker::sampling::{Method, Schedule};
use fokker_reproduce::compare::{Comparison, ComparisonPlan, Row, compare_on_mixture, compare_on_run};
use serde_json::json;

use super::checkpoint::CheckpointOptions;
use super::numbers::positive;
use super::results::{print_file, print_result};
use super::terminal::Terminal;

/// Compare samplers: distance to the data against network calls
#[derive(Args)]
pub struct CompareSamplers {
    /// A run's folder, or one of its checkpoints; a mixture in the plane with its exact score if absent
    run: Option<PathBuf>,
    #[command(flatten)]
    checkpoint: CheckpointOptions,
    /// The samplers, separated by commas; all that begin with noise if absent
    #[arg(long, value_delimiter = ',')]
    samplers: Vec<Method>,
    /// Budgets of network calls, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [5, 10, 20, 50, 100, 250], value_parser = positive)]
    calls: Vec<usize>,
    /// Samples for each number in the table
    #[arg(long, default_value_t = 1000, value_parser = positive)]
    count: usize,
    /// Samples drawn at once
    #[arg(long, default_value_t = 100, value_parser = positive)]
    batch_size: usize,
    /// Seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A folder for the table (samplers.md) and the plot (samplers.svg); a comparison that was interrupted goes on there
    #[arg(long, default_value = "samplers")]
    out: PathBuf,
    /// Also put the table into a document, between <!-- NAME --> and <!-- end NAME --> with the name of the comparison
    #[arg(long)]
    into: Option<PathBuf>,
    /// Change a key of the run's configuration, such as --set backend.name=flex
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

impl CompareSamplers {
    /// Compares.
    pub fn run(self) -> Result<(), Error> {
        let all = Method::all();
        let begins_with_noise = |method: &Method| method.info().schedule != Schedule::SmallestTime;
        let methods = if self.samplers.is_empty() { all.filter(begins_with_noise).collect() } else { self.samplers };
        let mut budgets = self.calls;
        budgets.sort_unstable();
        let plan = ComparisonPlan {
            methods,
            budgets,
            count: self.count,
            batch_size: self.batch_size,
            seed: self.seed,
            folder: self.out.clone(),
        };
        let comparison: Comparison = match &self.run {
            Some(run) => compare_on_run(&self.checkpoint.find(run)?, &self.changes, &plan, &Terminal::new())?,
            None if self.checkpoint.is_named() => {
                return Err(Error::Usage("--step: a mixture has no checkpoints; name a run".into()));
            }
            None => compare_on_mixture(&plan, &Terminal::new())?,
        };
        let row = |(method, row): &(Method, Row)| {
            let cells: Vec<_> = row.iter().flatten().map(|(calls, distance)| json!([calls, distance])).collect();
            json!({ "sampler": method.name(), "calls_and_distances": cells })
        };
        let rows: Vec<_> = comparison.rows.iter().map(row).collect();
        let object = json!({ "data": comparison.name, "floor": comparison.floor, "samplers": rows });
        print_result(object, || comparison.table());
        print_file(&self.out);
        if let Some(document) = &self.into {
            comparison.put_into(document)?;
        }
        comparison.check_finite()
    }
}
