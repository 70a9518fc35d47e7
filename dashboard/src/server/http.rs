//! Requests without a body, one to a connection: as much of HTTP/1.1 as a page on the same machine needs.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The head of a request.
pub(super) struct Request {
    peer: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
}

/// The largest head, and the most headers.
const MOST_BYTES: usize = 16 << 10;
const MOST_HEADERS: usize = 64;
/// Time in which a head has to be there, and time that a reader may take for what fits into its buffers.
const PATIENCE: Duration = Duration::from_secs(10);

impl Request {
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }

    pub(super) fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    pub(super) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    pub(super) fn is(&self, method: &str, path: &str) -> bool {
        self.method() == method && self.path() == path
    }

    /// The values of a header, whose name is given in lower case.
    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Reads the head of a request.
///
/// # Errors
/// A head that is none, is too large, or does not come.
pub(super) fn read(stream: &mut TcpStream) -> std::io::Result<Request> {
    let (peer, begun) = (stream.peer_addr()?, Instant::now());
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let (mut head, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let left = PATIENCE.checked_sub(begun.elapsed()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(ErrorKind::TimedOut)?))?;
        let count = stream.read(&mut chunk)?;
        head.extend_from_slice(&chunk[..count]);
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(&head).map_err(|error| Error::new(ErrorKind::InvalidData, error.to_string()))?;
        if let (true, Some(method), Some(target)) = (parsed.is_complete(), request.method, request.path) {
            let header = |header: &httparse::Header<'_>| {
                (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
            };
            let headers = request.headers.iter().map(header).collect();
            return Ok(Request { peer, method: method.into(), target: target.into(), headers });
        }
        if count == 0 || head.len() > MOST_BYTES {
            return Err(ErrorKind::InvalidData.into());
        }
    }
}

/// Writes an answer, and ends the connection.
///
/// # Errors
/// A reader who has left, or does not read.
pub(super) fn write<'a>(
    mut stream: TcpStream,
    status: u16,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> std::io::Result<()> {
    write_head(&mut stream, status, headers, Some(body.len()))?;
    stream.write_all(body)
}

/// Writes the head of an answer, whose body has a length or ends with the connection.
///
/// # Errors
/// As [`write`].
pub(super) fn write_head<'a>(
    stream: &mut TcpStream,
    status: u16,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    length: Option<usize>,
) -> std::io::Result<()> {
    let reason = match status {
        200 => "OK",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Conflict",
    };
    let mut head = format!("HTTP/1.1 {status} {reason}\r\nConnection: close\r\n");
    headers.for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    head += &length.map_or_else(String::new, |length| format!("Content-Length: {length}\r\n"));
    stream.write_all((head + "\r\n").as_bytes())
}
