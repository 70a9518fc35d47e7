//! `fokker generate`: what packages of the program ship next to it.

use std::path::PathBuf;

use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;
use fokker::{Error, plot};

use super::Cli;

/// Make shell completions and manual pages
#[derive(Subcommand)]
pub enum Generate {
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write a manual page for each command
    Man {
        /// Where to: a folder, made if it is not there
        folder: PathBuf,
    },
}

impl Generate {
    /// Makes them.
    pub fn run(self) -> Result<(), Error> {
        let mut command = Cli::command();
        match self {
            Self::Completions { shell } => {
                let mut text = Vec::new();
                clap_complete::generate(shell, &mut command, "fokker", &mut text);
                print!("{}", String::from_utf8_lossy(&text));
                Ok(())
            }
            Self::Man { folder } => {
                plot::folder(&folder)?;
                command.build();
                pages(&command, "fokker", &folder)
            }
        }
    }
}

/// The page of a command, and of those below it.
fn pages(command: &clap::Command, name: &str, folder: &std::path::Path) -> Result<(), Error> {
    let path = folder.join(format!("{name}.1"));
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .render(&mut text)
        .map_err(|error| Error::File { path: path.clone(), message: error.to_string() })?;
    fokker_files::write(&path, &text)?;
    println!("{}", path.display());
    for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
        pages(child, &format!("{name}-{}", child.get_name()), folder)?;
    }
    Ok(())
}
