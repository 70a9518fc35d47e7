//! Ctrl-C: asked once, the work in hand is saved and left; asked twice, the program ends at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);
static INSTALLED: OnceLock<()> = OnceLock::new();

/// Starts to listen; further calls do nothing.
pub fn listen() {
    INSTALLED.get_or_init(|| {
        let installed = ctrlc::set_handler(|| {
            if REQUESTED.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
            eprintln!("\nstopping after this step (once more to stop at once)");
        });
        if let Err(error) = installed {
            tracing::warn!("Ctrl-C will stop the program without saving: {error}");
        }
    });
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
