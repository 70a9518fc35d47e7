//! Blocks that are computed again in the backward pass: the same gradients in less memory.

#[path = "../../kernels/tests/support/memory.rs"]
mod memory;

use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, FloatDType, Gradients, Tensor, TensorData};
use fokker_model::layers::DropoutKey;
use fokker_model::precision::cast;
use fokker_model::{Context, Cost, Network, Plain, UNet, UNetConfig};
use memory::IN_USE;

/// One test at a time: the other's memory is counted too.
static ALONE: Mutex<()> = Mutex::new(());

fn network() -> UNet {
    let levels = [(8, false), (16, true)];
    let config = UNetConfig { norm_num_groups: 4, dropout: 0.2, ..UNetConfig::with_levels(3, &levels) };
    UNet::new(&config, 0, &Device::flex()).unwrap()
}

struct All<'a>(&'a Gradients, Vec<Vec<f64>>);

impl ModuleVisitor for All<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.0).expect("every parameter has a gradient");
        self.1.push(numbers(gradient));
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data_as::<f64>().try_to_vec().unwrap()
}

/// Bytes that the forward pass holds, and all gradients.
fn run(network: &UNet, recompute_blocks: bool, precision: DType) -> (usize, Vec<Vec<f64>>) {
    const BATCH: usize = 4;
    let place = (&Device::flex().autodiff(), precision);
    let values: Vec<f64> = (0..BATCH * 3 * 16 * 16).map(|i| (i as f64 * 0.37).sin()).collect();
    let x = Tensor::<4>::from_data(TensorData::new(values, [BATCH, 3, 16, 16]), place).require_grad();
    let noise = Tensor::<1>::from_data(TensorData::new(vec![0.1, 0.5, 1.0, 20.0], [BATCH]), place);
    let context =
        Context { dropout: Some(DropoutKey { seed: 1, step: 2, first: 0 }), recompute_blocks, ..Context::default() };
    let before = IN_USE.load(Relaxed);
    let out = network.forward::<Plain>(x.clone(), noise, &context);
    let held = IN_USE.load(Relaxed) - before;
    let gradients = out.square().sum().backward();
    let mut all = All(&gradients, vec![numbers(x.grad(&gradients).unwrap())]);
    network.visit(&mut all);
    (held, all.1)
}

/// Gradients of images are sums of the same terms in another order. Some parameters' are zero but for rounding: that of
/// a key's bias, which adds the same to all of a row.
#[test]
fn gradients_are_the_same() {
    let _alone = ALONE.lock();
    let network = cast(network(), FloatDType::F64).train();
    let [kept, again] = [false, true].map(|recompute| run(&network, recompute, DType::F64).1);
    assert_eq!(again.len(), kept.len());
    let largest = |numbers: &[f64]| numbers.iter().fold(0.0f64, |size, value| size.max(value.abs()));
    let floor = 1e-3 * kept.iter().map(|numbers| largest(numbers)).fold(0.0, f64::max);
    for (again, kept) in again.iter().zip(&kept) {
        let size = largest(kept).max(floor);
        for (again, kept) in again.iter().zip(kept) {
            assert!((again - kept).abs() < 1e-12 * size, "{again} instead of {kept}, of {size}");
        }
    }
}

#[test]
fn memory_is_less_and_is_given_back() {
    let _alone = ALONE.lock();
    let network = network().train();
    // A single thread, whose scratch space is there after the first run.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let held = |recompute| alone.install(|| run(&network, recompute, DType::F32).0);
    held(false);
    let (kept, again) = (held(false), held(true));
    assert!(again * 3 < kept, "{again} bytes are held instead of {kept}");
    // A forward pass that is dropped leaves nothing behind: a graph that held itself would stay for ever.
    let dropped = || {
        let device = Device::flex().autodiff();
        let context = Context { recompute_blocks: true, ..Context::default() };
        let x = Tensor::<4>::ones([4, 3, 16, 16], &device).require_grad();
        drop(network.forward::<Plain>(x, Tensor::ones([4], &device), &context));
        held(true);
        IN_USE.load(Relaxed)
    };
    let first = dropped();
    let most = (0..10).map(|_| dropped()).max().unwrap();
    assert!(most < first + again, "{first} bytes in use grow to {most}");
}

/// What a network is estimated to keep is what it holds. Weights in the order of convolutions, nodes of the graph, and
/// copies in another layout are held as well: they are up to a third of it in a network as small as this one.
#[test]
fn the_estimate_of_what_is_kept_is_what_is_held() {
    let _alone = ALONE.lock();
    let network = network().train();
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for recompute in [false, true] {
        alone.install(|| run(&network, recompute, DType::F32));
        let held = alone.install(|| run(&network, recompute, DType::F32).0) as f64 / 4.0;
        let cost = Cost::of(network.clone(), &[3, 16, 16], recompute);
        let estimate = 4.0 * cost.kept;
        println!("recompute {recompute}: held {held} bytes an example, estimated {estimate}, {cost:?}");
        assert_eq!(cost.parameters, network.num_params() as f64);
        assert!((0.6..1.1).contains(&(estimate / held)), "{estimate} bytes instead of {held}, recompute {recompute}");
    }
}
