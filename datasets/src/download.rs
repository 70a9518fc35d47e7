//! Downloads: written under a temporary name, checked, renamed; so a file that is there is whole.

#[cfg(feature = "download")]
use std::ops::ControlFlow;
use std::path::Path;

use crate::DatasetError;
use crate::data_path::ProgressCallback;

/// Why there is no file now.
pub(crate) enum Failure {
    /// The network, the server, or a build without downloads.
    Transfer(String),
    /// This machine's disk, or bytes that are not the published ones.
    #[cfg_attr(not(feature = "download"), expect(dead_code))]
    Local(DatasetError),
    /// A progress callback asked to stop.
    #[cfg_attr(not(feature = "download"), expect(dead_code))]
    Stopped,
}

/// Without the feature `download` nothing is fetched, and the error says so.
#[cfg(not(feature = "download"))]
pub(crate) fn download(
    _url: &str,
    _file: &Path,
    _checksums: &[&str],
    _progress: Option<&ProgressCallback>,
) -> Result<(), Failure> {
    Err(Failure::Transfer("fokker-datasets was built without its feature `download`".into()))
}

/// Fetches `url` into `file`, whose folder is made if it is not there.
#[cfg(feature = "download")]
pub(crate) fn download(
    url: &str,
    file: &Path,
    checksums: &[&str],
    progress: Option<&ProgressCallback>,
) -> Result<(), Failure> {
    use std::time::Duration;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .build()
        .into();
    let transfer = |error: ureq::Error| Failure::Transfer(error.to_string());
    let mut response = agent.get(url).call().map_err(transfer)?;
    let total = response.body().content_length();

    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let told = |received| match progress {
        Some(progress) => progress(crate::LoadProgress::Download { file: &name, received, total }),
        None => ControlFlow::Continue(()),
    };
    let mut failure = None;
    let written = fokker_files::write_named(file, |temporary| {
        let copied = copy(response.body_mut().as_reader(), temporary, told);
        let checked = copied.and_then(|()| check(temporary, checksums).map_err(Copy::Failed));
        checked.map_err(|error| match error {
            Copy::Write(error) => error,
            Copy::Failed(error) => {
                failure = Some(error);
                std::io::Error::other("the download failed")
            }
        })
    });
    match failure {
        Some(failure) => Err(failure),
        None => written.map_err(|error| Failure::Local(error.into())),
    }
}

/// Refuses bytes that are not the published ones.
#[cfg(feature = "download")]
fn check(file: &Path, checksums: &[&str]) -> Result<(), Failure> {
    crate::checksum::verify(file, checksums).map_err(|error| match error {
        DatasetError::Checksum { found, .. } => Failure::Transfer(format!(
            "what came has the SHA-256 {found}, expected {}, and was thrown away",
            checksums.join(" or ")
        )),
        error => Failure::Local(error),
    })
}

/// Why a copy ended early.
#[cfg(feature = "download")]
enum Copy {
    Write(std::io::Error),
    Failed(Failure),
}

/// Copies, and says how many bytes there are about once a mebibyte and at the end.
#[cfg(feature = "download")]
fn copy(
    mut reader: impl std::io::Read,
    file: &Path,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<(), Copy> {
    use std::io::Write;
    let mut output = std::fs::File::create(file).map_err(Copy::Write)?;
    let mut buffer = vec![0; 1 << 16];
    let (mut received, mut told) = (0, 0);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                output.write_all(&buffer[..count]).map_err(Copy::Write)?;
                received += count as u64;
                if received - told >= 1 << 20 {
                    if progress(received).is_break() {
                        return Err(Copy::Failed(Failure::Stopped));
                    }
                    told = received;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Copy::Failed(Failure::Transfer(error.to_string()))),
        }
    }
    let _ = progress(received);
    Ok(())
}

#[cfg(all(test, feature = "download"))]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    use crate::data_path::{DataFile, DataPath};

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
}
