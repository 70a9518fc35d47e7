//! Why kernels are launched on a GPU: the functions that asked for them.

use std::backtrace::Backtrace;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cubecl::config::{TypeNameFormatLevel, type_name_format};
use cubecl_runtime::logging::{LaunchObservation, LaunchObserver};

/// A kernel, and why it was launched so often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchReason {
    /// The kernel's name, without what it is generic over.
    pub kernel: String,
    /// The functions of Burn and of fokker that led to it, the innermost first, up to the first of fokker's. Of a gradient that
    /// Burn computes they end with the step that asked for all gradients.
    pub reason: String,
    /// How often it was launched for this reason.
    pub count: usize,
}

/// Sees the launches of this process from [`new`](Self::new) to [`end`](Self::end). One at a time.
///
/// Every launch costs the host a walk up its stack. Names of functions are those of the program's symbols: a program without
/// them, as after `strip`, has kernels without reasons.
pub struct LaunchReasons {
    seen: Arc<Seen>,
    watching: LaunchObservation,
}

impl LaunchReasons {
    /// Begins to watch.
    #[allow(clippy::new_without_default, reason = "it is a deed, not a value")]
    pub fn new() -> Self {
        let seen = Arc::new(Seen::default());
        Self { watching: LaunchObservation::new(seen.clone()), seen }
    }

    /// Ends watching. Returns what was seen, the most frequent first.
    pub fn end(self) -> Vec<LaunchReason> {
        drop(self.watching);
        let seen = std::mem::take(&mut *self.seen.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut reasons: HashMap<(String, String), usize> = HashMap::new();
        for (kernel, stack) in seen {
            let kernel = type_name_format(kernel, TypeNameFormatLevel::Short);
            *reasons.entry((kernel, reason(&stack.to_string()))).or_default() += 1;
        }
        let reasons = reasons.into_iter().map(|((kernel, reason), count)| LaunchReason { kernel, reason, count });
        let mut reasons: Vec<LaunchReason> = reasons.collect();
        reasons.sort_by(|one, other| {
            (other.count, &one.kernel, &one.reason).cmp(&(one.count, &other.kernel, &other.reason))
        });
        reasons
    }
}

/// Kernels, and the stacks that they were launched from.
#[derive(Default)]
struct Seen(Mutex<Vec<(&'static str, Backtrace)>>);

impl LaunchObserver for Seen {
    fn launched(&self, kernel: &'static str) {
        let stack = Backtrace::force_capture();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((kernel, stack));
    }
}

/// Reads a stack of functions, the innermost first: in its text a function is a number, a colon and a name.
fn reason(stack: &str) -> String {
    let name = |line: &str| {
        let (number, name) = line.trim_start().split_once(": ")?;
        number.parse::<usize>().ok().map(|_| name.to_owned())
    };
    let frames: Vec<String> = stack.lines().filter_map(name).collect();
    let of = |crates: &str, name: &str| name.trim_start_matches(['<', '&', '_']).starts_with(crates);
    // The watching itself.
    let watching = frames.iter().rposition(|name| name.contains("LaunchObserver")).map_or(0, |last| last + 1);
    let mut parts: Vec<String> = Vec::new();
    for name in &frames[watching..] {
        if !["burn_", "fokker"].iter().any(|crates| of(crates, name)) {
            continue;
        }
        let part = short(name);
        if !part.is_empty() && parts.last() != Some(&part) {
            parts.push(part);
        }
        if of("fokker", name) {
            break;
        }
    }
    parts.join(" < ")
}

/// A function's name without its path and what it is generic over; of a gradient's with the operation's.
fn short(name: &str) -> String {
    let last = |path: &str| {
        let segments = path.split("::").filter(|segment| !segment.is_empty() && !segment.starts_with('{'));
        segments.last().unwrap_or_default().to_owned()
    };
    let function = last(&plain(name));
    let operation = name.strip_prefix('<').and_then(|name| name.split(" as ").next()).map(|path| last(&plain(path)));
    match operation {
        Some(operation) if function == "backward" => format!("{operation} {function}"),
        _ => function,
    }
}

/// A name without what stands in angle brackets.
fn plain(name: &str) -> String {
    let (mut depth, mut out, mut before) = (0usize, String::new(), ' ');
    for letter in name.chars() {
        match letter {
            '<' => depth += 1,
            // Not the arrow of a function's result.
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(letter),
            _ => {}
        }
        before = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_path_from_the_kernel_to_fokker() {
        let frames = [
            "backtrace::backtrace::trace",
            "<fokker_kernels::gpu::reasons::Seen as cubecl_runtime::logging::observer::LaunchObserver>::launched",
            "cubecl_runtime::client::Client::launch",
            "burn_cubecl::kernel::contiguous::into_contiguous",
            "<burn_cubecl::CubeBackend as burn_backend::FloatTensorOps<B>>::float_reshape",
            "<burn_autodiff::ops::Add<C> as burn_autodiff::ops::Backward<B, 2>>::backward",
            "core::ops::function::FnOnce::call_once{{vtable.shim}}",
            "burn_tensor::Tensor<_>::backward",
            "fokker_training::trainer::step::<impl Trainer<N,_>>::one_step::{{closure}}",
            "fokker::train",
        ];
        let lines =
            frames.iter().enumerate().map(|(at, name)| format!("{at:4}: {name}\n             at file.rs:1:2\n"));
        assert_eq!(
            reason(&lines.collect::<String>()),
            "into_contiguous < float_reshape < Add backward < backward < one_step"
        );
    }
}
