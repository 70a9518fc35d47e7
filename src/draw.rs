//! Drawing samples from a network, batch by batch, and turning them into pictures or tables.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::Preprocessing;
use fokker_model::{Network, NetworkScore, Parameterization, Score};
use fokker_process::Process;
use fokker_sampling::{CallCounter, ClassifierFree, CountedScore, Pictures, SamplerConfig};

use crate::condition::Condition;
use crate::error::Error;
use crate::monitor::Monitor;

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
    /// The noise levels σ/α between which the guidance acts.
    pub guidance_interval: (f64, f64),
    /// The share of the guided prediction that is brought back to the conditional one's deviation, in \[0, 1\].
    pub guidance_rescale: f64,
    /// What is known of the samples beforehand.
    pub condition: Option<Condition>,
    /// How many states on the way are kept, from the initial state to the samples; 0 for none.
    pub frames: usize,
}

impl DrawRequest {
    /// `count` samples from number 0 of seed 0, without guidance.
    pub fn new(sampler: SamplerConfig, count: usize) -> Self {
        Self {
            sampler,
            count,
            first: 0,
            seed: 0,
            batch_size: 64,
            class: None,
            guidance: 1.0,
            guidance_interval: (0.0, f64::INFINITY),
            guidance_rescale: 0.0,
            condition: None,
            frames: 0,
        }
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

/// What was drawn.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// The network's values, sample after sample.
    pub values: Vec<f32>,
    /// The states on the way, each like `values`, brought to the scale of unit variance.
    pub frames: Vec<Vec<f32>>,
    /// Network calls for one batch; guidance takes two where it acts. The largest, if batches differ.
    pub network_calls: usize,
    /// What the sampler reports of itself.
    pub note: String,
}

/// Draws samples; the values are the network's, sample after sample.
///
/// # Errors
/// A class for a network without classes, or one that it does not have; a monitor that stops it.
pub fn draw<N: Network<D>, const D: usize>(
    network: &N,
    reading: &Reading,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
    monitor: &dyn Monitor,
) -> Result<Vec<f32>, Error> {
    Ok(draw_network(network, reading, request, shape, device, monitor)?.values)
}

/// [`draw`], with all there is to know about it.
///
/// # Errors
/// As [`draw`].
pub fn draw_network<N: Network<D>, const D: usize>(
    network: &N,
    reading: &Reading,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
    monitor: &dyn Monitor,
) -> Result<Drawing, Error> {
    check_classes(network.classes(), request)?;
    if let Some(condition) = &request.condition {
        condition.validate(&request.sampler)?;
    }
    let score_of = |first: u64, size: usize, counter: &CallCounter| -> Box<dyn Score<D>> {
        let score = batch_score(network, reading, request, first, size, counter);
        match &request.condition {
            Some(condition) => condition.apply(score, shape, device),
            None => score,
        }
    };
    draw_score(&*reading.process, request, shape, device, score_of, monitor)
}

/// Draws from any score: `score_of` makes that of the samples `first, first + 1, …`, and counts its calls.
///
/// # Errors
/// A sampler that does not fit; a monitor that stops it.
pub fn draw_score<const D: usize>(
    process: &dyn Process,
    request: &DrawRequest,
    shape: &[usize],
    device: &Device,
    score_of: impl Fn(u64, usize, &CallCounter) -> Box<dyn Score<D>>,
    monitor: &dyn Monitor,
) -> Result<Drawing, Error> {
    request.sampler.validate(process)?;
    let steps = request.sampler.steps();
    let batches = request.count.div_ceil(request.batch_size);
    let mut progress = monitor.begin(request.sampler.kind.name(), "steps", 0, (batches * steps) as u64);
    let times = request.sampler.times(process);
    // How a state is brought to unit variance; the times of adaptive steps are each sample's own.
    let scale = |step: usize| match times.get(step) {
        Some(&t) if times.len() == steps + 1 => process.mean_scale(t).hypot(process.std(t)).recip() as f32,
        _ => 1.0,
    };
    let kept: Vec<usize> = (0..request.frames.saturating_sub(1)).map(|k| k * steps / (request.frames - 1)).collect();
    let mut drawing = Drawing { frames: vec![Vec::new(); request.frames], ..Drawing::default() };
    for batch in 0..batches {
        let offset = batch * request.batch_size;
        let size = request.batch_size.min(request.count - offset);
        let first = request.first + offset as u64;
        let mut full = [size; D];
        full[1..].copy_from_slice(shape);
        let mut next = 0;
        let frames = &mut drawing.frames;
        let mut observe = |step: usize, x: &burn::tensor::Tensor<D>| {
            while next < kept.len() && kept[next] <= step {
                let state = x.clone().mul_scalar(scale(step)).into_data_as::<f32>();
                frames[next].extend_from_slice(state.as_slice::<f32>().expect("converted to f32 just above"));
                next += 1;
            }
            progress.update((batch * steps + step) as u64, "");
            monitor.flow()
        };
        let counter = CallCounter::default();
        let score = score_of(first, size, &counter);
        let drawn = request.sampler.draw(&*score, full, request.seed, first, device, &mut observe);
        let drawn = drawn.ok_or(Error::Interrupted)?;
        drawing.network_calls = drawing.network_calls.max(counter.count());
        drawing.note = note(&drawn);
        let samples = drawn.samples.into_data_as::<f32>();
        drawing.values.extend_from_slice(samples.as_slice::<f32>().expect("converted to f32 just above"));
    }
    drop(progress);
    if request.frames > 0 {
        drawing.frames[request.frames - 1] = drawing.values.clone();
    }
    Ok(drawing)
}

/// What the last batch reports.
fn note<const D: usize>(drawn: &fokker_sampling::Drawn<D>) -> String {
    let mut note = String::new();
    if let Some(statistics) = &drawn.adaptive {
        let mean = |counts: &[usize]| counts.iter().sum::<usize>() as f64 / counts.len() as f64;
        note = format!(
            "steps of each sample: {:.1} taken, {:.1} refused; {} rounds",
            mean(&statistics.accepted),
            mean(&statistics.rejected),
            statistics.rounds
        );
        if statistics.forced > 0 {
            note += &format!("; {} steps missed the tolerance: it is too small for this precision", statistics.forced);
        }
    }
    if let Some(acceptance) = drawn.acceptance {
        note = format!("{:.1} % of the proposals accepted", 100.0 * acceptance);
    }
    note
}

fn check_classes(classes: Option<usize>, request: &DrawRequest) -> Result<(), Error> {
    if !(0.0..=1.0).contains(&request.guidance_rescale) {
        let share = request.guidance_rescale;
        return Err(Error::Usage(format!("--guidance-rescale {share}: must lie between 0 and 1")));
    }
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
    counter: &CallCounter,
) -> Box<dyn Score<D>> {
    let score = NetworkScore::new(network.clone(), reading.process.clone(), reading.parameterization);
    let Some(classes) = network.classes() else { return Box::new(CountedScore::new(score, counter)) };
    let class = |sample: usize| request.class.unwrap_or(((first + sample as u64) % classes as u64) as usize);
    let conditional = CountedScore::new(score.clone().with_classes((0..size).map(class).collect()), counter);
    if request.guidance == 1.0 {
        return Box::new(conditional);
    }
    let unconditional = CountedScore::new(score.with_classes(vec![classes; size]), counter);
    let (low, high) = request.guidance_interval;
    let guided = ClassifierFree::new(conditional, unconditional, request.guidance);
    Box::new(guided.within(low, high).rescaled(request.guidance_rescale))
}

/// Writes the states on the way: as one animation (a path ending in `.gif`), or as a strip with a row for each sample
/// and a column for each state.
///
/// # Errors
/// Samples that are no images; a file that cannot be written.
pub fn write_trajectory(
    frames: &[Vec<f32>],
    shape: &[usize],
    preprocessing: &Preprocessing,
    columns: usize,
    path: &Path,
) -> Result<(), Error> {
    let is_gif = path.extension().is_some_and(|extension| extension == "gif");
    let pictures = |values: &[f32]| -> Result<Pictures, Error> {
        if let &[channels, height, width] = shape {
            let pixels = values.iter().map(|&value| preprocessing.to_u8(value)).collect();
            return Ok(Pictures { shape: [channels, height, width], pixels });
        }
        match shape {
            [2] => Ok(density_picture(values)),
            _ => Err(Error::Usage("--trajectory: only images and points in the plane can be shown".into())),
        }
    };
    if is_gif {
        let pictures: Vec<Pictures> = frames.iter().map(|frame| pictures(frame)).collect::<Result<_, _>>()?;
        let columns = if shape.len() == 1 { 1 } else { columns };
        return Ok(fokker_sampling::save_animation(&pictures, columns, path)?);
    }
    if shape.len() == 1 {
        let pictures: Vec<Pictures> = frames.iter().map(|frame| pictures(frame)).collect::<Result<_, _>>()?;
        let shape = pictures[0].shape;
        let pixels = pictures.into_iter().flat_map(|picture| picture.pixels).collect();
        return Ok(Pictures { shape, pixels }.save_grid(path, frames.len())?);
    }
    let each = shape.iter().product::<usize>();
    let count = frames.last().map_or(0, |frame| frame.len() / each);
    let rows = (0..count).flat_map(|sample| frames.iter().map(move |frame| &frame[sample * each..(sample + 1) * each]));
    let values: Vec<f32> = rows.flatten().copied().collect();
    Ok(pictures(&values)?.save_grid(path, frames.len())?)
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
    let beside = path.with_extension("csv.partial");
    std::fs::write(&beside, table).and_then(|()| std::fs::rename(&beside, path)).map_err(failed)
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
