//! What a network costs, found without computing: a calculus whose arrays are shapes.
//!
//! The network is run once on [`Sketch`]es. Each operation notes how many numbers it makes, which of its inputs a backward
//! pass would need, and how many products of numbers it takes. An array that is dropped is no longer held, so the most
//! that is held at once is found as well.

use std::cell::Cell;
use std::rc::Rc;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use fokker_kernels::ConvWeight;

use crate::calculus::{Arrays, Calculus, Conv2dShape, FusedNorm, Normalization};
use crate::layers::DropoutKey;
use crate::network::{Context, Network};

/// What a network costs for one example.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Numbers in all parameters.
    pub parameters: f64,
    /// Numbers that a backward pass needs of the forward pass.
    pub kept: f64,
    /// Numbers held at once in a forward pass that nothing is kept of.
    pub held: f64,
    /// Products of numbers in a forward pass.
    pub products: f64,
}

impl Cost {
    /// The cost of a network on examples of a shape, `[channels, height, width]` or `[dimension]`.
    ///
    /// # Panics
    /// If the shape has another rank than the network's examples.
    pub fn of<N: Network<D>, const D: usize>(network: N, shape: &[usize], recompute_blocks: bool) -> Self {
        let ledger = Rc::new(Ledger::default());
        let mut dims = [1; D];
        dims[1..].copy_from_slice(shape);
        // The null condition costs what any other does.
        let dropout = Some(DropoutKey { seed: 0, step: 0, first: 0 });
        let context = Context { dropout, recompute_blocks, ..Context::default() };
        let x = Sketch::new(dims, &ledger);
        drop(network.forward::<Sizes>(x, Sketch::new([1], &ledger), &context));
        Self {
            parameters: Module::num_params(&network) as f64,
            kept: ledger.kept.get() + ledger.again.get(),
            held: ledger.most.get(),
            products: ledger.products.get(),
        }
    }
}

/// Sums over an evaluation.
#[derive(Debug, Default)]
struct Ledger {
    held: Cell<f64>,
    most: Cell<f64>,
    kept: Cell<f64>,
    /// What the largest block keeps while it is computed again.
    again: Cell<f64>,
    products: Cell<f64>,
}

/// The memory of an array, which several arrays may view.
#[derive(Debug)]
struct Memory {
    ledger: Rc<Ledger>,
    numbers: f64,
    kept: Cell<bool>,
}

impl Memory {
    fn keep(&self) {
        if !self.kept.replace(true) {
            self.ledger.kept.set(self.ledger.kept.get() + self.numbers);
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.ledger.held.set(self.ledger.held.get() - self.numbers);
    }
}

/// The shape of an array. Constants have no memory of their own here.
#[derive(Clone, Debug)]
pub struct Sketch<const D: usize> {
    dims: [usize; D],
    memory: Option<Rc<Memory>>,
}

impl<const D: usize> Sketch<D> {
    fn new(dims: [usize; D], ledger: &Rc<Ledger>) -> Self {
        let numbers = dims.iter().map(|&size| size as f64).product();
        ledger.held.set(ledger.held.get() + numbers);
        ledger.most.set(ledger.most.get().max(ledger.held.get()));
        Self { dims, memory: Some(Rc::new(Memory { ledger: ledger.clone(), numbers, kept: Cell::new(false) })) }
    }

    fn ledger(&self) -> Option<&Rc<Ledger>> {
        self.memory.as_ref().map(|memory| &memory.ledger)
    }

    /// The same memory in another shape.
    fn view<const E: usize>(self, dims: [usize; E]) -> Sketch<E> {
        Sketch { dims, memory: self.memory }
    }

