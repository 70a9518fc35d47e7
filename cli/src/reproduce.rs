//! `fokker reproduce`.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use fokker::{Error, plot, recipes};
use fokker_reproduce::catalogue::{self, Digits, find};
use fokker_reproduce::figures::FigureError;
use serde_json::json;

use super::results::{print_file, print_result};
use super::score_fpe::ScoreFpe;
use super::watching::Watching;

/// Draw the papers' figures: PNG, SVG, CSV and captions, and a page of all of them
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Reproduce {
    #[command(subcommand)]
    study: Option<Study>,
    /// Names of figures (see --list), or configurations of your own (.toml)
    #[arg(required_unless_present_any = ["all", "list"])]
    figures: Vec<String>,
    /// All figures
    #[arg(long, conflicts_with = "figures")]
    all: bool,
    /// Print the names of the figures and what they show
    #[arg(long)]
    list: bool,
    /// Where to: a folder, made if it is not there
    #[arg(long, default_value = "figures")]
    out: PathBuf,
}

/// What is made of trained networks.
#[derive(Subcommand)]
enum Study {
    ScoreFpe(ScoreFpe),
}

impl Reproduce {
    /// Draws.
    pub fn run(self) -> Result<(), Error> {
        if let Some(Study::ScoreFpe(study)) = self.study {
            return study.run();
        }
        if self.list {
            for (name, title) in catalogue::list()? {
                print_result(json!({ "figure": name, "title": title }), || format!("{name:26} {title}\n"));
            }
            return Ok(());
        }
        // Every configuration is read before anything is drawn.
        let files = match self.all {
            true => recipes::FIGURES.iter().map(|(name, _)| find(name)).collect::<Result<Vec<_>, _>>()?,
            false => self.figures.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?,
        };
        if let Some((name, _)) =
            files.iter().enumerate().find_map(|(k, file)| files[..k].iter().find(|other| other.0 == file.0))
        {
            return Err(Error::Usage(format!("{name}: two figures have this name, and one would replace the other")));
        }
        plot::folder(&self.out)?;
        let mut done = Vec::new();
        let mut missing = Vec::new();
        for (name, file) in &files {
            let start = Instant::now();
            let made = file.make(name, &Digits, &Watching::new(name));
            match made {
                Ok(figure) => {
                    let saved = plot::save(&figure, &self.out)?;
                    let seconds = start.elapsed().as_secs_f64();
                    print_result(json!({ "file": saved.png, "seconds": seconds }), || {
                        format!("{} ({seconds:.1} s)\n", saved.png.display())
                    });
                    done.push((figure, saved));
                }
                // One figure without its data does not keep the others from being drawn.
                Err(FigureError::Missing(message)) => missing.push(format!("{name}: {message}")),
                Err(error) => return Err(error.into()),
            }
        }
        let page = self.out.join("index.html");
        let text = plot::page("Figures of the papers", &done)?;
        fokker_files::write(&page, text.as_bytes())?;
        print_file(&page);
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Error::Missing(missing.join("\n"))),
        }
    }
}
