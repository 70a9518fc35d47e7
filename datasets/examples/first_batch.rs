//! How long it takes until there is a first batch of a folder's pictures, and how much memory that needs:
//!
//! ```sh
//! cargo run --release -p fokker-datasets --example first_batch -- pictures 32 disk
//! ```
//!
//! The arguments are the folder or archive, the side of the square, and where decoded pictures are kept.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use fokker_datasets::{Batches, DataPath, DatasetConfig, Preprocessing, Split};

fn main() -> Result<(), Box<dyn Error>> {
    let [path, size, storage] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("expected a folder, a size, and auto, memory or disk".into());
    };
    let text = format!("kind = 'folder'\npath = '{path}'\nsize = {size}\nstorage = '{storage}'");
    let config: DatasetConfig = toml::from_str(&text)?;
    let start = Instant::now();
    let opened = config.open_parts(&DataPath::from_env(), &[Split::Train, Split::Validation], 0)?;
    opened.notes.iter().for_each(|note| println!("{note}"));
    let train = opened.train.ok_or("there is nothing to train on")?;
    let examples = train.len();
    let batches = Arc::new(Batches::new(train, Preprocessing::default(), 64, 0)?);
    batches.at(0);
    println!("{examples} examples to train on, the first batch after {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    (0..100).for_each(|step| drop(batches.at(step)));
    println!("{:.2} ms for a batch of 64", start.elapsed().as_secs_f64() * 10.0);
    // Linux says how much memory a process has had at most.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    Ok(())
}
