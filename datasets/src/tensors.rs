//! A data set of one's own, in memory.

use crate::{Dataset, DatasetError, Orientation, Rows};

/// Examples of one's own: numbers in memory, with labels or without.
///
/// The numbers are taken as they are, so [`Preprocessing::RAW`](crate::Preprocessing::RAW) belongs to them. For pixels from 0 to
/// 255, which [`Preprocessing`](crate::Preprocessing) scales, there is [`Tensors::pixels`].
///
/// ```
/// use fokker_datasets::{Dataset, Tensors};
///
/// // Three points in the plane.
/// let points = Tensors::new(vec![0.0, 1.0, 0.5, 0.5, 1.0, 0.0], [2])?;
/// assert_eq!((points.len(), points.shape()), (3, &[2][..]));
///
/// // The same from an iterator, each with a class.
/// let points = Tensors::from_examples([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]], [2])?.with_labels(vec![0, 1, 0])?;
/// assert_eq!(points.classes(), Some(2));
///
/// let error = Tensors::new(vec![0.0, f32::NAN], [2]).unwrap_err();
/// assert_eq!(error.to_string(), "config key `data`: number 1 of example 0 is NaN; expected finite numbers");
/// # Ok::<(), fokker_datasets::DatasetError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensors {
    name: String,
    values: Vec<f32>,
    shape: Vec<usize>,
    labels: Option<Vec<usize>>,
    classes: usize,
    class_names: Option<Vec<String>>,
    are_pixels: bool,
    vectors: Option<Rows>,
    arrays: Option<Rows>,
}

impl Tensors {
    /// Examples one after the other, each of a shape and with its last dimension fastest: `[dimension]` for vectors, `[channels,
    /// height, width]` for images.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: no example or half of one, a shape without numbers, a number that is not finite.
    pub fn new(values: Vec<f32>, shape: impl Into<Vec<usize>>) -> Result<Self, DatasetError> {
        let shape = shape.into();
        let size = shape.iter().product::<usize>();
        if shape.is_empty() || size == 0 {
            return refuse(format!("examples of shape {shape:?} hold no numbers"));
        }
        if values.is_empty() || !values.len().is_multiple_of(size) {
            return refuse(format!("{} numbers are no examples of {size} numbers, shape {shape:?}", values.len()));
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (example, number) = (place / size, place % size);
            let value = values[place];
            return refuse(format!("number {number} of example {example} is {value}; expected finite numbers"));
        }
        Ok(Self {
            name: "tensors".into(),
            values,
            shape,
            labels: None,
            classes: 0,
            class_names: None,
            are_pixels: false,
            vectors: None,
            arrays: None,
        })
    }

    /// Examples of a shape from an iterator.
    ///
    /// # Errors
    /// Those of [`Tensors::new`]; an example of another size, by its number.
    pub fn from_examples<E: AsRef<[f32]>>(
        examples: impl IntoIterator<Item = E>,
        shape: impl Into<Vec<usize>>,
    ) -> Result<Self, DatasetError> {
        let shape = shape.into();
        let size = shape.iter().product::<usize>();
        let mut values = Vec::new();
        for (number, example) in examples.into_iter().enumerate() {
            let example = example.as_ref();
            if example.len() != size {
                let found = example.len();
                return refuse(format!("example {number} has {found} numbers; expected {size}, for shape {shape:?}"));
            }
            values.extend_from_slice(example);
        }
        Self::new(values, shape)
    }

    /// Pixels from 0 to 255, image after image and channels first. They are scaled, and perhaps flipped and dequantised, like
    /// those of the other image sets.
    ///
    /// # Errors
    /// Those of [`Tensors::new`].
    pub fn pixels(pixels: &[u8], shape: [usize; 3]) -> Result<Self, DatasetError> {
        let values = pixels.iter().map(|&pixel| f32::from(pixel)).collect();
        Ok(Self { are_pixels: true, ..Self::new(values, shape)? })
    }

    /// The same with a class for each example. There are as many classes as the largest number says.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: not one label for each example.
    pub fn with_labels(self, labels: Vec<usize>) -> Result<Self, DatasetError> {
        let (found, examples) = (labels.len(), self.len());
        if found != examples {
            return refuse(format!("{found} labels for {examples} examples; expected one for each"));
        }
        let classes = labels.iter().max().map_or(0, |largest| largest + 1);
        Ok(Self { labels: Some(labels), classes, ..self })
    }

