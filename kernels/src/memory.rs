//! What the C library does with freed memory.

/// Asks the C library to keep freed memory rather than give it back to the system; worth calling once, when a program
/// that trains on flex starts.
///
/// A training step allocates and frees the same hundreds of megabytes again and again. By default glibc returns large
/// blocks at once, and the system has to clear every page of the next one: a tenth of the step's time. The price is
/// that the process stays as large as it ever was. Where the C library is another one, nothing happens.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::ffi::c_int;
        // From glibc's malloc.h.
        const M_TRIM_THRESHOLD: c_int = -1;
        const M_MMAP_THRESHOLD: c_int = -3;
        // The largest that glibc takes.
        const MMAP_THRESHOLD: c_int = 32 << 20;
        unsafe extern "C" {
            fn mallopt(parameter: c_int, value: c_int) -> c_int;
        }
        // SAFETY: the function takes two integers and sets two numbers of the allocator. Refused values change nothing.
        unsafe {
            mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
            mallopt(M_TRIM_THRESHOLD, c_int::MAX);
        }
    }
}
