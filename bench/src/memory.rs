//! Resident memory of this process, as Linux keeps it.

/// The largest so far, in MiB; zero where the system does not say.
pub(super) fn peak_mib() -> f64 {
    status("VmHWM:")
}

/// That of now, in MiB; zero where the system does not say.
pub(super) fn resident_mib() -> f64 {
    status("VmRSS:")
}

fn status(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(0.0, |kib| kib / 1024.0)
}
