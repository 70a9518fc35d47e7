//! A cloud of features: what all metrics compare.

use nalgebra::{DMatrix, DMatrixView};

use crate::EvaluationError;

/// `count` vectors of `dimension` finite numbers each, at least two of them, not all equal.
///
/// ```
/// use fokker_evaluation::Features;
///
/// let features = Features::new("samples", 2, vec![0.0, 1.0, 2.0, 3.0])?;
/// assert_eq!((features.count(), features.row(1)), (2, &[2.0, 3.0][..]));
/// let error = Features::new("samples", 2, vec![0.0, f64::NAN, 2.0, 3.0]).unwrap_err();
/// assert_eq!(error.to_string(), "samples: row 0, column 1 is NaN; all features must be finite");
/// # Ok::<(), fokker_evaluation::EvaluationError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    name: String,
    dimension: usize,
    values: Vec<f64>,
}

impl Features {
    /// Features, vector after vector; `name` is for messages.
    ///
    /// # Errors
    /// No dimension, numbers that do not fill it, fewer than two vectors, a number that is not finite, vectors that are
    /// all equal.
    pub fn new(name: impl Into<String>, dimension: usize, values: Vec<f64>) -> Result<Self, EvaluationError> {
        let name = name.into();
        let refuse = |problem: String| Err(EvaluationError::input(&name, problem));
        if dimension == 0 {
            return refuse("the features have no columns; expected at least 1".into());
        }
        if !values.len().is_multiple_of(dimension) {
            return refuse(format!("{} numbers do not fill rows of {dimension}", values.len()));
        }
        let count = values.len() / dimension;
        if count < 2 {
            return refuse(format!("{count} row{}; a metric needs at least 2", if count == 1 { "" } else { "s" }));
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (row, column, value) = (place / dimension, place % dimension, values[place]);
            return refuse(format!("row {row}, column {column} is {value}; all features must be finite"));
        }
        // Larger ones overflow when they are squared and summed.
        if let Some(place) = values.iter().position(|value| value.abs() > 1e100) {
            let (row, column, value) = (place / dimension, place % dimension, values[place]);
            return refuse(format!("row {row}, column {column} is {value:e}; features must be at most 1e100 in size"));
        }
        let first = &values[..dimension];
        if values.chunks_exact(dimension).all(|row| row == first) {
            return refuse(format!("all {count} rows are equal; constant features have no distribution to compare"));
        }
        Ok(Self { name, dimension, values })
    }

    /// What they are called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of vectors.
    pub fn count(&self) -> usize {
        self.values.len() / self.dimension
    }

    /// The length of a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// All numbers, vector after vector.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// A vector.
    ///
    /// # Panics
    /// If `index` is not below [`Features::count`].
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.dimension..(index + 1) * self.dimension]
    }

    /// The vectors.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.dimension)
    }

    /// The vectors of these numbers under a name of their own.
    ///
    /// # Errors
    /// Fewer than two, or all equal.
    ///
    /// # Panics
    /// If a number is not below [`Features::count`].
    pub fn select(&self, name: &str, numbers: &[usize]) -> Result<Self, EvaluationError> {
        let values = numbers.iter().flat_map(|&number| self.row(number)).copied().collect();
        Self::new(name, self.dimension, values)
    }

    /// A column.
    pub(crate) fn column(&self, index: usize) -> Vec<f64> {
        self.rows().map(|row| row[index]).collect()
    }

    /// As a matrix with a column for each vector.
    pub(crate) fn matrix(&self) -> DMatrixView<'_, f64> {
        DMatrixView::from_slice(&self.values, self.dimension, self.count())
    }

    /// The mean of all vectors.
    pub(crate) fn mean(&self) -> Vec<f64> {
        self.matrix().column_mean().as_slice().to_vec()
    }

    /// The vectors from `origin`, as a matrix with a column for each.
    pub(crate) fn relative_to(&self, origin: &[f64]) -> DMatrix<f64> {
        let values = self.rows().flat_map(|row| row.iter().zip(origin).map(|(value, origin)| value - origin));
        DMatrix::from_iterator(self.dimension, self.count(), values)
    }
}

/// Two clouds of one width: what was generated, and what it is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    samples: &'a Features,
    reference: &'a Features,
}

impl<'a> Pair<'a> {
    /// Generated samples and real data.
    ///
    /// # Errors
    /// Clouds of different widths.
    pub fn new(samples: &'a Features, reference: &'a Features) -> Result<Self, EvaluationError> {
        check_widths(samples, reference)?;
        Ok(Self { samples, reference })
    }

    /// The generated samples.
    pub fn samples(&self) -> &'a Features {
        self.samples
    }

    /// The real data.
    pub fn reference(&self) -> &'a Features {
        self.reference
    }
}

/// Refuses clouds of different widths.
pub(crate) fn check_widths(one: &Features, other: &Features) -> Result<(), EvaluationError> {
    if one.dimension == other.dimension {
        return Ok(());
    }
    let problem = format!(
        "the features have {} columns, those of `{}` have {}; both must come from the same extractor",
        one.dimension, other.name, other.dimension
    );
    Err(EvaluationError::input(&one.name, problem))
}
