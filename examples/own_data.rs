//! Trains a small network on points of one's own, draws new ones, and prints how close they are.
//!
//! ```text
//! cargo run --release --example own_data
//! ```

use fokker::datasets::Tensors;
use fokker::model::{Mlp, MlpConfig};
use fokker::process::Vp;
use fokker::{BackendConfig, Error, Training};

fn main() -> Result<(), Error> {
    // Points on the unit circle. Any iterator of arrays of one length will do.
    let angles = (0..4096).map(|number| number as f32 * 0.001_533_98);
    let points = Tensors::from_examples(angles.map(|angle| [angle.cos(), angle.sin()]), [2])?;

    let device = BackendConfig::default().resolve()?.device;
    let network = Mlp::new(&MlpConfig { width: 64, ..MlpConfig::new(2) }, 0, &device)?;
    let training = Training::new(Vp::default(), network).data(points);
    let model = training.steps(1_000).batch(256).learning_rate(3e-3).train(&device, &())?;

    let samples = model.draw(1_000)?;
    let distances = samples.rows().map(|point| f64::from((point[0].hypot(point[1]) - 1.0).abs()));
    let mean = distances.sum::<f64>() / 1_000.0;
    println!("the mean distance from the circle is {mean:.3}");
    Ok(())
}
