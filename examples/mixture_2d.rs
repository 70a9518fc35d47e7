//! Trains a score on a Gaussian mixture in the plane and compares it with the exact one.
//!
//! ```text
//! cargo run --release --example mixture_2d
//! ```
//!
//! Prints the relative root-mean-square error `√(E‖s_θ − s‖² / E‖s‖²)` under `p_t` at several times.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use fokker::model::{BuiltNetwork, MixtureScore, NetworkScore, Score};
use fokker::random::{Stream, rng};
use fokker::training::load_ema;
use fokker::{Error, RunConfig, find_checkpoint, train};

fn main() -> Result<(), Error> {
    let changes: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--set").collect();
    let path = Path::new("configs/mixture_2d.toml");
    let config = RunConfig::load(path, &changes)?;
    let folder = config.run_folder();
    if !train(&config, folder.join("config.toml").is_file(), &())?.finished {
        return Err(Error::Interrupted);
    }
    for (t, error) in score_errors(&config, &[0.01, 0.1, 0.5, 1.0], 20_000)? {
        println!("t = {t:<5} relative error of the score {:.2} %", 100.0 * error);
    }
    Ok(())
}

fn score_errors(config: &RunConfig, times: &[f64], count: usize) -> Result<Vec<(f64, f64)>, Error> {
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
    let errors = times.iter().map(|&t| {
        let points: Vec<f64> = (0..count).flat_map(|_| mixture.sample(&*process, t, &mut rng)).collect();
        let x = Tensor::<2>::from_data(TensorData::new(points, [count, 2]), &device);
        let all = vec![t; count];
        let (learned, exact) = (learned.score(x.clone(), &all), exact.score(x, &all));
        let mean_square = |x: Tensor<2>| x.square().sum().into_scalar::<f64>();
        (t, (mean_square(learned - exact.clone()) / mean_square(exact)).sqrt())
    });
    Ok(errors.collect())
}
