//! The family of data sets: a configuration names one by its `kind`.
//!
//! The file of a data set registers its settings under their name, and a program registers those of its own by the same
//! line ([`register_dataset!`](crate::register_dataset)).
//!
//! ```
//! use fokker_datasets::DatasetConfig;
//!
//! let config: DatasetConfig = toml::from_str("kind = 'mnist'\npad = 2").unwrap();
//! assert_eq!(config.shape().unwrap(), [1, 32, 32]);
//! let error = toml::from_str::<DatasetConfig>("kind = 'mnist'\nsize = 32").unwrap_err();
//! assert!(error.to_string().contains("unknown field `size`, expected one of `path`, `pad`, `validation_examples`"));
//! ```

use std::sync::Arc;

use fokker_registry::family;

use crate::opened::Opened;
use crate::{DataPath, Dataset, DatasetError, DatasetKind, Split};

family! {
    /// A data set by its `kind`. Unknown keys are refused by name.
    pub struct DatasetConfig, DatasetEntry of dyn DatasetKind, "data set"
}

impl DatasetConfig {
    /// Opens one part, with files looked for in the places of [`DataPath::from_env`]. `seed` decides the draws of
    /// synthetic data sets and nothing else.
    ///
    /// # Errors
    /// See [`DatasetError`]; a part that has no examples, by the key that decides it.
    pub fn open(&self, split: Split, seed: u64) -> Result<Arc<dyn Dataset>, DatasetError> {
        self.open_from(&DataPath::from_env(), split, seed)
    }

    /// Opens one part, with files looked for in the places of `library`.
    ///
    /// # Errors
    /// As [`DatasetConfig::open`].
    pub fn open_from(&self, library: &DataPath, split: Split, seed: u64) -> Result<Arc<dyn Dataset>, DatasetError> {
        self.open_parts(library, &[split], seed)?.take(split).ok_or_else(|| self.absent(split))
    }

    /// Opens several parts at once, so that a folder is gone through once and everything wrong with it is one error.
    /// Parts without examples are left empty; there is something to train on, or this is an error.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn open_parts(&self, library: &DataPath, splits: &[Split], seed: u64) -> Result<Opened, DatasetError> {
        self.check()?;
        let opened = self.0.open(library, splits, seed)?;
        match opened.train {
            None if splits.contains(&Split::Train) => Err(self.absent(Split::Train)),
            _ => Ok(opened),
        }
    }

    /// The shape of an example, as [`Dataset::shape`] will say once the set is open.
    ///
    /// # Errors
    /// Those of [`DatasetKind::check`].
    pub fn shape(&self) -> Result<Vec<usize>, DatasetError> {
        self.check()?;
        self.0.shape()
    }

    /// Keeps what was found when the data were opened ([`Opened::settled`]).
    pub fn settle(&mut self, settled: Option<Arc<dyn DatasetKind>>) {
        if let Some(settled) = settled {
            self.0 = settled;
        }
    }
}

