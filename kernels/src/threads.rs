//! How a program arranges memory and threads for long work on flex.

/// Runs `body` with what makes long work on flex fast: freed memory is kept, and `body` is run by one of the threads that
/// operations are divided among.
///
/// Memory: a training step allocates and frees the same hundreds of megabytes again and again. By default glibc returns
/// large blocks at once, and the system has to clear every page of the next one: a tenth of the step's time. The price is
/// that the process stays as large as it ever was. Where the C library is another one, nothing happens.
///
/// Threads: `body` runs inside rayon's pool. Called from outside, every parallel loop has to wake the pool and wait for it,
/// which takes longer than many operations.
pub fn on_all_cores<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    keep_freed_memory();
    rayon::scope(|_| body())
}

fn keep_freed_memory() {
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
