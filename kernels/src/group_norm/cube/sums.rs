//! Sums that the units of a cube make together, in an order that is always the same.

use cubecl::prelude::*;

use super::plan::Fixed;

/// What the units of a channel have, added up; every unit gets that of its channel.
#[cube]
pub(super) fn over_pixels(value: f32, shared: &mut Shared<[f32]>, #[comptime] plan: Fixed) -> f32 {
    let channel = UNIT_POS as usize % plan.strip;
    shared[UNIT_POS as usize] = value;
    sync_cube();
    let mut sum = 0.0f32;
    for row in 0..plan.rows {
        sum += shared[row * plan.strip + channel];
    }
    sync_cube();
    sum
}

/// What the channels of a group have, added up; every unit gets that of its group.
#[cube]
pub(super) fn over_channels(value: f32, shared: &mut Shared<[f32]>, #[comptime] plan: Fixed) -> f32 {
    let channel = UNIT_POS as usize % plan.strip;
    if (UNIT_POS as usize) < plan.strip {
        shared[channel] = value;
    }
    sync_cube();
    let first = channel / plan.group * plan.group;
    let mut sum = 0.0f32;
    for member in 0..plan.group {
        sum += shared[first + member];
    }
    sync_cube();
    sum
}
