//! A step that is recorded once and replayed. A file of its own: what is recorded is all that its stream launches.

mod support;

use burn::backend::{Backend, Dispatch, DispatchTensor, TensorMetadata};
use burn::tensor::{Device, Tensor};
use fokker_kernels::{Adam, Arena, conv2d, group_norm, softmax};
use support::{bits, gpu, random};

/// Weights with their moments and average in an arena, and what they are trained on.
struct Training {
    arena: Arena,
    state: Option<[Vec<DispatchTensor>; 4]>,
    x: Tensor<4>,
}

impl Training {
    fn new(device: &Device) -> Self {
        let tensors = |seed: u64| {
            let weight = random([8, 8, 3, 3], seed, device).into_dispatch();
            vec![weight, random([8], seed + 1, device).into_dispatch(), random([8], seed + 2, device).into_dispatch()]
        };
        let arena = Arena::new(&tensors(1)).unwrap();
        let zeros = || tensors(1).into_iter().map(|tensor| (Tensor::<1>::from_dispatch(tensor) * 0.0).into_dispatch());
        let state = [tensors(1), zeros().collect(), zeros().collect(), tensors(1)];
        let state = Some(state.map(|tensors| arena.gather(tensors)));
        Self { arena, state, x: random([2, 4, 4, 8], 9, device) }
    }

    /// A step with our kernels: convolution, normalisation, softmax, norm of the gradient, update. Returns the loss.
    fn step(&mut self) -> Tensor<1> {
        let [weights, first, second, average] = self.state.take().unwrap();
        let weight = Tensor::from_inner(Tensor::<4>::from_dispatch(weights[0].clone())).require_grad();
        let [bias, scale] =
            [1, 2].map(|index| Tensor::from_inner(Tensor::<1>::from_dispatch(weights[index].clone())).require_grad());
        let x = Tensor::from_inner(self.x.clone());
        let hidden = conv2d(x, weight.clone(), Some(bias.clone()), 1, 1, 1);
        let hidden = group_norm(hidden, None, 4, [scale.clone(), bias.clone()], 1e-5, true);
        let loss = softmax(hidden, 0.5).square().mean();
        let gradients = loss.backward();
        let gradients = vec![
            weight.grad(&gradients).unwrap().into_dispatch(),
            bias.grad(&gradients).unwrap().into_dispatch(),
            scale.grad(&gradients).unwrap().into_dispatch(),
        ];
        // What holds a weight keeps it from being changed in place.
        drop((weight, bias, scale));
        let gradients = self.arena.gather(gradients);
        let factor = self.arena.norm(gradients.clone()).recip().clamp_max(1.0);
        let adam = Adam {
            gradient_scale: 1.0,
            betas: [0.9, 0.99],
            corrections: [0.5, 0.5],
            epsilon: 1e-8,
            learning_rate: 1e-2,
            keep: 0.999,
            average_decay: 0.9,
            update: 3,
        };
        self.state = Some(adam.step_all(&self.arena, [weights, first, second, average], gradients, &factor));
        loss.inner()
    }

    fn bits(&self) -> Vec<Vec<u32>> {
        let of = |tensor: &DispatchTensor| {
            let length = tensor.shape().num_elements();
            bits(&Tensor::<1>::from_dispatch(tensor.clone()).reshape([length]))
        };
        self.state.as_ref().unwrap().iter().flatten().map(of).collect()
    }
}

#[test]
fn a_replayed_step_is_the_step() {
    let Some(device) = gpu() else { return };
    // Steps that choose kernels and leave memory for the one that is recorded.
    const WARM_UP: usize = 3;
    const REPLAYS: usize = 20;
    let mut eager = Training::new(&device);
    let losses: Vec<Vec<u32>> = (0..WARM_UP + REPLAYS).map(|_| bits(&eager.step())).collect();
    let mut recorded = Training::new(&device);
    let sizes = (1..=32).flat_map(|blocks| (0..32).map(move |_| 64 * blocks));
    let room: Vec<Tensor<1>> = sizes.map(|numbers| Tensor::zeros([numbers], &device)).collect();
    let device = device.as_dispatch();
    Dispatch::graph_prepare(device).unwrap();
    for _ in 0..WARM_UP {
        let loss = recorded.step();
        Dispatch::sync(device).unwrap();
        drop(loss);
    }
    // More memory than a step holds: what a recorded one frees is not used again before the recording ends.
    drop(room);
    Dispatch::graph_start_capture(device).unwrap();
    let loss = recorded.step();
    let graph = Dispatch::graph_stop_capture(device).expect("a step that is recorded");
    for expected in &losses[WARM_UP..] {
        // SAFETY: all that the step reads and writes is in `recorded` and `loss`, which live on, and nothing else runs.
        unsafe { Dispatch::graph_replay(device, &graph) }.unwrap();
        assert_eq!(&bits(&loss), expected);
    }
    assert!(recorded.bits() == eager.bits());
}
