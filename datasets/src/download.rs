//! Downloads: written under a temporary name, checked, renamed; so a file that is there is whole.

#[cfg(feature = "download")]
use std::ops::ControlFlow;
use std::path::Path;

use crate::DatasetError;
use crate::progress::ProgressCallback;

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
