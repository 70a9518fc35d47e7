//! Trains the classifier of the extractor `digits` on MNIST's training set, and writes its weights.
//!
//! ```sh
//! cargo run --release -p fokker-evaluation --example train_digits -- evaluation/weights/digits.safetensors
//! ```
//!
//! Adam, a learning rate that rises and falls once, digits shifted by up to two pixels. The weights are the same to the last
//! bit on every run of one machine: no number depends on the threads.

use std::error::Error;
use std::path::PathBuf;

use fokker_datasets::{Dataset, DatasetConfig, MnistConfig, Split};
use fokker_evaluation::digits::{DigitsNetwork, Example, SIDE, Trainer};
use fokker_random::Index;
use rand::RngExt;
use rayon::prelude::*;

const EPOCHS: usize = 8;
const BATCH: usize = 128;
const LEARNING_RATE: f32 = 4e-3;
const SEED: u64 = 0;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::args().nth(1).ok_or("name the file of the weights")?);
    fokker_files::check_writable(&out)?;
    let config = DatasetConfig::from(MnistConfig { validation_examples: 0, ..MnistConfig::default() });
    let (train, test) = (digits(&*config.open(Split::Train, SEED)?), digits(&*config.open(Split::Test, SEED)?));
    let mut trainer = Trainer::new(SEED);
    let batches = train.len() / BATCH;
    for epoch in 0..EPOCHS {
        let order = Index::data_order(epoch as u64).permutation(SEED, train.len());
        let mut loss = 0.0;
        for (number, chosen) in order.chunks_exact(BATCH).enumerate() {
            let done = (epoch * batches + number) as f32 / (EPOCHS * batches) as f32;
            let shifted: Vec<Vec<f32>> =
                chosen.iter().map(|&digit| shifted(&train[digit].0, (epoch * train.len() + digit) as u64)).collect();
            let batch: Vec<Example> =
                shifted.iter().zip(chosen).map(|(pixels, &at)| (&pixels[..], train[at].1)).collect();
            loss += trainer.step(&batch, LEARNING_RATE * one_cycle(done)) / batches as f32;
        }
        println!(
            "epoch {}: loss {loss:.4}, right on {:.2} % of the test digits",
            epoch + 1,
            100.0 * right(trainer.network(), &test)
        );
    }
    trainer.network().clone().save(&out)?;
    println!("{}", out.display());
    Ok(())
}

/// Pixels from 0 to 1, and the class.
fn digits(data: &dyn Dataset) -> Vec<(Vec<f32>, usize)> {
    let digit = |index: usize| {
        let mut pixels = vec![0.0; data.size()];
        let class = data.example(index, &mut pixels).unwrap_or_default();
        (pixels.into_iter().map(|level| level / 255.0).collect(), class)
    };
    (0..data.len()).map(digit).collect()
}

/// The digit moved by up to two pixels each way; what comes in is black.
fn shifted(pixels: &[f32], position: u64) -> Vec<f32> {
    let mut rng = Index::augmentation(position).rng(SEED);
    let (dy, dx) = (rng.random_range(-2..=2i32) as isize, rng.random_range(-2..=2i32) as isize);
    let side = SIDE as isize;
    let pixel = |place: usize| {
        let (y, x) = (place as isize / side + dy, place as isize % side + dx);
        if (0..side).contains(&y) && (0..side).contains(&x) { pixels[(y * side + x) as usize] } else { 0.0 }
    };
    (0..pixels.len()).map(pixel).collect()
}

/// Up over three tenths of the way, then down to 0 as a cosine.
fn one_cycle(done: f32) -> f32 {
    if done < 0.3 { 0.04 + 0.96 * done / 0.3 } else { 0.5 + 0.5 * ((done - 0.3) / 0.7 * std::f32::consts::PI).cos() }
}

/// The share of digits that are named right.
fn right(network: &DigitsNetwork, digits: &[(Vec<f32>, usize)]) -> f64 {
    let right = digits.par_iter().filter(|(pixels, class)| network.see(pixels).class() == *class).count();
    right as f64 / digits.len() as f64
}
