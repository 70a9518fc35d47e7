//! One strict TOML file for each figure.

use std::path::Path;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    BoundConfig, BrownianConfig, DensityPathsConfig, DigitsConfig, ExplodingConfig, FigureError, InterpolantConfig,
    LangevinFigure, LemmaConfig, NoisyDensityConfig, NoisyPlaneConfig, OrnsteinUhlenbeckFigure, PhasePlaneConfig,
    RelaxationConfig, ScoreAgreementConfig, ScoreInequalitiesConfig, StrongOrderConfig, ThereAndBackConfig,
    VariationalBoundConfig,
};
use fokker_laboratory::{LaboratoryError, Watch};
use fokker_plot::Figure;

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
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FigureConfig {
    /// Langevin dynamics of a mixture.
    Langevin(LangevinFigure),
    /// The reverse of the variance-exploding chain.
    Exploding(ExplodingConfig),
    /// Densities in the plane, forwards and backwards.
    ThereAndBack(ThereAndBackConfig),
    /// Digits, forwards and backwards.
    Digits(DigitsConfig),
    /// Brownian paths.
    Brownian(BrownianConfig),
    /// Ornstein–Uhlenbeck paths and their limit.
    OrnsteinUhlenbeck(OrnsteinUhlenbeckFigure),
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
    /// The stochastic equation in the plane.
    NoisyPlane(NoisyPlaneConfig),
    /// Strong orders.
    StrongOrder(StrongOrderConfig),
    /// The variational bound.
    VariationalBound(VariationalBoundConfig),
    /// Matrix-valued noise in the plane.
    PhasePlane(PhasePlaneConfig),
    /// Inequalities of a score with a known error.
    ScoreInequalities(ScoreInequalitiesConfig),
    /// Such a score, the truth, and the score of what it generates.
    ScoreAgreement(ScoreAgreementConfig),
    /// From one law to another.
    Interpolant(InterpolantConfig),
}

/// The values of `kind`.
const KINDS: &[&str] = &[
    "langevin",
    "exploding",
    "there_and_back",
    "digits",
    "brownian",
    "ornstein_uhlenbeck",
    "relaxation",
    "bound",
    "density_paths",
    "lemma",
    "noisy_density",
    "noisy_plane",
    "strong_order",
    "variational_bound",
    "phase_plane",
    "score_inequalities",
    "score_agreement",
    "interpolant",
];

/// By the kind first, so that an error in the rest names its key.
impl<'de> Deserialize<'de> for FigureConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let kind = match table.remove("kind") {
            None => return Err(D::Error::missing_field("kind")),
            Some(toml::Value::String(kind)) => kind,
            Some(other) => return Err(D::Error::custom(format!("kind = {other}, but it must be one of {KINDS:?}"))),
        };
        fn of<T: DeserializeOwned, E: serde::de::Error>(
            table: toml::Table,
            kind: fn(T) -> FigureConfig,
        ) -> Result<FigureConfig, E> {
            T::deserialize(table).map(kind).map_err(|error| E::custom(error.to_string().trim()))
        }
        match kind.as_str() {
            "langevin" => of(table, Self::Langevin),
            "exploding" => of(table, Self::Exploding),
            "there_and_back" => of(table, Self::ThereAndBack),
            "digits" => of(table, Self::Digits),
            "brownian" => of(table, Self::Brownian),
            "ornstein_uhlenbeck" => of(table, Self::OrnsteinUhlenbeck),
            "relaxation" => of(table, Self::Relaxation),
            "bound" => of(table, Self::Bound),
            "density_paths" => of(table, Self::DensityPaths),
            "lemma" => of(table, Self::Lemma),
            "noisy_density" => of(table, Self::NoisyDensity),
            "noisy_plane" => of(table, Self::NoisyPlane),
            "strong_order" => of(table, Self::StrongOrder),
            "variational_bound" => of(table, Self::VariationalBound),
            "phase_plane" => of(table, Self::PhasePlane),
            "score_inequalities" => of(table, Self::ScoreInequalities),
            "score_agreement" => of(table, Self::ScoreAgreement),
            "interpolant" => of(table, Self::Interpolant),
            unknown => Err(D::Error::unknown_variant(unknown, KINDS)),
        }
    }
}

/// What a figure may need that the laboratory does not have.
pub trait DigitSource: Sync {
    /// The first `count` digits of a data set: height, width, and pixels in \[−1, 1\], row by row.
    ///
    /// # Errors
    /// Where there are none.
    fn digits(&self, count: usize) -> Result<(usize, usize, Vec<Vec<f64>>), FigureError>;
}

/// Nothing.
impl DigitSource for () {
    fn digits(&self, _: usize) -> Result<(usize, usize, Vec<Vec<f64>>), FigureError> {
        Err(FigureError::Missing("this figure needs a data set of digits, and there is none here".into()))
    }
}

