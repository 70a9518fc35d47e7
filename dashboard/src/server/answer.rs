//! Answers to requests.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Shared;
use super::http::{self, Request};
use super::store::Entry;
use crate::folder;
use crate::page;
use crate::sampling::{Scale, View};

/// What every answer says: nothing is taken from elsewhere, the page is in no frame of another, types are as they are named.
const HEADERS: [(&str, &str); 4] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
];
/// The largest picture.
const MOST_BYTES: u64 = 64 << 20;
/// Time after which a stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// An answer that is no stream.
struct Answer {
    status: u16,
    kind: &'static str,
    /// Seconds that a browser may keep it.
    kept: u32,
    body: Vec<u8>,
}

impl Answer {
    fn new(kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, kind, kept: 0, body: body.into() }
    }

    fn json(value: &serde_json::Value) -> Self {
        Self::new("application/json", value.to_string())
    }

    /// With a message for a reader.
    fn refused(status: u16, message: &str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", kept: 0, body: format!("{message}\n").into() }
    }
}

/// Answers the request of a connection.
pub(super) fn answer(mut stream: TcpStream, shared: &Shared) {
    // What is no request gets no answer.
    let Ok(request) = http::read(&mut stream) else { return };
    if request.is("GET", "/events") && knows_host(&request, shared) {
        // A reader who has left is no error.
        let _ = events(stream, shared);
    } else {
        let Answer { status, kind, kept, body } = find(&request, shared);
        let cache = if kept > 0 { format!("private, max-age={kept}") } else { "no-store".into() };
        let headers = HEADERS.into_iter().chain([("Content-Type", kind), ("Cache-Control", &cache)]);
        let _ = http::write(stream, status, headers, &body);
    }
}

/// Whether the name that a browser asked for is this machine's: there is one, and it is known.
fn knows_host(request: &Request, shared: &Shared) -> bool {
    let mut hosts = request.headers("host");
    hosts.next().is_some_and(|host| shared.guard.knows_host(host)) && hosts.next().is_none()
}

fn find(request: &Request, shared: &Shared) -> Answer {
    if !knows_host(request, shared) {
        return Answer::refused(
            403,
            "this name is not known to be this machine's: ask for localhost, or name it when starting",
        );
    }
    let query = request.query();
    match (request.method(), request.path()) {
        ("GET", "/") => Answer::new("text/html; charset=utf-8", page::live()),
        ("GET", "/style.css") => Answer::new("text/css; charset=utf-8", page::STYLE),
        ("GET", "/script.js") => Answer::new("text/javascript; charset=utf-8", page::SCRIPT),
        ("GET", "/series" | "/details" | "/picture") => match run(query, shared) {
            None => Answer::refused(404, "there is no such run"),
            Some(entry) => match request.path() {
                "/series" => Answer::json(&entry.record().series(&view(query))),
                "/details" => Answer::json(&entry.record().details()),
                _ => picture(&entry, query),
            },
        },
        ("POST", "/stop") => stop(request, shared),
        ("GET", _) => Answer::refused(404, "there is no such page"),
        _ => Answer::refused(405, "this page is only read"),
    }
}

/// The value of a key in a query, as it was sent.
fn value<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
}

fn run(query: &str, shared: &Shared) -> Option<Arc<Entry>> {
    let entry = shared.store.find(value(query, "run")?);
    entry.or_else(|| {
        // A page that was open while the server started anew asks before there is a stream.
        shared.store.refresh();
        shared.store.find(value(query, "run")?)
    })
}

fn view(query: &str) -> View {
    let number = |key: &str| value(query, key).and_then(|value| value.parse::<u64>().ok());
    let whole = View::default();
    View {
        from: number("from").unwrap_or(whole.from),
        to: number("to").unwrap_or(whole.to),
        columns: number("columns").map_or(whole.columns, |columns| columns as usize),
        scale: if value(query, "scale") == Some("log") { Scale::Log } else { Scale::Linear },
    }
}

/// A picture by its name, which is compared as it was sent: nothing that a request says becomes part of a path.
fn picture(entry: &Entry, query: &str) -> Answer {
    let wanted = value(query, "name").unwrap_or_default();
    let record = entry.record();
    let name = record.pictures().iter().find(|name| encoded(name) == wanted);
    let Some(path) = name.map(|name| record.path().join("samples").join(name)) else {
        return Answer::refused(404, "there is no such picture");
    };
    drop(record);
    let is_folder = path.parent().is_some_and(|folder| folder.symlink_metadata().is_ok_and(|kind| kind.is_dir()));
    match folder::read(&path, MOST_BYTES) {
        Ok(contents) if is_folder => Answer { kept: 60, ..Answer::new("image/png", contents) },
        _ => Answer::refused(404, "the picture cannot be read"),
    }
}

/// A name as JavaScript's `encodeURIComponent` writes it.
fn encoded(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    name.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Stops a training: for somebody on this machine who has the token. A page of another origin cannot send this header unless it is
/// allowed to, and nobody is.
fn stop(request: &Request, shared: &Shared) -> Answer {
    if !request.peer().ip().to_canonical().is_loopback() {
        return Answer::refused(403, "a training is stopped from the machine that it runs on");
    }
    if !request.headers("x-fokker-token").next().is_some_and(|token| shared.guard.knows_token(token)) {
        return Answer::refused(403, "open the address that the program printed, with its token, to stop trainings");
    }
    let Some(entry) = run(request.query(), shared) else { return Answer::refused(404, "there is no such run") };
    let path = entry.record().path().to_path_buf();
    match shared.asked.stop(&path) {
        Ok(process) => Answer::json(&json!({ "process": process })),
        Err(message) => Answer::refused(409, &message),
    }
}

/// Sends a stream of events, until the reader has left.
fn events(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let headers = HEADERS.into_iter().chain([("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")]);
    http::write_head(&mut stream, 200, headers, None)?;
    stream.write_all(b"retry: 1000\n\n")?;
    let (mut change, mut last) = (0, Instant::now());
    loop {
        let all_is_read = shared.store.refresh();
        if let Some((now, value)) = shared.store.since(change) {
            (change, last) = (now, Instant::now());
            stream.write_all(format!("data: {value}\n\n").as_bytes())?;
        } else if last.elapsed() > HEARTBEAT {
            last = Instant::now();
            stream.write_all(b": here\n\n")?;
        }
        if all_is_read {
            std::thread::sleep(shared.store.period());
        }
    }
}
