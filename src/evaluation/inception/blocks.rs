//! The blocks of InceptionV3 (Szegedy et al. 2016), as the FID literature has them: pytorch-fid's `FIDInceptionA`, `C`, `E_1` and `E_2`,
//! which leave the border out of their means, and torchvision's `InceptionB` and `D`.

use burn::tensor::Tensor;
use fokker_evaluation::EvaluationError;

use super::layers::{Conv, Layers, average, chain, largest, shrink};

/// Branches whose channels are joined.
pub(super) struct Block {
    /// Chains of convolutions from the input.
    branches: Vec<Branch>,
    /// What is done to the input of the last branch.
    pool: fn(Tensor<4>) -> Tensor<4>,
    /// The convolution after it; none in blocks of half the size.
    last: Option<Conv>,
}

/// A chain of convolutions, and then one or several side by side.
struct Branch {
    chain: Vec<Conv>,
    ends: Vec<Conv>,
}

impl From<Vec<Conv>> for Branch {
    fn from(chain: Vec<Conv>) -> Self {
        Self { chain, ends: Vec::new() }
    }
}

impl Block {
    /// `[batch, in, height, width]` → `[batch, out, height', width']`
    pub fn forward(&self, x: &Tensor<4>) -> Tensor<4> {
        let mut parts = Vec::new();
        for Branch { chain: convs, ends } in &self.branches {
            let y = chain(convs, x.clone());
            match ends.is_empty() {
                true => parts.push(y),
                false => parts.extend(ends.iter().map(|end| end.forward(y.clone()))),
            }
        }
        let pooled = (self.pool)(x.clone());
        parts.push(match &self.last {
            Some(last) => last.forward(pooled),
            None => pooled,
        });
        Tensor::cat(parts, 1)
    }

    /// `inputs` → 224 + `pool` channels.
    pub fn a(mut layers: Layers<'_, '_>, inputs: usize, pool: usize) -> Result<Self, EvaluationError> {
        let one = vec![layers.pixel("branch1x1", [inputs, 64])?];
        let five = vec![layers.pixel("branch5x5_1", [inputs, 48])?, layers.conv("branch5x5_2", [48, 64], 5, 1, 2)?];
        let three = vec![
            layers.pixel("branch3x3dbl_1", [inputs, 64])?,
            layers.conv("branch3x3dbl_2", [64, 96], 3, 1, 1)?,
            layers.conv("branch3x3dbl_3", [96, 96], 3, 1, 1)?,
        ];
        let last = Some(layers.pixel("branch_pool", [inputs, pool])?);
        Ok(Self { branches: [one, five, three].map(Branch::from).into(), pool: average, last })
    }

    /// `inputs` → 480 + `inputs` channels, half the size.
    pub fn b(mut layers: Layers<'_, '_>, inputs: usize) -> Result<Self, EvaluationError> {
        let three = vec![layers.conv("branch3x3", [inputs, 384], 3, 2, 0)?];
        let double = vec![
            layers.pixel("branch3x3dbl_1", [inputs, 64])?,
            layers.conv("branch3x3dbl_2", [64, 96], 3, 1, 1)?,
            layers.conv("branch3x3dbl_3", [96, 96], 3, 2, 0)?,
        ];
        Ok(Self { branches: [three, double].map(Branch::from).into(), pool: shrink, last: None })
    }

    /// 768 → 768 channels, with `width` channels within.
    pub fn c(mut layers: Layers<'_, '_>, width: usize) -> Result<Self, EvaluationError> {
        let one = vec![layers.pixel("branch1x1", [768, 192])?];
        let seven = vec![
            layers.pixel("branch7x7_1", [768, width])?,
            layers.row("branch7x7_2", [width, width], 7)?,
            layers.column("branch7x7_3", [width, 192], 7)?,
        ];
        let double = vec![
            layers.pixel("branch7x7dbl_1", [768, width])?,
            layers.column("branch7x7dbl_2", [width, width], 7)?,
            layers.row("branch7x7dbl_3", [width, width], 7)?,
            layers.column("branch7x7dbl_4", [width, width], 7)?,
            layers.row("branch7x7dbl_5", [width, 192], 7)?,
        ];
        let last = Some(layers.pixel("branch_pool", [768, 192])?);
        Ok(Self { branches: [one, seven, double].map(Branch::from).into(), pool: average, last })
    }

    /// 768 → 1280 channels, half the size.
    pub fn d(mut layers: Layers<'_, '_>) -> Result<Self, EvaluationError> {
        let three = vec![layers.pixel("branch3x3_1", [768, 192])?, layers.conv("branch3x3_2", [192, 320], 3, 2, 0)?];
        let seven = vec![
            layers.pixel("branch7x7x3_1", [768, 192])?,
            layers.row("branch7x7x3_2", [192, 192], 7)?,
            layers.column("branch7x7x3_3", [192, 192], 7)?,
            layers.conv("branch7x7x3_4", [192, 192], 3, 2, 0)?,
        ];
        Ok(Self { branches: [three, seven].map(Branch::from).into(), pool: shrink, last: None })
    }

    /// `inputs` → 2048 channels, with a mean in the last branch.
    pub fn e_1(layers: Layers<'_, '_>, inputs: usize) -> Result<Self, EvaluationError> {
        Self::e(layers, inputs, average)
    }

    /// `inputs` → 2048 channels, with a maximum in the last branch.
    pub fn e_2(layers: Layers<'_, '_>, inputs: usize) -> Result<Self, EvaluationError> {
        Self::e(layers, inputs, largest)
    }

    fn e(mut layers: Layers<'_, '_>, inputs: usize, pool: fn(Tensor<4>) -> Tensor<4>) -> Result<Self, EvaluationError> {
        let one = vec![layers.pixel("branch1x1", [inputs, 320])?];
        let three = Branch {
            chain: vec![layers.pixel("branch3x3_1", [inputs, 384])?],
            ends: vec![layers.row("branch3x3_2a", [384, 384], 3)?, layers.column("branch3x3_2b", [384, 384], 3)?],
        };
        let double = Branch {
            chain: vec![
                layers.pixel("branch3x3dbl_1", [inputs, 448])?,
                layers.conv("branch3x3dbl_2", [448, 384], 3, 1, 1)?,
            ],
            ends: vec![layers.row("branch3x3dbl_3a", [384, 384], 3)?, layers.column("branch3x3dbl_3b", [384, 384], 3)?],
        };
        let last = Some(layers.pixel("branch_pool", [inputs, 192])?);
        Ok(Self { branches: vec![one.into(), three, double], pool, last })
    }
}
