//! `fokker import`.

use std::path::PathBuf;

use clap::Args;
use fokker::Error;
use fokker::diffusers::{ImportRequest, import};

use super::results::print_file;
use super::terminal::Terminal;

/// Make a run of a model of diffusers, to draw from, to evaluate or to train further
#[derive(Args)]
pub struct Import {
    /// A pipeline's folder with unet/ and scheduler/, or the folder of a UNet2DModel
    folder: PathBuf,
    /// Name of the run
    #[arg(long, value_name = "NAME")]
    run: String,
    /// Variant of the files of weights, such as fp16
    #[arg(long)]
    variant: Option<String>,
    /// A scheduler_config.json, or its folder, where the model's folder has none
    #[arg(long, value_name = "FILE")]
    scheduler: Option<PathBuf>,
    /// Height and width of the pictures, such as 32x32, where the model does not say them
    #[arg(long, value_parser = size)]
    size: Option<[usize; 2]>,
    /// The last class stands for "no class", which guidance compares with
    #[arg(long)]
    null_class: bool,
    /// Set a key of the run's configuration, such as --set 'sampler={ kind = "ddim" }'
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

impl Import {
    /// Makes the run.
    pub fn run(self) -> Result<(), Error> {
        let Self { folder, run, variant, scheduler, size, null_class, changes } = self;
        let request = ImportRequest { folder, run, variant, scheduler, size, null_class, changes };
        print_file(&import(&request, &Terminal::new())?.folder);
        Ok(())
    }
}

fn size(text: &str) -> Result<[usize; 2], String> {
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    match (height.trim().parse(), width.trim().parse()) {
        (Ok(height), Ok(width)) => Ok([height, width]),
        _ => Err("must be a side, or height and width, such as 32 or 32x48".into()),
    }
}
