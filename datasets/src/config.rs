//! The data set of a run, as its config names it.
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

use serde::{Deserialize, Serialize};

use crate::images::check_pad;
use crate::opened::Opened;
use crate::split::carve;
use crate::synthetic::{Counts, Law, Synthetic};
use crate::{
    Background, CheckerboardConfig, Cifar10Config, Dataset, DatasetError, FashionMnistConfig, FolderConfig, Library,
    MixtureConfig, MnistConfig, MoonsConfig, RingsConfig, Split, SwissRollConfig,
};

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
    /// Opens one part, with files looked for in the places of [`Library::from_env`]. `seed` decides the draws of
    /// synthetic data sets and nothing else.
    ///
    /// # Errors
    /// See [`DatasetError`]; a part that has no examples, by the key that decides it.
    pub fn open(&self, split: Split, seed: u64) -> Result<Arc<dyn Dataset>, DatasetError> {
        self.open_from(&Library::from_env(), split, seed)
    }

    /// Opens one part, with files looked for in the places of `library`.
    ///
    /// # Errors
    /// As [`DatasetConfig::open`].
    pub fn open_from(&self, library: &Library, split: Split, seed: u64) -> Result<Arc<dyn Dataset>, DatasetError> {
        self.open_parts(library, &[split], seed)?.take(split).ok_or_else(|| self.absent(split))
    }

    /// Opens several parts at once, so that a folder is gone through once and everything wrong with it is one error.
    /// Parts without examples are left empty; there is something to train on, or this is an error.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn open_parts(&self, library: &Library, splits: &[Split], seed: u64) -> Result<Opened, DatasetError> {
        self.check()?;
        let opened = match self {
            Self::Mnist(config) => config.open(library, splits)?,
            Self::FashionMnist(config) => config.open(library, splits)?,
            Self::Cifar10(config) => config.open(library, splits)?,
            Self::Folder(config) => config.open(splits, library.progress.as_ref())?,
            Self::Mixture(c) => draws(|| c.mixture(), (c.examples, c.validation_examples), splits, seed)?,
            Self::Moons(c) => draws(|| c.law(), (c.examples, c.validation_examples), splits, seed)?,
            Self::SwissRoll(c) => draws(|| c.law(), (c.examples, c.validation_examples), splits, seed)?,
            Self::Checkerboard(c) => draws(|| c.law(), (c.examples, c.validation_examples), splits, seed)?,
            Self::Rings(c) => draws(|| c.law(), (c.examples, c.validation_examples), splits, seed)?,
        };
        match opened.train {
            None if splits.contains(&Split::Train) => Err(self.absent(Split::Train)),
            _ => Ok(opened),
        }
    }

    /// The part that results are reported on: the test part, or the validation part where there is no other.
    pub fn held_out(&self) -> Split {
        match self {
            Self::Folder(config) if config.test_fraction == 0.0 => Split::Validation,
            _ => Split::Test,
        }
    }

    /// A part that was asked for and has no examples.
    fn absent(&self, split: Split) -> DatasetError {
        match self {
            Self::Folder(config) => config.absent(split),
            _ => DatasetError::config(
                "data.validation_examples",
                format!("0 leaves no {split} examples; expected at least 1 for this"),
            ),
        }
    }

    /// Refuses values that cannot be, without looking for any file.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key.
    pub fn check(&self) -> Result<(), DatasetError> {
        let counts = |examples, validation_examples| Counts { examples, validation_examples }.check();
        match self {
            Self::Mnist(MnistConfig { pad, validation_examples, .. })
            | Self::FashionMnist(FashionMnistConfig { pad, validation_examples, .. }) => {
                check_pad(*pad)?;
                carve(60_000, *validation_examples).map(drop)
            }
            Self::Cifar10(config) => carve(50_000, config.validation_examples).map(drop),
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

    /// The names of the classes in the order of their numbers, as far as they are known before the set is open: those of
    /// published sets, and of a folder those that its config lists.
    pub fn class_names(&self) -> Option<Vec<String>> {
        match self {
            Self::Mnist(_) => Some(MnistConfig::class_names()),
            Self::FashionMnist(_) => Some(FashionMnistConfig::class_names()),
            Self::Cifar10(_) => Some(Cifar10Config::class_names()),
            Self::Folder(config) => config.classes.clone(),
            _ => None,
        }
    }

    /// The number of classes, `Some(None)` if there are none; `None` if that is known only once the set is open.
    ///
    /// # Errors
    /// Those of [`DatasetConfig::check`].
    pub fn class_count(&self) -> Result<Option<Option<usize>>, DatasetError> {
        Ok(match self {
            Self::Mnist(_) | Self::FashionMnist(_) | Self::Cifar10(_) => Some(Some(10)),
            Self::Folder(config) if !config.labels => Some(None),
            Self::Folder(config) => config.classes.as_ref().map(|classes| Some(classes.len())),
            Self::Mixture(c) => Some(c.mixture()?.classes()),
            Self::Moons(c) => Some(c.law()?.classes()),
            Self::SwissRoll(c) => Some(c.law()?.classes()),
            Self::Checkerboard(c) => Some(c.law()?.classes()),
            Self::Rings(c) => Some(c.law()?.classes()),
        })
    }

    /// Writes the classes of a folder into its config, so that a run keeps them. Other sets have theirs.
    pub fn keep_class_names(&mut self, names: Option<Vec<String>>) {
        if let Self::Folder(config) = self
            && config.labels
        {
            config.classes = names;
        }
    }

    /// The colour that transparent pictures are laid on: a folder's, and white for other sets.
    pub fn background(&self) -> Background {
        match self {
            Self::Folder(config) => config.background,
            _ => Background::WHITE,
        }
    }

    /// The standard deviation of all pixels of the training set, in levels of 8 bits. Measured for published sets; 64, a
    /// quarter of the range, for folders, which is about what photographs have (CIFAR-10's is 64.2). 1 for vectors, which
    /// have no levels.
    pub fn pixel_deviation(&self) -> f64 {
        // A border of zeros thins out the first two moments.
        let padded = |mean: f64, deviation: f64, pad: usize| {
            let share = (28.0 / (28.0 + 2.0 * pad as f64)).powi(2);
            (share * (mean * mean + deviation * deviation) - (share * mean).powi(2)).sqrt()
        };
        match self {
            Self::Mnist(MnistConfig { pad, .. }) => padded(33.318, 78.567, *pad),
            Self::FashionMnist(FashionMnistConfig { pad, .. }) => padded(72.940, 90.021, *pad),
            Self::Cifar10(_) | Self::Folder(_) => 64.0,
            _ => 1.0,
        }
    }

    /// Whether the examples will be images.
    pub fn is_image(&self) -> bool {
        matches!(self, Self::Mnist(_) | Self::FashionMnist(_) | Self::Cifar10(_) | Self::Folder(_))
    }
}

/// Parts of a set that is drawn.
fn draws<L: Law + 'static>(
    law: impl Fn() -> Result<L, DatasetError>,
    (examples, validation_examples): (usize, usize),
    splits: &[Split],
    seed: u64,
) -> Result<Opened, DatasetError> {
    let mut opened = Opened::default();
    for &split in splits {
        let part = Synthetic::new(law()?, Counts { examples, validation_examples }, split, seed)?;
        opened.put(split, Arc::new(part));
    }
    Ok(opened)
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
            assert_eq!(config.class_count().unwrap(), Some(classes));
            assert!(
                firsts.iter().all(|(label, _)| label.is_some() == classes.is_some() && *label < classes.or(Some(1)))
            );
        }
    }

    #[test]
    fn the_deviation_of_digits_is_that_of_the_shipped_ones() {
        for pad in [0, 2] {
            let config = config(&format!("kind = 'mnist'\npad = {pad}\nvalidation_examples = 0"));
            let digits = config.open_from(&Library::only("data"), Split::Train, 0).unwrap();
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
            let opened = config.open_from(&Library::only("nowhere"), Split::Train, 0).map(|set| set.len());
            assert_eq!(opened.unwrap_err().to_string(), error);
        }
    }
}
