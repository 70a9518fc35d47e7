//! Self-attention over the pixels of an image.

use burn::module::Module;

use super::group_norm::GroupNorm;
use super::linear::Linear;
use crate::{calculus::Calculus, initializer::Initializer};

/// Multi-head self-attention with a residual connection (Vaswani et al. 2017, as in the U-Net of Ho et al. 2020).
#[derive(Module, Debug)]
pub struct Attention {
    group_norm: Option<GroupNorm>,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Vec<Linear>,
    head_width: usize,
    output_scale: f64,
}

impl Attention {
    /// Attention on `channels` channels in heads of `head_width`, with an optional normalisation in front; the sum
    /// with the input is divided by `output_scale`.
    pub fn new(
        channels: usize,
        head_width: usize,
        norm: Option<(usize, f64)>,
        output_scale: f64,
        init: &mut Initializer,
    ) -> Self {
        let inner = channels / head_width * head_width;
        Self {
            group_norm: norm.map(|(groups, eps)| GroupNorm::new(groups, channels, eps, init)),
            to_q: Linear::new(channels, inner, init),
            to_k: Linear::new(channels, inner, init),
            to_v: Linear::new(channels, inner, init),
            to_out: vec![Linear::new(inner, channels, init)],
            head_width,
            output_scale,
        }
    }

    /// # Shapes
    /// `[batch, height, width, channels]` → the same
    pub fn forward<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        let [batch, height, width, channels] = C::dims(&x);
        let positions = height * width;
        let normal = match &self.group_norm {
            Some(norm) => norm.forward::<C>(x.clone()),
            None => x.clone(),
        };
        let tokens = C::reshape(normal, [batch, positions, channels]);
        let heads = |layer: &Linear| {
            let y = layer.forward::<C, 3>(tokens.clone());
            let heads = C::dims(&y)[2] / self.head_width;
            exchange::<C>(C::reshape(y, [batch, positions, heads, self.head_width]))
        };
        let mixed = C::attention(heads(&self.to_q), heads(&self.to_k), heads(&self.to_v));
        let inner = C::dims(&mixed)[1] * self.head_width;
        let mixed = C::reshape(exchange::<C>(mixed), [batch, positions, inner]);
        let out = C::reshape(self.to_out[0].forward::<C, 3>(mixed), [batch, height, width, channels]);
        C::affine(C::add(out, x), 1.0 / self.output_scale, 0.0)
    }
}

/// Heads and positions in each other's place. Of a single head nothing moves in memory, which a reshape says and an exchange does not.
///
/// # Shapes
/// `[batch, a, b, width]` → `[batch, b, a, width]`
fn exchange<C: Calculus>(x: C::Array<4>) -> C::Array<4> {
    match C::dims(&x) {
        [batch, a, b, width] if a == 1 || b == 1 => C::reshape(x, [batch, b, a, width]),
        _ => C::swap_dims(x, 1, 2),
    }
}
