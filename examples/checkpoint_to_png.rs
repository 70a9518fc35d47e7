//! Draws 16 samples from the newest checkpoint of a run into one picture.
//!
//! ```text
//! cargo run --release --example checkpoint_to_png -- runs/mnist_vp_small digits.png
//! ```
//!
//! The name of the second file is `grid.png` unless it is given. Its ending says the format: .png, .jpg, .webp, .npy, .npz,
//! .safetensors, .csv.

use fokker::{Error, Run};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let run = arguments.next().ok_or_else(|| Error::Usage("usage: checkpoint_to_png RUN [OUT]".into()))?;
    let out = arguments.next().unwrap_or_else(|| "grid.png".into());
    Run::open(run)?.draw(16)?.save(&out)?;
    println!("{out}");
    Ok(())
}