impl FigureFile {
    /// Reads a configuration; `path` is for messages.
    ///
    /// # Errors
    /// An unknown key, a missing one or a wrong type, by name.
    pub fn parse(text: &str, path: &Path) -> Result<Self, FigureError> {
        toml::from_str(text).map_err(|error| FigureError::Config { path: path.into(), message: error.to_string() })
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// A number that TOML does not have, such as a seed of 2⁶³ or above.
    pub fn to_toml(&self) -> Result<String, FigureError> {
        toml::to_string(self)
            .map_err(|error| LaboratoryError::value("seed", self.seed, format!("below 2^63: {error}")).into())
    }

    /// Checks every key, so that nothing is wrong with the numbers once work has started.
    ///
    /// # Errors
    /// A value out of range, by key.
    pub fn check(&self) -> Result<(), FigureError> {
        Ok(match &self.figure {
            FigureConfig::Langevin(config) => config.check(),
            FigureConfig::Exploding(config) => config.check(),
            FigureConfig::ThereAndBack(config) => config.check(),
            FigureConfig::Digits(config) => config.check(),
            FigureConfig::Brownian(config) => config.check(),
            FigureConfig::OrnsteinUhlenbeck(config) => config.check(),
            FigureConfig::Relaxation(config) => config.check(),
            FigureConfig::Bound(config) => config.check(),
            FigureConfig::DensityPaths(config) => config.check(),
            FigureConfig::Lemma(config) => config.check(),
            FigureConfig::NoisyDensity(config) => config.check(),
            FigureConfig::NoisyPlane(config) => config.check(),
            FigureConfig::StrongOrder(config) => config.check(),
            FigureConfig::VariationalBound(config) => config.check(),
            FigureConfig::PhasePlane(config) => config.check(),
            FigureConfig::ScoreInequalities(config) => config.check(),
            FigureConfig::ScoreAgreement(config) => config.check(),
            FigureConfig::Interpolant(config) => config.check(),
        }?)
    }

    /// Draws the figure; `name` is that of its files.
    ///
    /// # Errors
    /// As [`check`](Self::check); what a figure needs and cannot have; if the one who watches stops it.
    pub fn make(&self, name: &str, material: &dyn DigitSource, watch: &dyn Watch) -> Result<Figure, FigureError> {
        self.check()?;
        let seed = self.seed;
        let figure = match &self.figure {
            FigureConfig::Langevin(config) => config.make(seed, watch),
            FigureConfig::Exploding(config) => config.make(seed, watch),
            FigureConfig::ThereAndBack(config) => config.make(seed, watch),
            FigureConfig::Digits(config) => return self.finished(config.make(seed, material, watch)?, name),
            FigureConfig::Brownian(config) => config.make(seed),
            FigureConfig::OrnsteinUhlenbeck(config) => config.make(seed, watch),
            FigureConfig::Relaxation(config) => config.make(seed, watch),
            FigureConfig::Bound(config) => config.make(seed, watch),
            FigureConfig::DensityPaths(config) => config.make(seed, watch),
            FigureConfig::Lemma(config) => config.make(watch),
            FigureConfig::NoisyDensity(config) => config.make(seed, watch),
            FigureConfig::NoisyPlane(config) => config.make(seed, watch),
            FigureConfig::StrongOrder(config) => config.make(seed, watch),
            FigureConfig::VariationalBound(config) => config.make(),
            FigureConfig::PhasePlane(config) => config.make(seed, watch),
            FigureConfig::ScoreInequalities(config) => config.make(seed, watch),
            FigureConfig::ScoreAgreement(config) => config.make(seed, watch),
            FigureConfig::Interpolant(config) => config.make(seed, watch),
        }?;
        self.finished(figure, name)
    }

    /// The figure with its name, headline and caption.
    fn finished(&self, mut figure: Figure, name: &str) -> Result<Figure, FigureError> {
        figure.name = name.into();
        figure.title.clone_from(&self.title);
        figure.caption = format!("{}\n{} Seed {}.", self.source, figure.caption, self.seed);
        finite(&figure)?;
        Ok(figure)
    }
}

/// Every number of a table is finite; a divergence may be infinite.
fn finite(figure: &Figure) -> Result<(), FigureError> {
    let numbers = figure.tables.iter().flat_map(|table| table.rows.iter().flatten());
    match numbers.filter(|value| value.is_nan()).count() {
        0 => Ok(()),
        count => {
            let message =
                format!("{count} of its numbers are not numbers; choose less extreme values in its configuration");
            Err(FigureError::NotFinite { name: figure.name.clone(), message })
        }
    }
}
