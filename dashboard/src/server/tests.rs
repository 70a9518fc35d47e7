//! The server, asked as browsers and others ask.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::*;

/// A server for a folder, and the identifier of its run.
fn serve(folder: &Path) -> (Arc<Server>, String) {
    let server = Server::bind(&ServerConfig { port: Some(0), ..ServerConfig::new([folder.to_path_buf()]) }).unwrap();
    let server = Arc::new(server);
    let serving = server.clone();
    std::thread::spawn(move || serving.serve());
    server.shared.store.refresh();
    let (_, value) = server.shared.store.since(0).unwrap();
    (server, value["runs"][0]["id"].as_str().unwrap().to_string())
}

/// The answer to bytes: all of it, until the server ends the connection.
fn ask(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    // A server that has seen enough ends the connection, perhaps before all is written.
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(server: &Server, target: &str) -> String {
    ask(server, &format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address()))
}

fn run(root: &Path) -> std::path::PathBuf {
    let folder = root.join("moons");
    fs::create_dir_all(folder.join("samples")).unwrap();
    fs::write(folder.join("config.toml"), "name = \"moons\"").unwrap();
    fs::write(folder.join("metrics.jsonl"), "{\"step\":1,\"loss\":0.5}\n").unwrap();
    fs::write(folder.join("samples/größe 1.png"), "a picture").unwrap();
    fs::write(folder.join("secret.png"), "SECRET").unwrap();
    fs::write(root.join("secret.png"), "SECRET").unwrap();
    folder
}

#[test]
fn pages_and_numbers_are_answered() {
    let root = tempfile::tempdir().unwrap();
    let (server, id) = serve(&run(root.path()));
    let page = get(&server, "/");
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("script.js") && !page.contains("{{"), "{page}");
    assert!(page.contains("default-src 'none'") && page.contains("nosniff"));
    assert!(get(&server, "/script.js").contains("uPlot") && get(&server, "/style.css").contains(".uplot"));
    let body = |answer: String| answer.split_once("\r\n\r\n").unwrap().1.to_string();
    let series: Value = serde_json::from_str(&body(get(&server, &format!("/series?run={id}&columns=9")))).unwrap();
    assert_eq!(series["columns"]["loss"]["mean"][0], 0.5);
    let details: Value = serde_json::from_str(&body(get(&server, &format!("/details?run={id}")))).unwrap();
    assert_eq!(details["config"]["name"], "moons");
    assert_eq!(body(get(&server, &format!("/picture?run={id}&name=gr%C3%B6%C3%9Fe%201.png"))), "a picture");
}

#[test]
fn nothing_outside_of_the_folders_is_read() {
    let root = tempfile::tempdir().unwrap();
    let folder = run(root.path());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root.path().join("secret.png"), folder.join("samples/link.png")).unwrap();
        std::os::unix::fs::symlink(root.path(), folder.join("samples/up")).unwrap();
    }
    let (server, id) = serve(&folder);
    // A link that took the place of a picture after the names were listed.
    fs::remove_file(folder.join("samples/größe 1.png")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(root.path().join("secret.png"), folder.join("samples/größe 1.png")).unwrap();
    let absolute = root.path().join("secret.png").display().to_string();
    let names = [
        "../secret.png",
        "..%2Fsecret.png",
        "..%2fsecret.png",
        "%2e%2e%2fsecret.png",
        "%252e%252e%252fsecret.png",
        "..%5Csecret.png",
        "../../secret.png",
        "link.png",
        "up/secret.png",
        "up%2Fsecret.png",
        "gr%C3%B6%C3%9Fe%201.png",
        "%00",
        "secret.png",
        "",
        &absolute,
        &absolute.replace('/', "%2F"),
    ];
    for name in names {
        let answer = get(&server, &format!("/picture?run={id}&name={name}"));
        assert!(answer.starts_with("HTTP/1.1 404") && !answer.contains("SECRET"), "{name}: {answer}");
    }
    for target in [
        "/../secret.png",
        "/%2e%2e/secret.png",
        "//etc/passwd",
        "/samples/link.png",
        "/etc/passwd",
        "/details?run=../moons",
        "/details?run=",
        "/details",
        "/picture?run=/etc&name=passwd",
        "http://127.0.0.1/etc/passwd",
    ] {
        let answer = get(&server, target);
        assert!(answer.starts_with("HTTP/1.1 404") && !answer.contains("SECRET"), "{target}: {answer}");
    }
}

