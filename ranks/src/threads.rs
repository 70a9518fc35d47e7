//! The engine of threads of one program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::{Engine, Place};
use crate::error::RanksError;
use crate::ranks::Ranks;

/// What one rank passes to another.
enum Message {
    Bytes(Vec<u8>),
    Leaving(Option<String>),
}

/// The ranks of a work that threads of this program share, one for each thread. A rank waits for another no longer than `timeout`.
///
/// A rank that waits keeps its thread. Training on the CPU runs on a thread of rayon's pool, so there each rank needs a pool of its own.
///
/// ```
/// use std::time::Duration;
///
/// let mut ranks = fokker_ranks::threads(2, Duration::from_secs(10));
/// let other = ranks.pop().unwrap();
/// let thread = std::thread::spawn(move || other.broadcast(Vec::new()));
/// ranks[0].broadcast(b"news".to_vec())?;
/// assert_eq!(thread.join().unwrap()?, b"news");
/// # Ok::<(), fokker_ranks::RanksError>(())
/// ```
pub fn threads(size: usize, timeout: Duration) -> Vec<Ranks> {
    // What rank a passes to rank b goes through pipe (a, b).
    let (mut outputs, mut inputs): (Vec<Vec<_>>, Vec<Vec<_>>) = Default::default();
    inputs.resize_with(size, Vec::new);
    for _ in 0..size {
        let pipes: Vec<(Sender<Message>, Receiver<Message>)> = (0..size).map(|_| channel()).collect();
        let (senders, receivers): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
        outputs.push(senders);
        inputs.iter_mut().zip(receivers).for_each(|(of_rank, receiver)| of_rank.push(receiver));
    }
    let threads = std::thread::available_parallelism().map_or(1, |threads| (threads.get() / size.max(1)).max(1));
    let busy: Arc<[AtomicBool]> = (0..size).map(|_| AtomicBool::new(false)).collect();
    let rank = |(rank, (outputs, inputs))| Threads {
        place: Place { rank, size, threads },
        busy: busy.clone(),
        outputs,
        inputs: Mutex::new(inputs),
        timeout,
    };
    outputs.into_iter().zip(inputs).enumerate().map(rank).map(Ranks::new).collect()
}

struct Threads {
    place: Place,
    /// Which ranks are at a work of their own.
    busy: Arc<[AtomicBool]>,
    outputs: Vec<Sender<Message>>,
    inputs: Mutex<Vec<Receiver<Message>>>,
    timeout: Duration,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Threads").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Threads {
    /// The next message of every rank, in order.
    fn receive(&self, mut each: impl FnMut(usize, Message) -> Result<(), RanksError>) -> Result<(), RanksError> {
        let inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut since = Instant::now();
        for (rank, input) in inputs.iter().enumerate() {
            let message = loop {
                match input.recv_timeout(self.timeout / 8) {
                    Ok(message) => break message,
                    Err(RecvTimeoutError::Timeout) if self.busy[rank].load(Ordering::SeqCst) => since = Instant::now(),
                    Err(RecvTimeoutError::Timeout) if since.elapsed() < self.timeout => {}
                    Err(RecvTimeoutError::Timeout) => {
                        return Err(RanksError::Timeout { ranks: vec![rank], seconds: self.timeout.as_secs() });
                    }
                    Err(RecvTimeoutError::Disconnected) => return Err(RanksError::Left { rank }),
                }
            };
            each(rank, message)?;
        }
        Ok(())
    }
}

impl Engine for Threads {
    fn rank(&self) -> usize {
        self.place.rank
    }

    fn size(&self) -> usize {
        self.place.size
    }

    fn place(&self) -> Place {
        self.place
    }

    fn set_busy(&self, busy: bool) -> bool {
        self.busy[self.place.rank].swap(busy, Ordering::SeqCst)
    }

    fn exchange(&self, outgoing: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, RanksError> {
        for (output, bytes) in self.outputs.iter().zip(outgoing) {
            // Whoever has left says so to `receive`.
            let _ = output.send(Message::Bytes(bytes));
        }
        let mut incoming = Vec::with_capacity(self.place.size);
        self.receive(|rank, message| match message {
            Message::Bytes(bytes) => {
                incoming.push(bytes);
                Ok(())
            }
            Message::Leaving(None) => Err(RanksError::Left { rank }),
            Message::Leaving(Some(message)) => Err(RanksError::Failed { rank, message }),
        })?;
        Ok(incoming)
    }

    /// Nobody waits for threads, which may still hear of the failure.
    fn leave(&self, failure: Option<&str>) -> Result<(), RanksError> {
        for output in &self.outputs {
            let _ = output.send(Message::Leaving(failure.map(Into::into)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(seconds: u64) -> (Ranks, Ranks) {
        let mut ranks = threads(2, Duration::from_millis(200 * seconds)).into_iter();
        (ranks.next().unwrap(), ranks.next().unwrap())
    }

    #[test]
    fn failures_name_the_rank() {
        let (first, second) = pair(1);
        second.leave(Some("the disk is full")).unwrap();
        let message = first.barrier().unwrap_err().to_string();
        assert_eq!(message, "rank 1: the disk is full");

        let (first, second) = pair(1);
        drop(second);
        assert_eq!(first.barrier(), Err(RanksError::Left { rank: 1 }));

        let (first, _second) = pair(1);
        let message = first.barrier().unwrap_err().to_string();
        assert!(message.contains("rank 1 has not come") && message.contains("FOKKER_RANKS_TIMEOUT"), "{message}");
    }

    /// Four times as long as a rank is waited for: it is at a work of its own, and then at none.
    #[test]
    fn a_rank_at_its_own_work_is_waited_for_as_long_as_it_lives() {
        let (first, second) = pair(1);
        let other = std::thread::spawn(move || second.barrier().and_then(|()| second.barrier()));
        first.own_work(|| std::thread::sleep(Duration::from_millis(800)));
        first.barrier().unwrap();
        std::thread::sleep(Duration::from_millis(800));
        assert!(matches!(other.join().unwrap(), Err(RanksError::Timeout { ranks, .. }) if ranks == [0]));

        // One that stops in the middle of it is not.
        let (first, second) = pair(1);
        let other = std::thread::spawn(move || second.barrier());
        let stops = std::panic::AssertUnwindSafe(move || first.own_work(|| -> () { panic!("on purpose") }));
        assert!(std::panic::catch_unwind(stops).is_err());
        assert_eq!(other.join().unwrap(), Err(RanksError::Left { rank: 0 }));
    }

    #[test]
    fn what_differs_is_shown() {
        let (first, second) = pair(50);
        let other = std::thread::spawn(move || second.agree("configuration", "name = \"a\"\nseed = 2\n"));
        let message = first.agree("configuration", "name = \"a\"\nseed = 1\n").unwrap_err().to_string();
        assert!(
            message.contains("rank 1 has another configuration than rank 0, `seed = 2` in the place of `seed = 1`"),
            "{message}"
        );
        assert!(other.join().unwrap().is_err());
    }

    #[test]
    fn long_broadcasts_come_in_pieces() {
        let (first, second) = pair(50);
        let long: Vec<u8> = (0..(40 << 20) + 3).map(|place| (place % 251) as u8).collect();
        let other = std::thread::spawn(move || second.broadcast(b"not looked at".to_vec()));
        assert_eq!(first.broadcast(long.clone()).unwrap(), long);
        assert!(other.join().unwrap().unwrap() == long);
    }
}
