//! The memory of this process.

/// Bytes of memory that this process has, where the system says so: Linux does.
pub(crate) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_process_has_some_memory() {
        let bytes = super::resident_bytes().unwrap();
        assert!((1 << 18..1 << 44).contains(&bytes), "{bytes}");
    }
}
