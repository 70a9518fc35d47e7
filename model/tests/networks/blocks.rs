//! A block of a network of one's own, with more parameters than can be computed again.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use fokker_model::initializer::Initializer;
use fokker_model::layers::Linear;
use fokker_model::{Calculus, Plain};

/// 40 parameters.
#[derive(Module, Debug)]
struct Tower {
    layers: Vec<Linear>,
}

impl Tower {
    fn new() -> Self {
        let mut init = Initializer::new(3, &Device::flex());
        Self { layers: (0..20).map(|_| Linear::new(4, 4, &mut init)).collect() }
    }

    fn forward<C: Calculus>(&self, images: C::Array<4>, time: C::Array<2>) -> C::Array<4> {
        let [batch, channels] = C::dims(&time);
        let start = C::add(images, C::reshape(time, [batch, 1, 1, channels]));
        self.layers.iter().fold(start, |x, layer| C::silu(layer.forward::<C, 4>(x)))
    }
}

struct All<'a>(&'a Gradients, Vec<Vec<f32>>);

impl ModuleVisitor for All<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.0).expect("every parameter has a gradient");
        self.1.push(gradient.into_data().try_to_vec().unwrap());
    }
}

#[test]
fn a_block_with_many_parameters_is_kept_and_has_its_gradients() {
    let tower = Tower::new().train();
    let device = Device::flex().autodiff();
    let gradients = |again: bool| {
        let (images, time) = (Tensor::ones([2, 3, 3, 4], &device), Tensor::ones([2, 4], &device));
        let body = |tower: &Tower, mut images: Vec<Tensor<4>>, time| tower.forward::<Plain>(images.remove(0), time);
        let out = Plain::block(&tower, vec![images], time, again, body);
        let gradients = out.square().sum().backward();
        let mut all = All(&gradients, Vec::new());
        tower.visit(&mut all);
        all.1
    };
    let kept = gradients(false);
    assert_eq!(kept.len(), 40);
    assert_eq!(gradients(true), kept);
}
