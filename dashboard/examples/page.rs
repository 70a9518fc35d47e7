//! The pages without the rest of fokker: `page serve FOLDER…` prints the address of the live page and serves it, `page report FOLDER`
//! writes `report.html` into a run's folder.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fokker_dashboard::{Server, ServerConfig, report};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", ref folders @ ..] if !folders.is_empty() => {
            let folders: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
            let server = match Server::bind(&ServerConfig { port: Some(0), ..ServerConfig::new(folders) }) {
                Ok(server) => server,
                Err(error) => return fail(&error.to_string()),
            };
            let mut out = std::io::stdout().lock();
            let written = writeln!(out, "{}", server.url()).and_then(|()| out.flush());
            drop(out);
            match written {
                Ok(()) => server.serve(),
                Err(error) => return fail(&error.to_string()),
            }
            ExitCode::SUCCESS
        }
        ["report", folder] => match std::fs::write(Path::new(folder).join("report.html"), report(Path::new(folder))) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
        _ => fail("usage: page serve FOLDER… | page report FOLDER"),
    }
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::FAILURE
}
