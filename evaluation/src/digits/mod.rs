//! A small classifier of handwritten digits, in plain Rust: what makes features and classes of digits.
//!
//! Four convolutions of 3×3 and ReLU, two of them followed by the maximum of 2×2, then the mean over all places and a linear
//! layer. The features are the 64 means. The weights in `weights/digits.safetensors` were trained on MNIST's training set by
//! `cargo run --release -p fokker-evaluation --example train_digits`; they have the names and layouts of PyTorch.

mod convolution;
mod network;
mod training;

pub use network::{DigitsNetwork, Seen};
pub use training::{Example, Trainer};

/// The side of a digit.
pub const SIDE: usize = 28;

/// The features of a digit.
pub const FEATURES: usize = 64;

/// The classes.
pub const CLASSES: usize = 10;

/// The weights that come with this crate.
pub(crate) const WEIGHTS: &[u8] = include_bytes!("../../weights/digits.safetensors");
