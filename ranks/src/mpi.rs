//! The engine of processes that `mpirun` or Slurm starts.
//!
//! All calls of MPI are made by one thread, which owns the messages on their way. It never blocks within MPI for longer than a message
//! that has begun to arrive takes: it asks for what has arrived, sleeps, and asks again, so that a rank that waits leaves the processor
//! to others, and knows for whom it waited when its patience ends. While the rank is at a work of its own, the thread gives the others a
//! sign of life now and then.

use std::env;
use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mpi::Threading;
use mpi::point_to_point::MatchedReceiveVec;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Source};

use crate::engine::{Engine, Place};
use crate::error::RanksError;
use crate::ranks::{Ranks, TIMEOUT};

const BYTES: mpi::Tag = 1;
const LEAVING: mpi::Tag = 2;
const ALIVE: mpi::Tag = 3;

/// How often what has arrived is asked for without a pause, and the pause from then on.
const WITHOUT_PAUSE: usize = 2000;
const PAUSE: Duration = Duration::from_micros(50);

/// The longest time between two signs of life.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

/// Joins the processes that were started with this one. Each waits for another as many seconds as the environment variable
/// `FOKKER_RANKS_TIMEOUT` says, half an hour without it; while the other is at a [work of its own](Ranks::own_work), since its last sign of
/// life.
///
/// # Errors
/// MPI that was started before in this process; a variable that is no number of seconds.
pub fn join() -> Result<Ranks, RanksError> {
    let timeout = match env::var(TIMEOUT) {
        Err(_) => 1800,
        Ok(text) => match text.parse() {
            Ok(seconds) if seconds > 0 => seconds,
            _ => return Err(RanksError::Start(format!("{TIMEOUT} = {text}: must be a number of seconds from 1"))),
        },
    };
    let (commands, from_work) = channel();
    let (to_work, replies) = channel();
    let busy = Arc::new(AtomicBool::new(false));
    let of_speaker = busy.clone();
    let speak = move || {
        Speaker::start(Duration::from_secs(timeout), of_speaker, &to_work).map(|speaker| speaker.serve(&from_work))
    };
    thread::Builder::new()
        .name("fokker-ranks".into())
        .spawn(speak)
        .map_err(|error| RanksError::Start(format!("there is no thread for MPI: {error}")))?;
    match replies.recv() {
        Ok(Reply::Started(rank, size, place)) => {
            Ok(Ranks::new(Mpi { rank, size, place, busy, pipe: Mutex::new((commands, replies)) }))
        }
        _ => Err(RanksError::Start("MPI was started before in this process".into())),
    }
}

enum Command {
    Exchange(Vec<Vec<u8>>),
    Leave(Option<String>),
}

enum Reply {
    Started(usize, usize, Place),
    Exchanged(Result<Vec<Vec<u8>>, RanksError>),
    Left(Result<(), RanksError>),
}

struct Mpi {
    rank: usize,
    size: usize,
    place: Place,
    busy: Arc<AtomicBool>,
    pipe: Mutex<(Sender<Command>, Receiver<Reply>)>,
}

impl Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rank, size, place, busy: _, pipe: _ } = self;
        f.debug_struct("Mpi").field("rank", rank).field("size", size).field("place", place).finish_non_exhaustive()
    }
}

impl Mpi {
    fn call(&self, command: Command) -> Option<Reply> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.0.send(command).ok()?;
        pipe.1.recv().ok()
    }
}

impl Engine for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn place(&self) -> Place {
        self.place
    }

    fn set_busy(&self, busy: bool) -> bool {
        self.busy.swap(busy, Ordering::SeqCst)
    }

    fn exchange(&self, outgoing: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, RanksError> {
        match self.call(Command::Exchange(outgoing)) {
            Some(Reply::Exchanged(incoming)) => incoming,
            // Only after `leave`.
            _ => Err(RanksError::Left { rank: self.rank }),
        }
    }

    fn leave(&self, failure: Option<&str>) -> Result<(), RanksError> {
        match self.call(Command::Leave(failure.map(Into::into))) {
            Some(Reply::Left(left)) => left,
            _ => Ok(()),
        }
    }
}

/// The thread that calls MPI.
struct Speaker<'a> {
    // Dropped last: that ends MPI in this process, together with all others.
    world: SimpleCommunicator,
    timeout: Duration,
    /// Whether this rank is at a work of its own.
    busy: Arc<AtomicBool>,
    /// Why a rank has left, for those that have.
    left: Vec<Option<RanksError>>,
    replies: &'a Sender<Reply>,
    _universe: mpi::environment::Universe,
}

