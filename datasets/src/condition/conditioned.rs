//! A data set with the conditions that a configuration asks for.

use super::config::ConditionConfig;
use super::reader::ConditionReader;
use crate::{Dataset, DatasetError, Orientation, Preprocessing};

/// A data set whose conditions are in the network's units: what comes with the data is brought to them, and what a
/// [transformation](crate::TransformationKind) makes is added.
///
/// ```
/// use std::sync::Arc;
///
/// use fokker_datasets::{ConditionConfig, Conditioned, Conditions, Dataset, Preprocessing, Tensors};
///
/// let pictures: Arc<dyn Dataset> = Arc::new(Tensors::pixels(&[0, 255, 255, 255], [1, 1, 4])?);
/// let config: ConditionConfig = toml::from_str("array = { kind = 'part', columns = [0, 2] }").unwrap();
/// let conditioned = Conditioned::new(pictures, &config, &Preprocessing::default())?;
/// let conditions = Conditions::of(&conditioned, [0]);
/// // The known part, and where it is known.
/// assert_eq!(conditions.arrays.unwrap().row(0), [-1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), fokker_datasets::DatasetError>(())
/// ```
pub struct Conditioned<T> {
    data: T,
    reader: ConditionReader,
}

impl<T: Dataset> Conditioned<T> {
    /// Examples of a data set with conditions. Units that are missing are found in these data.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: see [`ConditionConfig::fitted`] and [`ConditionReader::new`].
    pub fn new(data: T, config: &ConditionConfig, preprocessing: &Preprocessing) -> Result<Self, DatasetError> {
        let config = config.clone().fitted(&data, preprocessing)?;
        let stored = (data.vector_size(), data.array_channels());
        let reader = ConditionReader::new(&config, preprocessing, data.shape(), data.is_image(), stored)?;
        Ok(Self { data, reader })
    }
}

impl<T: Dataset> Dataset for Conditioned<T> {
    fn name(&self) -> &str {
        self.data.name()
    }

    fn len(&self) -> usize {
        self.data.len()
    }

    fn shape(&self) -> &[usize] {
        self.data.shape()
    }

    fn classes(&self) -> Option<usize> {
        self.data.classes()
    }

    fn class_names(&self) -> Option<Vec<String>> {
        self.data.class_names()
    }

    fn is_image(&self) -> bool {
        self.data.is_image()
    }

    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        self.data.example(index, out)
    }

    fn training_example(&self, index: usize, seed: u64, position: u64, out: &mut [f32]) -> Option<usize> {
        self.data.training_example(index, seed, position, out)
    }

    fn vector_size(&self) -> Option<usize> {
        self.reader.vector_size()
    }

    fn array_channels(&self) -> Option<usize> {
        self.reader.array_channels()
    }

    fn condition(
        &self,
        index: usize,
        example: &[f32],
        orientation: Orientation,
        vector: &mut [f32],
        array: &mut [f32],
    ) {
        let stored_vector = if self.data.vector_size().is_some() { &mut *vector } else { &mut [] };
        let stored_array = if self.data.array_channels().is_some() { &mut *array } else { &mut [] };
        self.data.condition(index, example, orientation, stored_vector, stored_array);
        if !self.reader.vector_of_example(example, vector) {
            self.reader.vector(vector);
        }
        if !self.reader.array_of_example(example, array) {
            self.reader.scale(array);
        }
    }
}
