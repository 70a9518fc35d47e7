//! A network whose type is forgotten is the network that it holds: numbers, gradients, names, files.

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, Device, Distribution, Int, Tensor};
use fokker_model::layers::Linear;
use fokker_model::pretrained::{load_safetensors, save_safetensors};
use fokker_model::{
    AnyNetwork, Calculus, Context, Cost, Detached, Dual, DualArray, Mlp, MlpConfig, Network, Plain, ScoreNetConfig,
    UNetConfig,
};

fn mlp(seed: u64) -> Mlp {
    MlpConfig { width: 8, blocks: 1, num_classes: Some(3), ..MlpConfig::new(2) }.init(seed, &Device::flex()).unwrap()
}

fn normal<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// All parts of an array, whatever the calculus.
trait Parts {
    fn parts(&self) -> Vec<Vec<f32>>;
}

impl<const D: usize> Parts for Tensor<D> {
    fn parts(&self) -> Vec<Vec<f32>> {
        vec![self.to_data().try_to_vec().unwrap()]
    }
}

impl<C: Calculus, T: Calculus, const D: usize> Parts for DualArray<C, D, T>
where
    C::Array<D>: Parts,
    T::Array<D>: Parts,
{
    fn parts(&self) -> Vec<Vec<f32>> {
        let tangent = self.tangent.as_ref().map_or_else(Vec::new, Parts::parts);
        self.value.parts().into_iter().chain(tangent).collect()
    }
}

/// The network by its own type and with its type forgotten, in one calculus.
fn agree<C: Calculus, N: Network<D>, const D: usize>(network: &N, x: C::Array<D>, noise: C::Array<1>)
where
    C::Array<D>: Parts,
{
    let context = Context::default();
    let own = network.forward::<C>(x.clone(), noise.clone(), &context).parts();
    let any = AnyNetwork::new(network.clone()).forward::<C>(x, noise, &context).parts();
    assert_eq!(own, any, "{}", std::any::type_name::<C>());
    assert!(own.iter().flatten().all(|value| value.is_finite()));
}

/// In all calculi that scores and derivatives use.
fn agree_in_all<N: Network<D>, const D: usize>(network: &N, shape: [usize; D]) {
    let noise = Tensor::<1>::from_floats([0.3, 1.2], &Device::flex());
    let [x, v, u, w] = [0; 4].map(|_| normal(shape));
    let still = DualArray::<Plain, 1>::still(noise.clone());
    let along = DualArray::<Plain, D>::new(x.clone(), v.clone());
    let both = DualArray::<Dual<Plain>, D>::new(along.clone(), DualArray::new(u, w));
    agree::<Plain, N, D>(network, x.clone(), noise.clone());
    agree::<Dual<Plain>, N, D>(network, along.clone(), still.clone());
    let running = |noise: DualArray<Plain, 1>| DualArray::new(noise, Tensor::ones([2], &Device::flex()));
    agree::<Dual<Dual<Plain>, Detached>, N, D>(network, DualArray::still(along), running(still.clone()));
    agree::<Dual<Dual<Plain>>, N, D>(network, both.clone(), DualArray::still(still.clone()));
    let running = DualArray::new(DualArray::still(still), Tensor::ones([2], &Device::flex()));
    agree::<Dual<Dual<Dual<Plain>>, Plain>, N, D>(network, DualArray::still(both), running);
}

#[test]
fn numbers_are_the_same_in_every_calculus_of_the_list() {
    agree_in_all(&mlp(0), [2, 2]);
    let unet = UNetConfig { norm_num_groups: 4, ..UNetConfig::with_levels(1, &[(8, false), (8, true)]) };
    agree_in_all(&unet.init(1, &Device::flex()).unwrap(), [2, 1, 8, 8]);
    let score_net = ScoreNetConfig { channels: vec![8, 8], norm_num_groups: 4, ..ScoreNetConfig::default() };
    agree_in_all(&score_net.init(2, &Device::flex()).unwrap(), [2, 1, 9, 9]);
    let any = AnyNetwork::new(mlp(0));
    assert_eq!(Cost::of(any.clone(), &[2], false), Cost::of(mlp(0), &[2], false));
    assert_eq!((any.condition().classes, any.has_blocks()), (Some(3), false));
    assert!(any.get::<Mlp>().is_some());
}

#[test]
#[should_panic(expected = "Add it to the list in model/src/any_network/calculi.rs")]
fn a_calculus_that_is_not_in_the_list_is_named() {
    let array = DualArray::<Plain, 2>::still(normal([1, 2]));
    let noise = DualArray::<Plain, 1>::still(normal([1]));
    let (x, noise) = (DualArray::still(DualArray::still(array)), DualArray::still(DualArray::still(noise)));
    drop(AnyNetwork::new(mlp(0)).forward::<Dual<Dual<Dual<Plain>>>>(x, noise, &Context::default()));
}

