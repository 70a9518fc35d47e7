//! `fokker evaluate`.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::evaluation::{
    Classes, Copying, Estimate, EvaluationReport, EvaluationRequest, Extractor, Measured, Metric,
};
use fokker::ranks::Ranks;
use fokker::{Error, Together, datasets::Split};
use toml::{Table, Value};

use super::checkpoint::CheckpointOptions;
use super::numbers::positive;
use super::ranks;
use super::results::{print_file, print_result};
use super::split_name::SplitName;
use super::terminal::Terminal;

/// Measure how good samples are: Fréchet and kernel distances, precision, recall, copies of training examples, with error bars
#[derive(Args)]
pub struct Evaluate {
    /// A run, which is drawn from; a folder of pictures; an array (.npy, .npz, .safetensors, .csv, .tsv, .parquet)
    samples: PathBuf,
    #[command(flatten)]
    checkpoint: CheckpointOptions,
    /// The data: a run, a configuration or a recipe; a folder of pictures; an array; a .npz with mu and sigma. The data of the
    /// run that is drawn from if absent
    #[arg(long, value_name = "DATA")]
    against: Option<PathBuf>,
    /// The part of a data set that samples are compared with; its held-out part if absent
    #[arg(long)]
    split: Option<SplitName>,
    /// The most samples; so many are drawn from a run
    #[arg(long, default_value_t = 1000, value_parser = positive)]
    count: usize,
    /// Samples drawn at once
    #[arg(long, default_value_t = 100, value_parser = positive)]
    batch_size: usize,
    /// Seed of samples, half-samples and directions
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What makes features of images: digits for MNIST, pixels for all else if absent; onnx:FILE for a network in ONNX. One with
    /// settings is a table, such as '{ kind = "inception", weights = "inception.pth", resize = "clean_fid" }'
    #[arg(long, value_name = "NAME|TABLE")]
    extractor: Option<String>,
    /// The file of weights of the extractor, for inception
    #[arg(long, value_name = "FILE", requires = "extractor")]
    weights: Option<PathBuf>,
    /// A metric; may be given several times. All if absent
    #[arg(long = "metric", value_parser = one_of(Metric::kinds()))]
    metrics: Vec<String>,
    /// Half-samples for the error bars; 0 for none
    #[arg(long, default_value_t = 20)]
    halves: usize,
    /// Do not measure two halves of the data as well
    #[arg(long)]
    no_floor: bool,
    /// How many of the samples nearest to training examples are listed; 0 for no search for copies
    #[arg(long, default_value_t = 10)]
    nearest: usize,
    /// Keep features in this folder, and take them from there when the same images come again
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// Also write the statistics of the data into this .npz, as pytorch-fid reads them
    #[arg(long, value_name = "FILE")]
    statistics: Option<PathBuf>,
    /// Change a key of the run's configuration, such as --set sampler.steps=50
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

/// A name of a list.
fn one_of(names: Vec<&'static str>) -> clap::builder::PossibleValuesParser {
    names.into()
}

/// An extractor by its name, or by a table of its settings.
fn extractor(text: &str, weights: Option<&Path>) -> Result<Extractor, Error> {
    let refuse = |message: String| Error::field("extractor", text, message);
    let mut settings = match text.trim_start().starts_with('{') {
        true => match text.parse::<Value>().map_err(|error| refuse(error.message().into()))? {
            Value::Table(table) => table,
            _ => return Err(refuse("is no table".into())),
        },
        false => match text.split_once(':') {
            Some(("onnx", file)) => Table::from_iter([("kind".into(), "onnx".into()), ("weights".into(), file.into())]),
            _ => Table::from_iter([("kind".to_string(), text.into())]),
        },
    };
    let is_onnx = settings.get("kind").and_then(Value::as_str) == Some("onnx");
    if is_onnx && !Extractor::kinds().contains(&"onnx") {
        return Err(refuse("this build of fokker reads no ONNX; build it with --features onnx".into()));
    }
    if let Some(weights) = weights {
        settings.insert("weights".into(), weights.display().to_string().into());
    }
    settings.try_into().map_err(|error: toml::de::Error| {
        refuse(match error.message().contains("missing field `weights`") {
            true => "has weights of its own; name their file with --weights".into(),
            false => error.message().into(),
        })
    })
}

impl Evaluate {
    /// Measures.
    pub fn run(self) -> Result<(), Error> {
        ranks::together(|ranks| self.measure(ranks))
    }

