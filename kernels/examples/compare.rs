//! Times of Burn's operations and of ours at the shapes of a small U-Net on flex, batch 64.
//!
//! `cargo run --release -p fokker-kernels --example compare [repetitions]`
//!
//! Both are run in turn, so that what else the machine does falls on both; the median is printed, in milliseconds.

use std::time::Instant;

use burn::tensor::module;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Tensor, activation};
use fokker_kernels::{conv2d, group_norm};

const BATCH: usize = 64;

/// An operation from its input and its weight.
type Operation = Box<dyn Fn(Tensor<4>, Tensor<4>) -> Tensor<4>>;

fn main() {
    let repetitions = std::env::args().nth(1).map_or(15, |argument| argument.parse().expect("a number of repetitions"));
    println!("{:<28}{:>27}{:>34}", "", "forward", "forward and backward");
    println!("{:<28}{:>9}{:>9}{:>9}{:>16}{:>9}{:>9}", "", "Burn", "ours", "ratio", "Burn", "ours", "ratio");
    for (inputs, outputs, size, kernel, stride) in [
        (1, 32, 28, 3, 1),
        (32, 32, 28, 3, 1),
        (64, 64, 14, 3, 1),
        (64, 64, 7, 3, 1),
        (128, 64, 14, 3, 1),
        (32, 1, 28, 3, 1),
        (128, 64, 14, 1, 1),
        (64, 32, 28, 1, 1),
        (32, 32, 28, 3, 2),
    ] {
        let padding = kernel / 2;
        let burns: Operation = Box::new(move |x, weight| {
            let padding = (padding, padding);
            module::conv2d(x, weight, None, ConvOptions::new_with_padding([stride; 2], [padding; 2], [1, 1], 1))
        });
        let ours: Operation = Box::new(move |x, weight| conv2d(x, weight, None, stride, padding, padding));
        let name = format!("conv {inputs}->{outputs} {kernel}x{kernel}/{stride} at {size}");
        compare(&name, [inputs, size, size], [outputs, inputs, kernel, kernel], [burns, ours], repetitions);
    }
    for (channels, size) in [(32, 28), (64, 28), (64, 14), (64, 7)] {
        let burns: Operation = Box::new(move |x, weight| activation::silu(burns_group_norm(x, weight)));
        let ours: Operation = Box::new(move |x, weight| {
            let weight = weight.reshape([channels]);
            group_norm(x, None, 8, [weight.clone(), weight], 1e-5, true)
        });
        let name = format!("group norm, silu {channels} at {size}");
        compare(&name, [channels, size, size], [1, channels, 1, 1], [burns, ours], repetitions);
    }
}

fn burns_group_norm(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    let shape = x.dims();
    let grouped = x.reshape([BATCH, 8, shape[1] / 8 * shape[2] * shape[3]]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let normal = (centred / variance.add_scalar(1e-5).sqrt()).reshape(shape);
    normal * weight.clone() + weight
}

/// Prints a line of the table.
fn compare(name: &str, image: [usize; 3], weight: [usize; 4], operations: [Operation; 2], repetitions: usize) {
    let device = Device::flex();
    let random = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
    let [channels, height, width] = image;
    let images = [random([BATCH, channels, height, width]), random([BATCH, height, width, channels])];
    let weight = random(weight);
    let tracked = |tensor: &Tensor<4>| Tensor::from_inner(tensor.clone()).require_grad();
    let mut times: [[Vec<f64>; 2]; 2] = Default::default();
    for repetition in 0..=repetitions {
        for ((of, operation), x) in times.iter_mut().zip(&operations).zip(&images) {
            let (tracked_x, tracked_weight) = (tracked(x), tracked(&weight));
            let forward = Instant::now();
            std::hint::black_box(operation(x.clone(), weight.clone()));
            let forward = forward.elapsed();
            let out = operation(tracked_x.clone(), tracked_weight.clone());
            let gradient = Tensor::from_inner(out.clone().inner());
            let out = (out * gradient).sum();
            let backward = Instant::now();
            std::hint::black_box(out.backward());
            let backward = backward.elapsed();
            // The first repetition warms up.
            if repetition > 0 {
                of[0].push(forward.as_secs_f64() * 1e3);
                of[1].push((forward + backward).as_secs_f64() * 1e3);
            }
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let [[burns_forward, burns_both], [forward, both]] = times.each_mut().map(|times| times.each_mut().map(median));
    let ratios = [burns_forward / forward, burns_both / both];
    println!(
        "{name:<28}{burns_forward:>9.2}{forward:>9.2}{:>9.1}{burns_both:>16.2}{both:>9.2}{:>9.1}",
        ratios[0], ratios[1]
    );
}
