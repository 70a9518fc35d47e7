//! The softmax of scaled rows: one kernel forward, one backward.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::{self, DType};
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::*;

use crate::tensors::cube::{Inputs, Primitive, Tracked, empty, from_plain, from_tracked};

/// The softmax on a GPU; none for other tensors.
pub(super) fn softmax(x: &tensor::Tensor<4>, scale: f64) -> Option<tensor::Tensor<4>> {
    let [batch, heads, rows, columns] = x.dims();
    let taken = matches!(x.dtype(), DType::F32 | DType::F16 | DType::BF16)
        && batch * heads <= CUBES
        && rows <= CUBES
        && !x.dims().contains(&0);
    let shape = Shape { rows: [rows, batch * heads], columns, scale: scale as f32 };
    Some(match taken.then(|| Inputs::of(vec![x.clone().into_dispatch()])).flatten()? {
        Inputs::Plain(mut inputs) => from_plain(forward(&shape, inputs.remove(0))),
        Inputs::Tracked(mut inputs, context) => from_tracked(tracked(shape, inputs.remove(0)), context),
    })
}

/// Cubes along an axis, the least that a device offers.
const CUBES: usize = u16::MAX as usize;

/// Rows, in two axes of cubes, their length, and what they are multiplied by.
#[derive(Clone, Copy, Debug)]
struct Shape {
    rows: [usize; 2],
    columns: usize,
    scale: f32,
}

impl Shape {
    fn cubes(&self) -> CubeCount {
        CubeCount::new_2d(self.rows[0] as u32, self.rows[1] as u32)
    }

    /// Units of a cube, a power of two: as many as a row has numbers, if that is not too many.
    fn units(&self, client: &Client) -> u32 {
        let most = client.properties().hardware.max_units_per_cube.clamp(1, 256);
        let most = if most.is_power_of_two() { most } else { most.next_power_of_two() / 2 };
        most.min(self.columns.next_power_of_two() as u32)
    }
}

fn forward(shape: &Shape, x: Primitive) -> Primitive {
    let x = into_contiguous(x);
    let out = empty(&x, x.shape().dims::<4>(), x.dtype());
    let (client, dtype) = (x.client.clone(), dtype_to_storage_type(x.dtype()));
    let units = shape.units(&client);
    probabilities::launch(
        &client,
        shape.cubes(),
        CubeDim::new_1d(units),
        x.into_tensor_arg(),
        out.clone().into_tensor_arg(),
        shape.columns,
        shape.scale,
        units as usize,
        dtype,
    );
    out
}

#[derive(Debug)]
struct Softmax;

impl Backward<Cube, 1> for Softmax {
    type State = (Primitive, Shape);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = into_contiguous(gradients.consume::<Cube>(&ops.node));
        let (p, shape) = ops.state;
        let [Some(node)] = &ops.parents else { return };
        let out = empty(&p, p.shape().dims::<4>(), p.dtype());
        let (client, dtype) = (p.client.clone(), dtype_to_storage_type(p.dtype()));
        let units = shape.units(&client);
        of_rows::launch(
            &client,
            shape.cubes(),
            CubeDim::new_1d(units),
            p.into_tensor_arg(),
            gradient.into_tensor_arg(),
            out.clone().into_tensor_arg(),
            shape.columns,
            shape.scale,
            units as usize,
            dtype,
        );
        gradients.register::<Cube>(node.id, out);
    }
}

fn tracked(shape: Shape, x: Tracked) -> Tracked {
    let node = x.node();
    let p = forward(&shape, x.into_primitive());
    // What takes the result keeps it: there is nothing to be saved by computing it again.
    match Softmax.prepare::<NoCheckpointing>([node]).compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish((p.clone(), shape), p),
        OpsKind::UnTracked(step) => step.finish(p),
    }
}

/// The largest of the units' numbers if `largest`, else their sum; every unit gets it.
#[cube]
fn over_units(value: f32, shared: &mut Shared<[f32]>, #[comptime] units: usize, #[comptime] largest: bool) -> f32 {
    let unit = UNIT_POS as usize;
    shared[unit] = value;
    sync_cube();
    let mut half = comptime!(units / 2).runtime();
    while half > 0 {
        if unit < half {
            let other = shared[unit + half];
            if comptime!(largest) {
                shared[unit] = max(shared[unit], other);
            } else {
                shared[unit] += other;
            }
        }
        sync_cube();
        half /= 2;
    }
    let result = shared[0];
    sync_cube();
    result
}

#[cube(launch)]
fn probabilities<F: Float>(
    x: &Tensor<F>,
    out: &mut Tensor<F>,
    columns: usize,
    scale: f32,
    #[comptime] units: usize,
    #[define(F)] _dtype: ElemType,
) {
    let mut shared = Shared::<[f32]>::new_slice(units);
    let start = (CUBE_POS_Y as usize * CUBE_COUNT_X as usize + CUBE_POS_X as usize) * columns;
    let unit = UNIT_POS as usize;
    // There are no more than twice as many units as columns: a unit without one takes the first.
    let mut largest = f32::cast_from(x[start]) * scale;
    let mut column = unit;
    while column < columns {
        largest = max(largest, f32::cast_from(x[start + column]) * scale);
        column += units;
    }
    let largest = over_units(largest, &mut shared, units, true);
    let mut sum = 0.0f32;
    let mut column = unit;
    while column < columns {
        sum += (f32::cast_from(x[start + column]) * scale - largest).exp();
        column += units;
    }
    let sum = over_units(sum, &mut shared, units, false);
    let mut column = unit;
    while column < columns {
        let value = (f32::cast_from(x[start + column]) * scale - largest).exp();
        out[start + column] = F::cast_from(value / sum);
        column += units;
    }
}

/// `scale p (d − Σ p d)` with the gradient `d` of `p`.
#[cube(launch)]
fn of_rows<F: Float>(
    p: &Tensor<F>,
    gradient: &Tensor<F>,
    out: &mut Tensor<F>,
    columns: usize,
    scale: f32,
    #[comptime] units: usize,
    #[define(F)] _dtype: ElemType,
) {
    let mut shared = Shared::<[f32]>::new_slice(units);
    let start = (CUBE_POS_Y as usize * CUBE_COUNT_X as usize + CUBE_POS_X as usize) * columns;
    let unit = UNIT_POS as usize;
    let mut sum = 0.0f32;
    let mut column = unit;
    while column < columns {
        sum += f32::cast_from(p[start + column]) * f32::cast_from(gradient[start + column]);
        column += units;
    }
    let sum = over_units(sum, &mut shared, units, false);
    let mut column = unit;
    while column < columns {
        let at = start + column;
        out[at] = F::cast_from(scale * f32::cast_from(p[at]) * (f32::cast_from(gradient[at]) - sum));
        column += units;
    }
}
