//! `fokker reproduce`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, Subcommand};
use fokker::Error;
use fokker::datasets::{DatasetConfig, Preprocessing, Split};
use fokker::laboratory::LaboratoryError;
use fokker::laboratory::figures::{FigureFile, Material};
use fokker::laboratory::plot;

use super::score_fpe::ScoreFpe;
use super::watching::Watching;

/// The configurations that the program brings along: those of configs/figures.
macro_rules! catalogue {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../configs/figures/", $name, ".toml")))),*]
    };
}

const CATALOGUE: &[(&str, &str)] = catalogue![
    "papers000_vp",
    "papers000_lemma",
    "papers000_noise",
    "papers001_ve",
    "papers002_figure1",
    "papers002_figure2",
    "papers002_figure3",
    "papers002_figure4",
    "papers002_figure5",
    "papers002_paths",
    "papers004_figure1_plane",
    "papers004_figure1_digits",
    "papers004_figure2",
    "papers004_figure3",
    "papers004_figure4",
    "papers004_bound",
];

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
            for (name, text) in CATALOGUE {
                println!("{name:26} {}", FigureFile::parse(text, Path::new(name))?.title);
            }
            return Ok(());
        }
        // Every configuration is read before anything is drawn.
        let files = match self.all {
            true => CATALOGUE.iter().map(|(name, _)| find(name)).collect::<Result<Vec<_>, _>>()?,
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
                    println!("{} ({:.1} s)", saved.png.display(), start.elapsed().as_secs_f64());
                    done.push((figure, saved));
                }
                // One figure without its data does not keep the others from being drawn.
                Err(LaboratoryError::Missing(message)) => missing.push(format!("{name}: {message}")),
                Err(error) => return Err(error.into()),
            }
        }
        let page = self.out.join("index.html");
        let text = plot::page("Figures of the papers", &done)?;
        fokker_files::write(&page, text.as_bytes())?;
        println!("{}", page.display());
        match missing.is_empty() {
            true => Ok(()),
            false => Err(LaboratoryError::Missing(missing.join("\n")).into()),
        }
    }
}

/// A figure of the catalogue, or a file.
fn find(name: &str) -> Result<(String, FigureFile), Error> {
    if let Some((name, text)) = CATALOGUE.iter().find(|(known, _)| *known == name) {
        return Ok((name.to_string(), FigureFile::parse(text, Path::new(name))?));
    }
    let path = Path::new(name);
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let (true, Some(stem)) = (path.extension().is_some_and(|extension| extension == "toml"), stem) else {
        let known: Vec<&str> = CATALOGUE.iter().map(|(name, _)| *name).collect();
        let known = known.join(", ");
        return Err(Error::Usage(format!("{name}: no such figure; there are {known}, or a file that ends in .toml")));
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Config { path: path.into(), message: format!("cannot read the figure: {error}") })?;
    let file = FigureFile::parse(&text, path)?;
    file.check().map_err(|error| Error::Config { path: path.into(), message: error.to_string() })?;
    Ok((stem.to_string(), file))
}

/// Digits of MNIST.
struct Digits;

impl Material for Digits {
    fn digits(&self, count: usize) -> Result<(usize, usize, Vec<Vec<f64>>), LaboratoryError> {
        let missing = |error: String| LaboratoryError::Missing(error);
        let config: DatasetConfig =
            toml::from_str("kind = 'mnist'\nvalidation_examples = 0").map_err(|error| missing(error.to_string()))?;
        let data = config.open(Split::Train, 0).map_err(|error| missing(error.to_string()))?;
        let &[_, height, width] = data.shape() else {
            return Err(missing(format!("{} is not made of images", data.name())));
        };
        if data.len() < count {
            return Err(missing(format!("{} has {} examples, but {count} are asked for", data.name(), data.len())));
        }
        let scaling = Preprocessing::default();
        let mut raw = vec![0.0f32; data.size()];
        let digit = |index: usize| {
            data.example(index, &mut raw);
            raw.iter().map(|raw| scaling.data_scale() * f64::from(*raw) + scaling.data_offset()).collect()
        };
        Ok((height, width, (0..count).map(digit).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_the_folder_of_configurations() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/figures");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_string())
            .collect();
        files.sort();
        let mut names: Vec<&str> = CATALOGUE.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        assert_eq!(names, files);
        for name in names {
            let (_, file) = find(name).unwrap();
            let again = FigureFile::parse(&file.to_toml().unwrap(), Path::new(name)).unwrap();
            assert_eq!(again, file, "{name}");
        }
    }

    #[test]
    fn unknown_figures_and_keys_are_refused_by_name() {
        let message = find("papers002_figure9").unwrap_err().to_string();
        assert!(message.contains("papers002_figure9") && message.contains("papers002_figure5"), "{message}");
        let text = CATALOGUE[6].1;
        for (from, to, key) in
            [("paths =", "pahts =", "pahts"), ("kind = \"langevin\"", "kind = \"langevim\"", "langevim")]
        {
            for (_, text) in CATALOGUE.iter().filter(|(_, text)| text.contains(from)).take(1) {
                let error = FigureFile::parse(&text.replace(from, to), Path::new("x.toml")).unwrap_err();
                assert!(error.to_string().contains(key), "{error}");
            }
        }
        let wrong = text.replace("seed =", "sead =");
        assert!(FigureFile::parse(&wrong, Path::new("x.toml")).unwrap_err().to_string().contains("sead"));
    }
}
