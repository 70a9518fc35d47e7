//! What any network sees that is in a file of the format ONNX.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tract_onnx::prelude::{
    Datum, Framework, InferenceFact, InferenceModel, InferenceModelExt, IntoRunnable, Tensor, TractResult,
    TypedRunnableModel, tvec,
};
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use super::{Extracted, ExtractorKind, Images, ReadOnce};
use crate::{EvaluationError, Features, Watch, register_extractor, sha256};

/// The first output of a network in a file of the format ONNX: all numbers that it has for an image are features. The network has one
/// input, `[batch, channels, height, width]` in single precision, of pixels `(p/255 − mean)/std`. Grey pictures are repeated to three
/// channels for a network of colours. Pictures are not resized.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onnx {
    /// The file.
    pub weights: PathBuf,
    /// What is taken from pixels from 0 to 1.
    #[serde(default)]
    pub mean: f64,
    /// What the difference is divided by.
    #[serde(default = "one")]
    pub std: f64,
    #[serde(skip)]
    loaded: ReadOnce<Loaded>,
}

register_extractor!(Onnx as "onnx");

fn one() -> f64 {
    1.0
}

/// The network as it was read, and what it says of its input.
struct Loaded {
    model: InferenceModel,
    /// Channels, height and width, as far as the file fixes them.
    sides: [Option<usize>; 3],
    checksum: String,
}

/// Pictures that the network sees at once. The last batch is filled up with zeros.
const BATCH: usize = 16;

impl Onnx {
    /// A network of pixels from 0 to 1.
    pub fn new(weights: impl Into<PathBuf>) -> Self {
        Self { weights: weights.into(), mean: 0.0, std: one(), loaded: ReadOnce::default() }
    }

    /// The network, read once.
    fn loaded(&self) -> Result<Arc<Loaded>, EvaluationError> {
        self.loaded.get_or_read(|| Loaded::read(&self.weights))
    }
}

impl Loaded {
    fn read(path: &Path) -> Result<Self, EvaluationError> {
        let refuse = |problem: String| EvaluationError::contents(path, problem);
        let bytes = fs::read(path).map_err(|error| refuse(format!("cannot read the network: {error}")))?;
        let model = tract_onnx::onnx()
            .model_for_read(&mut &bytes[..])
            .map_err(|error| refuse(format!("is no network in ONNX that can be read: {error:#}")))?;
        let inputs = model.inputs.len();
        let fact = match inputs {
            1 => model.input_fact(0).map_err(|error| refuse(format!("{error:#}")))?,
            _ => return Err(refuse(format!("has {inputs} inputs; expected one, the pictures"))),
        };
        let side = |place: usize| fact.shape.dim(place)?.concretize()?.to_usize().ok();
        if fact.shape.rank().concretize().is_some_and(|rank| rank != 4) {
            return Err(refuse("has an input that is not [batch, channels, height, width]".into()));
        }
        let (sides, checksum) = ([1, 2, 3].map(side), sha256(&bytes));
        Ok(Self { model, sides, checksum })
    }

    /// The network for batches of pictures of a shape.
    fn plan(&self, [channels, height, width]: [usize; 3]) -> TractResult<Arc<TypedRunnableModel>> {
        let fact = InferenceFact::dt_shape(f32::datum_type(), [BATCH, channels, height, width]);
        self.model.clone().with_input_fact(0, fact)?.into_optimized()?.into_runnable()
    }

    /// The shape in which the network sees pictures of a shape.
    fn shape(&self, [channels, height, width]: [usize; 3]) -> Option<[usize; 3]> {
        let fits = |side: usize, own: Option<usize>| own.is_none_or(|own| own == side);
        let [own_channels, own_height, own_width] = self.sides;
        let channels = if channels == 1 && own_channels == Some(3) { 3 } else { channels };
        let all = fits(channels, own_channels) && fits(height, own_height) && fits(width, own_width);
        all.then_some([channels, height, width])
    }
}

impl ExtractorKind for Onnx {
    fn check(&self, images: &Images) -> Result<(), EvaluationError> {
        let loaded = self.loaded()?;
        if loaded.shape(images.shape()).is_some() {
            return Ok(());
        }
        let show = |side: Option<usize>| side.map_or("any".into(), |side| side.to_string());
        let ([channels, height, width], own) = (images.shape(), loaded.sides.map(show).join(" × "));
        let problem = format!("images of {channels} × {height} × {width}; {} takes {own}", self.weights.display());
        Err(EvaluationError::input(images.name(), problem))
    }

    fn prepare(&self) -> Result<(), EvaluationError> {
        if !self.mean.is_finite() {
            return Err(EvaluationError::value("extractor.mean", self.mean, "finite"));
        }
        if !(self.std.is_finite() && self.std > 0.0) {
            return Err(EvaluationError::value("extractor.std", self.std, "positive"));
        }
        self.loaded().map(drop)
    }

    fn extract(&self, images: &Images, watch: &dyn Watch) -> Result<Extracted, EvaluationError> {
        self.check(images)?;
        let loaded = self.loaded()?;
        let refuse = |problem: String| EvaluationError::contents(&self.weights, problem);
        let fails = |error: tract_onnx::prelude::TractError| refuse(format!("cannot be evaluated: {error:#}"));
        let shape = loaded.shape(images.shape()).unwrap_or(images.shape());
        let plan = loaded.plan(shape).map_err(fails)?;
        let repeats = shape[0] / images.shape()[0];
        let all: Vec<&[f32]> = images.iter().collect();
        let done = AtomicUsize::new(0);
        let seen = all.par_chunks(BATCH).map(|batch| {
            watch.advance(done.fetch_add(batch.len(), Ordering::Relaxed) as f64 / all.len() as f64)?;
            let scaled = |&pixel: &f32| ((f64::from(pixel) / 255.0 - self.mean) / self.std) as f32;
            let mut pixels: Vec<f32> =
                batch.iter().flat_map(|image| std::iter::repeat_n(*image, repeats).flatten().map(scaled)).collect();
            pixels.resize(BATCH * shape.iter().product::<usize>(), 0.0);
            let of = || -> TractResult<Vec<f64>> {
                let input = Tensor::from_shape(&[BATCH, shape[0], shape[1], shape[2]], &pixels)?;
                let outputs = plan.run(tvec!(input.into()))?;
                let numbers = outputs[0].cast_to::<f64>()?;
                Ok(numbers.to_plain_array_view::<f64>()?.iter().copied().collect())
            };
            let mut numbers = of().map_err(fails)?;
            if numbers.is_empty() || !numbers.len().is_multiple_of(BATCH) {
                return Err(refuse(format!("gives {} numbers for {BATCH} pictures", numbers.len())));
            }
            numbers.truncate(numbers.len() / BATCH * batch.len());
            Ok(numbers)
        });
        let seen: Vec<Vec<f64>> = seen.collect::<Result<_, EvaluationError>>()?;
        let values = seen.concat();
        let dimension = values.len() / all.len().max(1);
        Ok(Extracted { features: Features::new(images.name(), dimension, values)?, classes: None })
    }

    fn version(&self) -> Option<String> {
        self.loaded().ok().map(|loaded| loaded.checksum.clone())
    }
}