    /// Notes that a backward pass needs the array.
    fn keep(&self) {
        if let Some(memory) = &self.memory {
            memory.keep();
        }
    }
}

/// A new array made of others, with so many products of numbers for each of its numbers.
fn made<const D: usize>(dims: [usize; D], of: &[Option<&Rc<Ledger>>], products: f64) -> Sketch<D> {
    let Some(ledger) = of.iter().copied().flatten().next() else { return Sketch { dims, memory: None } };
    let numbers: f64 = dims.iter().map(|&size| size as f64).product();
    ledger.products.set(ledger.products.get() + products * numbers);
    Sketch::new(dims, ledger)
}

/// A new array of the same shape.
fn like<const D: usize>(x: &Sketch<D>) -> Sketch<D> {
    made(x.dims, &[x.ledger()], 1.0)
}

/// A new array of the same shape, for whose gradient the input is needed.
fn like_kept<const D: usize>(x: Sketch<D>) -> Sketch<D> {
    x.keep();
    like(&x)
}

fn broadcast<const D: usize>(x: &Sketch<D>, y: &Sketch<D>) -> Sketch<D> {
    let dims = std::array::from_fn(|dim| x.dims[dim].max(y.dims[dim]));
    made(dims, &[x.ledger(), y.ledger()], 1.0)
}

/// The calculus of shapes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes;

impl Arrays for Sizes {
    type Array<const D: usize> = Sketch<D>;
}

impl FusedNorm for Sizes {}

impl Calculus for Sizes {
    fn block<M: Module + Sync + 'static>(
        block: &M,
        images: Vec<Sketch<4>>,
        time: Sketch<2>,
        again: bool,
        body: impl Fn(&M, Vec<Sketch<4>>, Sketch<2>) -> Sketch<4> + Send + Sync + 'static,
    ) -> Sketch<4> {
        let ledger = images.iter().find_map(|image| image.ledger().cloned()).filter(|_| again);
        let Some(ledger) = ledger else { return body(block, images, time) };
        images.iter().for_each(Sketch::keep);
        let kept = ledger.kept.get();
        let out = body(block, images, time);
        ledger.again.set(ledger.again.get().max(ledger.kept.get() - kept));
        ledger.kept.set(kept);
        out
    }

    fn constant<const D: usize>(tensor: Tensor<D>) -> Sketch<D> {
        Sketch { dims: tensor.dims(), memory: None }
    }

    fn constant_like<const D: usize>(x: &Sketch<D>, _: impl FnOnce(&Device, DType) -> Tensor<D>) -> Sketch<D> {
        made(x.dims, &[x.ledger()], 0.0)
    }

    fn place<const D: usize>(_: &Sketch<D>) -> (Device, DType) {
        (Device::flex(), DType::F32)
    }

    fn dims<const D: usize>(x: &Sketch<D>) -> [usize; D] {
        x.dims
    }

    fn reshape<const D: usize, const E: usize>(x: Sketch<D>, shape: [usize; E]) -> Sketch<E> {
        x.view(shape)
    }

    fn swap_dims<const D: usize>(x: Sketch<D>, first: usize, second: usize) -> Sketch<D> {
        let mut dims = x.dims;
        dims.swap(first, second);
        x.view(dims)
    }

    fn expand<const D: usize>(x: Sketch<D>, shape: [usize; D]) -> Sketch<D> {
        x.view(shape)
    }

    fn cat<const D: usize>(parts: Vec<Sketch<D>>, dim: usize) -> Sketch<D> {
        let mut dims = parts[0].dims;
        dims[dim] = parts.iter().map(|part| part.dims[dim]).sum();
        made(dims, &parts.iter().map(Sketch::ledger).collect::<Vec<_>>(), 0.0)
    }

    fn narrow<const D: usize>(x: Sketch<D>, dim: usize, _: usize, length: usize) -> Sketch<D> {
        let mut dims = x.dims;
        dims[dim] = length;
        x.view(dims)
    }

    fn add<const D: usize>(x: Sketch<D>, y: Sketch<D>) -> Sketch<D> {
        broadcast(&x, &y)
    }

    fn mul<const D: usize>(x: Sketch<D>, y: Sketch<D>) -> Sketch<D> {
        x.keep();
        y.keep();
        broadcast(&x, &y)
    }

