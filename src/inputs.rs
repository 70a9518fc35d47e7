//! Data and noise from files, as a network sees them.
//!
//! | name | what is read |
//! |---|---|
//! | `.npy`, `.npz`, `.safetensors`, `.csv`, `.tsv`, `.parquet` | arrays in the units of the data: one of the shape of a sample, or several along a first axis; a table has a row for each |
//! | a folder | every picture in it, in the order of counting |
//! | any other file | a picture, whatever its name says ([`fokker_datasets::picture`]) |
//!
//! Sizes are checked and not changed. Pictures are brought to the channels of the run as its data were: grey is the luminance, and what is
//! transparent lies on the background of the data.

use std::path::Path;
use std::sync::Arc;

use fokker_datasets::{Channels, Dequantization, Picture, picture};
use fokker_evaluation::{is_array, read_array};
use fokker_random::{Index, fill_normals};
use fokker_sampling::slerp;

use crate::config::RunConfig;
use crate::error::Error;

/// Arrays of one shape: data in the network's units, or noise of unit deviation.
///
/// ```
/// use fokker::Inputs;
///
/// // Two points in the plane, and three on the arc between them.
/// let noise = Inputs::new(vec![1.0, 0.0, 0.0, 1.0], 2);
/// let arc = Inputs::between(noise.row(0), noise.row(1), 3);
/// assert_eq!((noise.len(), arc.len(), arc.row(2)), (2, 3, noise.row(1)));
/// ```
#[derive(Clone, Debug)]
pub struct Inputs {
    names: Vec<String>,
    values: Arc<Vec<f32>>,
    size: usize,
    notes: Vec<String>,
}

/// The most numbers: 1 GiB in single precision.
const MOST: usize = 1 << 28;

impl Inputs {
    /// Arrays of `size` numbers, one after the other, named by their numbers.
    pub fn new(values: Vec<f32>, size: usize) -> Self {
        let count = values.len() / size.max(1);
        Self {
            names: (0..count).map(|number| number.to_string()).collect(),
            values: Arc::new(values),
            size,
            notes: Vec::new(),
        }
    }

    /// The noise of sample 0 of a seed.
    pub fn seed(seed: u64, size: usize) -> Self {
        let mut values = vec![0.0; size];
        fill_normals(&mut Index::prior(0).rng(seed), &mut values);
        Self::new(values, size)
    }

    /// The points on the arc from one array to another, the ends among them ([`slerp`]).
    pub fn between(a: &[f32], b: &[f32], count: usize) -> Self {
        let share = |k: usize| if count < 2 { 0.0 } else { k as f64 / (count - 1) as f64 };
        Self::new((0..count).flat_map(|k| slerp(a, b, share(k))).collect(), a.len())
    }

    /// Data of a run, from a picture, a folder of pictures or a file of arrays.
    ///
    /// # Errors
    /// What is not there, cannot be read, is of another size than the run's samples, or holds numbers that are not finite.
    pub fn data(path: &Path, config: &RunConfig) -> Result<Self, Error> {
        let shape = config.data.shape()?;
        let size = shape.iter().product();
        if is_array(path) && !path.is_dir() {
            let raw = array(path, &shape, "a sample of this run")?;
            let mut inputs = Self::new(config.preprocessing.from_raw(&raw, size), size).named_after(path);
            if config.data.is_image() && raw.iter().all(|value| value.abs() <= 1.0) {
                let file = path.display();
                inputs.notes.push(format!("{file}: all its numbers lie between -1 and 1, and pixels go from 0 to 255"));
            }
            return Ok(inputs);
        }
        let refuse = |message: String| Err(Error::File { path: path.into(), message });
        if !path.exists() {
            return refuse("there is no such picture, folder or file of arrays".into());
        }
        let (&[channels, height, width], true) = (&shape[..], config.data.is_image()) else {
            return refuse(format!(
                "samples of this run are arrays of shape {shape:?}, not pictures; give a .npy, .npz, .safetensors, .csv, .tsv or .parquet"
            ));
        };
        let (files, notes) = match path.is_dir() {
            true => picture::list(path)?,
            false => (vec![path.to_path_buf()], Vec::new()),
        };
        check_room(path, files.len(), size)?;
        let Some(reading) = Channels::of(channels, config.data.background()) else {
            return refuse(format!(
                "samples of this run have {channels} channels, and pictures have 1, 3 or 4; give arrays"
            ));
        };
        let units = Dequantization::new(config.preprocessing.clone(), true);
        let mut values = Vec::with_capacity(files.len() * size);
        for file in &files {
            let picture = Picture::load(file, reading)?;
            if picture.shape[1..] != shape[1..] {
                let [_, found_height, found_width] = picture.shape;
                let message = format!(
                    "is {found_width}×{found_height} pixels, and samples of this run are {width}×{height}; crop or resize it"
                );
                return Err(Error::File { path: file.clone(), message });
            }
            values.extend(picture.pixels.into_iter().map(|pixel| units.level(pixel) as f32));
        }
        let names = files.iter().map(|file| file.display().to_string()).collect();
        Ok(Self { names, values: Arc::new(values), size, notes })
    }

