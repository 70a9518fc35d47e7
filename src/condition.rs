//! What samples are drawn for: conditions as a user gives them, in the units of the data.

use std::path::Path;

use burn::tensor::Tensor;
use fokker_datasets::{
    ArrayConfig, Channels, ConditionReader, Conditions, Dataset, DatasetConfig, Picture, Rows, Split,
};

use crate::config::RunConfig;
use crate::error::Error;
use crate::opening::open_parts;

/// Something that a condition is made of, in the units of the data: the numbers of a vector, an array, or a whole example that the
/// run's transformations measure. One of it, or several in a row: sample `i` is drawn for number `i` modulo how many there are.
///
/// ```
/// use fokker::{Draw, Given};
///
/// // Slant and thickness, for all samples.
/// let draw = Draw::new(16).given([0.3, 2.5]);
/// // Two small pictures of 7 × 7 pixels from 0 to 255, in turn.
/// let draw = Draw::new(16).given(Given::new([2, 1, 7, 7], vec![0.0; 98])?);
/// # Ok::<(), fokker::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl<const N: usize> From<[f32; N]> for Given {
    fn from(numbers: [f32; N]) -> Self {
        Self::from(numbers.to_vec())
    }
}

impl From<Vec<f32>> for Given {
    fn from(values: Vec<f32>) -> Self {
        Self { shape: vec![values.len()], values }
    }
}

impl Given {
    /// Numbers of a shape, last dimension fastest.
    ///
    /// # Errors
    /// Numbers that do not fill the shape, or none.
    pub fn new(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Result<Self, Error> {
        let shape = shape.into();
        if values.is_empty() || shape.iter().product::<usize>() != values.len() {
            let message = format!("{} numbers do not fill the shape {shape:?}", values.len());
            return Err(Error::field("condition", "", message));
        }
        Ok(Self { shape, values })
    }

    /// The numbers of a tensor.
    ///
    /// # Errors
    /// A tensor without numbers.
    pub fn tensor<const D: usize>(tensor: Tensor<D>) -> Result<Self, Error> {
        let shape = tensor.dims();
        Self::new(shape, tensor.into_data_as::<f32>().as_slice::<f32>().expect("converted to f32 just above").to_vec())
    }

    /// Numbers as text, such as `0.3,1.2`; or a file: `.npy`, `.npz`, `.safetensors`, `.csv` and `.tsv` with one condition in a row, or a
    /// picture.
    ///
    /// # Errors
    /// A file that cannot be read or is of no such kind.
    pub fn parse(text: &str, config: &RunConfig) -> Result<Self, Error> {
        let numbers: Result<Vec<f32>, _> = text.split(',').map(|number| number.trim().parse::<f32>()).collect();
        match numbers {
            Ok(numbers) if numbers.iter().all(|number| number.is_finite()) => Ok(numbers.into()),
            Ok(_) => Err(Error::field("condition", text, "expected finite numbers")),
            Err(_) => Self::load(text.as_ref(), config),
        }
    }

    /// Reads a file, as [`Given::parse`].
    ///
    /// # Errors
    /// A file that cannot be read or is of no such kind.
    pub fn load(path: &Path, config: &RunConfig) -> Result<Self, Error> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("npy" | "npz" | "safetensors" | "csv" | "tsv") => {
                let file = ArrayConfig { validation_fraction: 0.0, pixels: Some(false), ..ArrayConfig::new(path) };
                let opened = open_parts(&DatasetConfig::from(file), &[Split::Train], 0, &())?;
                let rows =
                    opened.train.ok_or_else(|| Error::field("condition", path.display(), "there are no rows in it"))?;
                let mut values = vec![0.0; rows.len() * rows.size()];
                for (index, row) in values.chunks_mut(rows.size()).enumerate() {
                    rows.example(index, row);
                }
                Self::new([&[rows.len()], rows.shape()].concat(), values)
            }
            _ => {
                let shape = config.data.shape()?;
                let background = config.data.background();
                let channels = Channels::of(shape[0], background).filter(|_| shape.len() == 3).ok_or_else(|| {
                    let message = "is no file of numbers by its name, and the run's data are no pictures; expected .npy, .npz, \
                                   .safetensors, .csv, or numbers such as 0.3,1.2";
                    Error::field("condition", path.display(), message)
                })?;
                let Picture { shape, pixels } = Picture::load(path, channels)?;
                Self::new(shape, pixels.into_iter().map(f32::from).collect())
            }
        }
    }

    /// Its rows, if they are of this shape: one, or several.
    fn rows(&self, shape: &[usize]) -> Option<Vec<&[f32]>> {
        // What stands in a file may lack a dimension of one: one row, one channel, one number.
        let without_ones = |shape: &[usize]| shape.iter().copied().filter(|&side| side != 1).collect::<Vec<_>>();
        let (own, wanted) = (without_ones(&self.shape), without_ones(shape));
        let fits = own == wanted || own.get(1..).is_some_and(|rest| rest == wanted);
        fits.then(|| self.values.chunks_exact(shape.iter().product::<usize>().max(1)).collect())
    }
}