    /// The same with a name for each class, which `class` may be asked for by.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: fewer names than labels say there are classes.
    pub fn with_class_names(self, names: Vec<String>) -> Result<Self, DatasetError> {
        let (found, classes) = (names.len(), self.classes);
        if self.labels.is_none() || found < classes {
            return refuse(format!("{found} names for {classes} classes; expected one for each"));
        }
        Ok(Self { classes: found, class_names: Some(names), ..self })
    }

    /// The same with a vector for each example, which a network can take as its [condition](crate::condition): so many numbers
    /// each, one vector after the other. They are taken as they are; [`Conditioned`](crate::Conditioned) brings them to mean 0 and
    /// deviation 1.
    ///
    /// ```
    /// use fokker_datasets::{Conditions, Tensors};
    ///
    /// let points = Tensors::from_examples([[0.0, 1.0], [0.5, 0.5]], [2])?.with_vectors(vec![1.7, 1.9], 1)?;
    /// assert_eq!(Conditions::of(&points, [1]).vectors.unwrap().row(0), [1.9]);
    /// # Ok::<(), fokker_datasets::DatasetError>(())
    /// ```
    ///
    /// # Errors
    /// [`DatasetError::Config`]: not so many numbers for each example, or one that is not finite.
    pub fn with_vectors(self, numbers: Vec<f32>, size: usize) -> Result<Self, DatasetError> {
        let vectors = Some(rows("vectors", numbers, size, self.len())?);
        Ok(Self { vectors, ..self })
    }

    /// The same with an array of the example's size for each example, which a network can take as its
    /// [condition](crate::condition): of so many channels, one array after the other. They are taken as they are.
    ///
    /// ```
    /// use fokker_datasets::{Dataset, Tensors};
    ///
    /// // Two signals of three steps, each with two others.
    /// let signals = Tensors::new(vec![0.0; 6], [1, 3])?.with_arrays(vec![1.0; 12], 2)?;
    /// assert_eq!(signals.array_channels(), Some(2));
    /// # Ok::<(), fokker_datasets::DatasetError>(())
    /// ```
    ///
    /// # Errors
    /// [`DatasetError::Config`]: examples that are vectors, not so many numbers for each example, or one that is not finite.
    pub fn with_arrays(self, numbers: Vec<f32>, channels: usize) -> Result<Self, DatasetError> {
        if self.shape.len() < 2 {
            return refuse(format!("examples of shape {:?} have no channels that others can be joined to", self.shape));
        }
        let size = channels * self.shape[1..].iter().product::<usize>();
        let arrays = Some(rows("arrays", numbers, size, self.len())?);
        Ok(Self { arrays, ..self })
    }

    /// The same under a name, for reports. The name is `tensors` otherwise.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The examples of these numbers, in that order.
    ///
    /// # Panics
    /// If a number is not below [`Dataset::len`].
    pub(crate) fn select(&self, numbers: &[usize]) -> Self {
        let size = self.size();
        let values = numbers.iter().flat_map(|&number| &self.values[number * size..(number + 1) * size]);
        let labels = self.labels.as_ref().map(|labels| numbers.iter().map(|&number| labels[number]).collect());
        let (name, shape, class_names) = (self.name.clone(), self.shape.clone(), self.class_names.clone());
        let chosen = |rows: &Option<Rows>| rows.as_ref().map(|rows| select(rows, numbers.iter().copied()));
        let (vectors, arrays) = (chosen(&self.vectors), chosen(&self.arrays));
        Self { name, shape, class_names, values: values.copied().collect(), labels, vectors, arrays, ..*self }
    }

    /// The same numbers as pixels from 0 to 255.
    pub(crate) fn into_pixels(self) -> Self {
        Self { are_pixels: true, ..self }
    }

    /// The first examples, and the last `held_out` ones, which a model does not learn from.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: one of the two would be empty.
    pub fn split_off(self, held_out: usize) -> Result<(Self, Self), DatasetError> {
        let examples = self.len();
        if held_out == 0 || held_out >= examples {
            return refuse(format!(
                "{held_out} of {examples} examples cannot be held out; expected 1 to {}",
                examples - 1
            ));
        }
        let mut first = self;
        let at = examples - held_out;
        let values = first.values.split_off(at * first.size());
        let labels = first.labels.as_mut().map(|labels| labels.split_off(at));
        let (shape, name, class_names) = (first.shape.clone(), first.name.clone(), first.class_names.clone());
        let part = |rows: &Option<Rows>, from, to| rows.as_ref().map(|rows| select(rows, from..to));
        let (vectors, arrays) = (part(&first.vectors, at, examples), part(&first.arrays, at, examples));
        (first.vectors, first.arrays) = (part(&first.vectors, 0, at), part(&first.arrays, 0, at));
        let last = Self { values, labels, shape, name, class_names, vectors, arrays, ..first };
        Ok((first, last))
    }
}

