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

/// The first sentence of a recipe, up to its first colon.
fn summary(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
    let comment = lines.collect::<Vec<_>>().join(" ");
    let ends = |at: usize| {
        let abbreviated = ["al", "Appx", "eq"].iter().any(|word| comment[..at].ends_with(word));
        !abbreviated && comment[at + 1..].starts_with(' ')
    };
    let end = comment.match_indices('.').map(|(at, _)| at).find(|&at| ends(at)).unwrap_or(comment.len());
    comment[..end].split(": ").next().unwrap_or_default().trim_end_matches('.').into()
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
            let summary = summary(text);
            let brackets = |mark: char| summary.matches(mark).count();
            assert!((8..160).contains(&summary.len()), "{name}: {summary}");
            assert!(brackets('(') == brackets(')') && brackets('[') == brackets(']'), "{name}: {summary}");
        }
    }
}