/// The conditions that several things make together, in the network's units.
///
/// # Errors
/// Something that is neither a vector, an array nor an example of the run; a part that is given twice.
pub(crate) fn conditions(given: &[Given], reader: &ConditionReader) -> Result<Conditions, Error> {
    let (mut vectors, mut arrays): (Option<Rows>, Option<Rows>) = (None, None);
    for given in given {
        let vector = reader.vector_size().filter(|_| vectors.is_none());
        let array = reader.array_shape().filter(|_| arrays.is_none());
        if let Some((size, rows)) = vector.and_then(|size| Some((size, given.rows(&[size])?))) {
            let mut values: Vec<f32> = rows.concat();
            values.chunks_mut(size).for_each(|row| reader.vector(row));
            vectors = Some(Rows::new(size, values));
        } else if let Some(rows) = array.and_then(|shape| given.rows(shape)) {
            arrays = Some(each(&rows, reader.joined_size(), |row, out| reader.array(row, out)));
        } else if let Some(examples) = given.rows(reader.example_shape()) {
            let (mut measured, size) = (false, vector.unwrap_or(0));
            let mut none = true;
            if size > 0 {
                let rows = each(&examples, size, |row, out| measured = reader.vector_of_example(row, out));
                (vectors, none) = if measured { (Some(rows), false) } else { (vectors, none) };
            }
            if array.is_some() {
                let size = reader.joined_size();
                let rows = each(&examples, size, |row, out| measured = reader.array_of_example(row, out));
                (arrays, none) = if measured { (Some(rows), false) } else { (arrays, none) };
            }
            if none {
                return Err(unfit(given, reader));
            }
        } else {
            return Err(unfit(given, reader));
        }
    }
    Ok(Conditions { classes: None, vectors, arrays })
}

fn each(rows: &[&[f32]], size: usize, mut write: impl FnMut(&[f32], &mut [f32])) -> Rows {
    let mut values = Vec::new();
    for row in rows {
        let start = values.len();
        values.resize(start + size, 0.0);
        write(row, &mut values[start..]);
    }
    Rows::new(size, values)
}

/// What would have fitted.
fn unfit(given: &Given, reader: &ConditionReader) -> Error {
    let mut known = Vec::new();
    if let Some(size) = reader.vector_size() {
        known.push(format!("a vector of {size} numbers ({})", reader.vector_names().join(", ")));
    }
    if let Some(shape) = reader.array_shape() {
        known.push(format!("an array of shape {shape:?}"));
    }
    if known.is_empty() {
        return Error::field("condition", "", "the network was trained without a vector or an array");
    }
    let (shape, known) = (&given.shape, known.join(" or "));
    let example = reader.example_shape();
    Error::field(
        "condition",
        "",
        format!(
            "the shape {shape:?} fits nothing that is missing; expected {known}, or, where it is made of examples, one of shape \
             {example:?}; or several in a row"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changes: &[&str]) -> RunConfig {
        let changes: Vec<String> = changes.iter().map(|change| change.to_string()).collect();
        RunConfig::load(Path::new("configs/mnist_from_small.toml"), &changes).unwrap()
    }

    #[test]
    fn small_pictures_and_large_ones_make_the_same_condition() {
        let config = config(&[]);
        let small = Given::new([7, 7], (0..49).map(|value| value as f32).collect()).unwrap();
        let large = (0..784).map(|place| (place / 28 / 4 * 7 + place % 28 / 4) as f32).collect();
        let large = Given::new([1, 1, 28, 28], large).unwrap();
        let [small, large] = [small, large].map(|given| config.conditions(&[given]).unwrap().arrays.unwrap());
        assert_eq!(small, large);
        assert_eq!((small.count(), small.size()), (1, 784));
        assert!((small.row(0)[783] - (48.0 / 127.5 - 1.0)).abs() < 1e-6);
        let message = config.conditions(&[[0.5, 0.5].into()]).unwrap_err().to_string();
        assert!(
            message.contains("[2]") && message.contains("[1, 7, 7]") && message.contains("[1, 28, 28]"),
            "{message}"
        );
    }
}
