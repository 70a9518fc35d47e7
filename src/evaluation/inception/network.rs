//! The network, from pictures to features.

use burn::tensor::{Device, Tensor};
use fokker_evaluation::EvaluationError;

use super::blocks::Block;
use super::layers::{Conv, Layers, Source, chain, shrink};

/// The number of features: the means of the last block's channels, `pool3`.
pub(super) const FEATURES: usize = 2048;

/// InceptionV3 up to `pool3`.
pub(super) struct Network {
    first: Vec<Conv>,
    second: Vec<Conv>,
    blocks: Vec<Block>,
}

impl Network {
    /// From weights by name.
    ///
    /// # Errors
    /// Those of the source.
    pub fn new(source: Source<'_>, device: &Device) -> Result<Self, EvaluationError> {
        let mut stem = Layers { part: String::new(), source: &mut *source, device };
        let first = vec![
            stem.conv("Conv2d_1a_3x3", [3, 32], 3, 2, 0)?,
            stem.conv("Conv2d_2a_3x3", [32, 32], 3, 1, 0)?,
            stem.conv("Conv2d_2b_3x3", [32, 64], 3, 1, 1)?,
        ];
        let second = vec![stem.pixel("Conv2d_3b_1x1", [64, 80])?, stem.conv("Conv2d_4a_3x3", [80, 192], 3, 1, 0)?];
        let blocks = vec![
            Block::a(part("5b", source, device), 192, 32)?,
            Block::a(part("5c", source, device), 256, 64)?,
            Block::a(part("5d", source, device), 288, 64)?,
            Block::b(part("6a", source, device), 288)?,
            Block::c(part("6b", source, device), 128)?,
            Block::c(part("6c", source, device), 160)?,
            Block::c(part("6d", source, device), 160)?,
            Block::c(part("6e", source, device), 192)?,
            Block::d(part("7a", source, device))?,
            Block::e_1(part("7b", source, device), 1280)?,
            Block::e_2(part("7c", source, device), 2048)?,
        ];
        Ok(Self { first, second, blocks })
    }

    /// `[batch, 3, 299, 299]` → `[batch, 2048]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = shrink(chain(&self.first, x));
        let x = shrink(chain(&self.second, x));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(&x));
        let [batch, channels, height, width] = x.dims();
        x.reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels])
    }
}

/// A block by the end of its name.
fn part<'a, 'b>(name: &str, source: Source<'b>, device: &'a Device) -> Layers<'a, 'b> {
    Layers { part: format!("Mixed_{name}."), source, device }
}
