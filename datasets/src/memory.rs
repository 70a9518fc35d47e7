//! How much memory there is.

use std::path::Path;

/// Bytes that a program can still take, where the system says so: Linux does, and a container's limit counts.
pub fn available() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| from_meminfo(&text))?;
    let container =
        ["/sys/fs/cgroup", "/sys/fs/cgroup/memory"].into_iter().filter_map(|folder| left_of(Path::new(folder)));
    Some(container.fold(machine, u64::min))
}

/// `MemAvailable:   123 kB`.
fn from_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What the limit of a control group leaves, version 2 or 1. File pages that can be given back do not count as used.
fn left_of(folder: &Path) -> Option<u64> {
    let number = |name: &str| std::fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let limit = number("memory.max").or_else(|| number("memory.limit_in_bytes"))?;
    let used = number("memory.current").or_else(|| number("memory.usage_in_bytes"))?;
    let text = std::fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let stat = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok());
    let pages = stat("inactive_file ").or_else(|| stat("total_inactive_file ")).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(pages)))
}

/// Bytes for a reader: `1.5 GiB`.
pub fn shown(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_numbers_are_read() {
        assert_eq!(from_meminfo("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2_097_152));
        assert_eq!(from_meminfo("MemTotal: 9 kB\n"), None);
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(left_of(folder.path()), None);
        write("memory.current", "700\n");
        write("memory.max", "max\n");
        assert_eq!(left_of(folder.path()), None, "no limit");
        write("memory.max", "1000\n");
        write("memory.stat", "anon 1\ninactive_file 200\n");
        assert_eq!(left_of(folder.path()), Some(500));
        assert_eq!(shown(3 << 29), "1.5 GiB");
    }
}
