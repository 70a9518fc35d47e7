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

    /// Numbers as text, such as `0.3,1.2`; or a file: `.npy`, `.npz`, `.safetensors`, `.csv`, `.tsv` and `.parquet` with one condition in a row, or a
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
            Some("npy" | "npz" | "safetensors" | "csv" | "tsv" | "parquet") => {
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
                                   .safetensors, .csv, .tsv, .parquet, or numbers such as 0.3,1.2";
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
    let is_vector = |given: &&Given| reader.vector_size().is_some_and(|size| given.rows(&[size]).is_some());
    // Vectors first: an example measures only what is missing.
    let (plain, rest): (Vec<&Given>, Vec<&Given>) = given.iter().partition(is_vector);
    for given in plain.into_iter().chain(rest) {
        let vector = reader.vector_size().filter(|_| vectors.is_none());
        let array = reader.array_shape().filter(|_| arrays.is_none());
        let array_rows = array.and_then(|shape| given.rows(shape));
        let is_example = reader.measures_examples() && !(reader.has_stored_array() && array_rows.is_some());
        if let Some((size, rows)) = vector.and_then(|size| Some((size, given.rows(&[size])?))) {
            let mut values: Vec<f32> = rows.concat();
            values.chunks_mut(size).for_each(|row| reader.vector(row));
            vectors = Some(Rows::new(size, values));
        } else if let Some(examples) = given.rows(reader.example_shape()).filter(|_| is_example) {
            let found = vector.and_then(|size| each(&examples, size, |row, out| reader.vector_of_example(row, out)));
            let size = reader.joined_size();
            let made = array.and_then(|_| each(&examples, size, |row, out| reader.array_of_example(row, out)));
            if found.is_none() && made.is_none() {
                return Err(unfit(given, reader));
            }
            (vectors, arrays) = (vectors.or(found), arrays.or(made));
        } else if let Some(rows) = array_rows {
            let write = |row: &[f32], out: &mut [f32]| {
                reader.array(row, out);
                true
            };
            arrays = each(&rows, reader.joined_size(), write);
        } else {
            return Err(unfit(given, reader));
        }
    }
    Ok(Conditions { vectors, arrays, ..Conditions::default() })
}

/// A row of `size` numbers for each of several; none where they cannot be written.
fn each(rows: &[&[f32]], size: usize, mut write: impl FnMut(&[f32], &mut [f32]) -> bool) -> Option<Rows> {
    let mut values = vec![0.0; rows.len() * size];
    let written = rows.iter().zip(values.chunks_mut(size)).all(|(row, out)| write(row, out));
    written.then(|| Rows::new(size, values))
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
        let twice = [Given::new([7, 7], vec![0.0; 49]).unwrap(), Given::new([28, 28], vec![0.0; 784]).unwrap()];
        assert!(config.conditions(&twice).unwrap_err().to_string().contains("fits nothing that is missing"));
        let message = config.conditions(&[[0.5, 0.5].into()]).unwrap_err().to_string();
        assert!(
            message.contains("[2]") && message.contains("[1, 7, 7]") && message.contains("[1, 28, 28]"),
            "{message}"
        );
    }

    /// The known part has the shape of an example: both the part and the vector are measured in it, unless the vector is given.
    #[test]
    fn an_example_makes_all_parts_that_are_missing() {
        let config = config(&[
            "condition.vector={ kind = 'slant_and_thickness' }",
            "condition.array={ kind = 'part', rows = [14, 28] }",
            "network.condition_size=2",
            "network.condition_channels=2",
        ]);
        let stroke = (0..784).map(|place| if (12..16).contains(&(place % 28)) { 255.0 } else { 0.0 }).collect();
        let example = Given::new([28, 28], stroke).unwrap();
        let both = config.conditions(std::slice::from_ref(&example)).unwrap();
        let (vectors, arrays) = (both.vectors.unwrap(), both.arrays.unwrap());
        assert_eq!((vectors.size(), arrays.size()), (2, 2 * 784));
        // Rows above the known ones are 0, a stroke in a known one is 1.
        assert_eq!((arrays.row(0)[13], arrays.row(0)[14 * 28 + 13], arrays.row(0)[784 + 14 * 28]), (0.0, 1.0, 1.0));
        for given in [[example.clone(), [0.5, 3.0].into()], [[0.5, 3.0].into(), example]] {
            let named = config.conditions(&given).unwrap();
            assert_eq!(named.vectors.unwrap().row(0), [0.5, 3.0]);
            assert_eq!(named.arrays.as_ref(), Some(&arrays));
        }
    }
}
