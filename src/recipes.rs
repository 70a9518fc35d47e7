//! The configurations of `configs/`, compiled in, so that an installed program has them in an empty folder.
//!
//! ```
//! let text = fokker::recipes::find("mnist_vp_small").unwrap();
//! let config = fokker::RunConfig::parse(text, "mnist_vp_small".as_ref(), &[])?;
//! assert_eq!(config.name, "mnist_vp_small");
//! # Ok::<(), fokker::Error>(())
//! ```

macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!($folder, $name, ".toml")))),*]
    };
}

/// Configurations of runs: name and text.
pub const RUNS: &[(&str, &str)] = files!["../configs/":
    "cifar10_edm",
    "cifar10_vp",
    "fashion_vp",
    "folder_small",
    "folder_vp",
    "heartbeat",
    "mixture_2d",
    "mixture_2d_langevin",
    "mnist_complete",
    "mnist_flow",
    "mnist_flow_small",
    "mnist_from_small",
    "mnist_langevin",
    "mnist_likelihood",
    "mnist_rve",
    "mnist_slant",
    "mnist_ve",
    "mnist_vp",
    "mnist_vp_conditional",
    "mnist_vp_small",
    "moons_2d",
    "rings_to_moons",
    "score_fpe_appendix_c",
    "score_fpe_cifar10",
    "score_fpe_eight_gaussians",
    "score_fpe_initial_value",
    "score_fpe_mixture",
    "score_fpe_propositions",
    "score_fpe_rve",
    "score_fpe_ve",
    "score_fpe_vp",
    "table_vp",
];

/// Configurations of the papers' figures: name and text.
pub const FIGURES: &[(&str, &str)] = files!["../configs/figures/":
    "papers000_vp",
    "papers000_lemma",
    "papers000_noise",
    "papers000_plane",
    "papers001_ve",
    "papers002_figure1",
    "papers002_figure2",
    "papers002_figure3",
    "papers002_figure4",
    "papers002_figure5",
    "papers002_paths",
    "papers002_bound",
    "papers002_oscillator",
    "papers002_phase_space",
    "papers003_proposition1",
    "papers003_proposition2",
    "papers003_proposition3",
    "papers004_figure1_plane",
    "papers004_figure1_digits",
    "papers004_figure2",
    "papers004_figure3",
    "papers004_figure4",
    "papers004_bound",
    "papers004_interpolant",
];

/// The text of a run's configuration.
pub fn find(name: &str) -> Option<&'static str> {
    RUNS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn names(folder: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let tables = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
        let mut names: Vec<String> =
            tables.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_compiled_in_is_what_the_folders_hold() {
        for (folder, known) in [("configs", RUNS), ("configs/figures", FIGURES)] {
            let mut known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            known.sort_unstable();
            assert_eq!(known, names(folder), "{folder}");
        }
        assert!(find("mnist_vp").unwrap().contains("name = \"mnist_vp\"") && find("mnist").is_none());
    }
}
