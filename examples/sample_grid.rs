//! Draws a grid from the newest checkpoint of a run.
//!
//! ```text
//! cargo run --release --example sample_grid -- runs/mnist_vp_small digits.png
//! ```

use std::path::Path;

use fokker::{DrawRequest, Error, find_checkpoint, sample, write_samples};

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, out] = arguments.as_slice() else {
        return Err(Error::Usage("usage: sample_grid RUN OUT.png".into()));
    };
    let checkpoint = find_checkpoint(Path::new(run))?;
    let samples = sample(&checkpoint, &[], |config| Ok(DrawRequest::new(config.sampler.clone(), 64)), &())?;
    write_samples(&samples.values, &samples.shape, &samples.config.preprocessing, 0, 8, Path::new(out))
}
