//! `fokker watch`, and `--watch` of `fokker train` and `fokker resume`: runs on a live page.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use clap::Args;
use fokker::Error;
use fokker_dashboard::{Server, ServerConfig};
use serde_json::json;

use super::results::print_result;

/// Show runs on a live page in the browser: curves over each other, samples, configurations
#[derive(Args)]
pub struct Dashboard {
    /// Folders of runs, or single runs
    #[arg(default_value = "runs")]
    runs: Vec<PathBuf>,
    /// The address to serve at; 0.0.0.0 shows the page to every machine that can reach this one
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// The port; the first free one from 6160 on if absent
    #[arg(long)]
    port: Option<u16>,
    /// A name of this machine by which browsers ask, besides localhost and addresses; may be given several times
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
}

impl Dashboard {
    /// Serves the page until the program is stopped.
    pub fn run(self) -> Result<(), Error> {
        if let Some(missing) = self.runs.iter().find(|folder| !folder.is_dir()) {
            return Err(Error::Usage(format!(
                "{}: there is no such folder; name a run or a folder of runs",
                missing.display()
            )));
        }
        let folders = self.runs.into_iter().map(|folder| folder.canonicalize().unwrap_or(folder)).collect();
        let config = ServerConfig { folders, address: self.address, port: self.port, names: self.names };
        let server = bind(&config)?;
        let url = server.url();
        print_result(json!({ "url": url }), || format!("{url}\n"));
        server.serve();
        Ok(())
    }
}

fn bind(config: &ServerConfig) -> Result<Server, Error> {
    Server::bind(config).map_err(|error| Error::Usage(error.to_string()))
}

/// Serves a run that this process trains, for as long as it trains it.
///
/// # Errors
/// A page that cannot be served.
pub fn serve_while_training(run: &Path) -> Result<(), Error> {
    let folder = std::path::absolute(run).unwrap_or_else(|_| run.into());
    let server = bind(&ServerConfig::new([folder]))?;
    eprintln!("watch this run at {}", server.url());
    let serving = std::thread::Builder::new().name("watch".into()).spawn(move || server.serve());
    serving.map(drop).map_err(|error| Error::Usage(format!("--watch: {error}")))
}
