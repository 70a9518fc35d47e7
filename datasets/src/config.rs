//! The data set of a run, as its config names it.
//!
//! ```
//! use fokker_datasets::DatasetConfig;
//!
//! let config: DatasetConfig = toml::from_str("kind = 'mnist'\npad = 2").unwrap();
//! assert_eq!(config.shape().unwrap(), [1, 32, 32]);
//! let error = toml::from_str::<DatasetConfig>("kind = 'mnist'\nsize = 32").unwrap_err();
//! assert!(error.to_string().contains("unknown field `size`, expected `path` or `pad`"));
//! ```

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::images::check_pad;
use crate::synthetic::{Counts, Law, Synthetic};
use crate::{
    CheckerboardConfig, Cifar10Config, Dataset, DatasetError, FashionMnistConfig, FolderConfig, Library, MixtureConfig,
    MnistConfig, MoonsConfig, RingsConfig, SwissRollConfig,
};

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// What a model learns from.
    Train,
    /// What it never sees: the published test set, the pictures held out, other draws.
    Validation,
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Train => "training",
            Self::Validation => "validation",
        })
    }
}

/// A data set by its `kind`. Unknown keys are refused by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DatasetConfig {
    /// Handwritten digits.
    Mnist(MnistConfig),
    /// Clothing, in the format of MNIST.
    FashionMnist(FashionMnistConfig),
    /// Small colour photographs.
    Cifar10(Cifar10Config),
    /// Pictures of one's own.
    Folder(FolderConfig),
    /// A Gaussian mixture in any dimension.
    Mixture(MixtureConfig),
    /// Two interleaved half circles.
    Moons(MoonsConfig),
    /// A spiral.
    SwissRoll(SwissRollConfig),
    /// Uniform on every second cell.
    Checkerboard(CheckerboardConfig),
    /// Concentric circles.
    Rings(RingsConfig),
}

impl DatasetConfig {
    /// Opens one split, with files looked for in the places of [`Library::from_env`]. `seed` decides the draws of
    /// synthetic data sets and nothing else.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn open(&self, split: Split, seed: u64) -> Result<Arc<dyn Dataset>, DatasetError> {
        self.open_from(&Library::from_env(), split, seed)
    }

    /// Opens one split, with files looked for in the places of `library`.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn open_from(&self, library: &Library, split: Split, seed: u64) -> Result<Arc<dyn Dataset>, DatasetError> {
        fn draws<L: Law + 'static>(
            law: L,
            (examples, validation_examples): (usize, usize),
            split: Split,
            seed: u64,
        ) -> Result<Arc<dyn Dataset>, DatasetError> {
            Ok(Arc::new(Synthetic::new(law, Counts { examples, validation_examples }, split, seed)?))
        }
        Ok(match self {
            Self::Mnist(config) => config.open(library, split)?,
            Self::FashionMnist(config) => config.open(library, split)?,
            Self::Cifar10(config) => config.open(library, split)?,
            Self::Folder(config) => config.open(split)?,
            Self::Mixture(c) => draws(c.mixture()?, (c.examples, c.validation_examples), split, seed)?,
            Self::Moons(c) => draws(c.law()?, (c.examples, c.validation_examples), split, seed)?,
            Self::SwissRoll(c) => draws(c.law()?, (c.examples, c.validation_examples), split, seed)?,
            Self::Checkerboard(c) => draws(c.law()?, (c.examples, c.validation_examples), split, seed)?,
            Self::Rings(c) => draws(c.law()?, (c.examples, c.validation_examples), split, seed)?,
        })
    }

    /// Refuses values that cannot be, without looking for any file.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key.
    pub fn check(&self) -> Result<(), DatasetError> {
        let counts = |examples, validation_examples| Counts { examples, validation_examples }.check();
        match self {
            Self::Mnist(MnistConfig { pad, .. }) | Self::FashionMnist(FashionMnistConfig { pad, .. }) => {
                check_pad(*pad)
            }
            Self::Cifar10(_) => Ok(()),
            Self::Folder(config) => config.check(),
            Self::Mixture(c) => c.mixture().and_then(|_| counts(c.examples, c.validation_examples)),
            Self::Moons(c) => c.law().and_then(|_| counts(c.examples, c.validation_examples)),
            Self::SwissRoll(c) => c.law().and_then(|_| counts(c.examples, c.validation_examples)),
            Self::Checkerboard(c) => c.law().and_then(|_| counts(c.examples, c.validation_examples)),
            Self::Rings(c) => c.law().and_then(|_| counts(c.examples, c.validation_examples)),
        }
    }

    /// The shape of an example, as [`Dataset::shape`] will say once the set is open.
    ///
    /// # Errors
    /// Those of [`DatasetConfig::check`].
    pub fn shape(&self) -> Result<Vec<usize>, DatasetError> {
        self.check()?;
        Ok(match self {
            Self::Mnist(MnistConfig { pad, .. }) | Self::FashionMnist(FashionMnistConfig { pad, .. }) => {
                vec![1, 28 + 2 * pad, 28 + 2 * pad]
            }
            Self::Cifar10(_) => vec![3, 32, 32],
            Self::Folder(config) => vec![config.channels, config.size, config.size],
            Self::Mixture(config) => vec![config.mixture()?.dimension()],
            Self::Moons(_) | Self::SwissRoll(_) | Self::Checkerboard(_) | Self::Rings(_) => vec![2],
        })
    }

    /// Whether the examples will be images.
    pub fn is_image(&self) -> bool {
        matches!(self, Self::Mnist(_) | Self::FashionMnist(_) | Self::Cifar10(_) | Self::Folder(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let open = |split| config.open_from(&Library::only("nowhere"), split, 3).unwrap();
            let (train, validation) = (open(Split::Train), open(Split::Validation));
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
            let classes = train.classes();
            assert!(
                firsts.iter().all(|(label, _)| label.is_some() == classes.is_some() && *label < classes.or(Some(1)))
            );
        }
    }

    #[test]
    fn values_that_cannot_be_are_refused_by_key_before_any_file_is_looked_for() {
        for (text, key) in [
            ("kind = 'mnist'\npad = 2000", "pad"),
            ("kind = 'folder'\npath = 'x'\nsize = 0", "size"),
            ("kind = 'mixture'", "means"),
            ("kind = 'mixture'\npreset = 'grid'\nstds = [1.0]", "stds"),
            ("kind = 'moons'\nexamples = 0", "examples"),
            ("kind = 'rings'\nvalidation_examples = 0", "validation_examples"),
            ("kind = 'checkerboard'\ncells = 3", "cells"),
        ] {
            let config = config(text);
            let error = config.check().unwrap_err().to_string();
            assert!(error.starts_with(&format!("config key `{key}`")), "{text}: {error}");
            let opened = config.open_from(&Library::only("nowhere"), Split::Train, 0).map(|set| set.len());
            assert_eq!(opened.unwrap_err().to_string(), error);
        }
    }
}
