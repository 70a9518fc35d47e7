//! No data: what a run knows of them whose weights came from elsewhere.

use serde::{Deserialize, Serialize};

use crate::opened::Opened;
use crate::{ClassCount, DataPath, DatasetError, DatasetKind, Split, register_dataset};

/// The largest side of an example.
const MOST: usize = 1 << 16;

/// `kind = "none"`: only the shape of an example is known. Such a run is drawn from; what needs examples asks for data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoDataConfig {
    /// `[channels, height, width]` for images, `[dimension]` for vectors.
    pub shape: Vec<usize>,
    /// The number of classes; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
}

impl DatasetKind for NoDataConfig {
    /// All parts are empty.
    fn open(&self, _: &DataPath, _: &[Split], _: u64) -> Result<Opened, DatasetError> {
        Ok(Opened::default())
    }

    fn check(&self) -> Result<(), DatasetError> {
        let shape = &self.shape;
        if !matches!(shape.len(), 1 | 3) || shape.iter().any(|side| !(1..=MOST).contains(side)) {
            let problem = format!("{shape:?}; expected [channels, height, width] or [dimension], each in 1..={MOST}");
            return Err(DatasetError::config("data.shape", problem));
        }
        match self.classes {
            Some(0) => Err(DatasetError::config("data.classes", "0; expected at least 1, or no such key")),
            _ => Ok(()),
        }
    }

    fn shape(&self) -> Result<Vec<usize>, DatasetError> {
        Ok(self.shape.clone())
    }

    fn is_image(&self) -> bool {
        self.shape.len() == 3
    }

    fn class_count(&self) -> Result<ClassCount, DatasetError> {
        Ok(self.classes.into())
    }

    fn absent(&self, split: Split) -> DatasetError {
        let problem = format!(
            "\"none\" has no {split} examples: the run's weights came without data. Say which there are, such as \
             data = {{ kind = \"folder\", path = \"pictures\", size = 32 }}"
        );
        DatasetError::config("data.kind", problem)
    }
}

register_dataset!(NoDataConfig as "none");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatasetConfig;

    #[test]
    fn there_is_a_shape_and_no_example() {
        let config: DatasetConfig = toml::from_str("kind = 'none'\nshape = [3, 8, 4]\nclasses = 5").unwrap();
        assert_eq!((config.shape().unwrap(), config.is_image()), (vec![3, 8, 4], true));
        assert_eq!(config.class_count().unwrap(), ClassCount::Known(5));
        for split in [Split::Train, Split::Test] {
            let refusal = config.open(split, 0).map(|_| ()).unwrap_err().to_string();
            assert!(refusal.contains("data.kind") && refusal.contains("came without data"), "{refusal}");
        }
        for wrong in ["shape = []", "shape = [3, 8]", "shape = [0]", "shape = [2]\nclasses = 0"] {
            let config: DatasetConfig = toml::from_str(&format!("kind = 'none'\n{wrong}")).unwrap();
            assert!(config.check().is_err(), "{wrong}");
        }
    }
}
