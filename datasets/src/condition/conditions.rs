//! The conditions of several examples.

use crate::{Dataset, Orientation};

/// Rows of as many numbers each.
///
/// ```
/// use fokker_datasets::Rows;
///
/// let rows = Rows::new(2, vec![1.0, 2.0, 3.0, 4.0]);
/// assert_eq!((rows.count(), rows.row(1)), (2, &[3.0, 4.0][..]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    size: usize,
    values: Vec<f32>,
}

impl Rows {
    /// Rows of `size` numbers, one after the other.
    ///
    /// # Panics
    /// If the numbers are no whole rows.
    pub fn new(size: usize, values: Vec<f32>) -> Self {
        assert!(size > 0 && values.len().is_multiple_of(size), "{} numbers are no rows of {size}", values.len());
        Self { size, values }
    }

    /// How many numbers a row has.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.values.len() / self.size
    }

    /// A row.
    ///
    /// # Panics
    /// If its number is not below [`Rows::count`].
    pub fn row(&self, number: usize) -> &[f32] {
        &self.values[number * self.size..(number + 1) * self.size]
    }

    /// All numbers, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All numbers, row after row.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }
}

/// The condition of each of several examples, as the network sees it. A part that the data do not have is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// The classes. The number that follows those of all classes is the null class.
    pub classes: Option<Vec<usize>>,
    /// The vectors.
    pub vectors: Option<Rows>,
    /// The arrays, channels first.
    pub arrays: Option<Rows>,
    /// How training images were [moved](crate::Augmentation::vector). Nothing is drawn under it: what is absent is zeros.
    pub augmentations: Option<Rows>,
}

impl Conditions {
    /// The conditions of some examples of a data set, by their numbers.
    ///
    /// # Panics
    /// If a number is not below [`Dataset::len`].
    pub fn of(dataset: &dyn Dataset, numbers: impl IntoIterator<Item = usize>) -> Self {
        let mut raw = vec![0.0; dataset.size()];
        let mut writer = Writer::new(dataset);
        for number in numbers {
            let label = dataset.example(number, &mut raw);
            writer.condition(dataset, number, &raw, Orientation::default());
            writer.label(dataset, label);
        }
        writer.finish()
    }
}

/// Conditions in the making.
pub(crate) struct Writer {
    labels: Option<Vec<usize>>,
    vectors: Option<(usize, Vec<f32>)>,
    arrays: Option<(usize, Vec<f32>)>,
}

impl Writer {
    pub(crate) fn new(dataset: &dyn Dataset) -> Self {
        let positions = dataset.size() / dataset.shape().first().copied().unwrap_or(1).max(1);
        Self {
            labels: dataset.classes().map(|_| Vec::new()),
            vectors: dataset.vector_size().map(|size| (size, Vec::new())),
            arrays: dataset.array_channels().map(|channels| (channels * positions, Vec::new())),
        }
    }

    /// Adds the vector and the array of an example, whose raw values are seen in an orientation.
    pub(crate) fn condition(&mut self, dataset: &dyn Dataset, number: usize, raw: &[f32], orientation: Orientation) {
        let (vector, array) = (space(&mut self.vectors), space(&mut self.arrays));
        if !(vector.is_empty() && array.is_empty()) {
            dataset.condition(number, raw, orientation, vector, array);
        }
    }

    /// Adds the label of an example of a data set with classes. An example without one is of the null class, whose number
    /// follows those of the others.
    pub(crate) fn label(&mut self, dataset: &dyn Dataset, label: Option<usize>) {
        if let (Some(labels), Some(null)) = (&mut self.labels, dataset.classes()) {
            labels.push(label.unwrap_or(null));
        }
    }

    pub(crate) fn finish(self) -> Conditions {
        let rows = |part: Option<(usize, Vec<f32>)>| part.map(|(size, values)| Rows::new(size, values));
        Conditions { classes: self.labels, vectors: rows(self.vectors), arrays: rows(self.arrays), augmentations: None }
    }
}

/// The place of one more row.
fn space(rows: &mut Option<(usize, Vec<f32>)>) -> &mut [f32] {
    let Some((size, values)) = rows else { return &mut [] };
    let start = values.len();
    values.resize(start + *size, 0.0);
    &mut values[start..]
}