impl<'a> Speaker<'a> {
    fn start(timeout: Duration, busy: Arc<AtomicBool>, replies: &'a Sender<Reply>) -> Option<Self> {
        let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)?;
        let world = universe.world();
        let (rank, size) = (world.rank() as usize, world.size() as usize);
        let place = place(&world);
        let _ = replies.send(Reply::Started(rank, size, place));
        Some(Self { world, timeout, busy, left: vec![None; size], replies, _universe: universe })
    }

    fn size(&self) -> usize {
        self.left.len()
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let rank = self.world.rank() as usize;
        (0..self.size()).filter(move |&other| other != rank)
    }

    /// Does what the work asks for until it leaves.
    fn serve(mut self, commands: &Receiver<Command>) {
        loop {
            match commands.recv_timeout((self.timeout / 8).min(LONGEST_SILENCE)) {
                Ok(Command::Exchange(outgoing)) => self.exchange(outgoing, commands),
                Ok(Command::Leave(failure)) => return self.leave(failure.as_deref()),
                Err(RecvTimeoutError::Timeout) if self.busy.load(Ordering::SeqCst) => self.give_sign_of_life(),
                Err(RecvTimeoutError::Timeout) => {}
                // A work that ended without a word, as by a panic.
                Err(RecvTimeoutError::Disconnected) => return self.leave(Some("it has stopped, and does not say why")),
            }
        }
    }

    fn give_sign_of_life(&self) {
        for rank in self.others().filter(|&rank| self.left[rank].is_none()) {
            self.world.process_at_rank(rank as i32).send_with_tag(&[0u8; 0][..], ALIVE);
        }
    }

    /// Whether a rank has given a sign of life since this was last asked.
    fn has_given_sign_of_life(&self, rank: usize) -> bool {
        let source = self.world.process_at_rank(rank as i32);
        let mut given = false;
        while let Some(arrived) = source.immediate_matched_probe_with_tag(ALIVE) {
            arrived.matched_receive_vec::<u8>();
            given = true;
        }
        given
    }

    fn exchange(&mut self, mut outgoing: Vec<Vec<u8>>, commands: &Receiver<Command>) {
        let mut incoming = vec![None; self.size()];
        let own = self.world.rank() as usize;
        incoming[own] = Some(std::mem::take(&mut outgoing[own]));
        let mut failure = self.left.iter().flatten().next().cloned();
        let replies = self.replies;
        mpi::request::scope(|scope| {
            let send = |rank: usize| {
                let to = self.world.process_at_rank(rank as i32);
                (rank, to.immediate_send_with_tag(scope, &outgoing[rank][..], BYTES))
            };
            let to: Vec<usize> = self.others().filter(|_| failure.is_none()).collect();
            let mut sends: Vec<_> = to.into_iter().map(send).collect();
            let mut wait = Wait::new(self.timeout, self.size());
            loop {
                let missing = (0..self.size()).filter(|&rank| incoming[rank].is_none());
                let missing: Vec<usize> = missing.collect();
                for &rank in &missing {
                    let source = self.world.process_at_rank(rank as i32);
                    if let Some(arrived) = source.immediate_matched_probe_with_tag(BYTES) {
                        incoming[rank] = Some(arrived.matched_receive_vec::<u8>().0);
                        wait.heard_of(rank);
                    } else if let Some(arrived) = source.immediate_matched_probe_with_tag(LEAVING) {
                        let why = reason(rank, &arrived.matched_receive_vec::<u8>().0);
                        self.left[rank] = Some(why.clone());
                        // What it had passed on before is here by now.
                        match source.immediate_matched_probe_with_tag(BYTES) {
                            Some(arrived) => incoming[rank] = Some(arrived.matched_receive_vec::<u8>().0),
                            None => failure = Some(why),
                        }
                    }
                }
                // Whoever has left still takes what is sent.
                sends = sends.into_iter().filter_map(|(rank, send)| Some((rank, send.test().err()?))).collect();
                let done = missing.iter().all(|&rank| incoming[rank].is_some());
                if sends.is_empty() && (done || failure.is_some()) {
                    return;
                }
                let waits_for = |rank: &usize| missing.contains(rank) || sends.iter().any(|(to, _)| to == rank);
                let waited_for: Vec<usize> =
                    (0..self.size()).filter(waits_for).filter(|&rank| self.left[rank].is_none()).collect();
                for &rank in waited_for.iter().filter(|&&rank| self.has_given_sign_of_life(rank)) {
                    wait.lives(rank);
                }
                let late = wait.late_of(&waited_for);
                if !late.is_empty() {
                    let error = RanksError::Timeout { ranks: late, seconds: self.timeout.as_secs() };
                    let _ = replies.send(Reply::Exchanged(Err(failure.take().unwrap_or(error))));
                    // There is no way to take back a message that nobody receives. Whatever comes next, it is the end.
                    let _ = commands.recv();
                    self.world.abort(1);
                }
                wait.pause();
            }
        });
        let reply = match failure {
            Some(error) => Err(error),
            None => Ok(incoming.into_iter().flatten().collect()),
        };
        let _ = replies.send(Reply::Exchanged(reply));
    }

    /// Tells the others that this rank leaves, and waits until they do.
    fn leave(mut self, failure: Option<&str>) {
        let own = self.world.rank() as usize;
        // One byte more, as no reason is another thing than an empty one.
        let text = failure.map_or(Vec::new(), |reason| format!("!{reason}").into_bytes());
        for rank in self.others() {
            self.world.process_at_rank(rank as i32).send_with_tag(&text[..], LEAVING);
        }
        self.left[own] = Some(RanksError::Left { rank: own });
        let mut wait = Wait::new(self.timeout, self.size());
        while self.left.contains(&None) {
            for rank in self.others() {
                let source = self.world.process_at_rank(rank as i32);
                if let Some(arrived) = source.immediate_matched_probe_with_tag(BYTES) {
                    arrived.matched_receive_vec::<u8>();
                }
                if let Some(arrived) = source.immediate_matched_probe_with_tag(LEAVING) {
                    self.left[rank] = Some(reason(rank, &arrived.matched_receive_vec::<u8>().0));
                }
                if self.has_given_sign_of_life(rank) {
                    wait.lives(rank);
                }
            }
            let waited_for: Vec<usize> = (0..self.size()).filter(|&rank| self.left[rank].is_none()).collect();
            let ranks = wait.late_of(&waited_for);
            if !ranks.is_empty() {
                let seconds = self.timeout.as_secs();
                let _ = self.replies.send(Reply::Left(Err(RanksError::Timeout { ranks, seconds })));
                // The work has a moment to say so.
                thread::sleep(Duration::from_millis(500));
                self.world.abort(1);
            }
            wait.pause();
        }
        let replies = self.replies;
        let failed = self.left.drain(..).flatten().find(|reason| matches!(reason, RanksError::Failed { .. }));
        drop(self);
        let _ = replies.send(Reply::Left(failed.map_or(Ok(()), Err)));
    }
}