    /// Measures with other ranks: they draw together.
    fn measure(&self, ranks: &Ranks) -> Result<(), Error> {
        let mut samples = self.samples.clone();
        if self.checkpoint.is_named() || ranks.size() > 1 {
            samples = self.checkpoint.find(&self.samples)?;
            ranks::agree_on_command(ranks, &samples)?;
        }
        let extractor = self.extractor.as_ref().map(|text| extractor(text, self.weights.as_deref())).transpose()?;
        let request = EvaluationRequest {
            samples,
            against: self.against.clone(),
            split: self.split.map(Split::from),
            count: self.count,
            batch_size: self.batch_size,
            seed: self.seed,
            extractor,
            metrics: self.metrics.clone(),
            halves: self.halves,
            floor: !self.no_floor,
            nearest: self.nearest,
            cache: self.cache.clone(),
            statistics: self.statistics.clone(),
            changes: self.changes.clone(),
        };
        let together = Together { ranks, monitor: &Terminal::new() };
        let Some(report) = together.evaluate(&request)? else { return Ok(()) };
        let value = serde_json::to_value(&report)
            .map_err(|error| Error::Usage(format!("the result cannot be written as JSON: {error}")))?;
        print_result(value, || table(&report));
        if let Some(path) = self.statistics.as_ref().filter(|path| path.is_file()) {
            print_file(path);
        }
        Ok(())
    }
}

/// The result for a reader.
fn table(report: &EvaluationReport) -> String {
    let mut text =
        format!("{} against {}; {} {}\n", report.samples, report.against, report.dimension, report.extractor);
    text += &format!("{:<24} {:>23} {:>23} {:>9} {:>9}\n", "", "value", "floor", "samples", "data");
    let (columns, whole): (Vec<&Measured>, Vec<&Measured>) =
        report.evaluation.measured.iter().partition(|measured| measured.name.ends_with(']'));
    for measured in whole {
        text += &row(measured);
    }
    text += &worst(columns);
    for (metric, reason) in &report.evaluation.refused {
        text += &format!("{metric}: not measured: {reason}\n");
    }
    text += &report.classes.as_ref().map_or_else(String::new, classes);
    text += &report.copying.as_ref().map_or_else(String::new, copies);
    let halves = report.halves;
    text += &format!(
        "± is one standard error, of {halves} half-samples; the floor is the same between two halves of the data; "
    );
    text += &format!("{:.1} s\n", report.seconds);
    text
}

fn row(measured: &Measured) -> String {
    let floor = measured.floor.map_or_else(String::new, shown);
    let reference = measured.reference.map_or_else(String::new, |count| count.to_string());
    let (name, value, samples) = (&measured.name, shown(measured.value), measured.samples);
    format!("{name:<24} {value:>23} {floor:>23} {samples:>9} {reference:>9}\n")
}

/// The columns whose laws differ most: a few of many.
fn worst(mut columns: Vec<&Measured>) -> String {
    const MOST: usize = 5;
    columns.retain(|measured| measured.name.starts_with("marginal_ks"));
    columns.sort_by(|one, other| other.value.value.total_cmp(&one.value.value));
    columns.into_iter().take(MOST).map(row).collect()
}

/// A value with as many digits as its error bar has meaning for, and two more.
fn shown(estimate: Estimate) -> String {
    match estimate.standard_error {
        Some(error) => format!("{} ± {}", number(estimate.value, error), number(error, error)),
        None => number(estimate.value, 0.0),
    }
}

fn number(value: f64, error: f64) -> String {
    let scale = if error > 0.0 { error } else { 1e-2 * value.abs() };
    if scale == 0.0 || (1e-6..1e6).contains(&scale) {
        let digits = if scale == 0.0 { 4.0 } else { (1.0 - scale.log10().floor()).clamp(0.0, 8.0) };
        format!("{value:.0$}", digits as usize)
    } else {
        format!("{value:.2e}")
    }
}

fn classes(classes: &Classes) -> String {
    let of = |share: &fokker::evaluation::ClassShare| {
        format!("  {:<22} {:>23} {:>23.4}\n", share.class, shown(share.samples), share.reference)
    };
    let shares: String = classes.shares.iter().map(of).collect();
    let (entropy, data) = (shown(classes.entropy), classes.entropy_reference);
    let variation = shown(classes.total_variation);
    let (confidence, of_data) = (shown(classes.confidence), classes.confidence_reference);
    format!(
        "{:<24} {:>23} {:>23}\n{shares}  {:<22} {entropy:>23} {data:>23.4}\n  {:<22} {variation:>23}\n  \
         {:<22} {confidence:>23} {of_data:>23.4}\n",
        "classes", "share", "data", "entropy, nats", "total variation", "confidence"
    )
}

fn copies(copying: &Copying) -> String {
    let mut text = format!("{:<24} {:>23} {:>23}\n", "copies of training data", "value", "without copies");
    let distance = copying.median_distance_held_out;
    text += &format!("  {:<22} {:>23} {:>23}\n", "nearer than held-out", shown(copying.nearer), 0.5);
    text += &format!("  {:<22} {:>23} {:>23}\n", "nearer than 99 %", shown(copying.suspicious), 0.01);
    text += &format!("  {:<22} {:>23} {distance:>23.4}\n", "median distance", shown(copying.median_distance));
    for pair in &copying.nearest {
        let (sample, example) = (pair.sample, pair.example);
        text += &format!(
            "  sample {sample} is {:.4} from training example {example}; {:.2} % of held-out data are as near\n",
            pair.distance,
            100.0 * pair.quantile
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_their_error_allows() {
        let estimate = |value, standard_error| shown(Estimate { value, standard_error });
        assert_eq!(estimate(12.345678, Some(0.0234)), "12.346 ± 0.023");
        assert_eq!(estimate(1234.5678, Some(23.4)), "1235 ± 23");
        assert_eq!(estimate(0.5, Some(0.0)), "0.5000 ± 0.0000");
        assert_eq!(estimate(1.23456e-9, Some(1e-10)), "1.23e-9 ± 1.00e-10");
        assert_eq!(estimate(2.0, None), "2.000");
    }
}
