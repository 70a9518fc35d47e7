//! Transformations: conditions that are made of the examples themselves.

use fokker_registry::{Settings, family};

use crate::DatasetError;

/// What a transformation measures of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measured {
    /// Numbers, by their names.
    Vector {
        /// A name for each number.
        names: Vec<String>,
    },
    /// An array with the channels of the data, and in their units.
    Array {
        /// Its shape, channels first.
        shape: Vec<usize>,
        /// How many channels of the data's size it becomes.
        channels: usize,
    },
}

/// The settings of a transformation of some kind: how a condition is measured of an example, and how it is brought to the data's
/// size.
///
/// A user may give what it measures, or an example to measure. So a network that makes small pictures large takes a small picture, or a
/// large one, which is made small first.
pub trait TransformationKind: Settings {
    /// What is measured of examples of a shape.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key: examples that the transformation is not for, numbers that do not fit them.
    fn output(&self, example: &[usize]) -> Result<Measured, DatasetError>;

    /// Measures an example of a shape, in its raw values.
    fn measure(&self, shape: &[usize], example: &[f32], out: &mut [f32]);

    /// Brings a measured array, in the units of the network, to examples of a shape: `channels × positions` numbers. It is copied
    /// unless this is overridden.
    fn join(&self, _shape: &[usize], measured: &[f32], out: &mut [f32]) {
        out.copy_from_slice(measured);
    }
}

family! {
    /// A transformation by its `kind`.
    ///
    /// ```
    /// use fokker_datasets::{Measured, TransformationConfig};
    ///
    /// let half: TransformationConfig = toml::from_str("kind = 'part'\nrows = [14, 28]").unwrap();
    /// // The picture and where it is known: two channels.
    /// let expected = Measured::Array { shape: vec![1, 28, 28], channels: 2 };
    /// assert_eq!(half.output(&[1, 28, 28]).unwrap(), expected);
    /// assert!(TransformationConfig::kinds().contains(&"slant_and_thickness"));
    /// ```
    pub struct TransformationConfig, TransformationEntry of dyn TransformationKind, "transformation"
}

/// Registers the settings of a transformation under the `kind` that configurations name it by.
///
/// ```
/// use fokker_datasets::{DatasetError, Measured, TransformationConfig, TransformationKind, register_transformation};
/// use serde::{Deserialize, Serialize};
///
/// /// The mean of all pixels.
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Brightness {}
///
/// impl TransformationKind for Brightness {
///     fn output(&self, _: &[usize]) -> Result<Measured, DatasetError> {
///         Ok(Measured::Vector { names: vec!["brightness".into()] })
///     }
///
///     fn measure(&self, _: &[usize], example: &[f32], out: &mut [f32]) {
///         out[0] = example.iter().sum::<f32>() / example.len() as f32;
///     }
/// }
///
/// register_transformation!(Brightness as "brightness");
///
/// let brightness: TransformationConfig = toml::from_str("kind = 'brightness'").unwrap();
/// let mut out = [0.0];
/// brightness.measure(&[1, 1, 2], &[10.0, 20.0], &mut out);
/// assert_eq!(out, [15.0]);
/// ```
#[macro_export]
macro_rules! register_transformation {
    ($Config:ty as $kind:literal) => {
        $crate::registry::register!($crate::TransformationEntry, $Config, $kind);
    };
}

/// Channels, rows and columns of examples: signals have one row.
///
/// # Errors
/// Vectors, which have no places.
pub(super) fn grid(kind: &str, shape: &[usize]) -> Result<[usize; 3], DatasetError> {
    match *shape {
        [channels, length] => Ok([channels, 1, length]),
        [channels, height, width] => Ok([channels, height, width]),
        _ => {
            let problem = format!("\"{kind}\" is for pictures and signals, and the data are of shape {shape:?}");
            Err(DatasetError::config("condition.array.kind", problem))
        }
    }
}