/// Why a rank has left, as it says.
fn reason(rank: usize, bytes: &[u8]) -> RanksError {
    match bytes.split_first() {
        Some((_, text)) => RanksError::Failed { rank, message: String::from_utf8_lossy(text).into_owned() },
        None => RanksError::Left { rank },
    }
}

/// Asks again and again, with pauses, until patience with a rank ends.
struct Wait {
    timeout: Duration,
    /// When each rank was last heard of.
    heard: Vec<Instant>,
    asked: usize,
}

impl Wait {
    fn new(timeout: Duration, size: usize) -> Self {
        Self { timeout, heard: vec![Instant::now(); size], asked: 0 }
    }

    /// What a rank had to pass on is here, and more may come soon.
    fn heard_of(&mut self, rank: usize) {
        self.lives(rank);
        self.asked = 0;
    }

    /// A rank lives, and will come.
    fn lives(&mut self, rank: usize) {
        self.heard[rank] = Instant::now();
    }

    /// Those of some ranks that were waited for in vain.
    fn late_of(&self, ranks: &[usize]) -> Vec<usize> {
        ranks.iter().copied().filter(|&rank| self.heard[rank].elapsed() > self.timeout).collect()
    }

    fn pause(&mut self) {
        self.asked += 1;
        if self.asked < WITHOUT_PAUSE { thread::yield_now() } else { thread::sleep(PAUSE) }
    }
}

/// The share of a machine's processor that a rank has: a thread for each processor that it may use, divided by the ranks that may use it.
fn place(world: &SimpleCommunicator) -> Place {
    const WORDS: usize = 64;
    let local = world.split_shared(world.rank());
    let (rank, size) = (local.rank() as usize, local.size() as usize);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let own = allowed_processors(WORDS).unwrap_or_else(|| vec![u64::MAX; WORDS]);
    let mut all = vec![0u64; WORDS * size];
    local.all_gather_into(&own[..], &mut all[..]);
    let may_use = |words: &[u64], processor: usize| words[processor / 64] >> (processor % 64) & 1 == 1;
    let shared = |processor: usize| all.chunks(WORDS).filter(|words| may_use(words, processor)).count();
    let processors = (0..64 * WORDS).filter(|&processor| may_use(&own, processor));
    let (share, count) =
        processors.fold((0.0, 0.0), |(share, count), processor| (share + 1.0 / shared(processor) as f64, count + 1.0));
    // Where the processors are not known, each is taken for one that all share.
    let threads = (threads as f64 * share / f64::max(count, 1.0)).round().max(1.0) as usize;
    Place { rank, size, threads }
}

/// The processors that Linux lets this process use, a bit for each.
fn allowed_processors(words: usize) -> Option<Vec<u64>> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let mut allowed = vec![0u64; words];
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        for processor in first.parse::<usize>().ok()?..=last.parse().ok()? {
            *allowed.get_mut(processor / 64)? |= 1 << (processor % 64);
        }
    }
    Some(allowed)
}
