//! Asks the process that trains a run to save and end, as Ctrl-C does.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fokker_files::LockHolder;

/// Processes that were asked. A second signal would end them at once, without saving.
#[derive(Default)]
pub(super) struct Asked(Mutex<HashSet<u32>>);

impl Asked {
    /// Sends SIGTERM to the process that has locked a run's folder.
    ///
    /// # Errors
    /// A run that no process trains; a process that cannot be identified for certain; a process that was asked already; a signal that cannot
    /// be sent.
    pub(super) fn stop(&self, folder: &Path) -> Result<u32, String> {
        let process = match LockHolder::of(folder) {
            LockHolder::Process(Some(process)) => process,
            LockHolder::Process(None) => return Err("the run is in training, but its lock names no process".into()),
            LockHolder::Nobody => return Err("no process trains this run".into()),
            LockHolder::Unknown => {
                return Err("whether a process trains this run cannot be known: its folder has no lock".into());
            }
        };
        if !has_open(process, &folder.join(".lock")) {
            return Err(format!("process {process} is not on this machine, or is not the one that trains this run"));
        }
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(process) {
            return Err(format!(
                "process {process} was asked before, and ends after its step; a second signal would keep it from saving"
            ));
        }
        terminate(process)?;
        Ok(process)
    }
}

/// Whether a process has a file open. Only Linux says so; elsewhere the number that the lock names has to do.
#[cfg(target_os = "linux")]
fn has_open(process: u32, path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().filter_map(|entry| entry.ok());
    open.filter_map(|entry| entry.path().read_link().ok()).any(|file| file == path)
}

#[cfg(not(target_os = "linux"))]
fn has_open(_process: u32, _path: &Path) -> bool {
    true
}

#[cfg(unix)]
#[allow(unsafe_code)]
fn terminate(process: u32) -> Result<(), String> {
    // Zero, and what is negative as a number of the system, mean groups of processes.
    let number = libc::pid_t::try_from(process).ok().filter(|&number| number > 1);
    let number = number.ok_or_else(|| format!("{process} is no process"))?;
    // SAFETY: `kill` takes two numbers and touches no memory of this process.
    match unsafe { libc::kill(number, libc::SIGTERM) } {
        0 => Ok(()),
        _ => Err(format!("process {process} cannot be stopped: {}", std::io::Error::last_os_error())),
    }
}

#[cfg(not(unix))]
fn terminate(process: u32) -> Result<(), String> {
    Err(format!("this system has no signal for process {process}: press Ctrl-C where it runs"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use fokker_files::Lock;

    use super::*;

    #[test]
    fn only_the_process_that_has_the_lock_is_asked_and_once() {
        let root = tempfile::tempdir().unwrap();
        let asked = Asked::default();
        assert!(asked.stop(root.path()).unwrap_err().contains("no process trains"));
        // The number of a process that has nothing to do with the run, in a lock that this process holds.
        let mut other = Command::new("sleep").arg("60").spawn().unwrap();
        let lock = Lock::take(root.path()).unwrap();
        fs::write(root.path().join(".lock"), other.id().to_string()).unwrap();
        assert!(asked.stop(root.path()).unwrap_err().contains("is not the one"));
        assert!(other.try_wait().unwrap().is_none());
        drop(lock);
        // A process that has the lock: it inherits the locked file, as its standard input.
        let locked = File::options().read(true).write(true).open(root.path().join(".lock")).unwrap();
        locked.lock().unwrap();
        let mut training = Command::new("sleep").arg("60").stdin(Stdio::from(locked)).spawn().unwrap();
        fs::write(root.path().join(".lock"), training.id().to_string()).unwrap();
        assert_eq!(asked.stop(root.path()), Ok(training.id()));
        assert_eq!(training.wait().unwrap().signal(), Some(libc::SIGTERM));
        assert!(asked.stop(root.path()).unwrap_err().contains("no process trains"));
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