    fn affine<const D: usize>(x: Sketch<D>, a: f64, b: f64) -> Sketch<D> {
        if (a, b) == (1.0, 0.0) { x } else { like(&x) }
    }

    fn ln<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        like_kept(x)
    }

    fn recip<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        like_kept(x)
    }

    fn sin<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        like_kept(x)
    }

    fn cos<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        like_kept(x)
    }

    fn rsqrt<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        like_kept(x)
    }

    fn sigmoid<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        like_kept(x)
    }

    fn silu<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        like_kept(x)
    }

    fn softmax<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        let out = like(&x);
        out.keep();
        out
    }

    fn sum_last<const D: usize>(x: Sketch<D>) -> Sketch<D> {
        let mut dims = x.dims;
        dims[D - 1] = 1;
        made(dims, &[x.ledger()], 0.0)
    }

    fn matmul<const D: usize>(x: Sketch<D>, y: Sketch<D>) -> Sketch<D> {
        x.keep();
        y.keep();
        let mut dims: [usize; D] = std::array::from_fn(|dim| x.dims[dim].max(y.dims[dim]));
        (dims[D - 2], dims[D - 1]) = (x.dims[D - 2], y.dims[D - 1]);
        made(dims, &[x.ledger(), y.ledger()], x.dims[D - 1] as f64)
    }

    fn linear<const D: usize>(x: Sketch<D>, weight: Tensor<2>, _: Option<Tensor<1>>) -> Sketch<D> {
        x.keep();
        let [outputs, inputs] = weight.dims();
        let mut dims = x.dims;
        dims[D - 1] = outputs;
        made(dims, &[x.ledger()], inputs as f64)
    }

    fn conv2d(x: Sketch<4>, weight: ConvWeight, _: Option<Tensor<1>>, shape: Conv2dShape) -> Sketch<4> {
        x.keep();
        let [outputs, inputs, kernel, _] = weight.dims();
        let side = |side: usize| (side + shape.padding_before + shape.padding_after - kernel) / shape.stride + 1;
        let [batch, height, width, _] = x.dims;
        made([batch, side(height), side(width), outputs], &[x.ledger()], (inputs * kernel * kernel) as f64)
    }

    fn conv2d_add(x: Sketch<4>, weight: ConvWeight, _: Tensor<1>, residual: Sketch<4>) -> Sketch<4> {
        x.keep();
        let [_, inputs, kernel, _] = weight.dims();
        made(residual.dims, &[x.ledger()], (inputs * kernel * kernel) as f64)
    }

    fn conv_transpose2d(
        x: Sketch<4>,
        weight: ConvWeight,
        _: Option<Tensor<1>>,
        _: usize,
        [height, width]: [usize; 2],
    ) -> Sketch<4> {
        x.keep();
        let [inputs, outputs, kernel, _] = weight.dims();
        let pixels = (x.dims[1] * x.dims[2]) as f64 / (height * width) as f64;
        made([x.dims[0], height, width, outputs], &[x.ledger()], pixels * (inputs * kernel * kernel) as f64)
    }

    fn group_mean(x: Sketch<4>, _: usize) -> Sketch<4> {
        made([x.dims[0], 1, 1, x.dims[3]], &[x.ledger()], 0.0)
    }

    fn group_norm(x: Sketch<4>, shift: Option<Sketch<2>>, _: &Normalization) -> Sketch<4> {
        if let Some(shift) = shift {
            shift.keep();
        }
        like_kept(x)
    }

    fn upsample_nearest(x: Sketch<4>) -> Sketch<4> {
        let [batch, height, width, channels] = x.dims;
        made([batch, 2 * height, 2 * width, channels], &[x.ledger()], 0.0)
    }

    fn average_pool(x: Sketch<4>) -> Sketch<4> {
        let [batch, height, width, channels] = x.dims;
        made([batch, height / 2, width / 2, channels], &[x.ledger()], 0.0)
    }
}
