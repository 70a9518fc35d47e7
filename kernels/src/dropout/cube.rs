//! Dropout on a GPU.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use cubecl::prelude::*;

use super::DropoutMask;
use crate::tensors::cube::{Primitive, Tracked, one_each, unary};

/// The words of a block of ChaCha.
const WORDS: usize = 16;

/// The columns of a block.
const COLUMNS: usize = 4;

/// Half of ChaCha8's rounds: a double round mixes columns and diagonals.
const DOUBLE_ROUNDS: usize = 4;

/// The array with some entries 0, on a GPU; none for other tensors.
pub(super) fn apply<const D: usize>(x: &tensor::Tensor<D>, mask: &DropoutMask) -> Option<tensor::Tensor<D>> {
    unary(x, |x| dropped(x, mask), |x| tracked(x, mask))
}

#[derive(Debug)]
struct Dropout;

impl Backward<Cube, 1> for Dropout {
    type State = DropoutMask;

    fn backward(self, ops: Ops<DropoutMask, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Cube>(&ops.node);
        if let [Some(node)] = &ops.parents {
            gradients.register::<Cube>(node.id, dropped(gradient, &ops.state));
        }
    }
}

fn tracked(x: Tracked, mask: &DropoutMask) -> Tracked {
    match Dropout.prepare::<NoCheckpointing>([x.node()]).compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish(mask.clone(), dropped(x.into_primitive(), mask)),
        OpsKind::UnTracked(step) => step.finish(dropped(x.into_primitive(), mask)),
    }
}

fn dropped(x: Primitive, mask: &DropoutMask) -> Primitive {
    let x = into_contiguous(x);
    let (client, device, dtype) = (x.client.clone(), x.device.clone(), x.dtype);
    let out = empty_device_contiguous_dtype(client.clone(), device, x.shape(), dtype);
    let length = x.shape().num_elements();
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| mask.seed[4 * at + byte]));
    let (block, before) = (mask.position / WORDS as u128, (mask.position % WORDS as u128) as usize);
    let blocks = (before + length).div_ceil(WORDS);
    let (cubes, units) = one_each(&client, blocks);
    drop_some::launch(
        &client,
        cubes,
        units,
        x.into_tensor_arg(),
        out.clone().into_tensor_arg(),
        KeyLaunch::new(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7)),
        block as u32,
        (block >> 32) as u32,
        mask.stream as u32,
        (mask.stream >> 32) as u32,
        before,
        length,
        mask.threshold(),
        mask.factor(),
        dtype_to_storage_type(dtype),
    );
    out
}

/// The eight words of a key.
#[derive(CubeType, CubeLaunch)]
struct Key {
    a: u32,
    b: u32,
    c: u32,
    d: u32,
    e: u32,
    f: u32,
    g: u32,
    h: u32,
}

/// Each unit computes a block of the generator, and handles the entries whose words are in it.
#[cube(launch)]
#[allow(clippy::too_many_arguments, reason = "a kernel takes numbers one by one")]
fn drop_some<F: Float>(
    x: &Tensor<F>,
    out: &mut Tensor<F>,
    key: Key,
    block_low: u32,
    block_high: u32,
    stream_low: u32,
    stream_high: u32,
    before: usize,
    length: usize,
    threshold: f32,
    factor: f32,
    #[define(F)] _dtype: ElemType,
) {
    let first = ABSOLUTE_POS * WORDS;
    if first >= before + length {
        terminate!();
    }
    let low = block_low + u32::cast_from(ABSOLUTE_POS);
    // The carry of a sum of 32 bits.
    let high = block_high + u32::cast_from(low < block_low);
    let mut start = Array::<u32>::new(WORDS);
    start[0] = 0x6170_7865;
    start[1] = 0x3320_646e;
    start[2] = 0x7962_2d32;
    start[3] = 0x6b20_6574;
    start[4] = key.a;
    start[5] = key.b;
    start[6] = key.c;
    start[7] = key.d;
    start[8] = key.e;
    start[9] = key.f;
    start[10] = key.g;
    start[11] = key.h;
    start[12] = low;
    start[13] = high;
    start[14] = stream_low;
    start[15] = stream_high;
    let mut words = Array::<u32>::new(WORDS);
    #[unroll]
    for place in 0..WORDS {
        words[place] = start[place];
    }
    for _ in 0..DOUBLE_ROUNDS {
        #[unroll]
        for column in 0..COLUMNS {
            quarter_round(&mut words, column, 4 + column, 8 + column, 12 + column);
        }
        #[unroll]
        for column in 0..COLUMNS {
            quarter_round(&mut words, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4);
        }
    }
    #[unroll]
    for place in 0..WORDS {
        let at = first + place;
        if at >= before && at < before + length {
            // 24 bits, as a number in [0, 1).
            let number = f32::cast_from((words[place] + start[place]) >> 8u32) * (1.0f32 / 16777216.0f32);
            let factor = select(number < threshold, factor, 0.0f32);
            out[at - before] = F::cast_from(f32::cast_from(x[at - before]) * f32::cast_from(F::cast_from(factor)));
        }
    }
}

#[cube]
fn quarter_round(
    words: &mut Array<u32>,
    #[comptime] a: usize,
    #[comptime] b: usize,
    #[comptime] c: usize,
    #[comptime] d: usize,
) {
    words[a] += words[b];
    words[d] = rotated(words[d] ^ words[a], 16u32);
    words[c] += words[d];
    words[b] = rotated(words[b] ^ words[c], 12u32);
    words[a] += words[b];
    words[d] = rotated(words[d] ^ words[a], 8u32);
    words[c] += words[d];
    words[b] = rotated(words[b] ^ words[c], 7u32);
}

#[cube]
#[allow(clippy::manual_rotate, reason = "kernels have shifts alone")]
fn rotated(word: u32, #[comptime] bits: u32) -> u32 {
    (word << bits) | (word >> (32u32 - bits))
}