    /// Noise of unit deviation for states of a shape, from a file of arrays.
    ///
    /// # Errors
    /// As [`Inputs::data`].
    pub fn noise(path: &Path, shape: &[usize]) -> Result<Self, Error> {
        if !is_array(path) {
            let message =
                "is no array; noise is a .npy, .npz, .safetensors, .csv, .tsv or .parquet, such as `encode` writes"
                    .into();
            return Err(Error::File { path: path.into(), message });
        }
        let values = array(path, shape, "the noise of a sample of this run")?;
        Ok(Self::new(values, shape.iter().product()).named_after(path))
    }

    fn named_after(self, path: &Path) -> Self {
        let file = path.display();
        let names = match self.len() {
            1 => vec![file.to_string()],
            count => (0..count).map(|row| format!("{file}[{row}]")).collect(),
        };
        Self { names, ..self }
    }

    /// How many arrays there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The numbers of an array.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Where each array is from.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What is worth saying of the files, a line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The numbers of one array.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn row(&self, number: usize) -> &[f32] {
        &self.values[number * self.size..(number + 1) * self.size]
    }

    /// The numbers of the arrays `first, first + 1, …`; of the one array again and again if `repeat`.
    pub(crate) fn batch(&self, first: usize, count: usize, repeat: bool) -> Vec<f32> {
        match repeat {
            true => self.row(0).repeat(count),
            false => self.values[first * self.size..(first + count) * self.size].to_vec(),
        }
    }
}

fn check_room(path: &Path, count: usize, size: usize) -> Result<(), Error> {
    if count.checked_mul(size).is_some_and(|numbers| numbers <= MOST) {
        return Ok(());
    }
    let most = MOST / size.max(1);
    let message = format!("holds {count} arrays of {size} numbers; at most {most} are taken at once");
    Err(Error::File { path: path.into(), message })
}

