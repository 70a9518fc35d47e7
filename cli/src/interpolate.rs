//! `fokker interpolate`.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::datasets::Rows;
use fokker::sampling::angle;
use fokker::{Beginning, CheckpointSampler, EncodingRequest, Error, Inputs, SampleWriter};
use serde_json::{Value, json};

use super::flow::FlowOptions;
use super::numbers::positive;
use super::terminal::Terminal;
use super::{default_out, drawn};

/// Draw what lies between two pictures, noises or seeds, along the arc between their noises
#[derive(Args)]
pub struct Interpolate {
    /// A run's folder, or one of its checkpoints
    run: PathBuf,
    /// One end: a picture or an array, noise, or a seed, as --of says
    a: PathBuf,
    /// The other end
    b: PathBuf,
    /// What the ends are
    #[arg(long, value_enum, default_value = "data")]
    of: Ends,
    /// Number of samples, the ends among them; at least 2
    #[arg(long, default_value_t = 9, value_parser = positive)]
    count: usize,
    /// Images in a row of the grid
    #[arg(long, default_value_t = 10, value_parser = positive)]
    columns: usize,
    /// Where to: a grid (.png, .jpg, .webp), numbers (.npy, .npz, .safetensors, .csv), or a folder of one image each
    #[arg(long)]
    out: Option<PathBuf>,
    /// Also write each sample into this folder
    #[arg(long, value_name = "FOLDER")]
    each: Option<PathBuf>,
    #[command(flatten)]
    flow: FlowOptions,
}

/// What the ends are.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Ends {
    /// Pictures or arrays in the units of the data, which are encoded
    Data,
    /// Arrays of noise, as `fokker encode` writes them
    Noise,
    /// Numbers of seeds: what `fokker sample --seed A --count 1` draws
    Seeds,
}

impl Interpolate {
    /// Draws.
    pub fn run(self) -> Result<(), Error> {
        if self.count < 2 {
            return Err(Error::field("count", self.count, "must be at least 2, for the two ends"));
        }
        let checkpoint = self.flow.open(&self.run)?;
        let encoding = self.flow.request(&checkpoint, false)?;
        if encoding.sampler.draws_noise() {
            let name = encoding.sampler.kind.name();
            let message =
                format!("{name} draws noise on its way, so that its ends would be others; take probability_flow");
            return Err(Error::field("sampler", "", message));
        }
        checkpoint.check_one_class(&encoding)?;
        let counts = encoding.condition.iter().flat_map(|c| [&c.vectors, &c.arrays]).flatten().map(Rows::count);
        if let Some(count) = counts.into_iter().find(|&count| count > 1) {
            let message = format!("holds {count} of them, and all samples of a way are drawn for one");
            return Err(Error::field("condition", "", message));
        }
        let ends = self.ends(&checkpoint, &encoding)?;
        let samples = checkpoint.samples();
        let mut request = encoding.drawing(self.count);
        checkpoint.check(&request)?;
        let out = self.out.clone().unwrap_or_else(|| default_out::samples(&self.run, "interpolation", 0, &samples));
        let open = |path: &Path| SampleWriter::open(path, &samples, (0, self.count), self.columns);
        let mut writers = vec![(open(&out)?, out.clone())];
        if let Some(folder) = &self.each {
            if folder.extension().is_some() && !folder.is_dir() {
                let message = "is no folder; its name would have no extension, or end in /";
                return Err(Error::Usage(format!("--each {}: {message}", folder.display())));
            }
            writers.push((open(folder)?, folder.clone()));
        }
        let terminal = Terminal::new();
        let noises = match self.of {
            Ends::Data => encoded(&checkpoint, &ends, &encoding, &terminal)?,
            _ => ends.to_vec(),
        };
        let [a, b] = [noises[0].row(0), noises[1].row(0)];
        let degrees = angle(a, b).to_degrees();
        request.beginning = Some(Beginning::Noise(Inputs::between(a, b, self.count)));
        let drawing = checkpoint.draw(&request, &terminal, |batch| {
            writers.iter_mut().try_for_each(|(writer, _)| writer.write(batch.values))
        });
        let written = writers[0].0.written();
        let not_finite = writers[0].0.not_finite().check("samples");
        let mut files = Vec::new();
        for (writer, path) in writers {
            match drawing.is_ok() {
                true => {
                    writer.finish()?;
                    files.push(path);
                }
                false => files.extend(writer.finish_early()?),
            }
        }
        let calls = drawing.as_ref().ok().map(|cost| cost.network_calls);
        request.beginning = None;
        let mut object = drawn::object(&self.run, &checkpoint, &request, (written, calls), &files)?;
        // The ends say what the noise is, not a seed.
        object["seed"] = Value::Null;
        object["ends"] = json!({ "of": format!("{:?}", self.of).to_lowercase(), "a": self.a, "b": self.b });
        object["degrees"] = json!(degrees);
        drawn::print(object, &files);
        if drawing.is_err() {
            eprintln!("{written} of {} samples are drawn", self.count);
        }
        let cost = drawing?;
        eprintln!("{degrees:.1} degrees between the noises; {} network calls for a batch", cost.network_calls);
        not_finite
    }

    /// The two ends, read: data, or noise.
    fn ends(&self, checkpoint: &CheckpointSampler, encoding: &EncodingRequest) -> Result<[Inputs; 2], Error> {
        let shape = checkpoint.config().state_shape()?;
        let read = |path: &Path| {
            let inputs = match self.of {
                Ends::Data => Inputs::data(path, checkpoint.config())?,
                Ends::Noise => Inputs::noise(path, &shape)?,
                Ends::Seeds => {
                    let seed = path.to_str().and_then(|text| text.parse().ok());
                    let wrong = || Error::Usage(format!("{}: is no seed; a seed is a whole number", path.display()));
                    Inputs::seed(seed.ok_or_else(wrong)?, shape.iter().product())
                }
            };
            inputs.notes().iter().for_each(|note| eprintln!("{note}"));
            match inputs.len() {
                1 => Ok(inputs),
                count => {
                    let message = format!("holds {count} of them, and an end is one; name a file with one");
                    Err(Error::File { path: path.into(), message })
                }
            }
        };
        let ends = [read(&self.a)?, read(&self.b)?];
        if self.of == Ends::Data {
            ends.iter().try_for_each(|end| checkpoint.check_encoding(end, encoding))?;
        }
        Ok(ends)
    }
}

/// The noise of each end.
fn encoded(
    checkpoint: &CheckpointSampler,
    ends: &[Inputs; 2],
    request: &EncodingRequest,
    terminal: &Terminal,
) -> Result<Vec<Inputs>, Error> {
    let both = Inputs::new([ends[0].row(0), ends[1].row(0)].concat(), ends[0].size());
    let mut noise = Vec::new();
    checkpoint.encode(&both, request, terminal, |batch| {
        noise.extend_from_slice(batch.noise);
        Ok(())
    })?;
    Ok(noise.chunks(both.size()).map(|noise| Inputs::new(noise.to_vec(), both.size())).collect())
}
