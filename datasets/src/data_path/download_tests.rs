//! A file that is nowhere is downloaded, from a server on the loopback.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::{DataFile, DataPath};

const FILE: DataFile = DataFile {
    name: "some.gz",
    checksums: &["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    folder_url: "https://example.invalid/",
};

fn library(folder: &std::path::Path, mirror: String) -> DataPath {
    DataPath { download_into: Some(folder.into()), mirror: Some(mirror), ..DataPath::only(folder) }
}

/// A server on the loopback that answers one request with `body`.
fn serve(body: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).unwrap();
    });
    format!("http://{address}/")
}

#[test]
fn without_a_network_the_error_says_which_file_to_put_where() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let library = library(folder.path(), format!("http://127.0.0.1:{port}/"));
    let message = library.find("mnist", None, &[], &FILE).unwrap_err().to_string();
    let place = folder.path().join("mnist").join("some.gz").display().to_string();
    assert!(message.contains(&format!("put it at {place}")), "{message}");
    assert!(message.contains(&format!("from http://127.0.0.1:{port}/some.gz")), "{message}");
}

#[test]
fn a_download_is_checked_kept_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let copy = seen.clone();
    let library = library(folder.path(), serve(b"abc")).with_progress(move |progress| {
        copy.lock().unwrap().push(format!("{progress:?}"));
        std::ops::ControlFlow::Continue(())
    });
    let file = library.find("mnist", None, &[], &FILE).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"abc");
    assert_eq!(*seen.lock().unwrap(), ["Download { file: \"some.gz\", received: 3, total: Some(3) }"]);
    assert_eq!(library.find("mnist", None, &[], &FILE).unwrap(), file, "the second time it is found");
}

#[test]
fn a_download_with_another_sum_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path(), serve(b"abd"));
    let message = library.find("mnist", None, &[], &FILE).unwrap_err().to_string();
    assert!(message.contains("thrown away"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path().join("mnist")).unwrap().count(), 0);
}

#[test]
fn https_begins_with_a_tls_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut first = [0; 1];
        listener.accept().unwrap().0.read_exact(&mut first).unwrap();
        first[0]
    });
    let library = library(folder.path(), format!("https://127.0.0.1:{port}/"));
    assert!(library.find("mnist", None, &[], &FILE).is_err());
    assert_eq!(server.join().unwrap(), 0x16, "the content type of a handshake, RFC 8446");
}
