//! Which kernels a piece of work launches on a GPU, how often, and how long they take there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cubecl::config::{TypeNameFormatLevel, type_name_format};
use cubecl_runtime::logging::{LaunchObservation, LaunchObserver, ProfileDuration, TimingMethod, TimingRequest};

/// A kernel, and what its launches cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Launches {
    /// The kernel's name, without what it is generic over.
    pub kernel: String,
    /// How often it was launched.
    pub count: usize,
    /// How long the device took for all of them, by its own clock; nothing if it was not asked, or does not say.
    pub time: Option<Duration>,
}

/// Runs `body`, and says which kernels it launched, the most expensive first: by time if they are `timed`, which costs the
/// host a question for each launch, and by number if not. One at a time in a process.
pub fn launches<T>(timed: bool, body: impl FnOnce() -> T) -> (T, Vec<Launches>) {
    let watch = Arc::new(Watch { timed, seen: Mutex::default() });
    let watching = LaunchObservation::new(watch.clone());
    let result = body();
    drop(watching);
    let seen = std::mem::take(&mut *watch.seen.lock().unwrap_or_else(PoisonError::into_inner));
    let mut kernels: HashMap<String, Launches> = HashMap::new();
    for (name, Seen { count, profiles }) in seen {
        let kernel = type_name_format(name, TypeNameFormatLevel::Short);
        let entry = kernels.entry(kernel.clone()).or_insert(Launches { kernel, count: 0, time: None });
        entry.count += count;
        for profile in profiles {
            let Some(ticks) = cubecl::future::block_on(profile.resolve()) else { continue };
            entry.time = Some(entry.time.unwrap_or_default() + ticks.duration());
        }
    }
    let mut kernels: Vec<Launches> = kernels.into_values().collect();
    kernels.sort_by(|one, other| (other.time, other.count, &one.kernel).cmp(&(one.time, one.count, &other.kernel)));
    (result, kernels)
}

/// What was seen of a kernel.
#[derive(Default)]
struct Seen {
    count: usize,
    profiles: Vec<ProfileDuration>,
}

struct Watch {
    timed: bool,
    seen: Mutex<HashMap<&'static str, Seen>>,
}

impl Watch {
    fn with(&self, kernel: &'static str, note: impl FnOnce(&mut Seen)) {
        note(self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(kernel).or_default());
    }
}

impl LaunchObserver for Watch {
    fn launched(&self, kernel: &'static str) {
        self.with(kernel, |seen| seen.count += 1);
    }

    fn timing(&self) -> TimingRequest {
        if self.timed { TimingRequest::Deferred } else { TimingRequest::None }
    }

    fn profiled(&self, kernel: &'static str, profile: ProfileDuration) {
        self.with(kernel, |seen| seen.profiles.push(profile));
    }

    /// Durations that are read while the work goes on, which happens where CubeCL's own log of kernels is on, are another
    /// measurement: they are left out.
    fn timed(&self, _: &'static str, _: Duration, _: TimingMethod) {}
}
