//! Signals that ask the program to stop: the work in hand is saved and left. The second one ends the program at once.
//!
//! A signal that was ignored when the program started stays ignored, as `nohup` and shells that start jobs in the
//! background mean it.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// The first signal that came; 0 before.
static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// Signals this close together are one request: `timeout` sends its signal twice, and a closed terminal sends two.
const ONE_REQUEST: Duration = Duration::from_millis(500);

/// Starts to listen; further calls do nothing.
pub fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        if let Err(error) = start() {
            tracing::warn!("Ctrl-C will stop the program without saving: {error}");
        }
    });
}

/// The signal that asked the program to stop, if one did.
pub fn received() -> Option<i32> {
    Some(RECEIVED.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
}

/// Remembers the first request, which came at the time that `first` keeps, and ends the program at the second.
fn request(signal: i32, first: &mut Option<Instant>) {
    match first {
        None => {
            RECEIVED.store(signal, Ordering::SeqCst);
            *first = Some(Instant::now());
            eprintln!("\nstopping after this step (once more to stop at once)");
        }
        Some(first) if first.elapsed() < ONE_REQUEST => {}
        Some(_) => end(128 + signal),
    }
}

#[cfg(unix)]
fn start() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXCPU, SIGXFSZ};
    // A file that grows over the limit of its size is an error of that file, not the end of the program.
    static TOO_LARGE: AtomicBool = AtomicBool::new(false);
    signal_hook::flag::register(SIGXFSZ, &TOO_LARGE)?;
    let wanted: Vec<i32> =
        [SIGINT, SIGTERM, SIGHUP, SIGXCPU].into_iter().filter(|&signal| !is_ignored(signal)).collect();
    let mut signals = signal_hook::iterator::Signals::new(wanted)?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut first = None;
        for signal in signals.forever() {
            request(signal, &mut first);
        }
    })?;
    Ok(())
}

/// Whether the program was started with this signal ignored.
#[cfg(unix)]
#[allow(unsafe_code)]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: all bytes zero are a value of this struct of integers and an optional function pointer.
    let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: without a new action, `sigaction` only writes the present one to `now`, which outlives the call.
    let asked = unsafe { libc::sigaction(signal, std::ptr::null(), &mut now) };
    asked == 0 && now.sa_sigaction == libc::SIG_IGN
}

#[cfg(unix)]
fn end(code: i32) -> ! {
    signal_hook::low_level::exit(code)
}

#[cfg(not(unix))]
fn start() -> Result<(), ctrlc::Error> {
    let mut first = None;
    ctrlc::set_handler(move || request(2, &mut first))
}

#[cfg(not(unix))]
fn end(code: i32) -> ! {
    std::process::exit(code)
}
