//! `fokker watch` and `train --watch`: a page is served, and a training is stopped from it as by Ctrl-C.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{MLP, MOONS, assert_refused, command, fokker, write_config};

/// Ends a process that serves for as long as it lives.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The answer to a request without a body.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Host and port, and the token, of a printed address.
fn parts(line: &str) -> (String, String) {
    let (address, token) = line.trim().split_once("http://").unwrap().1.split_once("/#").unwrap();
    (address.into(), token.into())
}

/// The first run of the stream of events.
fn first_run(address: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    let data = lines.filter_map(|line| line.strip_prefix("data: ").map(String::from)).next().unwrap();
    serde_json::from_str::<serde_json::Value>(&data).unwrap()["runs"][0].clone()
}

fn watch(arguments: &[&str], root: &Path) -> (Ended, String) {
    let mut child = command(&[&["watch"], arguments].concat(), root).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Ended(child), line)
}

#[test]
fn folders_that_are_not_there_are_refused_and_others_are_served() {
    let root = tempfile::tempdir().unwrap();
    assert_refused(&fokker(&["watch"], root.path()), 2, &["runs: there is no such folder"]);
    std::fs::create_dir_all(root.path().join("runs/one")).unwrap();
    let (_ended, line) = watch(&["--port", "0"], root.path());
    let (address, _) = parts(&line);
    assert!(ask(&address, "GET /").contains("script.js"));
    assert_eq!(first_run(&address)["name"], "one");
    let port = address.rsplit_once(':').unwrap().1;
    assert_refused(&fokker(&["watch", "--port", port], root.path()), 2, &["cannot serve at 127.0.0.1", "another port"]);
}

/// The page of another process stops a training, which saves what it has.
#[cfg(target_os = "linux")]
#[test]
fn a_training_is_stopped_from_the_page() {
    let root = tempfile::tempdir().unwrap();
    write_config(root.path(), "moons", MOONS, MLP);
    let train = [
        "train",
        "moons.toml",
        "--watch",
        "--set",
        "training.steps=1000000",
        "--set",
        "checkpoints.every=1000000",
        "--set",
        "previews.every=0",
    ];
    let mut training = Ended(command(&train, root.path()).stderr(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(training.0.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("http://") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "no address was printed");
    }
    assert!(ask(&parts(&line).0, "GET /").contains("script.js"), "the training serves its own page");
    let begun = Instant::now();
    while !root.path().join("runs/moons/metrics.jsonl").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the training does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let (_ended, line) = watch(&["runs/moons", "--port", "0"], root.path());
    let (address, token) = parts(&line);
    let run = first_run(&address);
    assert_eq!((&run["state"], &run["process"]), (&"training".into(), &training.0.id().into()));
    let stop = format!("POST /stop?run={}", run["id"].as_str().unwrap());
    assert!(ask(&address, &stop).starts_with("HTTP/1.1 403"));
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "{stop} HTTP/1.1\r\nHost: {address}\r\nX-Fokker-Token: {token}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("saved; go on with"), "{rest}");
    assert_eq!(training.0.wait().unwrap().code(), Some(128 + 15));
    let sessions = std::fs::read_to_string(root.path().join("runs/moons/sessions.jsonl")).unwrap();
    assert!(sessions.lines().count() == 2 && sessions.contains("\"outcome\":\"interrupted\""), "{sessions}");
    let report = std::fs::read_to_string(root.path().join("runs/moons/report.html")).unwrap();
    assert!(report.contains("\"state\":\"stopped\""));
}
