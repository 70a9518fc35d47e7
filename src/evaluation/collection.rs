//! Samples and data, wherever they lie, as one kind of thing.

use std::path::Path;

use fokker_datasets::{Dataset, DatasetConfig, FolderConfig, MnistConfig, Split};
use fokker_evaluation::{
    Array, Extracted, Extractor, Features, Images, Statistics, cached, read_array, read_npz, read_statistics,
};

use super::request::EvaluationRequest;
use super::watching::Watching;
use crate::config::RunConfig;
use crate::draw_options::Draw;
use crate::error::Error;
use crate::experiment::find_checkpoint;
use crate::monitor::Monitor;
use crate::opening::open_parts;
use crate::recipes;
use crate::run::Run;
use crate::samples::NotFinite;
use crate::together::Together;

/// Images or vectors in memory.
pub(super) struct Collection {
    /// For messages and the report.
    pub(super) name: String,
    /// `[channels, height, width]`, or `[dimension]`.
    shape: Vec<usize>,
    /// In the units of the data: pixels are from 0 to 255.
    values: Vec<f32>,
    /// Whether the classifier of digits was made for them.
    pub(super) are_digits: bool,
}

/// What samples are compared with.
pub(super) enum Against {
    /// Statistics alone, with the name of their file.
    Statistics(String, Statistics),
    /// Data, and those that were trained on if they are known.
    Data {
        /// What is compared with.
        reference: Collection,
        /// What copies are looked for in.
        train: Option<Collection>,
    },
}

impl Collection {
    pub(super) fn is_image(&self) -> bool {
        self.shape.len() == 3
    }

    fn count(&self) -> usize {
        self.values.len() / self.shape.iter().product::<usize>().max(1)
    }

    /// All examples of a part of a data set.
    fn of(data: &dyn Dataset, name: String, are_digits: bool) -> Self {
        Self::of_examples(data, 0..data.len(), name, are_digits)
    }

    /// Examples of a part of a data set by their numbers.
    pub(super) fn of_examples(
        data: &dyn Dataset,
        numbers: impl ExactSizeIterator<Item = usize>,
        name: String,
        are_digits: bool,
    ) -> Self {
        let mut values = vec![0.0; numbers.len() * data.size()];
        for (number, out) in numbers.zip(values.chunks_exact_mut(data.size())) {
            data.example(number, out);
        }
        Self { name, shape: data.shape().into(), values, are_digits }
    }

    /// Samples in the network's units, in those of the data.
    pub(super) fn of_samples(
        name: String,
        values: Vec<f32>,
        shape: Vec<usize>,
        config: &RunConfig,
    ) -> Result<Self, Error> {
        let preprocessing = &config.preprocessing;
        let size = shape.iter().product();
        NotFinite::among(&values, size, 0).check("samples")?;
        // Images are judged as they are saved: whole pixels.
        let values = match config.data.is_image() {
            true => values.iter().map(|&value| f32::from(preprocessing.to_u8(value))).collect(),
            false => preprocessing.to_raw(&values, size),
        };
        Ok(Self { name, values, shape, are_digits: false })
    }

    /// An array in the units of the data.
    fn of_array(path: &Path, array: Array) -> Result<Self, Error> {
        let refuse = |message: String| Err(Error::File { path: path.into(), message });
        let shape = match array.shape[..] {
            [_, size] => vec![size],
            [_, channels, height, width] if channels <= 4 => vec![channels, height, width],
            [_, height, width] => vec![1, height, width],
            [_, ..] | [] => {
                let found = &array.shape;
                return refuse(format!(
                    "has the shape {found:?}; expected [count, dimension] or [count, channels, height, width]"
                ));
            }
        };
        // Not what a cast to single precision makes infinite or, of a number, another.
        let values = array.values.iter().map(|&value| value as f32).collect();
        Ok(Self { name: path.display().to_string(), are_digits: false, shape, values })
    }

