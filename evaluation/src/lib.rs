//! Metrics of samples: how far a cloud of generated vectors is from a cloud of real ones.
//!
//! Everything is computed from [`Features`], `n × d` numbers in double precision: raw values, or what an extractor makes of
//! images. No tensors, no device.
//!
//! | metric | what it says | source |
//! |---|---|---|
//! | [`FrechetDistance`] | distance of means and covariances; FID | Heusel et al. 2017 |
//! | [`FrechetInfinity`] | the same without its bias in the number of samples | Chong & Forsyth 2020 |
//! | [`Kid`] | unbiased distance with a cubic kernel | Bińkowski et al. 2018 |
//! | [`Mmd`] | unbiased distance with a Gaussian kernel | Gretton et al. 2012 |
//! | [`PrecisionRecall`] | share of realistic samples, share of data that are reached | Kynkäänniemi et al. 2019 |
//! | [`DensityCoverage`] | the same, less sensitive to outliers | Naeem et al. 2020 |
//! | [`SlicedWasserstein`] | distance along random directions | Rabin et al. 2011 |
//! | [`Marginals`] | distance of each column | |
//! | [`copying`] | whether samples are copies of training examples | Meehan et al. 2020 |
//! | [`classes`] | how often each class occurs, and how sure the classifier is | |
//!
//! [`evaluate_features`] computes them with error bars and with their floor: what the same metric says of two halves of the real
//! data.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod array;
mod checksum;
mod classes;
mod copying;
pub mod digits;
mod error;
mod evaluate;
mod extractor;
mod features;
mod frechet;
mod kernel;
mod kid;
mod line;
mod marginals;
mod metric;
mod mmd;
mod neighbours;
mod pairs;
mod replicate;
mod sliced;
mod statistics;
mod watch;

#[doc(hidden)]
pub use fokker_registry as registry;

pub use array::{Array, is_array, read_array, read_npz, read_statistics, write_npz, write_statistics};
pub use checksum::sha256;
pub use classes::{ClassShare, Classes, Labels, classes};
pub use copying::{Copying, NearestExample, copying};
pub use error::EvaluationError;
pub use evaluate::{Evaluation, Measured, Protocol, evaluate_features, evaluate_statistics};
#[cfg(feature = "onnx")]
pub use extractor::Onnx;
pub use extractor::{Digits, Extracted, Extractor, ExtractorEntry, ExtractorKind, Images, Pixels, ReadOnce, cached};
pub use features::{Features, Pair};
pub use frechet::{Frechet, FrechetDistance, FrechetInfinity, frechet_distance};
pub use kid::{Kid, kid_of_subsets};
pub use marginals::Marginals;
pub use metric::{Metric, MetricEntry, MetricKind, MetricQuantity, Series};
pub use mmd::{Mmd, median_distance};
pub use neighbours::{DensityCoverage, PrecisionRecall};
pub use replicate::{Estimate, Replicate, Replicates};
pub use sliced::{SlicedWasserstein, sliced_wasserstein};
pub use statistics::Statistics;
pub use watch::Watch;
