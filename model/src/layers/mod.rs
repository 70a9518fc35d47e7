//! The layers that the networks are made of. Parameter names and layouts are PyTorch's, so weights travel unchanged.

mod attention;
mod condition;
mod conv2d;
mod conv_transpose2d;
mod dropout;
mod embedding;
mod group_norm;
mod image_waves;
mod linear;

pub use attention::Attention;
pub use condition::{AugmentationEmbedding, VectorEmbedding, check_condition, join_array};
pub use conv_transpose2d::ConvTranspose2d;
pub use conv2d::Conv2d;
pub use dropout::{Dropout, DropoutKey};
pub use embedding::{Embedding, FourierEmbedding, PositionalEmbedding, check_class_rows, class_rows};
pub use group_norm::GroupNorm;
pub use image_waves::ImageWaves;
pub use linear::Linear;
