//! The live page: a server for this machine.
//!
//! | request | answer |
//! |---|---|
//! | `GET /`, `/style.css`, `/script.js` | the page |
//! | `GET /events` | a stream of events: the runs that have changed, every second |
//! | `GET /series?run=…&from=…&to=…&columns=…&scale=…` | curves of a run |
//! | `GET /details?run=…` | configuration, pictures, lists, evaluations |
//! | `GET /picture?run=…&name=…` | a picture of a run's samples |
//! | `POST /stop?run=…` | asks the process that trains the run to save and end |
//!
//! A request never names a path: runs have identifiers, and pictures are looked up among the names that were listed.

mod answer;
mod guard;
mod http;
mod stop;
mod store;

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use guard::Guard;
use store::Store;

/// What is served, and where.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Folders of runs, or of folders of runs.
    pub folders: Vec<PathBuf>,
    /// The address; 127.0.0.1 unless others are to see the page.
    pub address: IpAddr,
    /// The port; none for the first free one of a few.
    pub port: Option<u16>,
    /// Names of this machine by which browsers may ask, besides `localhost` and addresses.
    pub names: Vec<String>,
}

impl ServerConfig {
    /// Folders on 127.0.0.1.
    pub fn new(folders: impl Into<Vec<PathBuf>>) -> Self {
        Self { folders: folders.into(), address: IpAddr::from([127, 0, 0, 1]), port: None, names: Vec::new() }
    }
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The port is taken, or the address is not this machine's.
    #[error("cannot serve at {address}: {cause}; choose another port or address")]
    Address {
        /// The address with its port.
        address: SocketAddr,
        /// The cause.
        cause: String,
    },
    /// The token is random, and the system gives no random numbers.
    #[error("cannot make a token: {0}")]
    Token(String),
}

/// A server that is bound to its address.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What all requests share.
struct Shared {
    store: Store,
    guard: Guard,
    asked: stop::Asked,
    requests: AtomicUsize,
}

/// The first port that is tried, and how many.
const PORT: u16 = 6160;
const PORTS: u16 = 20;
/// The most requests at a time; an open page is one.
const MOST_REQUESTS: usize = 128;
/// Time between two looks at the folders.
const PERIOD: Duration = Duration::from_secs(1);

impl Server {
    /// Binds the address. Nothing is answered before [`Server::serve`].
    ///
    /// # Errors
    /// An address that cannot be had; a system without random numbers.
    pub fn bind(config: &ServerConfig) -> Result<Self, ServerError> {
        let ports = config.port.map_or(PORT..=PORT + PORTS - 1, |port| port..=port);
        let mut failed = None;
        for port in ports {
            let address = SocketAddr::new(config.address, port);
            let bound = TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
            match bound {
                Ok((address, listener)) => {
                    let shared = Shared {
                        store: Store::new(config.folders.clone(), PERIOD),
                        guard: Guard::new(config.names.clone())?,
                        asked: stop::Asked::default(),
                        requests: AtomicUsize::new(0),
                    };
                    return Ok(Self { listener, address, shared: Arc::new(shared) });
                }
                Err(error) => drop(failed.get_or_insert(ServerError::Address { address, cause: error.to_string() })),
            }
        }
        let address = SocketAddr::new(config.address, PORT);
        Err(failed.unwrap_or(ServerError::Address { address, cause: "no port was tried".into() }))
    }

    /// The address and its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The page's address for a browser on this machine. The part after `#` is the token that lets the page stop trainings; browsers
    /// send it to no server.
    pub fn url(&self) -> String {
        let address = self.address;
        let address =
            if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address };
        format!("http://{address}/#{}", self.shared.guard.token())
    }

    /// Answers requests, each on a thread of its own, for as long as the process lives.
    pub fn serve(&self) {
        for stream in self.listener.incoming() {
            // A connection that failed is gone; where there are no more of them for a moment, the next may be one.
            let Ok(stream) = stream else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            let shared = self.shared.clone();
            if shared.requests.fetch_add(1, Ordering::Relaxed) >= MOST_REQUESTS {
                shared.requests.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let answering = std::thread::Builder::new().name("page".into()).spawn(move || {
                answer::answer(stream, &shared);
                shared.requests.fetch_sub(1, Ordering::Relaxed);
            });
            if answering.is_err() {
                self.shared.requests.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
