//! Trains a score on the mixture of [Lai 2023, Appx. B] with plain denoising and with the score Fokker–Planck
//! regulariser, and compares the two along t.
//!
//! ```text
//! cargo run --release --example score_fpe
//! ```
//!
//! Prints `r_FP`, the mean residual of the equation at noisy data, and the relative root-mean-square error of the score
//! `√(E‖s_θ − s‖² / E‖s‖²)`. Arguments are changes of the configuration, such as `objective.regularizer.gamma=1.0`.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use fokker::model::{BuiltNetwork, MixtureScore, NetworkScore, Score};
use fokker::random::{Stream, rng};
use fokker::training::load_ema;
use fokker::training::score_fpe::{Directions, r_fp};
use fokker::{Error, RunConfig, find_checkpoint, train};

const COUNT: usize = 4000;

fn main() -> Result<(), Error> {
    let path = Path::new("configs/score_fpe_mixture.toml");
    let changes: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--set").collect();
    let penalized = RunConfig::load(path, &changes)?;
    let mut plain = penalized.clone();
    plain.name += "_plain";
    plain.objective.regularizer = None;
    for config in [&plain, &penalized] {
        if !train(config, config.run_folder().join("config.toml").is_file(), &())?.finished {
            return Err(Error::Interrupted);
        }
    }
    println!(
        "{:>9} {:>9} | {:>12} {:>12} {:>7} | {:>9} {:>9}",
        "t", "sigma", "r_FP plain", "penalised", "ratio", "error", "penalised"
    );
    let rows = rows(&plain)?.into_iter().zip(rows(&penalized)?);
    for ((t, sigma, plain), (_, _, penalized)) in rows {
        println!(
            "{t:>9.4} {sigma:>9.3} | {:>12.3e} {:>12.3e} {:>7.1} | {:>8.2}% {:>8.2}%",
            plain[0],
            penalized[0],
            plain[0] / penalized[0],
            100.0 * plain[1],
            100.0 * penalized[1]
        );
    }
    Ok(())
}

/// Time, noise level, and `r_FP` with the error of the score, of a trained run.
fn rows(config: &RunConfig) -> Result<Vec<(f64, f64, [f64; 2])>, Error> {
    let device = config.backend.resolve()?.device;
    let network = config.network.init(config.seed, &device)?;
    let (Some(mixture), BuiltNetwork::Vectors(network)) = (config.mixture()?, network) else {
        return Err(Error::Usage("this example needs a mixture and a network on vectors".into()));
    };
    let process: Arc<_> = config.build_process()?;
    let network = load_ema(&find_checkpoint(&config.run_folder())?, network)?;
    let learned = NetworkScore::new(network, process.clone(), config.parameterization);
    let exact = MixtureScore::new(mixture.clone(), process.clone());
    let mut rng = rng(config.seed, Stream::Test, 0);
    let row = |t: f64| {
        let points: Vec<f64> = (0..COUNT).flat_map(|_| mixture.sample(&*process, t, &mut rng)).collect();
        let x = Tensor::<2>::from_data(TensorData::new(points, [COUNT, 2]), &device);
        let all = vec![t; COUNT];
        let mean_square = |x: Tensor<2>| x.square().sum().into_scalar::<f64>();
        let truth = exact.score(x.clone(), &all);
        let error = (mean_square(learned.score(x.clone(), &all) - truth.clone()) / mean_square(truth)).sqrt();
        (t, process.std(t), [r_fp(&learned, &x, t, &[Directions::axes(&x)]), error])
    };
    Ok([0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0].map(row).to_vec())
}
