//! One strict TOML file for each figure.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{
    BoundConfig, BrownianConfig, DensityPathsConfig, DigitsConfig, ExplodingConfig, LangevinConfig, LemmaConfig,
    NoisyDensityConfig, OrnsteinUhlenbeckConfig, RelaxationConfig, StrongOrderConfig, ThereAndBackConfig,
};
use crate::plot::Figure;
use crate::{LaboratoryError, Watch};

/// Everything that defines a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureFile {
    /// Headline.
    pub title: String,
    /// What the text of the paper says the figure shows, or which statement it is about.
    pub source: String,
    /// Seed of every random number.
    #[serde(default)]
    pub seed: u64,
    /// What to draw.
    pub figure: FigureConfig,
}

/// The kinds of figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FigureConfig {
    /// Langevin dynamics of a mixture.
    Langevin(LangevinConfig),
    /// The reverse of the variance-exploding chain.
    Exploding(ExplodingConfig),
    /// Densities in the plane, forwards and backwards.
    ThereAndBack(ThereAndBackConfig),
    /// Digits, forwards and backwards.
    Digits(DigitsConfig),
    /// Brownian paths.
    Brownian(BrownianConfig),
    /// Ornstein–Uhlenbeck paths and their limit.
    OrnsteinUhlenbeck(OrnsteinUhlenbeckConfig),
    /// A law that relaxes to a Gaussian.
    Relaxation(RelaxationConfig),
    /// Divergence and bound.
    Bound(BoundConfig),
    /// Densities in time with sample paths.
    DensityPaths(DensityPathsConfig),
    /// Lemma 3.4 along a solution.
    Lemma(LemmaConfig),
    /// The stochastic equation.
    NoisyDensity(NoisyDensityConfig),
    /// Strong orders.
    StrongOrder(StrongOrderConfig),
}

/// What a figure may need that the laboratory does not have.
pub trait Material: Sync {
    /// The first `count` digits of a data set: height, width, and pixels in \[−1, 1\], row by row.
    ///
    /// # Errors
    /// Where there are none.
    fn digits(&self, count: usize) -> Result<(usize, usize, Vec<Vec<f64>>), LaboratoryError>;
}

/// Nothing.
impl Material for () {
    fn digits(&self, _: usize) -> Result<(usize, usize, Vec<Vec<f64>>), LaboratoryError> {
        Err(LaboratoryError::Missing("this figure needs a data set of digits, and there is none here".into()))
    }
}

impl FigureFile {
    /// Reads a configuration; `path` is for messages.
    ///
    /// # Errors
    /// An unknown key, a missing one or a wrong type, by name.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LaboratoryError> {
        toml::from_str(text).map_err(|error| LaboratoryError::Config { path: path.into(), message: error.to_string() })
    }

    /// The configuration as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration that was read can be written")
    }

    /// Draws the figure; `name` is that of its files.
    ///
    /// # Errors
    /// A value out of range, by key; if the one who watches stops it.
    pub fn make(&self, name: &str, material: &dyn Material, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let seed = self.seed;
        let mut figure = match &self.figure {
            FigureConfig::Langevin(config) => config.make(seed, watch),
            FigureConfig::Exploding(config) => config.make(seed, watch),
            FigureConfig::ThereAndBack(config) => config.make(seed, watch),
            FigureConfig::Digits(config) => config.make(seed, material, watch),
            FigureConfig::Brownian(config) => config.make(seed),
            FigureConfig::OrnsteinUhlenbeck(config) => config.make(seed, watch),
            FigureConfig::Relaxation(config) => config.make(seed, watch),
            FigureConfig::Bound(config) => config.make(seed, watch),
            FigureConfig::DensityPaths(config) => config.make(seed, watch),
            FigureConfig::Lemma(config) => config.make(watch),
            FigureConfig::NoisyDensity(config) => config.make(seed, watch),
            FigureConfig::StrongOrder(config) => config.make(seed, watch),
        }?;
        figure.name = name.into();
        figure.title.clone_from(&self.title);
        figure.caption = format!("{}\n{} Seed {seed}.", self.source, figure.caption);
        Ok(figure)
    }
}