fn refuse<T>(problem: String) -> Result<T, DatasetError> {
    Err(DatasetError::config("data", problem))
}

/// Finite numbers, `size` of them for each example.
fn rows(what: &str, numbers: Vec<f32>, size: usize, examples: usize) -> Result<Rows, DatasetError> {
    let found = numbers.len();
    if size == 0 || size.checked_mul(examples) != Some(found) {
        return refuse(format!("{found} numbers are no {what} of {size} numbers for {examples} examples"));
    }
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(place) => {
            let (example, value) = (place / size, numbers[place]);
            refuse(format!(
                "number {} of the {what} of example {example} is {value}; expected finite numbers",
                place % size
            ))
        }
        None => Ok(Rows::new(size, numbers)),
    }
}

/// The rows of these numbers.
fn select(rows: &Rows, numbers: impl Iterator<Item = usize>) -> Rows {
    Rows::new(rows.size(), numbers.flat_map(|number| rows.row(number).iter().copied()).collect())
}

impl Dataset for Tensors {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.values.len() / self.size()
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn classes(&self) -> Option<usize> {
        self.labels.as_ref().map(|_| self.classes)
    }

    fn class_names(&self) -> Option<Vec<String>> {
        self.class_names.clone()
    }

    fn is_image(&self) -> bool {
        self.are_pixels
    }

    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        let size = self.size();
        out.copy_from_slice(&self.values[index * size..(index + 1) * size]);
        self.labels.as_ref().map(|labels| labels[index])
    }

    fn vector_size(&self) -> Option<usize> {
        self.vectors.as_ref().map(Rows::size)
    }

    fn array_channels(&self) -> Option<usize> {
        let positions = self.shape[1..].iter().product::<usize>();
        self.arrays.as_ref().map(|arrays| arrays.size() / positions)
    }

    fn condition(&self, index: usize, _: &[f32], orientation: Orientation, vector: &mut [f32], array: &mut [f32]) {
        if let (Some(vectors), false) = (&self.vectors, vector.is_empty()) {
            vector.copy_from_slice(vectors.row(index));
        }
        if let (Some(arrays), false) = (&self.arrays, array.is_empty()) {
            array.copy_from_slice(arrays.row(index));
            orientation.apply(array, &self.shape);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(made: Result<Tensors, DatasetError>) -> String {
        made.unwrap_err().to_string()
    }

    #[test]
    fn examples_are_read_back_with_their_labels() {
        let images = Tensors::new((0..24).map(|value| value as f32).collect(), [1, 2, 4]).unwrap().named("ramps");
        let images = images.with_labels(vec![2, 0, 1]).unwrap();
        let mut out = [0.0; 8];
        assert_eq!(images.example(1, &mut out), Some(0));
        assert_eq!(out, std::array::from_fn(|value| (8 + value) as f32));
        assert_eq!((images.name(), images.classes(), images.is_image()), ("ramps", Some(3), false));
        let (first, last) = images.split_off(1).unwrap();
        assert_eq!((first.len(), last.len(), last.classes()), (2, 1, Some(3)));
        assert_eq!((last.example(0, &mut out), out[0]), (Some(1), 16.0));
        assert!(Tensors::pixels(&[0, 255], [1, 1, 2]).unwrap().is_image());
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused_by_number() {
        assert!(refusal(Tensors::new(vec![0.0; 3], [2])).contains("3 numbers are no examples of 2"));
        assert!(refusal(Tensors::new(vec![], [2])).contains("0 numbers"));
        assert!(refusal(Tensors::new(vec![0.0], [0])).contains("hold no numbers"));
        assert!(refusal(Tensors::new(vec![0.0], [])).contains("hold no numbers"));
        assert!(refusal(Tensors::from_examples([vec![0.0; 2], vec![0.0; 3]], [2])).contains("example 1 has 3 numbers"));
        let infinite = Tensors::new(vec![0.0, 0.0, 0.0, f32::INFINITY], [2]);
        assert!(refusal(infinite).contains("number 1 of example 1 is inf"));
        let points = Tensors::new(vec![0.0; 4], [2]).unwrap();
        assert!(refusal(points.clone().with_labels(vec![1])).contains("1 labels for 2 examples"));
        assert!(points.split_off(2).unwrap_err().to_string().contains("2 of 2 examples"));
    }
}
