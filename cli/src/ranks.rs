//! The ranks of a command that `mpirun` or Slurm started several times.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use fokker::Error;
use fokker::ranks::{Ranks, RanksError};

use super::{message, output};

/// How many processes were started together, as those that start them say: Open MPI, Hydra (MPICH, Intel MPI), Slurm.
fn started() -> usize {
    let of_slurm = || std::env::var("PMIX_RANK").ok().and_then(|_| number("SLURM_NTASKS"));
    number("OMPI_COMM_WORLD_SIZE").or_else(|| number("PMI_SIZE")).or_else(of_slurm).unwrap_or(1)
}

/// The number that an environment variable has.
fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// Lets the first of several processes speak for all.
pub fn mute_others() {
    let rank = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"].into_iter().find_map(number);
    output::mute(started() > 1 && rank.unwrap_or(0) > 0);
}

/// Refuses a command that one process does.
pub fn refuse_others() -> Result<(), Error> {
    match started() {
        1 => Ok(()),
        count => Err(Error::Usage(format!(
            "{count} processes were started, and this command is the work of one: start it without mpirun or srun. train, resume, \
             sample, likelihood and evaluate can be shared"
        ))),
    }
}

/// Does a work together with the processes that were started with this one. Rank 0 speaks for all.
pub fn together<T>(work: impl FnOnce(&Ranks) -> Result<T, Error>) -> Result<T, Error> {
    if started() == 1 {
        return work(&Ranks::alone());
    }
    let ranks = join()?;
    output::mute(!ranks.is_first());
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(ranks.place().threads);
        if let Err(error) = threads.build_global() {
            tracing::warn!("the threads of the processor are not divided among the ranks: {error}");
        }
    }
    let done = ranks.agree("program", &program()?).map_err(Error::from).and_then(|()| work(&ranks));
    if let Err(Error::Ranks(error @ RanksError::Timeout { .. })) = &done {
        say_as(&ranks, error);
    }
    let failure = done.as_ref().err().map(message::of);
    if let Err(error) = ranks.leave(failure.as_deref()) {
        if matches!(error, RanksError::Timeout { .. }) {
            say_as(&ranks, &error);
        }
        return done.and(Err(error.into()));
    }
    done
}

/// Whether rank 0 says an error and ends with its exit code. The others end with 0 then: `mpirun` kills all ranks as soon as one ends with
/// another code, and rank 0 could not say it any more.
pub fn is_said_by_another(error: &Error) -> bool {
    output::is_muted() && !matches!(error, Error::Ranks(RanksError::Timeout { .. }))
}

#[cfg(feature = "mpi")]
fn join() -> Result<Ranks, Error> {
    Ok(fokker::ranks::mpi::join()?)
}

#[cfg(not(feature = "mpi"))]
fn join() -> Result<Ranks, Error> {
    Err(Error::Usage(format!(
        "{} processes were started together, and this build of fokker knows no MPI: build it with --features mpi",
        started()
    )))
}

/// Says what ends this rank, whichever it is: rank 0 may be the one that does not answer.
fn say_as(ranks: &Ranks, error: &RanksError) {
    output::mute(false);
    eprintln!("error on rank {}: {error}", ranks.rank());
    output::mute(true);
}

/// Makes sure that all ranks do the same with the same checkpoint.
pub fn agree_on_command(ranks: &Ranks, checkpoint: &Path) -> Result<(), Error> {
    if ranks.size() == 1 {
        return Ok(());
    }
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let path = checkpoint.join("checksums.json");
    let checksums = fs::read_to_string(&path).map_err(|error| Error::File { path, message: error.to_string() })?;
    ranks.agree("command line", &arguments.join(" "))?;
    Ok(ranks.agree("checkpoint", &checksums)?)
}

/// What the ranks must have in common: the bytes of the program.
fn program() -> Result<String, Error> {
    let path =
        std::env::current_exe().map_err(|error| Error::File { path: "fokker".into(), message: error.to_string() })?;
    let bytes = fs::read(&path).map_err(|error| Error::File { path, message: error.to_string() })?;
    let mut hash = DefaultHasher::new();
    hash.write(&bytes);
    Ok(format!("fokker {}, hash {:016x}", env!("CARGO_PKG_VERSION"), hash.finish()))
}
