//! What can go wrong between ranks.

/// An error of a work that several ranks share. It names the rank that caused it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RanksError {
    /// A rank failed, and says why.
    #[error("rank {rank}: {message}")]
    Failed {
        /// The rank.
        rank: usize,
        /// Its error.
        message: String,
    },
    /// A rank is done while this one is not.
    #[error("rank {rank} has left before the work was done")]
    Left {
        /// The rank.
        rank: usize,
    },
    /// Ranks that were waited for in vain.
    #[error(
        "{who} not come for {seconds} s: killed, hanging, or cut off. What was saved is whole; look at the machine of that rank, and \
         resume. A longer time to wait is set by {variable}",
        who = names(.ranks), variable = crate::ranks::TIMEOUT
    )]
    Timeout {
        /// The ranks that did not come.
        ranks: Vec<usize>,
        /// How long they were waited for.
        seconds: u64,
    },
    /// Something that must be the same on all ranks and is not.
    #[error("rank {rank} has another {what} than rank 0{difference}: start all ranks with the same one")]
    Different {
        /// The first rank that differs from rank 0.
        rank: usize,
        /// What differs.
        what: String,
        /// Where they differ, if it can be shown; begins with a separator.
        difference: String,
    },
    /// MPI that cannot be started.
    #[error("{0}")]
    Start(String),
}

fn names(ranks: &[usize]) -> String {
    let list = ranks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match ranks.len() {
        1 => format!("rank {list} has"),
        _ => format!("ranks {list} have"),
    }
}
