//! The kernels for GPUs against Burn's operations there. What makes these tests run is in `support::gpu`.

mod support;

use std::sync::Arc;

use burn::backend::{DispatchTensor, TensorMetadata};
use burn::tensor::{DType, Device, Tensor, activation};
use fokker_kernels::{
    Adam, Arena, DropoutMask, RunningAverage, TensorFn, cat_channels, conv2d, group_norm, is_asynchronous, linear,
    recomputed, silu, softmax, upsample_nearest,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use support::{assert_close, bits, gpu, random};

const EPS: f64 = 1e-5;

/// `[batch, height, width, channels]` and groups: one group, groups of one channel, odd sizes, several strips, more
/// pixels than a cube walks over at a time, and one pixel.
const CASES: [([usize; 4], usize); 7] = [
    ([1, 5, 7, 4], 2),
    ([3, 9, 4, 6], 1),
    ([2, 3, 3, 5], 5),
    ([2, 7, 7, 96], 32),
    ([2, 17, 19, 32], 8),
    ([1, 2, 3, 257], 257),
    ([3, 1, 1, 12], 3),
];

/// What a normalisation takes: image, shift, weight, bias.
type Inputs = (Tensor<4>, Option<Tensor<2>>, Tensor<1>, Tensor<1>);

fn inputs([batch, height, width, channels]: [usize; 4], shifted: bool, device: &Device) -> Inputs {
    let x = random([batch, height, width, channels], 1, device) * 3.0 + random([1, 1, 1, channels], 2, device);
    let shift = shifted.then(|| random([batch, channels], 3, device));
    let (weight, bias) = (random([channels], 4, device) + 1.0, random([channels], 5, device));
    if !device.is_autodiff() {
        return (x, shift, weight, bias);
    }
    let shift = shift.map(Tensor::require_grad);
    (x.detach().require_grad(), shift, weight.detach().require_grad(), bias.require_grad())
}

fn burns((x, shift, weight, bias): Inputs, groups: usize, silu: bool) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let x = match shift {
        Some(shift) => x + shift.reshape([batch, 1, 1, channels]),
        None => x,
    };
    let grouped = x.reshape([batch, height * width, groups, channels / groups]).swap_dims(1, 2);
    let grouped = grouped.reshape([batch, groups, height * width * channels / groups]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let normal =
        (centred / variance.add_scalar(EPS).sqrt()).reshape([batch, groups, height * width, channels / groups]);
    let normal = normal.swap_dims(1, 2).reshape([batch, height, width, channels]);
    let out = normal * weight.reshape([1, 1, 1, channels]) + bias.reshape([1, 1, 1, channels]);
    if silu { activation::silu(out) } else { out }
}

fn ours((x, shift, weight, bias): Inputs, groups: usize, silu: bool) -> Tensor<4> {
    group_norm(x, shift, groups, [weight, bias], EPS, silu)
}

/// The result, and the gradients of image, shift, weight and bias, of the sum of what a fixed probe sees.
fn run(
    function: fn(Inputs, usize, bool) -> Tensor<4>,
    inputs: Inputs,
    groups: usize,
    silu: bool,
) -> (Tensor<4>, Tensor<4>, Option<Tensor<2>>, [Tensor<1>; 2]) {
    let (x, shift, weight, bias) = inputs.clone();
    let out = function(inputs, groups, silu);
    let gradients = (out.clone() * random(out.dims(), 6, &out.device())).sum().backward();
    let of_affine = [weight, bias].map(|parameter| parameter.grad(&gradients).unwrap());
    (out.inner(), x.grad(&gradients).unwrap(), shift.map(|shift| shift.grad(&gradients).unwrap()), of_affine)
}

#[test]
fn a_group_norm_and_its_gradients_are_burns() {
    let Some(device) = gpu().map(Device::autodiff) else { return };
    for (shape, groups) in CASES {
        for (shifted, silu) in [(false, false), (false, true), (true, true)] {
            let [ours, burns] =
                [ours, burns].map(|function| run(function, inputs(shape, shifted, &device), groups, silu));
            let case = format!("{shape:?}, {groups} groups, shift {shifted}, silu {silu}");
            assert_close(&ours.0, &burns.0, 1e-5, &format!("values, {case}"));
            // A group of one number has no gradient but for rounding, which is measured against the probe.
            let near = |ours: &Tensor<4>, burns: &Tensor<4>| {
                let largest = ours.clone().sub(burns.clone()).abs().max().into_scalar::<f32>();
                let scale = burns.clone().abs().max().into_scalar::<f32>().max(1.0);
                assert!(largest <= 2e-5 * scale, "image, {case}: {largest:e} of {scale}");
            };
            near(&ours.1, &burns.1);
            if let (Some(ours), Some(burns)) = (ours.2, burns.2) {
                near(&ours.unsqueeze(), &burns.unsqueeze());
            }
            assert_close(&ours.3[0], &burns.3[0], 1e-5, &format!("weight, {case}"));
            assert_close(&ours.3[1], &burns.3[1], 1e-5, &format!("bias, {case}"));
        }
    }
}

#[test]
fn without_a_graph_the_values_are_the_same_bits() {
    let Some(device) = gpu() else { return };
    let [plain, tracked] = [device.clone(), device.autodiff()].map(|device| {
        let (x, shift, weight, bias) = inputs([2, 5, 4, 12], true, &device);
        bits(&group_norm(x, shift, 4, [weight, bias], EPS, true))
    });
    assert_eq!(plain, tracked);
}

#[test]
fn gradients_of_a_result_computed_again_are_the_same_bits() {
    let Some(device) = gpu() else { return };
    let [kept, again] = [device.clone().autodiff(), device.autodiff().gradient_checkpointing()].map(|device| {
        let (x, shift, weight, bias) = inputs([2, 5, 4, 12], true, &device);
        // The second takes the result of the first, which is computed again for it.
        let first = group_norm(x.clone(), shift, 4, [weight.clone(), bias.clone()], EPS, true);
        let second = group_norm(first, None, 3, [weight.clone(), bias], EPS, true);
        let gradients = (second.clone() * second).sum().backward();
        (bits(&x.grad(&gradients).unwrap()), bits(&weight.grad(&gradients).unwrap()))
    });
    assert!(kept == again);
}

#[test]
fn parts_are_computed_again() {
    let Some(device) = gpu().map(Device::autodiff) else { return };
    let (x, shift, weight, bias) = inputs([2, 5, 4, 12], true, &device);
    let shift = shift.unwrap();
    let part = |[x, shift, weight, bias]: [DispatchTensor; 4]| {
        let affine = [weight, bias].map(Tensor::from_dispatch);
        let x = Tensor::<4>::from_dispatch(x);
        group_norm(x.clone(), Some(Tensor::from_dispatch(shift)), 4, affine, EPS, true) * x
    };
    let inputs =
        [x.clone().into_dispatch(), shift.clone().into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    let again: TensorFn = Arc::new(move |inputs| part(inputs.try_into().unwrap()).into_dispatch());
    let [kept, again] = [part(inputs.clone()), Tensor::from_dispatch(recomputed(inputs.to_vec(), again))].map(|out| {
        let gradients = out.clone().square().sum().backward();
        [bits(&out), bits(&x.grad(&gradients).unwrap()), bits(&shift.grad(&gradients).unwrap())]
    });
    assert!(kept == again);
}

#[test]
fn views_are_read_as_what_they_show() {
    let Some(device) = gpu().map(Device::autodiff) else { return };
    let wide = random([2, 9, 6, 5], 1, &device).require_grad();
    let [ours, burns] = [ours, burns].map(|function| {
        let x = wide.clone().permute([0, 2, 3, 1]).narrow(3, 1, 8);
        let affine = random([12], 2, &device).narrow(0, 2, 8);
        let out = function((x, None, affine.clone(), affine), 4, true);
        let gradients = out.clone().square().sum().backward();
        (out.inner(), wide.grad(&gradients).unwrap())
    });
    assert_close(&ours.0, &burns.0, 1e-5, "values");
    assert_close(&ours.1, &burns.1, 1e-5, "image");
}

/// Images, outputs, side of the kernel, stride and padding: more outputs and more columns than a tile has; a stride with an asymmetric
/// border, without a bias; more pixels than a cube takes.
const CONVOLUTIONS: [([usize; 4], usize, usize, [usize; 2]); 3] =
    [([2, 9, 7, 8], 70, 1, [1, 1]), ([2, 8, 6, 17], 3, 2, [0, 1]), ([3, 30, 24, 4], 6, 1, [1, 1])];

#[test]
fn a_convolution_and_its_gradients_are_those_on_the_processor() {
    let Some(gpu) = gpu() else { return };
    for (shape, outputs, stride, [before, after]) in CONVOLUTIONS {
        let run = |device: Device| {
            let x = random(shape, 1, &device).require_grad();
            let weight = random([outputs, shape[3], 3, 3], 2, &device).require_grad();
            let bias = (stride == 1).then(|| random([outputs], 3, &device).require_grad());
            let out = conv2d(x.clone(), weight.clone(), bias.clone(), stride, before, after);
            let gradients = support::probe(out.clone()).backward();
            let [of_x, of_weight] = [x, weight].map(|tensor| tensor.grad(&gradients).unwrap());
            (out.inner(), of_x, of_weight, bias.map(|bias| bias.grad(&gradients).unwrap()))
        };
        let (ours, expected) = (run(gpu.clone().autodiff()), run(Device::flex().autodiff()));
        let case = format!("{shape:?} to {outputs}, stride {stride}");
        assert_close(&ours.0, &expected.0, 1e-5, &format!("values, {case}"));
        assert_close(&ours.1, &expected.1, 1e-5, &format!("image, {case}"));
        assert_close(&ours.2, &expected.2, 1e-5, &format!("weight, {case}"));
        if let Some((ours, expected)) = ours.3.zip(expected.3) {
            assert_close(&ours, &expected, 1e-5, &format!("bias, {case}"));
        }
    }
}

#[test]
fn a_linear_layer_and_its_gradients_are_those_on_the_processor() {
    let Some(gpu) = gpu() else { return };
    let run = |device: Device| {
        let x = random([2, 3, 5], 1, &device).require_grad();
        let (weight, bias) = (random([7, 5], 2, &device).require_grad(), random([7], 3, &device).require_grad());
        let out = linear(x.clone(), weight.clone(), Some(bias.clone()));
        let gradients = (out.clone() * random([2, 3, 7], 4, &device)).sum().backward();
        let of_affine = (weight.grad(&gradients).unwrap(), bias.grad(&gradients).unwrap());
        (out.inner(), x.grad(&gradients).unwrap(), of_affine.0, of_affine.1)
    };
    let (ours, expected) = (run(gpu.autodiff()), run(Device::flex().autodiff()));
    assert_close(&ours.0, &expected.0, 1e-6, "values");
    assert_close(&ours.1, &expected.1, 1e-6, "vectors");
    assert_close(&ours.2, &expected.2, 1e-6, "weight");
    assert_close(&ours.3, &expected.3, 1e-6, "bias");
}

#[test]
fn an_activation_and_its_gradient_are_burns() {
    let Some(device) = gpu().map(Device::autodiff) else { return };
    let [ours, burns] = [silu, activation::silu::<3>].map(|function| {
        let x = (random([2, 3, 67], 1, &device) * 6.0).detach().require_grad();
        let out = function(x.clone().swap_dims(0, 2).swap_dims(0, 1));
        let gradients = out.clone().square().sum().backward();
        (out.inner(), x.grad(&gradients).unwrap())
    });
    assert_close(&ours.0, &burns.0, 1e-6, "values");
    assert_close(&ours.1, &burns.1, 1e-6, "gradient");
}

#[test]
fn joins_and_repeated_pixels_are_those_on_the_processor() {
    let Some(gpu) = gpu() else { return };
    let run = |device: Device| {
        let first = random([2, 3, 5, 4], 1, &device).require_grad();
        // A view: its channels are not neighbours in memory.
        let second = random([2, 7, 3, 5], 2, &device).require_grad();
        let joined = cat_channels(first.clone(), second.clone().permute([0, 2, 3, 1]));
        let out = upsample_nearest(joined.clone());
        let gradients = support::probe(out.clone()).backward();
        [joined.inner(), out.inner(), first.grad(&gradients).unwrap(), second.grad(&gradients).unwrap()]
    };
    let [plain, kept, again] =
        [gpu.clone().autodiff(), Device::flex().autodiff(), gpu.autodiff().gradient_checkpointing()].map(run);
    for (which, what) in ["join", "repeated pixels", "first", "second"].into_iter().enumerate() {
        // Copies, and sums of four numbers in the same order.
        assert!(bits(&plain[which]) == bits(&kept[which]) && bits(&again[which]) == bits(&kept[which]), "{what}");
    }
}

#[test]
fn a_step_of_adam_is_the_one_on_the_processor() {
    let Some(gpu) = gpu() else { return };
    assert!(is_asynchronous(&gpu) && is_asynchronous(&gpu.clone().autodiff()) && !is_asynchronous(&Device::flex()));
    let adam = Adam {
        gradient_scale: 1.0,
        betas: [0.9, 0.99],
        corrections: [1.0 - 0.729, 1.0 - 0.970_299],
        epsilon: 1e-8,
        learning_rate: 1e-2,
        keep: 0.999,
        average_decay: 0.95,
        update: 3,
    };
    let step = |device: &Device, scale: f32| {
        let [weight, first, second, average, gradient] =
            std::array::from_fn(|seed| random([67, 31], seed as u64, device));
        let state = [weight, first, second.square(), average];
        let scale = Tensor::from_floats([scale], device);
        (state.clone(), adam.step_scaled_on_device(state, gradient, &scale))
    };
    let (ours, expected) = (step(&gpu, 0.7).1, step(&Device::flex(), 0.7).1);
    for ((ours, expected), what) in ours.iter().zip(&expected).zip(["weight", "first", "second", "average"]) {
        assert_close(ours, expected, 1e-6, what);
    }
    // What somebody else holds is not changed, and what nobody does gives the same.
    let alone = |device: &Device| {
        let [weight, first, second, average, gradient] =
            std::array::from_fn(|seed| random([67, 31], seed as u64, device));
        let state = [weight, first, second.square(), average];
        adam.step_scaled_on_device(state, gradient, &Tensor::from_floats([0.7], device)).map(|tensor| bits(&tensor))
    };
    let (held, after) = step(&gpu, 0.7);
    assert_eq!(alone(&gpu), after.each_ref().map(bits));
    assert!(held.iter().zip(&after).all(|(before, after)| bits(before) != bits(after)));
    for device in [gpu, Device::flex()] {
        let (before, after) = step(&device, -1.0);
        assert!(before.iter().zip(&after).all(|(before, after)| bits(before) == bits(after)));
    }
}

/// Parameters of all ranks, smaller and larger than a block; more than one launch gathers; a view, as gradients are.
fn parameters(seed: u64, device: &Device) -> Vec<DispatchTensor> {
    let mut all = vec![
        random([3, 5, 3, 2], seed, device).into_dispatch(),
        random([7], seed + 1, device).into_dispatch(),
        random([33, 31], seed + 2, device).into_dispatch(),
        random([2, 3, 256], seed + 3, device).into_dispatch(),
        random([1, 17, 16, 4], seed + 4, device).permute([3, 1, 2, 0]).into_dispatch(),
    ];
    all.extend((5..80).map(|index| random([8 + index as usize], seed + index, device).into_dispatch()));
    all
}

fn bits_of(tensors: &[DispatchTensor]) -> Vec<Vec<u32>> {
    let bits = |tensor: &DispatchTensor| {
        let length = tensor.shape().num_elements();
        bits(&Tensor::<1>::from_dispatch(tensor.clone()).reshape([length]))
    };
    tensors.iter().map(bits).collect()
}

#[test]
fn tensors_in_an_arena_are_what_they_were() {
    let Some(gpu) = gpu() else { return };
    assert!(Arena::new(&parameters(1, &Device::flex())).is_none() && Arena::new(&[]).is_none());
    let tensors = parameters(1, &gpu);
    let arena = Arena::new(&tensors).unwrap();
    assert!(arena.fits(&tensors) && !arena.fits(&tensors[1..]) && !arena.fits(&parameters(1, &Device::flex())));
    let gathered = arena.gather(tensors.clone());
    assert!(bits_of(&gathered) == bits_of(&tensors));
    // Weights of convolutions lie with the channels that are summed over next to each other.
    let weight = Tensor::<4>::from_dispatch(gathered[0].clone());
    assert_eq!(bits(&(weight.clone() * 2.0)), bits(&(Tensor::<4>::from_dispatch(tensors[0].clone()) * 2.0)));
    let norm = arena.norm(gathered).into_scalar::<f64>();
    let exact =
        bits_of(&tensors).concat().into_iter().map(|bits| f64::from(f32::from_bits(bits)).powi(2)).sum::<f64>().sqrt();
    // Numbers are added one after the other 16 times, then in a tree, with a rounding of half a unit each; the root halves it.
    assert!((norm / exact - 1.0).abs() < 32.0 * f64::from(f32::EPSILON), "{norm} is not {exact}");
}

#[test]
fn a_step_of_adam_for_all_is_that_for_each() {
    let Some(gpu) = gpu() else { return };
    let adam = Adam {
        gradient_scale: 1.0,
        betas: [0.9, 0.99],
        corrections: [1.0 - 0.729, 1.0 - 0.970_299],
        epsilon: 1e-8,
        learning_rate: 1e-2,
        keep: 0.999,
        average_decay: 0.9995,
        update: 3,
    };
    let square = |tensors: Vec<DispatchTensor>| -> Vec<DispatchTensor> {
        tensors.into_iter().map(|tensor| Tensor::<1>::from_dispatch(tensor).square().into_dispatch()).collect()
    };
    let state = || [parameters(100, &gpu), parameters(200, &gpu), square(parameters(300, &gpu)), parameters(400, &gpu)];
    let gradients = parameters(500, &gpu);
    let arena = Arena::new(&gradients).unwrap();
    for scale in [0.7, -1.0] {
        let scale = Tensor::from_floats([scale], &gpu);
        let each: Vec<[Vec<u32>; 4]> = (0..gradients.len())
            .map(|index| {
                let flat = |tensor: &DispatchTensor| {
                    let length = tensor.shape().num_elements();
                    Tensor::<1>::from_dispatch(tensor.clone()).reshape([length])
                };
                let state = state().each_ref().map(|tensors| flat(&tensors[index]));
                adam.step_scaled_on_device(state, flat(&gradients[index]), &scale).map(|tensor| bits(&tensor))
            })
            .collect();
        let held = state();
        let all = adam.step_all(&arena, held.clone(), gradients.clone(), &scale);
        for (which, all) in all.iter().enumerate() {
            let each: Vec<_> = each.iter().map(|state| state[which].clone()).collect();
            assert!(bits_of(all) == each, "array {which} of the state");
        }
        // Again from buffers: what somebody holds is not changed, and what nobody does gives the same.
        let before = all.each_ref().map(|tensors| bits_of(tensors));
        let after = adam.step_all(&arena, all.clone(), gradients.clone(), &scale).map(|tensors| bits_of(&tensors));
        assert!(all.each_ref().map(|tensors| bits_of(tensors)) == before);
        assert!(adam.step_all(&arena, all, gradients.clone(), &scale).map(|tensors| bits_of(&tensors)) == after);
    }
}

#[test]
fn a_running_average_of_all_is_that_of_each() {
    let Some(gpu) = gpu() else { return };
    let (averages, values) = (parameters(1, &gpu), parameters(100, &gpu));
    let arena = Arena::new(&values).unwrap();
    let update = RunningAverage { decay: 0.9993, update: 41 };
    let flat = |tensor: &DispatchTensor| {
        let length = tensor.shape().num_elements();
        Tensor::<1>::from_dispatch(tensor.clone()).reshape([length])
    };
    let each: Vec<_> =
        averages.iter().zip(&values).map(|(average, value)| bits(&update.step(flat(average), flat(value)))).collect();
    assert!(bits_of(&update.step_all(&arena, averages, values)) == each);
}

/// Constant weights: the average rests at them, and gets to them in steps of less than half a unit in its last place.
#[test]
fn the_average_of_constant_weights_is_the_weights() {
    let Some(gpu) = gpu() else { return };
    let one = Tensor::ones([1], &gpu);
    for start in [1.0, 0.999] {
        let weight = random([67], 1, &gpu) + 1.5;
        let zeros = weight.zeros_like();
        let mut state = [weight.clone(), zeros.clone(), zeros.clone(), weight.clone() * start];
        let updates = 2_000u64;
        for update in 0..updates {
            let adam = Adam {
                gradient_scale: 1.0,
                betas: [0.9, 0.99],
                corrections: [1.0; 2],
                epsilon: 1e-8,
                learning_rate: 0.0,
                keep: 1.0,
                average_decay: 0.99999,
                update,
            };
            state = adam.step_scaled_on_device(state, zeros.clone(), &one);
        }
        // A kernel whose factors do not add up to one is off by 2.7e-5 by now.
        let left = f64::powf(0.99999, updates as f64) * (start - 1.0);
        let [weight, average] = [&state[0], &state[3]].map(support::numbers);
        let error = weight.iter().zip(average).map(|(w, a)| (a / w - 1.0 - left).abs()).fold(0.0, f64::max);
        let tolerance = if start == 1.0 { 1e-7 } else { 5e-6 };
        assert!(error < tolerance, "from {start}: off by {error:e}");
    }
}

#[test]
fn a_running_average_is_the_one_on_the_processor() {
    let Some(gpu) = gpu() else { return };
    let step = |device: &Device, decay: f64| {
        let [average, weight] = [1, 2].map(|seed| random([67, 31], seed, device));
        let after = RunningAverage { decay, update: 41 }.step(average.clone(), weight);
        (average, after)
    };
    for decay in [0.3, 0.9993] {
        let (before, after) = step(&gpu, decay);
        assert_close(&after, &step(&Device::flex(), decay).1, 1e-6, "average");
        assert_ne!(bits(&before), bits(&after), "an average that others hold is not changed");
    }
}

#[test]
fn a_softmax_and_its_gradient_are_burns() {
    let Some(device) = gpu().map(Device::autodiff) else { return };
    // One number, fewer and more than a cube has units, odd lengths.
    for shape in [[1, 2, 3, 1], [2, 1, 5, 7], [1, 3, 2, 64], [2, 1, 3, 300]] {
        // Large numbers, of which only differences matter.
        let x = (random(shape, 1, &device) * 40.0 + 1000.0).detach().require_grad();
        let [ours, burns] = [true, false].map(|ours| {
            let p = match ours {
                true => softmax(x.clone(), 0.3),
                false => activation::softmax(x.clone().mul_scalar(0.3), 3),
            };
            let gradients = (p.clone() * random(shape, 2, &device)).sum().backward();
            (p.inner(), x.grad(&gradients).unwrap())
        });
        assert_close(&ours.0, &burns.0, 1e-4, &format!("values, {shape:?}"));
        let off = ours.1.sub(burns.1).abs().max().into_scalar::<f32>();
        assert!(off < 3e-5, "gradient, {shape:?}: {off:e}");
    }
}

/// The words of the generator on the processor, from the beginning of a block, within one, and where the lower half of its number ends;
/// the gradient has the same mask.
#[test]
fn dropout_keeps_what_the_processor_keeps() {
    let Some(gpu) = gpu() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for (position, length) in [(0, 1), (0, 4096), (5, 11), (13, 1003), (16, 33), (16 * (1 << 32) - 40, 100)] {
        rng.set_word_pos(position);
        let mask = DropoutMask::new(&rng, 0.7);
        let on = |device: &Device| random([length], 3, device).require_grad();
        let [(kept, slope), (expected, expected_slope)] = [&gpu, &Device::flex()].map(|device| {
            let x = on(&device.clone().autodiff());
            let out = mask.apply(x.clone());
            let weights = random([length], 4, &out.device());
            let gradients = (out.clone() * weights).sum().backward();
            (bits(&out.inner()), bits(&x.grad(&gradients).unwrap()))
        });
        assert_eq!(kept, expected, "{length} from {position}");
        assert_eq!(slope, expected_slope, "{length} from {position}");
        let [factors, expected] =
            [&gpu, &Device::flex()].map(|device| bits(&mask.factors([length], device, DType::F32)));
        assert_eq!(factors, expected);
    }
}
