//! From an example, or from what a user gives, to the network's numbers.

use super::config::ConditionConfig;
use super::transformation::Measured;
use crate::{DatasetError, Preprocessing, Standardization};

/// How the vectors and arrays of a run's conditions are made. It needs no data: drawing asks it as training does.
///
/// ```
/// use fokker_datasets::{ConditionConfig, ConditionReader, Preprocessing};
///
/// let config: ConditionConfig = toml::from_str("array = { kind = 'small', factor = 2 }").unwrap();
/// let reader = ConditionReader::new(&config, &Preprocessing::default(), &[1, 2, 2], true, (None, None))?;
/// assert_eq!(reader.array_channels(), Some(1));
/// // One pixel at full brightness is 1 in the network's units.
/// let mut array = [0.0; 4];
/// reader.array(&[255.0], &mut array);
/// assert_eq!(array, [1.0; 4]);
/// # Ok::<(), fokker_datasets::DatasetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ConditionReader {
    config: ConditionConfig,
    preprocessing: Preprocessing,
    shape: Vec<usize>,
    is_image: bool,
    /// The vector: its numbers' names.
    vector: Option<Vec<String>>,
    /// The array: the shape of what is measured, and its channels in the end.
    array: Option<(Vec<usize>, usize)>,
}

impl ConditionReader {
    /// For examples of a shape. `stored` is the size of the vector and the channels of the array that come with the data.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: a transformation that the data cannot have, or in the place of the other part; a part both from the
    /// data and from a transformation; units for other numbers.
    pub fn new(
        config: &ConditionConfig,
        preprocessing: &Preprocessing,
        shape: &[usize],
        is_image: bool,
        stored: (Option<usize>, Option<usize>),
    ) -> Result<Self, DatasetError> {
        let refuse = |key: &str, problem: &str| Err(DatasetError::config(key, problem));
        let vector = match (&config.vector, stored.0) {
            (Some(_), Some(_)) => {
                return refuse("condition.vector", "the data have a vector of their own; leave one of the two out");
            }
            (None, stored) => stored.map(|size| (0..size).map(|number| format!("number {number}")).collect()),
            (Some(transformation), None) => match transformation.output(shape)? {
                Measured::Vector { names } => Some(names),
                Measured::Array { .. } => {
                    return refuse("condition.vector.kind", "it makes an array; set condition.array");
                }
            },
        };
        let array = match (&config.array, stored.1) {
            (Some(_), Some(_)) => {
                return refuse("condition.array", "the data have an array of their own; leave one of the two out");
            }
            (None, stored) => stored.map(|channels| {
                let shape = std::iter::once(channels).chain(shape.get(1..).unwrap_or_default().iter().copied());
                (shape.collect(), channels)
            }),
            (Some(transformation), None) => match transformation.output(shape)? {
                Measured::Array { shape, channels } => Some((shape, channels)),
                Measured::Vector { .. } => {
                    return refuse("condition.array.kind", "it makes a vector; set condition.vector");
                }
            },
        };
        check_units("condition.vector_units", config.vector_units.as_ref(), vector.as_ref().map(Vec::len))?;
        if config.array_units.is_some() && (config.array.is_some() || is_image) {
            return refuse(
                "condition.array_units",
                "the array has the units of the data (preprocessing.scale); leave them out",
            );
        }
        check_units(
            "condition.array_units",
            config.array_units.as_ref(),
            array.as_ref().map(|(_, channels)| *channels),
        )?;
        Ok(Self {
            config: config.clone(),
            preprocessing: preprocessing.clone(),
            shape: shape.to_vec(),
            is_image,
            vector,
            array,
        })
    }

    /// How many numbers the vector has, if there is one.
    pub fn vector_size(&self) -> Option<usize> {
        self.vector.as_ref().map(Vec::len)
    }

    /// The names of the vector's numbers.
    pub fn vector_names(&self) -> &[String] {
        self.vector.as_deref().unwrap_or_default()
    }

    /// How many channels the array has, if there is one.
    pub fn array_channels(&self) -> Option<usize> {
        self.array.as_ref().map(|(_, channels)| *channels)
    }

    /// The shape of what an array is made of: an array that comes with the data, or what a transformation measures.
    pub fn array_shape(&self) -> Option<&[usize]> {
        self.array.as_ref().map(|(shape, _)| &shape[..])
    }

    /// The shape of examples.
    pub fn example_shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many numbers the network's array has, over all channels.
    pub fn joined_size(&self) -> usize {
        self.array_channels().unwrap_or(0) * self.shape.get(1..).unwrap_or_default().iter().product::<usize>()
    }

    /// Whether a part is made of examples, by a transformation.
    pub fn measures_examples(&self) -> bool {
        self.config.vector.is_some() || self.config.array.is_some()
    }

    /// Whether the array comes with the data, and is not made of the example.
    pub fn has_stored_array(&self) -> bool {
        self.array.is_some() && self.config.array.is_none()
    }

    /// Brings a vector to the network's units, in place.
    pub fn vector(&self, numbers: &mut [f32]) {
        if let Some(units) = &self.config.vector_units {
            units.apply(numbers);
        }
    }

    /// Makes the network's array of what is measured or given, of the shape [`array_shape`](Self::array_shape) and in raw values.
    pub fn array(&self, measured: &[f32], out: &mut [f32]) {
        match &self.config.array {
            Some(transformation) => {
                let mut scaled = measured.to_vec();
                self.scale(&mut scaled);
                transformation.join(&self.shape, &scaled, out);
            }
            None => {
                out.copy_from_slice(measured);
                self.scale(out);
            }
        }
    }

    /// Brings the values of an array, or those that a transformation measured for one, to the network's units, in place.
    pub(super) fn scale(&self, values: &mut [f32]) {
        match (&self.config.array, &self.config.array_units) {
            (None, Some(units)) => units.apply(values),
            (None, None) if !self.is_image => {}
            _ => self.preprocessing.map_levels(values),
        }
    }

    /// The vector that a transformation measures in an example, in the network's units; none if there is no such transformation.
    pub fn vector_of_example(&self, example: &[f32], out: &mut [f32]) -> bool {
        let Some(transformation) = &self.config.vector else { return false };
        transformation.measure(&self.shape, example, out);
        self.vector(out);
        true
    }

    /// The array that a transformation makes of an example, in the network's units; none if there is no such transformation.
    pub fn array_of_example(&self, example: &[f32], out: &mut [f32]) -> bool {
        let (Some(transformation), Some((shape, _))) = (&self.config.array, &self.array) else { return false };
        let mut measured = vec![0.0; shape.iter().product()];
        transformation.measure(&self.shape, example, &mut measured);
        self.array(&measured, out);
        true
    }
}

/// Refuses units that cannot be, or of other numbers than a part has.
fn check_units(key: &str, units: Option<&Standardization>, numbers: Option<usize>) -> Result<(), DatasetError> {
    match (units, numbers) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(DatasetError::config(key, "the condition has no such part; leave its units out")),
        (Some(units), Some(numbers)) => {
            units.check(key)?;
            units.check_fit(key, &[numbers])
        }
    }
}