#[test]
fn names_of_others_and_strange_requests_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let (server, id) = serve(&run(root.path()));
    let address = server.address();
    for host in [
        "Host: evil.example",
        &format!("Host: {address}\r\nHost: evil.example"),
        "X: y",
        "Host: evil.example:80\r\nX-Forwarded-Host: localhost",
    ] {
        for target in ["/", "/events", "/series?run=x"] {
            let answer = ask(&server, &format!("GET {target} HTTP/1.1\r\n{host}\r\n\r\n"));
            assert!(answer.starts_with("HTTP/1.1 403"), "{host}: {answer}");
        }
    }
    let strange = [
        "\r\n\r\n".into(),
        "GET\r\n\r\n".into(),
        "\x16\x03\x01".repeat(40),
        format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(40_000)),
    ];
    for request in strange {
        assert_eq!(ask(&server, &request), "");
    }
    let put = format!("PUT / HTTP/1.1\r\nHost: {address}\r\n\r\n");
    assert!(ask(&server, &put).starts_with("HTTP/1.1 405"));
    // The run is whole, and it is still answered.
    assert!(get(&server, &format!("/details?run={id}")).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_training_is_stopped_with_the_token_alone() {
    let root = tempfile::tempdir().unwrap();
    let (server, id) = serve(&run(root.path()));
    let stop = |headers: &str| {
        ask(&server, &format!("POST /stop?run={id} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", server.address()))
    };
    assert!(stop("").starts_with("HTTP/1.1 403"));
    assert!(stop("X-Fokker-Token: 0123456789abcdef0123456789abcdef\r\n").starts_with("HTTP/1.1 403"));
    let token = server.shared.guard.token();
    assert!(server.url().ends_with(&format!("/#{token}")) && !get(&server, "/").contains(token));
    let answer = stop(&format!("X-Fokker-Token: {token}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 409") && answer.contains("no process trains"), "{answer}");
    let get = format!("GET /stop?run={id} HTTP/1.1\r\nHost: localhost\r\nX-Fokker-Token: {token}\r\n\r\n");
    assert!(ask(&server, &get).starts_with("HTTP/1.1 404"));
}

#[test]
fn events_say_what_is_new_to_many_readers() {
    let root = tempfile::tempdir().unwrap();
    let folder = run(root.path());
    let (server, _) = serve(&folder);
    let mut readers: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    for reader in &mut readers {
        reader.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        reader.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }
    let wait_for = |reader: &mut TcpStream, wanted: &str| {
        let (mut text, mut chunk, begun) = (String::new(), [0; 4096], Instant::now());
        while !text.contains(wanted) && begun.elapsed() < Duration::from_secs(5) {
            let count = reader.read(&mut chunk).unwrap();
            text += &String::from_utf8_lossy(&chunk[..count]);
        }
        assert!(text.contains(wanted), "{wanted}: {text}");
    };
    readers.iter_mut().for_each(|reader| wait_for(reader, "\"step\":1"));
    let mut metrics = fs::OpenOptions::new().append(true).open(folder.join("metrics.jsonl")).unwrap();
    metrics.write_all(b"{\"step\":77,\"loss\":0.25}\n").unwrap();
    readers.iter_mut().for_each(|reader| wait_for(reader, "\"step\":77"));
    // Open streams keep nobody else from being answered.
    assert!(get(&server, "/").starts_with("HTTP/1.1 200"));
}