/// Registers the settings of a data set under the `kind` that configurations name them by.
///
/// ```
/// use fokker_datasets::{Counts, DatasetConfig, DatasetError, Law, LawKind, Split, register_dataset};
/// use fokker_random::{Rng, fill_normals};
/// use serde::{Deserialize, Serialize};
///
/// /// A Gaussian that is wide in one direction.
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Cigar {
///     length: f64,
/// }
///
/// impl Law for Cigar {
///     fn name(&self) -> &str {
///         "cigar"
///     }
///
///     fn dimension(&self) -> usize {
///         2
///     }
///
///     fn classes(&self) -> Option<usize> {
///         None
///     }
///
///     fn draw(&self, rng: &mut Rng, out: &mut [f32]) -> Option<usize> {
///         fill_normals(rng, out);
///         out[0] *= self.length as f32;
///         None
///     }
/// }
///
/// impl LawKind for Cigar {
///     type Law = Self;
///
///     fn law(&self) -> Result<Self, DatasetError> {
///         Ok(Self { length: self.length })
///     }
///
///     fn counts(&self) -> Counts {
///         Counts { examples: 1000, validation_examples: 100 }
///     }
/// }
///
/// register_dataset!(Cigar as "cigar");
///
/// let config: DatasetConfig = toml::from_str("kind = 'cigar'\nlength = 5").unwrap();
/// assert_eq!(config.open(Split::Train, 0).unwrap().len(), 1000);
/// ```
#[macro_export]
macro_rules! register_dataset {
    ($Config:ty as $kind:literal) => {
        $crate::registry::register!($crate::DatasetEntry, $Config, $kind);
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClassCount;

    const CONFIGS: [&str; 9] = [
        "kind = 'mnist'",
        "kind = 'fashion_mnist'\npath = 'somewhere'",
        "kind = 'cifar10'",
        "kind = 'folder'\npath = 'pictures'\nsize = 64",
        "kind = 'mixture'\nmeans = [[0.0], [1.0]]\nstds = [1.0, 2.0]",
        "kind = 'moons'\nnoise = 0.1",
        "kind = 'swiss_roll'",
        "kind = 'checkerboard'\ncells = 8",
        "kind = 'rings'\nradii = [1.0]",
    ];

    fn config(text: &str) -> DatasetConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn every_kind_survives_toml_and_refuses_an_unknown_key_by_name() {
        for text in CONFIGS {
            let parsed = config(text);
            assert_eq!(config(&toml::to_string(&parsed).unwrap()), parsed);
            let error = toml::from_str::<DatasetConfig>(&format!("{text}\nsiez = 3")).unwrap_err().to_string();
            assert!(error.contains("unknown field `siez`"), "{text}: {error}");
        }
        let error = toml::from_str::<DatasetConfig>("kind = 'mnits'").unwrap_err().to_string();
        assert!(error.contains("mnits") && error.contains("fashion_mnist"), "{error}");
        let error = toml::from_str::<DatasetConfig>("kind = 'folder'\nsize = 64").unwrap_err().to_string();
        assert!(error.contains("missing field `path`"), "{error}");
    }

    #[test]
    fn the_synthetic_kinds_open_as_they_say_and_their_splits_are_disjoint() {
        for text in &CONFIGS[4..] {
            let config = config(text);
            let open = |split| config.open_from(&DataPath::only("nowhere"), split, 3).unwrap();
            let (train, validation, test) = (open(Split::Train), open(Split::Validation), open(Split::Test));
            assert_eq!((train.len(), validation.len()), (65_536, 8192));
            assert_eq!(config.shape().unwrap(), train.shape());
            assert_eq!(config.is_image(), train.is_image());
            let draw = |set: &dyn Dataset, index| {
                let mut out = vec![0.0; set.size()];
                (set.example(index, &mut out), out.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
            };
            let firsts: Vec<_> = (0..500).map(|i| draw(&*train, i)).collect();
            assert_eq!(draw(&*train, 7), firsts[7], "the same number, the same draw");
            assert!((0..500).all(|i| !firsts.contains(&draw(&*validation, i))));
            assert!((0..500).all(|i| !firsts.contains(&draw(&*test, i)) && draw(&*test, i) != draw(&*validation, i)));
            let classes = train.classes();
            assert_eq!(config.class_count().unwrap(), ClassCount::from(classes));
            assert!(
                firsts.iter().all(|(label, _)| label.is_some() == classes.is_some() && *label < classes.or(Some(1)))
            );
        }
    }

    #[test]
    fn the_deviation_of_digits_is_that_of_the_shipped_ones() {
        for pad in [0, 2] {
            let config = config(&format!("kind = 'mnist'\npad = {pad}\nvalidation_examples = 0"));
            let digits = config.open_from(&DataPath::only("data"), Split::Train, 0).unwrap();
            let mut out = vec![0.0; digits.size()];
            let (mut sum, mut squares) = (0.0, 0.0);
            for index in 0..digits.len() {
                digits.example(index, &mut out);
                sum += out.iter().map(|&v| f64::from(v)).sum::<f64>();
                squares += out.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>();
            }
            let count = (digits.len() * digits.size()) as f64;
            let deviation = (squares / count - (sum / count).powi(2)).sqrt();
            assert!((deviation - config.pixel_deviation()).abs() < 0.01, "{deviation} {}", config.pixel_deviation());
        }
    }

    #[test]
    fn values_that_cannot_be_are_refused_by_key_before_any_file_is_looked_for() {
        for (text, key) in [
            ("kind = 'mnist'\npad = 2000", "pad"),
            ("kind = 'cifar10'\nvalidation_examples = 50000", "validation_examples"),
            ("kind = 'folder'\npath = 'x'\nsize = 0", "size"),
            ("kind = 'mixture'", "means"),
            ("kind = 'mixture'\npreset = 'grid'\nstds = [1.0]", "stds"),
            ("kind = 'moons'\nexamples = 0", "examples"),
            ("kind = 'rings'\nvalidation_examples = 0", "validation_examples"),
            ("kind = 'checkerboard'\ncells = 3", "cells"),
        ] {
            let config = config(text);
            let error = config.check().unwrap_err().to_string();
            assert!(error.starts_with(&format!("config key `data.{key}`")), "{text}: {error}");
            let opened = config.open_from(&DataPath::only("nowhere"), Split::Train, 0).map(|set| set.len());
            assert_eq!(opened.unwrap_err().to_string(), error);
        }
    }
}