    /// Refuses samples of another shape.
    pub(super) fn check_like(&self, other: &Self) -> Result<(), Error> {
        if self.shape == other.shape {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "{}: a sample has the shape {:?}, the data of {} have {:?}; they cannot be compared",
            self.name, self.shape, other.name, other.shape
        )))
    }

    /// Their features.
    pub(super) fn features(
        &self,
        extractor: &Extractor,
        cache: Option<&Path>,
        monitor: &dyn Monitor,
    ) -> Result<Extracted, Error> {
        let [channels, height, width] = self.shape[..] else {
            let values = self.values.iter().map(|&value| f64::from(value)).collect();
            let features = Features::new(&self.name, self.shape.iter().product(), values)?;
            return Ok(Extracted { features, classes: None });
        };
        let images = Images::new(&self.name, [channels, height, width], self.values.clone())?;
        extractor.check(&images)?;
        let watch = Watching::new(monitor, &format!("features of {}", self.name));
        Ok(match cache {
            Some(folder) => cached(folder, extractor, &images, &watch)?,
            None => extractor.extract(&images, &watch)?,
        })
    }
}

/// What samples are compared with.
pub(super) fn against(request: &EvaluationRequest, monitor: &dyn Monitor) -> Result<Against, Error> {
    let Some(path) = &request.against else {
        if !is_run(&request.samples) {
            let message =
                "the samples are not a run, whose own data would be meant; name a data set, a folder or an array";
            return Err(Error::field("against", "", message));
        }
        return data_of(&config_of(&request.samples, &request.changes)?, request, monitor);
    };
    if is_run(path) {
        return data_of(&config_of(path, &[])?, request, monitor);
    }
    if path.is_dir() {
        let shape = shape_of_samples(request)?;
        let reference = pictures(path, &shape, monitor)?;
        return Ok(Against::Data { reference, train: None });
    }
    let extension = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    match &*extension {
        "toml" => data_of(&RunConfig::load(path, &[])?, request, monitor),
        "npz" if read_npz(path)?.iter().any(|(name, _)| name == "mu") => {
            Ok(Against::Statistics(path.display().to_string(), read_statistics(path)?))
        }
        "npy" | "npz" | "safetensors" | "csv" | "tsv" | "parquet" => {
            let reference = Collection::of_array(path, read_array(path, "samples")?)?;
            Ok(Against::Data { reference, train: None })
        }
        "" if !path.exists() => match path.to_str().and_then(recipes::find) {
            Some(text) => data_of(&RunConfig::parse(text, path, &[])?, request, monitor),
            None => Err(unknown(path)),
        },
        _ => Err(unknown(path)),
    }
}

/// A name that means no data.
fn unknown(path: &Path) -> Error {
    let names: Vec<&str> = recipes::RUNS.iter().map(|(name, _)| *name).collect();
    let message = format!(
        "there is no such run, configuration, folder of pictures or array (.npy, .npz, .safetensors, .csv, .tsv, .parquet), and no such recipe; \
         there are {}",
        names.join(", ")
    );
    Error::field("against", path.display(), message)
}

/// The data set of a configuration: the part to compare with, and what was trained on.
fn data_of(config: &RunConfig, request: &EvaluationRequest, monitor: &dyn Monitor) -> Result<Against, Error> {
    let split = request.split.unwrap_or(config.data.held_out());
    // Samples of a training example are near to it by right where training examples are what they are compared with.
    let copies = request.nearest > 0 && split != Split::Train;
    let splits: &[Split] = if copies { &[split, Split::Train] } else { &[split] };
    let mut opened = open_parts(&config.data, splits, config.seed, monitor)?;
    let are_digits = are_digits(config);
    let mut take = |split: Split| {
        let part = opened.take(split)?;
        Some(Collection::of(&*part, format!("{}, {split}", part.name()), are_digits))
    };
    let Some(reference) = take(split) else { return Err(config.data.absent(split).into()) };
    let train = if copies { take(Split::Train) } else { None };
    Ok(Against::Data { reference, train })
}

/// Whether the classifier of digits was made for the data of a configuration.
pub(super) fn are_digits(config: &RunConfig) -> bool {
    config.data.kind() == "mnist" && config.data.get::<MnistConfig>().is_none_or(|c| [0, 2].contains(&c.pad))
}

