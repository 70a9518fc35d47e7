//! The section `condition` of a configuration.

use serde::{Deserialize, Serialize};

use super::transformation::TransformationConfig;
use crate::{ConditionReader, Dataset, DatasetError, Orientation, Preprocessing, Standardization, Tensors};

/// What examples are transformed into for their condition, and the units of conditions.
///
/// ```
/// use fokker_datasets::ConditionConfig;
///
/// let config: ConditionConfig = toml::from_str("array = { kind = 'small', factor = 4 }").unwrap();
/// assert!(config.vector.is_none() && !config.is_empty());
/// assert!(toml::from_str::<ConditionConfig>("array = { kind = 'smal' }").unwrap_err().to_string().contains("`small`"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConditionConfig {
    /// The transformation that measures the vector. None if the data have one of their own, or none is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<TransformationConfig>,
    /// The transformation that makes the array. None if the data have one of their own, or none is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array: Option<TransformationConfig>,
    /// What is subtracted from the numbers of the vector, and what they are divided by. A run fills it in when it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_units: Option<Standardization>,
    /// The same for each channel of an array that comes with data that are no pictures. A run fills it in when it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_units: Option<Standardization>,
}

impl ConditionConfig {
    /// Keys that a run fills in where they are absent.
    pub const SETTLED: [&str; 2] = ["vector_units", "array_units"];

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same with the units of the training part's conditions, where they are not there yet.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: a transformation that the data cannot have, a number or channel that is the same in all examples.
    pub fn fitted(self, train: &dyn Dataset, preprocessing: &Preprocessing) -> Result<Self, DatasetError> {
        let stored = (train.vector_size(), train.array_channels());
        let reader = ConditionReader::new(&self, preprocessing, train.shape(), train.is_image(), stored)?;
        let needs_vector = reader.vector_size().is_some() && self.vector_units.is_none();
        let needs_array = self.array.is_none() && stored.1.is_some() && !train.is_image() && self.array_units.is_none();
        if !needs_vector && !needs_array {
            return Ok(self);
        }
        let (size, channels) = (reader.vector_size().unwrap_or(0), stored.1.unwrap_or(0));
        let mut example = vec![0.0; train.size()];
        let (mut vector, mut array) =
            (vec![0.0; size], vec![0.0; if stored.1.is_some() { reader.joined_size() } else { 0 }]);
        let (mut vectors, mut arrays) = (Vec::new(), Vec::new());
        for index in 0..train.len() {
            train.example(index, &mut example);
            let upright = Orientation::default();
            train.condition(
                index,
                &example,
                upright,
                if stored.0.is_some() { &mut vector } else { &mut [] },
                &mut array,
            );
            if let (true, Some(transformation)) = (needs_vector, &self.vector) {
                transformation.measure(train.shape(), &example, &mut vector);
            }
            vectors.extend_from_slice(if needs_vector { &vector } else { &[] });
            arrays.extend_from_slice(if needs_array { &array } else { &[] });
        }
        let units = |key: &str, values: Vec<f32>, shape: Vec<usize>| {
            let constant = |error: DatasetError| match error {
                DatasetError::Config { problem, .. } => DatasetError::config(key, problem),
                other => other,
            };
            Standardization::of(&Tensors::new(values, shape)?).map_err(constant)
        };
        let mut fitted = self;
        if needs_vector {
            fitted.vector_units = Some(units("condition.vector", vectors, vec![size])?);
        }
        if needs_array {
            fitted.array_units = Some(units("data.joined", arrays, vec![channels, array.len() / channels])?);
        }
        Ok(fitted)
    }
}
