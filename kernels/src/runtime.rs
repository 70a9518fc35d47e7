//! The threads and the memory of long work on the CPU.

/// Runs `body` on one of the threads that operations on flex are divided among.
///
/// Called from any other thread, every operation has to wake them and wait, which takes longer than many an operation: for
/// small batches that doubles a step. Within `body` the call does nothing but run its own `body`, so that it can be made
/// around each piece of work.
pub fn with_cpu_runtime<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| body())
}

/// Sets glibc's allocator to keep freed memory. It is for the `main` of a program that trains on flex: the setting is that
/// of the whole process.
///
/// A training step allocates and frees the same hundreds of megabytes again and again. By default glibc returns large
/// blocks at once, and the system has to clear every page of the next one: a tenth of the step's time. The price is that
/// the process stays as large as it ever was. Where the C library is another one, nothing happens.
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