/// What a visitor hears, in order.
#[derive(Default, PartialEq, Debug)]
struct Heard(Vec<String>);

impl ModuleVisitor for Heard {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(format!("float {} {:?} {}", param.id, param.val().dims(), param.val().is_require_grad()));
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.push(format!("int {:?}", param.val().dims()));
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.push(format!("bool {:?}", param.val().dims()));
    }

    fn visit_flag(&mut self, _: &Param<Flag>) {
        self.0.push("flag".into());
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.0.push(format!("enter {name} {container}"));
    }

    fn exit_module(&mut self, name: &str, container: &str) {
        self.0.push(format!("exit {name} {container}"));
    }
}

fn heard<M: Module>(module: &M) -> Heard {
    let mut heard = Heard::default();
    module.visit(&mut heard);
    heard
}

fn weights<M: Module>(module: &M) -> Vec<Vec<f32>> {
    struct All(Vec<Vec<f32>>);
    impl ModuleVisitor for All {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().parts());
        }
    }
    let mut all = All(Vec::new());
    module.visit(&mut all);
    all.0
}

/// A network with a parameter of every kind and of other ranks than layers have.
#[derive(Module, Debug)]
struct Odd {
    linear: Linear,
    counts: Param<Tensor<1, Int>>,
    mask: Param<Tensor<3, Bool>>,
    cube: Param<Tensor<6>>,
    training: Param<Flag>,
}

impl Network<3> for Odd {
    fn forward<C: Calculus>(&self, x: C::Array<3>, _: C::Array<1>, _: &Context) -> C::Array<3> {
        self.linear.forward::<C, 3>(x)
    }
}

fn odd() -> Odd {
    let device = Device::flex();
    Odd {
        linear: Linear::new(2, 2, &mut fokker_model::initializer::Initializer::new(0, &device)),
        counts: Param::initialized(ParamId::from(1), Tensor::from_ints([1, 2], &device)),
        mask: Param::initialized(ParamId::from(2), Tensor::<3, Int>::ones([1, 2, 1], &device).equal_elem(1)),
        cube: Param::from_tensor(Tensor::zeros([1, 1, 1, 1, 1, 2], &device)),
        training: Param::<Flag>::from_bool(true),
    }
}

/// Doubles floats, adds one to whole numbers, and negates what is true or false.
struct Change;

impl ModuleMapper for Change {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.mul_scalar(2.0) + 1.0)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        param.map(|tensor| tensor.add_scalar(1))
    }

    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<D, Bool>>) -> Param<Tensor<D, Bool>> {
        param.map(Tensor::bool_not)
    }

    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        flag.with_value(false)
    }
}

#[test]
fn parameters_are_visited_and_mapped_as_those_of_the_network() {
    for (own, any) in [
        (heard(&mlp(0)), heard(&AnyNetwork::new(mlp(0)))),
        (heard(&mlp(0).train()), heard(&AnyNetwork::new(mlp(0)).train())),
        (heard(&mlp(0).no_grad().valid()), heard(&AnyNetwork::new(mlp(0)).no_grad().valid())),
    ] {
        assert_eq!(own, any);
        assert!(own.0.len() > 20);
    }
    let odd = odd();
    let any = AnyNetwork::new(odd.clone());
    let changed = Module::map(any.clone(), &mut Change);
    assert_eq!(heard(&odd), heard(&any));
    assert_eq!((Module::num_params(&any), any.devices().len()), (8, 1));
    let changed: &Odd = changed.get().unwrap();
    assert_eq!(changed.cube.val().to_data().try_to_vec::<f32>().unwrap(), [1.0, 1.0]);
    assert_eq!(changed.counts.val().into_data_as::<i64>().try_to_vec::<i64>().unwrap(), [2, 3]);
    assert!(!changed.mask.val().any().into_scalar::<bool>() && !changed.training.is_enabled());
    assert_eq!(format!("{:?}", any), format!("{odd:?}"));
    assert_eq!(AnyNetwork::new(any.clone()).get::<Odd>().map(|odd| odd.cube.id), Some(odd.cube.id));
    for moved in [any.clone().fork(&Device::flex()), any.clone().to_device(&Device::flex()), any.materialize()] {
        assert_eq!(heard(&moved).0.len(), heard(&odd).0.len());
    }
}

#[test]
fn weights_travel_between_a_network_and_one_whose_type_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (own, any) = (folder.path().join("own.safetensors"), folder.path().join("any.safetensors"));
    save_safetensors(&mlp(1), &own).unwrap();
    save_safetensors(&AnyNetwork::new(mlp(1)), &any).unwrap();
    assert_eq!(weights(&load_safetensors(mlp(2), &any).unwrap()), weights(&mlp(1)));
    let read = load_safetensors(AnyNetwork::new(mlp(2)), &own).unwrap();
    assert_eq!((weights(&read), heard(&read)), (weights(&mlp(1)), heard(&mlp(1))));
    assert_ne!(weights(&read), weights(&mlp(2)));
}