/// The samples.
pub(super) fn samples(
    request: &EvaluationRequest,
    against: &Against,
    together: &Together<'_>,
) -> Result<Collection, Error> {
    let monitor = together.monitor;
    let path = &request.samples;
    let mut samples = if is_run(path) {
        drawn(request, together)?
    } else if path.is_dir() {
        let Against::Data { reference, .. } = against else {
            let message = "a folder of pictures has no size of its own; compare arrays with statistics";
            return Err(Error::File { path: path.clone(), message: message.into() });
        };
        pictures(path, &reference.shape, monitor)?
    } else {
        Collection::of_array(path, read_array(path, "samples")?)?
    };
    if let Against::Data { reference, .. } = against {
        samples.are_digits = reference.are_digits;
    }
    let size = samples.shape.iter().product::<usize>();
    let name = &samples.name;
    if samples.count() > request.count {
        monitor.say(&format!("{name}: the first {} of {} are judged", request.count, samples.count()));
        samples.values.truncate(request.count * size);
    }
    Ok(samples)
}

/// Draws with rank 0, if the samples are to be drawn.
pub(super) fn draw_with_first(request: &EvaluationRequest, together: &Together<'_>) -> Result<(), Error> {
    if is_run(&request.samples) { drawn(request, together).map(drop) } else { Ok(()) }
}

/// Samples of a run, in the units of the data: for rank 0, of ranks that draw them together.
fn drawn(request: &EvaluationRequest, together: &Together<'_>) -> Result<Collection, Error> {
    let Together { ranks, monitor } = *together;
    let run = Run::open_at(&request.samples, &request.changes, ranks.place())?;
    let draw = Draw::new(request.count).seed(request.seed).batch(request.batch_size).monitor(monitor);
    let draw = draw.ranks(ranks.clone());
    let draw = match run.config().conditions_of(request.split, request.count)? {
        Some(conditions) => draw.conditions(conditions),
        None => draw,
    };
    let drawn = run.draw(draw)?;
    let name = run.checkpoint().display().to_string();
    Collection::of_samples(name, drawn.values, drawn.kind.shape, run.config())
}

/// All pictures of a folder, brought to a shape.
fn pictures(path: &Path, shape: &[usize], monitor: &dyn Monitor) -> Result<Collection, Error> {
    let &[channels, height, width] = shape else {
        return Err(Error::File { path: path.into(), message: "holds pictures, but the others are vectors".into() });
    };
    let config: FolderConfig = serde_json::from_value(serde_json::json!({
        "path": path, "size": [height, width], "channels": channels, "validation_fraction": 0.0,
    }))
    .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
    let mut opened = open_parts(&DatasetConfig::from(config), &[Split::Train], 0, monitor)?;
    let Some(all) = opened.take(Split::Train) else {
        return Err(Error::File { path: path.into(), message: "holds no pictures".into() });
    };
    Ok(Collection::of(&*all, path.display().to_string(), false))
}

/// The shape of a sample, before samples are read or drawn.
fn shape_of_samples(request: &EvaluationRequest) -> Result<Vec<usize>, Error> {
    let path = &request.samples;
    if is_run(path) {
        return Ok(config_of(path, &request.changes)?.data.shape()?);
    }
    if path.is_dir() {
        let message = "both are folders of pictures, and neither says how large they are to be; compare with arrays, or with \
                       a configuration whose data.kind is \"folder\"";
        return Err(Error::field("against", "", message));
    }
    Ok(Collection::of_array(path, read_array(path, "samples")?)?.shape)
}

fn is_run(path: &Path) -> bool {
    ["config.toml", "state.json", "checksums.json"].iter().any(|name| path.join(name).is_file())
}

/// The configuration of a run or of a checkpoint.
fn config_of(path: &Path, changes: &[String]) -> Result<RunConfig, Error> {
    RunConfig::load(&find_checkpoint(path)?.join("config.toml"), changes)
}
