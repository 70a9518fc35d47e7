//! `fokker encode`.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::datasets::Preprocessing;
use fokker::samples::{NotFinite, SampleFormat, SampleKind};
use fokker::{Error, Inputs, SampleWriter};
use serde_json::{Value, json};

use super::flow::FlowOptions;
use super::results::print_result;
use super::terminal::Terminal;
use super::{default_out, drawn};

/// Find the noise that data come from, by the probability flow, and how well it leads back to them
#[derive(Args)]
pub struct Encode {
    /// A run's folder, or one of its checkpoints
    run: PathBuf,
    /// A picture, a folder of pictures, or an array (.npy, .npz, .safetensors, .csv) in the units of the data
    #[arg(value_name = "PICTURE|FOLDER|ARRAY")]
    data: PathBuf,
    /// Where the noise goes, an array (.npy, .npz, .safetensors, .csv) for `fokker sample --noise`
    #[arg(long)]
    out: Option<PathBuf>,
    /// Also write what the noise leads back to: a grid (.png, .jpg, .webp), numbers, or a folder
    #[arg(long, value_name = "FILE")]
    decoded: Option<PathBuf>,
    #[command(flatten)]
    flow: FlowOptions,
}

/// How far data are from what their noise leads back to, and how normal the noise is.
struct Found {
    name: String,
    /// Root of the mean squared difference, in the units of the data.
    rms: f64,
    largest: f64,
    noise_mean: f64,
    noise_std: f64,
}

impl Encode {
    /// Encodes, and decodes again.
    pub fn run(self) -> Result<(), Error> {
        let checkpoint = self.flow.open(&self.run)?;
        let config = checkpoint.config();
        let request = self.flow.request(&checkpoint, true)?;
        let inputs = Inputs::data(&self.data, config)?;
        inputs.notes().iter().for_each(|note| eprintln!("{note}"));
        checkpoint.check_encoding(&inputs, &request)?;
        let samples = checkpoint.samples();
        // Noise has no units that data have.
        let noises = SampleKind::numbers(&samples.shape[..], Preprocessing::RAW);
        let out = self.out.clone().unwrap_or_else(|| {
            let name = self.data.file_stem().map_or("data".into(), |name| name.to_string_lossy());
            default_out::file(&self.run, &format!("{name}-noise.npy"))
        });
        if !matches!(SampleFormat::of(&out, &samples)?, SampleFormat::Array(_)) {
            let message = "noise is numbers; name a .npy, .npz, .safetensors or .csv";
            return Err(Error::Usage(format!("{}: {message}", out.display())));
        }
        if self.decoded.as_ref() == Some(&out) {
            return Err(Error::Usage("--decoded: is the same file as --out; name another".into()));
        }
        let columns = (inputs.len() as f64).sqrt().ceil() as usize;
        let open = |path: &Path, kind: &SampleKind| SampleWriter::open(path, kind, (0, inputs.len()), columns.max(1));
        let mut noise = open(&out, &noises)?;
        let mut decoded = self.decoded.as_ref().map(|path| open(path, &samples)).transpose()?;
        let size = inputs.size();
        let mut found = Vec::with_capacity(inputs.len());
        let mut not_finite = NotFinite::default();
        let encoding = checkpoint.encode(&inputs, &request, &Terminal::new(), |batch| {
            noise.write(batch.noise)?;
            decoded.as_mut().map_or(Ok(()), |decoded| decoded.write(batch.decoded))?;
            not_finite.add(batch.noise, size, batch.first as u64);
            let rows = batch.noise.chunks(size).zip(batch.decoded.chunks(size));
            for (number, (noise, back)) in (batch.first..).zip(rows) {
                let raw = |values: &[f32]| samples.preprocessing.to_raw(values, size);
                found.push(Found::of(&inputs.names()[number], noise, (&raw(inputs.row(number)), &raw(back))));
            }
            Ok(())
        });
        let is_done = encoding.is_ok();
        let finish = |writer: SampleWriter, path: &Path| match is_done {
            true => writer.finish().map(|()| Some(path.to_path_buf())),
            false => writer.finish_early(),
        };
        let mut files: Vec<PathBuf> = finish(noise, &out)?.into_iter().collect();
        if let (Some(writer), Some(path)) = (decoded, &self.decoded) {
            files.extend(finish(writer, path)?);
        }
        let drawing = request.drawing(inputs.len());
        let mut object = drawn::origin(&self.run, &checkpoint, &drawing)?;
        let calls = encoding.as_ref().ok().map(|cost| (cost.encoding_calls, cost.decoding_calls));
        object["network_calls"] = json!(calls.map(|(there, back)| json!({ "encoding": there, "decoding": back })));
        object["count"] = json!(found.len());
        object["finished"] = json!(is_done);
        object["error"] = summary(&found);
        object["data"] = found.iter().map(Found::object).collect();
        object["files"] = json!(files);
        let unit = if config.data.is_image() { "levels of 255" } else { "units of the data" };
        print_result(object, || table(&found, unit, &files));
        if !is_done {
            eprintln!("{} of {} are encoded", found.len(), inputs.len());
        }
        let cost = encoding?;
        eprintln!("{} network calls to noise for a batch, {} back", cost.encoding_calls, cost.decoding_calls);
        not_finite.check("noises")
    }
}

impl Found {
    fn of(name: &str, noise: &[f32], (data, back): (&[f32], &[f32])) -> Self {
        let differences = || data.iter().zip(back).map(|(a, b)| f64::from(*a) - f64::from(*b));
        let count = data.len() as f64;
        let noise_mean = noise.iter().map(|&z| f64::from(z)).sum::<f64>() / count;
        let variance = noise.iter().map(|&z| (f64::from(z) - noise_mean).powi(2)).sum::<f64>() / count;
        Self {
            name: name.into(),
            rms: (differences().map(|d| d * d).sum::<f64>() / count).sqrt(),
            largest: differences().map(f64::abs).fold(0.0, larger),
            noise_mean,
            noise_std: variance.sqrt(),
        }
    }

    fn object(&self) -> Value {
        json!({
            "name": self.name, "rms": self.rms, "largest": self.largest,
            "noise": { "mean": self.noise_mean, "std": self.noise_std },
        })
    }
}

/// The larger number; NaN if one of them is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// Over all data.
fn summary(found: &[Found]) -> Value {
    let square = found.iter().map(|one| one.rms * one.rms).sum::<f64>() / found.len().max(1) as f64;
    json!({ "rms": square.sqrt(), "largest": found.iter().map(|one| one.largest).fold(0.0, larger) })
}

fn table(found: &[Found], unit: &str, files: &[PathBuf]) -> String {
    const MOST: usize = 20;
    let mut text = format!(
        "{:>12} {:>12} {:>12} {:>12}  error after the way back, in {unit}\n",
        "rms", "largest", "noise mean", "noise std"
    );
    for one in found.iter().take(MOST) {
        let Found { name, rms, largest, noise_mean, noise_std } = one;
        text += &format!("{rms:>12.3e} {largest:>12.3e} {noise_mean:>12.4} {noise_std:>12.4}  {name}\n");
    }
    if found.len() > MOST {
        text += &format!("and {} more\n", found.len() - MOST);
    }
    if found.len() > 1 {
        let all = summary(found);
        let number = |key: &str| all[key].as_f64().unwrap_or(f64::NAN);
        text += &format!("{:>12.3e} {:>12.3e} {:>12} {:>12}  all\n", number("rms"), number("largest"), "", "");
    }
    text + &files.iter().map(|file| format!("{}\n", file.display())).collect::<String>()
}