/// The finite numbers of all arrays of a shape in a file.
fn array(path: &Path, shape: &[usize], what: &str) -> Result<Vec<f32>, Error> {
    let refuse = |message: String| Err(Error::File { path: path.into(), message });
    let array = read_array(path, "samples")?;
    let size: usize = shape.iter().product();
    // A single channel need not be named.
    let plain = if shape.len() == 3 && shape[0] == 1 { &shape[1..] } else { shape };
    let count = match &array.shape[..] {
        found if found == shape || found == plain => 1,
        [count, rest @ ..] if rest == shape || rest == plain || rest == [size] => *count,
        found => {
            let several: Vec<String> = shape.iter().map(usize::to_string).collect();
            return refuse(format!(
                "holds an array of shape {found:?}, and {what} has the shape {shape:?}; expected that, or [count, {}] for several",
                several.join(", ")
            ));
        }
    };
    if count == 0 {
        return refuse("holds no arrays: the first side of its shape is 0".into());
    }
    check_room(path, count, size)?;
    let values: Vec<f32> = array.values.iter().map(|&value| value as f32).collect();
    if let Some(place) = values.iter().position(|value| !value.is_finite()) {
        let (row, value) = (place / size, array.values[place]);
        return refuse(format!("number {} of array {row} is {value}; expected finite numbers", place % size));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Pictures, SampleKind, write_samples};
    use fokker_datasets::Preprocessing;

    fn digits(change: &str) -> RunConfig {
        RunConfig::load(Path::new("configs/mnist_vp_small.toml"), &[change.to_string()]).unwrap()
    }

    /// Pictures and arrays in data units are the same numbers, and what was read is written back as it was.
    #[test]
    fn what_goes_in_comes_out_under_every_scale() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let pixels: Vec<u8> = (0..784).map(|k| (k % 256) as u8).collect();
        Pictures { shape: [1, 28, 28], pixels: pixels.clone() }.save_grid(&path("one.png"), 1).unwrap();
        for change in
            ["preprocessing.scale=minus_one_one", "preprocessing.scale=zero_one", "preprocessing.dequantize=true"]
        {
            let config = digits(change);
            let read = Inputs::data(&path("one.png"), &config).unwrap();
            let back: Vec<u8> = read.row(0).iter().map(|&value| config.preprocessing.to_u8(value)).collect();
            assert_eq!(back, pixels, "{change}");
            let digit = SampleKind::images([1, 28, 28], config.preprocessing.clone());
            write_samples(read.row(0), &digit, 0, 1, &path("one.npy")).unwrap();
            let again = Inputs::data(&path("one.npy"), &config).unwrap();
            assert_eq!(again.len(), 1);
            for (a, b) in read.row(0).iter().zip(again.row(0)) {
                assert!((a - b).abs() <= 2.0 * f32::EPSILON, "{change}: {a} {b}");
            }
        }
        let several = Inputs::data(folder.path(), &digits("seed=0")).unwrap();
        assert_eq!((several.len(), several.notes().len()), (1, 1));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let config = digits("seed=0");
        let save = |name: &str, values: &[f32], shape: &[usize]| {
            write_samples(values, &SampleKind::images(shape, Preprocessing::RAW), 0, 1, &path(name)).unwrap();
        };
        save("wrong.npy", &[0.0; 12], &[3, 2, 2]);
        save("nan.npy", &[f32::NAN; 784], &[1, 28, 28]);
        save("small.png", &[0.0; 784], &[1, 14, 56]);
        save("none.npy", &[], &[1, 28, 28]);
        std::fs::write(path("empty.png"), "").unwrap();
        std::fs::write(path("empty.npy"), "").unwrap();
        std::fs::write(path("text.png"), "no picture").unwrap();
        for (name, parts) in [
            ("wrong.npy", &["[1, 3, 2, 2]", "[1, 28, 28]", "[count, 1, 28, 28]"][..]),
            ("nan.npy", &["number 0 of array 0 is NaN", "finite"]),
            ("small.png", &["56×14", "28×28", "resize"]),
            ("none.npy", &["no arrays"]),
            ("empty.png", &["empty"]),
            ("empty.npy", &["empty.npy"]),
            ("text.png", &["text.png"]),
            ("absent.png", &["no such"]),
            ("absent.npy", &["absent.npy"]),
        ] {
            let message = Inputs::data(&path(name), &config).unwrap_err().to_string();
            assert!(parts.iter().chain(&[name]).all(|part| message.contains(part)), "{message}");
        }
        let moons = RunConfig::load(Path::new("configs/moons_2d.toml"), &[]).unwrap();
        let message = Inputs::data(&path("small.png"), &moons).unwrap_err().to_string();
        assert!(message.contains("[2]") && message.contains(".csv"), "{message}");
        let message = Inputs::noise(&path("small.png"), &[2]).unwrap_err().to_string();
        assert!(message.contains(".npy"), "{message}");
    }

    /// Columns have their own mean and deviation, which are taken away and given back.
    #[test]
    fn standardised_tables_are_read_in_their_own_units() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, "12,0\n8,-3\n").unwrap();
        let mut config = RunConfig::load(Path::new("configs/moons_2d.toml"), &[]).unwrap();
        let fitted = serde_json::json!({ "scale": "standardize", "standardization": { "mean": [10.0, 0.0], "std": [2.0, 3.0] } });
        config.preprocessing = serde_json::from_value(fitted).unwrap();
        let read = Inputs::data(&path, &config).unwrap();
        assert_eq!((read.row(0), read.row(1)), (&[1.0, 0.0][..], &[-1.0, -1.0][..]));
        let tabs = folder.path().join("rows.tsv");
        std::fs::write(&tabs, "12\t0\n8\t-3\n").unwrap();
        assert_eq!(Inputs::data(&tabs, &config).unwrap().values, read.values);
        assert_eq!(config.preprocessing.to_raw(read.row(1), 2), [8.0, -3.0]);
    }
}
