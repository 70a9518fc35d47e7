//! Draws figures from their configurations: `cargo run --release -p fokker-laboratory --example figure -- OUT FILE…`

use std::path::Path;
use std::time::Instant;

use fokker_laboratory::figures::FigureFile;
use fokker_laboratory::plot;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("where to?")?;
    for file in arguments {
        let path = Path::new(&file);
        let start = Instant::now();
        let name = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a file without a name")?;
        match FigureFile::parse(&std::fs::read_to_string(path)?, path)?.make(name, &(), &()) {
            Ok(figure) => {
                let drawn = start.elapsed();
                let saved = plot::save(&figure, Path::new(&out))?;
                println!("{} in {drawn:.1?} and {:.1?}", saved.png.display(), start.elapsed() - drawn);
            }
            Err(error) => println!("{name}: {error}"),
        }
    }
    Ok(())
}
