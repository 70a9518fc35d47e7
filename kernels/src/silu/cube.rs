//! The activation on a GPU.

use burn::backend::autodiff::NodeId;
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

use crate::tensors::cube::{Primitive, Tracked, one_each, unary};

/// The activation on a GPU; none for other tensors.
pub(super) fn silu<const D: usize>(x: &tensor::Tensor<D>) -> Option<tensor::Tensor<D>> {
    unary(x, |x| activated(x, None), tracked)
}

#[derive(Debug)]
struct Silu;

impl Backward<Cube, 1> for Silu {
    type State = NodeId;

    fn backward(self, ops: Ops<NodeId, 1>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<Cube>(&ops.node);
        let x = checkpointer.retrieve_node_output::<Primitive>(ops.state);
        if let [Some(node)] = &ops.parents {
            gradients.register::<Cube>(node.id, activated(x, Some(gradient)));
        }
    }
}

fn tracked(x: Tracked) -> Tracked {
    match Silu.prepare::<NoCheckpointing>([x.node()]).compute_bound().stateful() {
        OpsKind::Tracked(mut step) => {
            let node = step.checkpoint(&x);
            step.finish(node, activated(x.into_primitive(), None))
        }
        OpsKind::UnTracked(step) => step.finish(activated(x.into_primitive(), None)),
    }
}

/// The activation of `x`, or, from the gradient of the activation, that of `x`.
fn activated(x: Primitive, gradient: Option<Primitive>) -> Primitive {
    let x = into_contiguous(x);
    let (client, device, dtype) = (x.client.clone(), x.device.clone(), x.dtype);
    let out = empty_device_contiguous_dtype(client.clone(), device, x.shape(), dtype);
    let length = x.shape().num_elements();
    let (cubes, units) = one_each(&client, length);
    let gradient = gradient.map(|gradient| into_contiguous(gradient).into_tensor_arg());
    activate::launch(
        &client,
        cubes,
        units,
        x.into_tensor_arg(),
        gradient.into(),
        out.clone().into_tensor_arg(),
        length,
        dtype_to_storage_type(dtype),
    );
    out
}

#[cube(launch)]
fn activate<F: Float>(
    x: &Tensor<F>,
    gradient: ComptimeOption<&Tensor<F>>,
    out: &mut Tensor<F>,
    length: usize,
    #[define(F)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= length {
        terminate!();
    }
    let value = f32::cast_from(x[at]);
    let s = 1.0f32 / (1.0f32 + (-value).exp());
    let slope: ComptimeOption<f32> =
        gradient.as_ref().map(|gradient| f32::cast_from(gradient[at]) * s * (1.0f32 + value * (1.0f32 - s)));
    out[at] = F::cast_from(slope.unwrap_or_else(|| value * s));
}
