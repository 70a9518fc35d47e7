//! Drawing samples from a network, batch by batch, and turning them into pictures or tables.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::Preprocessing;
use fokker_model::{Network, NetworkScore, Parameterization, Score};
use fokker_process::Process;
use fokker_sampling::{ClassifierFree, Pictures, SamplerConfig};

use crate::error::Error;
use crate::interrupt;
use crate::progress::Progress;

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
    /// Weight of classifier-free guidance, for conditional networks.
    pub guidance: f64,
}

impl DrawRequest {
    /// `count` samples from number 0 of seed 0, without guidance.
    pub fn new(sampler: SamplerConfig, count: usize) -> Self {
        Self { sampler, count, first: 0, seed: 0, batch_size: 64, class: None, guidance: 1.0 }
    }
}

/// What turns a network into a score.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The forward process.
    pub process: Arc<dyn Process>,
    /// What the network's output means.
    pub parameterization: Parameterization,
}

/// Draws samples; the values are the network's, sample after sample.
///
/// # Errors
/// A class for a network without classes, or one that it does not have; Ctrl-C.
pub fn draw<N: Network<D>, const D: usize>(
    network: &N,
    reading: &Reading,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
) -> Result<Vec<f32>, Error> {
    request.sampler.validate(&*reading.process)?;
    check_classes(network.classes(), request)?;
    let steps = request.sampler.steps();
    let batches = request.count.div_ceil(request.batch_size);
    let mut progress = Progress::new(request.sampler.kind.name(), "steps", 0, (batches * steps) as u64);
    let mut values = Vec::with_capacity(request.count * shape.iter().product::<usize>());
    for batch in 0..batches {
        let offset = batch * request.batch_size;
        let size = request.batch_size.min(request.count - offset);
        let first = request.first + offset as u64;
        let mut full = [size; D];
        full[1..].copy_from_slice(shape);
        let mut observe = |step: usize, _: &_| {
            progress.update((batch * steps + step) as u64, "");
            if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let score = batch_score(network, reading, request, first, size);
        let drawn = request.sampler.sample(&*score, full, request.seed, first, device, &mut observe);
        let drawn = drawn.ok_or(Error::Interrupted)?.into_data_as::<f32>();
        values.extend_from_slice(drawn.as_slice::<f32>().expect("converted to f32 just above"));
    }
    progress.finish();
    Ok(values)
}

fn check_classes(classes: Option<usize>, request: &DrawRequest) -> Result<(), Error> {
    match (classes, request.class) {
        (None, Some(_)) => Err(Error::Usage("--class: the network was trained without classes".into())),
        (Some(count), Some(class)) if class >= count => {
            Err(Error::Usage(format!("--class {class}: the network has the classes 0 to {}", count - 1)))
        }
        (None, None) if request.guidance != 1.0 => {
            Err(Error::Usage("--guidance: the network was trained without classes".into()))
        }
        _ => Ok(()),
    }
}

fn batch_score<N: Network<D>, const D: usize>(
    network: &N,
    reading: &Reading,
    request: &DrawRequest,
    first: u64,
    size: usize,
) -> Box<dyn Score<D>> {
    let score = NetworkScore::new(network.clone(), reading.process.clone(), reading.parameterization);
    let Some(classes) = network.classes() else { return Box::new(score) };
    let class = |sample: usize| request.class.unwrap_or(((first + sample as u64) % classes as u64) as usize);
    let conditional = score.clone().with_classes((0..size).map(class).collect());
    if request.guidance == 1.0 {
        return Box::new(conditional);
    }
    Box::new(ClassifierFree::new(conditional, score.with_classes(vec![classes; size]), request.guidance))
}

/// Writes samples: images as a grid (a path ending in `.png`) or one file each (any other path, as a folder); vectors
/// as a table (`.csv`) or, if they have two coordinates, as a picture of their density (`.png`).
///
/// # Errors
/// A file that cannot be written.
pub fn write_samples(
    values: &[f32],
    shape: &[usize],
    preprocessing: &Preprocessing,
    first: u64,
    columns: usize,
    path: &Path,
) -> Result<(), Error> {
    let is_png = path.extension().is_some_and(|extension| extension == "png");
    if let &[channels, height, width] = shape {
        let pixels = values.iter().map(|&value| preprocessing.to_u8(value)).collect();
        let pictures = Pictures { shape: [channels, height, width], pixels };
        match is_png {
            true => pictures.save_grid(path, columns)?,
            false => pictures.save_each(path, first)?,
        }
        return Ok(());
    }
    let dimension = shape[0];
    if is_png && dimension == 2 {
        density_picture(values).save_grid(path, 1)?;
        return Ok(());
    }
    let mut table = String::new();
    for point in values.chunks(dimension) {
        let row: Vec<String> = point.iter().map(|&value| preprocessing.to_raw(value).to_string()).collect();
        table += &(row.join(",") + "\n");
    }
    let failed = |error: std::io::Error| Error::File { path: path.into(), message: error.to_string() };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, table).map_err(failed)
}

/// Points in the plane as a picture: darker where there are more, the whole set in view.
fn density_picture(points: &[f32]) -> Pictures {
    const SIDE: usize = 256;
    let extent = points.iter().filter(|value| value.is_finite()).fold(1e-6f32, |extent, value| extent.max(value.abs()));
    let cell = |value: f32| (((value / extent * 0.95 + 1.0) * 0.5 * SIDE as f32) as usize).min(SIDE - 1);
    let mut counts = vec![0u32; SIDE * SIDE];
    for point in points.chunks(2).filter(|point| point.iter().all(|value| value.is_finite())) {
        counts[(SIDE - 1 - cell(point[1])) * SIDE + cell(point[0])] += 1;
    }
    let most = counts.iter().max().copied().unwrap_or(0).max(1) as f32;
    let pixels = counts.iter().map(|&count| (255.0 * (1.0 - (count as f32 / most).sqrt())) as u8).collect();
    Pictures { shape: [1, SIDE, SIDE], pixels }
}
