//! `fokker init`.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::{Error, recipes};
use serde_json::json;

use super::results::{print_file, print_result};

/// Write a recipe as a configuration of your own, to change and to train
#[derive(Args)]
pub struct Init {
    /// The recipe (see --list)
    #[arg(required_unless_present = "list")]
    recipe: Option<String>,
    /// Print the names of the recipes and what they are
    #[arg(long)]
    list: bool,
    /// Where to; RECIPE.toml if absent. A file that is there is not replaced
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Init {
    /// Writes the recipe.
    pub fn run(self) -> Result<(), Error> {
        let Some(recipe) = self.recipe.filter(|_| !self.list) else {
            for (name, text) in recipes::RUNS {
                let summary = summary(text);
                print_result(json!({ "recipe": name, "summary": summary }), || format!("{name:28}{summary}\n"));
            }
            return Ok(());
        };
        let text = recipes::find(&recipe).ok_or_else(|| unknown(&recipe))?;
        let out = self.out.unwrap_or_else(|| format!("{recipe}.toml").into());
        if out.exists() {
            return Err(Error::File {
                path: out,
                message: "is there already; name another with --out, or move it away".into(),
            });
        }
        fokker_files::write(&out, text.as_bytes())?;
        print_file(&out);
        Ok(())
    }
}

/// The first sentence of a recipe.
fn summary(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
    line.split_once(". ").map_or(line, |(sentence, _)| sentence).trim_end_matches('.')
}

/// The error for a recipe that there is not.
pub fn unknown(name: &str) -> Error {
    let known: Vec<&str> = recipes::RUNS.iter().map(|(name, _)| *name).collect();
    let message = format!("is no file and no recipe; the recipes are {}", known.join(", "));
    Error::Config { path: Path::new(name).into(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_says_what_it_is() {
        for (name, text) in recipes::RUNS {
            assert!((15..120).contains(&summary(text).len()), "{name}: {}", summary(text));
        }
    }
}
